"""Kernels as numbers: Keras's own weights, moved by hand."""

import keras
import numpy as np
import pytest
from keras import layers

import convscope
from convscope.analysis.filters import kernels, takes_colours
from convscope.errors import SelectionError


@pytest.fixture(scope="module")
def network():
    model = keras.Sequential(
        [
            layers.Input((12, 12, 3)),
            layers.Rescaling(1 / 255),
            layers.ZeroPadding2D(name="padded"),
            layers.Conv2D(5, 3, activation="relu", name="first"),
            layers.MaxPooling2D(name="pool"),
            layers.DepthwiseConv2D(3, name="depthwise"),
            layers.Conv2D(4, 1, name="second"),
            layers.Flatten(name="flatten"),
            layers.Dense(2, name="dense"),
        ],
        name="small",
    )
    return convscope.open(model)


def test_kernels_are_keras_s_with_channels_first(network):
    for name in ("first", "second"):
        weights = network.model.get_layer(name).get_weights()[0]
        found = kernels(network, name)
        assert found.dims == ("channel", "input", "y", "x") and found.name == name
        np.testing.assert_array_equal(found.values, weights.transpose(3, 2, 0, 1))
    weights = network.model.get_layer("depthwise").get_weights()[0]
    depthwise = kernels(network, "depthwise").values
    np.testing.assert_array_equal(depthwise[:, 0], weights[..., 0].transpose(2, 0, 1))


def test_only_what_the_image_comes_to_unmixed_has_colours(network):
    colours = [name for name, layer in network.layers.items() if takes_colours(network, layer)]
    assert colours[-1] == "first" and "pool" not in colours and "second" not in colours


@pytest.mark.parametrize("name", ["pool", "flatten", "dense"])
def test_a_layer_without_kernels(network, name):
    with pytest.raises(SelectionError, match=f"{name}.*has no kernels: choose a convolution"):
        kernels(network, name)


def test_a_network_without_kernels():
    model = keras.Sequential([layers.Input((4,)), layers.Dense(2, name="dense")], name="plain")
    with pytest.raises(SelectionError, match="plain has no convolution"):
        kernels(convscope.open(model), "dense")
