"""The linear part before a fused activation function."""

import keras
import numpy as np
import pytest
from keras import layers

import convscope
from convscope.errors import SelectionError

from .expected import TOLERANCE, numbers
from .models import classifier, photos, settled


def test_linear_parts_come_before_their_layers_and_give_them():
    model, x = classifier(), photos(2, 12, 12, 1)
    activations = convscope.open(model).activations(
        x, ["conv2d", "conv2d:linear", "dense_1:linear", "dense_1"]
    )
    assert list(activations) == ["conv2d:linear", "conv2d", "dense_1:linear", "dense_1"]
    linear = activations["conv2d:linear"].values
    assert linear.min() < 0
    np.testing.assert_allclose(np.maximum(linear, 0), activations["conv2d"].values, **TOLERANCE)
    powers = np.exp(activations["dense_1:linear"].values)
    softmax = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(softmax, activations["dense_1"].values, **TOLERANCE)


def test_logits_are_what_kernel_and_bias_give():
    model, x = classifier(), photos(2, 12, 12, 1)
    activations = convscope.open(model).activations(x, ["dense", "dense_1:linear"])
    kernel, bias = map(numbers, model.get_layer("dense_1").get_weights())
    by_hand = activations["dense"].values @ kernel + bias
    np.testing.assert_allclose(activations["dense_1:linear"].values, by_hand, **TOLERANCE)


@pytest.mark.parametrize(
    "layer",
    [
        layers.Conv1D(2, 2, padding="causal", activation="relu", name="fused"),
        layers.Conv1DTranspose(2, 2, activation="relu", name="fused"),
        layers.DepthwiseConv1D(2, activation="relu", name="fused"),
        layers.SeparableConv1D(2, 2, activation="relu", name="fused"),
        layers.Dense(2, activation="relu", name="fused"),
        layers.EinsumDense("abc,cd->abd", (6, 2), activation="relu", name="fused"),
        layers.Dense(2, activation=layers.ReLU(), name="fused"),
        layers.Conv1D(2, 2, activation=layers.LeakyReLU(negative_slope=0.0), name="fused"),
    ],
    ids=lambda layer: f"{type(layer).__name__}-{type(layer.activation).__name__}",
)
def test_every_layer_with_a_fused_activation_function(layer):
    model = settled(keras.Sequential([layers.Input((6, 3)), layer], name="fusing"))
    x = photos(2, 6, 3) - 0.5
    network = convscope.open(model)
    assert list(network.layers) == ["fused"] and network.layers["fused"].has_linear
    activations = network.activations(x, ["fused:linear", "fused"])
    linear = activations["fused:linear"].values
    assert linear.min() < 0
    np.testing.assert_allclose(np.maximum(linear, 0), activations["fused"].values, **TOLERANCE)
    np.testing.assert_allclose(
        activations["fused"].values, np.moveaxis(numbers(model(x)), -1, 1), **TOLERANCE
    )


def test_the_second_call_of_a_shared_layer_has_a_linear_part_of_its_own():
    inputs = keras.Input((3,), name="given")
    dense = layers.Dense(3, activation="relu", name="dense")
    model = settled(keras.Model(inputs, dense(dense(inputs)), name="twice"))
    x = photos(2, 3)
    activations = convscope.open(model).activations(x, ["dense:linear", "dense#2:linear"])
    kernel, bias = map(numbers, dense.get_weights())
    first = x @ kernel + bias
    np.testing.assert_allclose(activations["dense:linear"].values, first, **TOLERANCE)
    second = np.maximum(first, 0) @ kernel + bias
    np.testing.assert_allclose(activations["dense#2:linear"].values, second, **TOLERANCE)


def test_a_linear_part_carries_no_bounds_and_no_weights_of_its_own():
    part = convscope.open(classifier()).select("dense:linear")[0]
    assert part.bounds == (None, None) and part.parameters == 0 and part.channels == 5


@pytest.mark.parametrize("name", ["pool:linear", "nothing:linear"])
def test_a_linear_part_that_is_not_there(name):
    with pytest.raises(SelectionError) as caught:
        convscope.open(classifier()).activations(photos(1, 12, 12, 1), name)
    assert name.split(":")[0] in str(caught.value) and caught.value.status == 2


def test_all_linear_parts_of_a_kind():
    names = [layer.name for layer in convscope.open(classifier()).select("kind:dense:linear")]
    assert names == ["dense:linear", "dense_1:linear"]
