"""Kernels in one order: a convolution with them by hand gives what Keras gives."""

import keras
import numpy as np
import pytest
from keras import layers
from networks.models import settled

import convscope
from convscope.analysis.filters import kernels


def opened(layer, *shape):
    return convscope.open(settled(keras.Sequential([layers.Input(shape), layer])))


def bias_of(network):
    return network.model.get_layer("layer").get_weights()[-1]


def windows(values, size, axes):
    """Give every window of (channel, *space): (channel, *position, *window)."""
    return np.lib.stride_tricks.sliding_window_view(values, size, axis=axes)


@pytest.mark.parametrize(
    "layer",
    [
        layers.Conv2D(4, 3, name="layer"),
        layers.Conv2D(4, (3, 2), groups=2, name="layer"),
        layers.DepthwiseConv2D(3, depth_multiplier=2, name="layer"),
        layers.SeparableConv2D(5, 3, depth_multiplier=2, name="layer"),
        layers.Conv2D(4, 3, name="layer", activation="relu"),
    ],
    ids=["plain", "grouped", "depthwise", "separable", "fused"],
)
def test_the_kernel_of_a_plane(layer):
    network = opened(layer, 6, 5, 4)
    kernel, bias = kernels(network, "layer").values, bias_of(network)
    image = np.random.default_rng(0).normal(size=(4, 6, 5))
    patches = windows(image, kernel.shape[2:], (1, 2))
    groups = 4 // kernel.shape[1]
    own = len(kernel) // groups
    by_hand = np.concatenate(
        [
            np.einsum("iyxkl,oikl->oyx", part, kernel[group * own : (group + 1) * own])
            for group, part in enumerate(np.split(patches, groups))
        ]
    )
    expected = network.activations(image.transpose(1, 2, 0)[None].astype("float32"), "layer")
    result = by_hand + bias[:, None, None]
    result = np.maximum(result, 0) if network.layers["layer"].has_linear else result
    np.testing.assert_allclose(expected["layer"].values[0], result, rtol=1e-4, atol=1e-4)


def test_signals_and_volumes():
    signal = opened(layers.Conv1D(3, 2, name="layer"), 5, 4)
    kernel = kernels(signal, "layer").values
    assert kernel.shape == (3, 4, 2)
    given = signal.model.get_layer("layer").get_weights()[0]
    np.testing.assert_array_equal(kernel, given.transpose(2, 1, 0))
    volume = opened(layers.Conv3D(3, (1, 2, 3), name="layer"), 4, 4, 4, 2)
    assert kernels(volume, "layer").shape == (3, 2, 1, 2, 3)
    twice = opened(layers.SeparableConv1D(3, 2, name="layer"), 5, 4)
    assert kernels(twice, "layer").shape == (3, 4, 2)


def test_a_transposed_kernel_is_what_one_input_spreads():
    network = opened(layers.Conv2DTranspose(3, 2, strides=2, name="layer"), 3, 3, 2)
    image = np.zeros((1, 3, 3, 2), "float32")
    image[0, 1, 1, 1] = 1
    spread = network.activations(image, "layer")["layer"].values[0]
    spread = spread - bias_of(network)[:, None, None]
    np.testing.assert_allclose(
        spread[:, 2:4, 2:4], kernels(network, "layer").values[:, 1], atol=1e-6
    )
