"""A film of a small network: every frame was recorded with weights that are set here."""

import keras
import numpy as np

import convscope

STEPS = (0, 10, 25)
IMAGES = np.random.default_rng(4).random((3, 8, 8, 1), np.float32)


def built():
    """Build the network that is filmed."""
    keras.utils.set_random_seed(2)
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(4, 3, activation="relu", name="conv"),
            layers.BatchNormalization(name="norm"),
            layers.Flatten(name="flatten"),
            layers.Dense(3, activation="softmax", name="dense"),
        ],
        name="grown",
    )


def write(path, count=3):
    """Record frames of growing weights, the second channel dead in the last; give the film."""
    model = built()
    network = convscope.open(model, labels=["ant", "bee", "cat"])
    film = convscope.Film(IMAGES, path=path)
    for step in STEPS[:count]:
        add(film, network, step)
    return film, network


def add(film, network, step):
    """Record one more frame."""
    kernel, bias = network.model.get_layer("conv").get_weights()
    bias[:] = 1
    bias[1] = -100 if step >= STEPS[-1] else 1
    network.model.get_layer("conv").set_weights([kernel * (1 + step / 100), bias])
    film.record(network, step)
