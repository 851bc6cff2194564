"""Convolutions along one, two and three axes, in both channel orders."""

import keras
import numpy as np
import pytest
from keras import layers

import convscope

from .expected import agree, called_by_hand, numbers
from .models import photos, settled

KINDS = {
    "conv1d": (layers.Conv1D(3, 3, padding="causal", activation="relu", name="conv"), (9, 2)),
    "separable1d": (layers.SeparableConv1D(3, 3, name="conv"), (9, 2)),
    "transposed1d": (layers.Conv1DTranspose(3, 3, strides=2, name="conv"), (5, 2)),
    "conv2d": (layers.Conv2D(3, (3, 2), strides=(2, 1), name="conv"), (8, 7, 2)),
    "dilated2d": (layers.Conv2D(3, 2, dilation_rate=2, name="conv"), (8, 7, 2)),
    "grouped2d": (layers.Conv2D(4, 2, groups=2, name="conv"), (6, 5, 2)),
    "depthwise2d": (layers.DepthwiseConv2D(3, depth_multiplier=2, name="conv"), (6, 5, 2)),
    "separable2d": (layers.SeparableConv2D(3, 3, padding="same", name="conv"), (6, 5, 2)),
    "transposed2d": (layers.Conv2DTranspose(3, 3, strides=2, name="conv"), (4, 3, 2)),
    "conv3d": (layers.Conv3D(3, 2, name="conv"), (4, 5, 6, 2)),
    "transposed3d": (layers.Conv3DTranspose(2, 2, name="conv"), (3, 4, 5, 2)),
    "pool3d": (layers.MaxPooling3D(2, name="conv"), (4, 5, 6, 2)),
}
DIMS = {3: ("x",), 4: ("y", "x"), 5: ("z", "y", "x")}


@pytest.mark.parametrize("kind", KINDS)
def test_values_and_dims(kind):
    layer, shape = KINDS[kind]
    model = settled(keras.Sequential([layers.Input(shape), layer], name=kind))
    x = photos(2, *shape)
    activations = convscope.open(model).activations(x)
    agree(activations, called_by_hand([layer], x))
    assert activations["conv"].dims == ("image", "channel", *DIMS[len(shape) + 1])
    assert list(convscope.open(model).layers) == ["conv"], "padding inside it is no layer"


@pytest.fixture(scope="module")
def channels_first():
    """Make a channels-first model, whose convolution not every backend runs on a CPU."""
    if keras.backend.backend() == "tensorflow":
        pytest.skip("TensorFlow has no channels-first convolution on a CPU")
    first = "channels_first"
    return settled(
        keras.Sequential(
            [
                layers.Input((3, 8, 6)),
                layers.Conv2D(4, 3, data_format=first, activation="relu", name="conv"),
                layers.BatchNormalization(axis=1, name="bn"),
                layers.ReLU(name="relu"),
                layers.MaxPooling2D(data_format=first, name="pool"),
                layers.Flatten(data_format=first, name="flat"),
                layers.Dense(2, name="dense"),
            ],
            name="first",
        )
    )


def test_channels_first_values_and_dims(channels_first):
    x = photos(2, 3, 8, 6)
    activations = convscope.open(channels_first).activations(x)
    agree(activations, called_by_hand(channels_first.layers, x), channels_first=True)
    assert activations["conv"].sizes == {"image": 2, "channel": 4, "y": 6, "x": 4}
    assert activations["relu"].dims == ("image", "channel", "y", "x")


def test_channels_first_records_and_preparation(channels_first):
    network = convscope.open(channels_first)
    assert network.layers["conv"].shape == (4, 6, 4)
    assert network.layers["pool"].shape == (4, 3, 2)
    assert network.layers["pool"].receptive_field == (4, 4)
    assert (network.preparation.size, network.preparation.channels) == ((8, 6), 3)


def test_channels_first_takes_images_channels_last(channels_first):
    picture = np.random.default_rng(0).integers(0, 256, (8, 6, 3), np.uint8)
    activations = convscope.open(channels_first).activations(picture)
    x = np.moveaxis(picture[None] / np.float32(255), -1, 1)
    expected = numbers(channels_first.get_layer("conv")(x))
    np.testing.assert_allclose(activations["conv"].values, expected, rtol=1e-5, atol=1e-5)


def test_a_mixed_model_follows_each_layer_s_own_order():
    model = settled(
        keras.Sequential(
            [
                layers.Input((6, 5, 2)),
                layers.Permute((3, 1, 2), name="to_first"),
                layers.Permute((2, 3, 1), name="to_last"),
                layers.Conv2D(3, 2, name="conv"),
            ]
        )
    )
    x = photos(1, 6, 5, 2)
    activations = convscope.open(model).activations(x)
    np.testing.assert_allclose(
        activations["conv"].values, np.moveaxis(numbers(model(x)), -1, 1), rtol=1e-5, atol=1e-5
    )
    assert activations["to_first"].sizes == {"image": 1, "channel": 5, "y": 2, "x": 6}
