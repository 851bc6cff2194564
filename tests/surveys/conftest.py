"""What the surveys' tests share: stores of their own, and networks that are opened once."""

import os

# Ray reads this when it is imported, by whichever test comes first; see `engines`.
os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")


import pytest

pytest.importorskip("zarr")

from surveys.networks import OPENERS

_opened = {}


def opened(name):
    """Open a network once for all tests."""
    if name not in _opened:
        _opened[name] = OPENERS[name]()
    return _opened[name]


@pytest.fixture(params=list(OPENERS))
def network(request):
    """Give each framework's network."""
    return opened(request.param)


@pytest.fixture
def keras_network():
    """Give the Keras network."""
    return opened("keras")


@pytest.fixture
def store(tmp_path):
    """Give a place for a store."""
    return tmp_path / "store.zarr"
