"""A small network, a small dataset, and what both give by NumPy alone."""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np

CLASSES, IMAGES, SIZE = 3, 40, 12


def model():
    """Make a network whose last map is zero on every image, and one that is zero on many."""
    rng = np.random.default_rng(4)
    inputs = keras.Input((SIZE, SIZE, 1))
    maps = keras.layers.Conv2D(5, 3, activation="relu", name="edges")(inputs)
    smaller = keras.layers.MaxPooling2D(2, name="smaller")(maps)
    units = keras.layers.Flatten(name="row")(smaller)
    found = keras.Model(inputs, keras.layers.Dense(CLASSES, "softmax", name="scores")(units))
    kernel = rng.normal(0, 0.6, (3, 3, 1, 5)).astype(np.float32)
    kernel[..., 3] = np.abs(kernel[..., 3])
    found.get_layer("edges").set_weights([kernel, np.float32([0.1, -0.2, 0, -1.7, -100])])
    weights = [rng.normal(0, 0.1, one.shape) for one in found.get_layer("scores").get_weights()]
    found.get_layer("scores").set_weights(weights)
    return found


def images(count=IMAGES):
    """Draw images whose brightness depends on their class: ``(image, y, x)``, and the labels."""
    rng = np.random.default_rng(9)
    labels = np.arange(count) % CLASSES
    noise = rng.integers(0, 120, (count, SIZE, SIZE))
    return (noise + 45 * labels[:, None, None]).astype(np.uint8), labels


def write(folder, count=IMAGES):
    """Write the network and the dataset as files; give both paths."""
    pixels, labels = images(count)
    model().save(folder / "small.keras")
    np.savez(folder / "small.npz", x_train=pixels, y_train=labels)
    return folder / "small.keras", folder / "small.npz"


def maps_of(layer, count=IMAGES):
    """Compute a layer with Keras: ``(image, channel, y, x)`` or ``(image, channel)``."""
    network = model()
    part = keras.Model(network.input, network.get_layer(layer).output)
    values = np.asarray(part(images(count)[0][..., None].astype(np.float32) / 255))
    return np.moveaxis(values, -1, 1) if values.ndim == 4 else values
