"""What the surveys' tests share: stores of their own, and networks that are opened once."""

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
