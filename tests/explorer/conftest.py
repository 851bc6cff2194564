"""Sessions on small networks, each opened once."""

import numpy as np
import pytest

import convscope
from convscope.explorer import Session
from convscope.inputs.images import Image

from .models import digits, residual, signal, volume


@pytest.fixture(scope="session")
def photos():
    """Draw three photographs of the size of the residual network, named and labelled."""
    pixels = np.random.default_rng(5).integers(0, 256, (3, 20, 16, 3), np.uint8)
    return [Image(one, f"photo {place}", place, "thing") for place, one in enumerate(pixels)]


@pytest.fixture(scope="session")
def network():
    return convscope.open(residual(), labels=["ant", "bee", "cat", "dog"])


@pytest.fixture(scope="session")
def session(network, photos):
    """Open photographs on the residual network, with another network beside it."""
    return Session([network, convscope.open(digits())], photos)


@pytest.fixture(scope="session")
def drawing():
    """Open the network of small grey pictures, without any."""
    return Session(convscope.open(digits()))


@pytest.fixture(scope="session")
def wave():
    values = np.random.default_rng(2).uniform(0, 1, (2, 9, 2)).astype("float32")
    return Session(convscope.open(signal()), values)


@pytest.fixture(scope="session")
def scan():
    values = np.random.default_rng(2).uniform(0, 1, (1, 4, 7, 6, 2)).astype("float32")
    return Session(convscope.open(volume()), values)
