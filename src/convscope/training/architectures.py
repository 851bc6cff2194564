"""The networks that the recipes train, as Keras builds them: no weights, no compilation."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

from convscope.frameworks import import_keras

__all__ = ["cats_vs_dogs", "digits", "embedded", "fashion_mnist", "mnist"]

# Whatever keras.json says: the recipes feed (image, y, x, channel).
_LAST = {"data_format": "channels_last"}


def digits() -> Any:
    """Build a network for scikit-learn's digits of 8 x 8 pixels.

    Returns
    -------
    keras.Sequential
        Takes ``(image, 8, 8, 1)`` in 0..1, gives ``(image, 10)``; 13,706 parameters.
    """
    keras = import_keras("training a network")
    stages = _stages(keras, (16, 32), kernel=3, padding="same")
    return _sequential(keras, "digits", (8, 8, 1), [*stages, *_head(keras, 64, "relu", 10)])


def mnist() -> Any:
    """Build two convolutions of 2 x 2, each with pooling, and two dense layers.

    Returns
    -------
    keras.Sequential
        Takes ``(image, 28, 28, 1)`` in 0..1, gives ``(image, 10)``; 585,822 parameters.
    """
    keras = import_keras("training a network")
    stages = _stages(keras, (32, 32), kernel=2)
    return _sequential(keras, "mnist", (28, 28, 1), [*stages, *_head(keras, 500, "sigmoid", 10)])


def fashion_mnist() -> Any:
    """Build two convolutions of 64 channels, each with pooling, and two dense layers.

    Returns
    -------
    keras.Sequential
        Takes ``(image, 28, 28, 1)`` in 0..1, gives ``(image, 10)``; 243,786 parameters.
    """
    keras = import_keras("training a network")
    stages = _stages(keras, (64, 64), kernel=3)
    head = _head(keras, 128, "relu", 10)
    return _sequential(keras, "fashion_mnist", (28, 28, 1), [*stages, *head])


def cats_vs_dogs() -> Any:
    """Build the convnet of Chollet, Deep Learning with Python (2017), section 5.2.

    Returns
    -------
    keras.Sequential
        Takes ``(image, 150, 150, 3)`` in 0..1, gives ``(image, 1)``, the probability of the second
        class; 3,453,121 parameters.
    """
    keras = import_keras("training a network")
    stages = _stages(keras, (32, 64, 128, 128), kernel=3)
    head = _head(keras, 512, "relu", 1)
    return _sequential(keras, "cats_vs_dogs", (150, 150, 3), [*stages, *head])


def embedded() -> Any:
    """Build the compact digit network that comes with the package.

    Its parts are plain (no normalisation, no dropout), so that every value can be followed by hand.

    Returns
    -------
    keras.Sequential
        Takes ``(image, 28, 28, 1)`` in 0..1, gives ``(image, 10)``; 48,618 parameters.
    """
    keras = import_keras("training a network")
    layers = keras.layers
    parts: list[Any] = []
    for place, channels in enumerate((8, 16, 32, 32), start=1):
        parts.append(layers.Conv2D(channels, 3, activation="relu", name=f"conv{place}", **_LAST))
        if place % 2 == 0:
            parts.append(layers.MaxPooling2D(2, name=f"pool{place // 2}", **_LAST))
    parts += [
        layers.Flatten(name="flatten", **_LAST),
        layers.Dense(64, activation="relu", name="dense1"),
        layers.Dense(10, activation="softmax", name="dense2"),
    ]
    return _sequential(keras, "embedded", (28, 28, 1), parts)


def _stages(
    keras: ModuleType, channels: Sequence[int], kernel: int, padding: str = "valid"
) -> list[Any]:
    """Pair each convolution with 2 x 2 pooling, named as Keras numbers them in a fresh session."""
    parts = []
    for place, count in enumerate(channels):
        end = f"_{place}" if place else ""
        parts += [
            keras.layers.Conv2D(
                count, kernel, padding=padding, activation="relu", name=f"conv2d{end}", **_LAST
            ),
            keras.layers.MaxPooling2D(2, name=f"max_pooling2d{end}", **_LAST),
        ]
    return parts


def _head(keras: ModuleType, hidden: int, activation: str, outputs: int) -> list[Any]:
    last = "sigmoid" if outputs == 1 else "softmax"
    return [
        keras.layers.Flatten(name="flatten", **_LAST),
        keras.layers.Dense(hidden, activation=activation, name="dense"),
        keras.layers.Dense(outputs, activation=last, name="dense_1"),
    ]


def _sequential(
    keras: ModuleType, name: str, shape: tuple[int, int, int], parts: Sequence[Any]
) -> Any:
    return keras.Sequential([keras.Input(shape, name="image"), *parts], name=name)
