"""A small network with everything that a view may meet."""

import keras
import numpy as np
import pytest

import convscope


@pytest.fixture(scope="session")
def network() -> convscope.Network:
    """Open a network whose second layer has a dead, a constant and a saturated channel."""
    keras.utils.set_random_seed(3)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((10, 14, 3)),
            layers.Conv2D(6, 3, padding="same", name="signed"),
            layers.Conv2D(4, 1, activation="relu", name="conv"),
            layers.Conv2D(3, 1, activation="sigmoid", name="squashed"),
            layers.GlobalAveragePooling2D(name="mean"),
            layers.Dense(2, activation="softmax", name="classes"),
        ],
        name="views",
    )
    kernel, bias = model.get_layer("conv").get_weights()
    kernel[..., 1], bias[1] = 0, -1
    kernel[..., 2], bias[2] = 0, 0.5
    model.get_layer("conv").set_weights([kernel, bias])
    kernel, bias = model.get_layer("squashed").get_weights()
    bias[0] = 50
    model.get_layer("squashed").set_weights([kernel, bias])
    return convscope.open(model, labels=["left", "right"])


@pytest.fixture(scope="session")
def photos() -> np.ndarray:
    """Draw two pictures of the network's own size."""
    return np.random.default_rng(5).integers(0, 256, (2, 10, 14, 3), np.uint8)
