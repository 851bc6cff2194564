"""Networks that take images of any size."""

import keras
import numpy as np
import pytest
from keras import layers

import convscope
from convscope.errors import InputError

from .expected import agree, called_by_hand, in_dims
from .models import photos, settled


def convolutional():
    """Make a fully convolutional model for images of any size."""
    return settled(
        keras.Sequential(
            [
                layers.Input((None, None, 3)),
                layers.Conv2D(4, 3, padding="same", name="conv"),
                layers.MaxPooling2D(name="pool"),
                layers.GlobalAveragePooling2D(name="mean"),
                layers.Dense(2, name="score"),
            ],
            name="any",
        )
    )


def test_shapes_that_depend_on_the_input_are_none():
    records = convscope.open(convolutional()).layers
    assert records["conv"].shape == (4, None, None)
    assert records["pool"].shape == (4, None, None)
    assert records["mean"].shape == (4,)
    assert records["pool"].receptive_field == (4, 4)


def test_images_of_unlike_size_run_one_by_one():
    model = convolutional()
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (*size, 3), np.uint8) for size in ((10, 8), (6, 12))]
    activations = convscope.open(model).activations(pictures)
    for place, picture in enumerate(pictures):
        values = called_by_hand(model.layers, picture[None] / np.float32(255))
        agree(activations.image(place), values)
        np.testing.assert_allclose(
            activations.array("conv", place), in_dims(values["conv"])[0], rtol=1e-5, atol=1e-5
        )
    assert activations["mean"].shape == (2, 4)
    with pytest.raises(InputError, match="differ in size.*image\\(0\\)"):
        _ = activations["conv"]


def test_images_of_one_size_run_together():
    pictures = [np.zeros((6, 6, 3), np.uint8), np.full((6, 6, 3), 255, np.uint8)]
    assert convscope.open(convolutional()).activations(pictures)["conv"].shape == (2, 4, 6, 6)


def test_predictions_of_unlike_sizes_are_joined():
    model = convolutional()
    network = convscope.open(model)
    x, y = photos(1, 10, 8, 3), photos(1, 6, 12, 3)
    both = network.predict([np.round(x[0] * 255).astype(np.uint8), np.zeros((6, 12, 3), np.uint8)])
    assert both.shape == (2, 2)
    assert network.predict(y).shape == (1, 2)


class Halving(keras.layers.Layer):
    """Halves large images and passes small ones on as they are."""

    def call(self, x):
        return x[:, ::2, ::2] if x.shape[1] > 8 else x


def test_a_layer_that_passes_small_images_on():
    class Model(keras.Model):
        def __init__(self):
            super().__init__(name="halving")
            self.relu = layers.ReLU(name="relu")
            self.halve = Halving(name="halve")
            self.twice = layers.Rescaling(2.0, name="twice")

        def call(self, x):
            return self.twice(self.halve(self.relu(x)))

    model = Model()
    model.build((None, None, None, 3))
    network = convscope.open(model)
    small, large = photos(1, 6, 6, 3), photos(1, 10, 10, 3)
    for x in (small, large, small):
        part = x if len(x[0]) <= 8 else x[:, ::2, ::2]
        agree(network.activations(x), {"relu": x, "halve": part, "twice": 2 * part})
