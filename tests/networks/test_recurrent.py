"""Recurrent layers, loops and mapped functions: the calls inside them are no layers."""

import keras
import numpy as np
import pytest
from keras import layers

import convscope

from .expected import TOLERANCE, agree, called_by_hand, numbers
from .models import photos, settled

KINDS = {
    "lstm": (layers.LSTM(3, return_sequences=True, name="r"), (5, 2)),
    "gru": (layers.GRU(3, name="r"), (5, 2)),
    "simple": (layers.SimpleRNN(3, name="r"), (5, 2)),
    "cells": (layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)], name="r"), (5, 2)),
    "distributed": (layers.TimeDistributed(layers.Dense(3), name="r"), (5, 2)),
    "distributed_conv": (layers.TimeDistributed(layers.Conv2D(2, 2), name="r"), (3, 4, 4, 1)),
    "convlstm": (layers.ConvLSTM2D(2, 2, name="r"), (3, 5, 4, 1)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_one_layer_whose_loop_is_not_looked_into(kind):
    layer, shape = KINDS[kind]
    model = settled(keras.Sequential([layers.Input(shape), layer, layers.ReLU(name="relu")]))
    x = photos(2, *shape)
    agree(convscope.open(model).activations(x), called_by_hand(model.layers, x))


def test_bidirectional_shows_both_directions():
    layer = layers.Bidirectional(layers.SimpleRNN(2, name="rnn"), name="both")
    model = settled(keras.Sequential([layers.Input((4, 3)), layer], name="bi"))
    x = photos(2, 4, 3)
    activations = convscope.open(model).activations(x)
    forward, backward = layer.forward_layer, layer.backward_layer
    assert list(activations) == [f"both/{forward.name}", f"both/{backward.name}", "both"]
    values = [activations[name].values for name in list(activations)]
    np.testing.assert_allclose(values[0], numbers(forward(x)), **TOLERANCE)
    np.testing.assert_allclose(values[1], numbers(backward(x)), **TOLERANCE)
    np.testing.assert_allclose(values[2], np.concatenate(values[:2], -1), **TOLERANCE)


def test_masks_of_an_embedding_reach_the_recurrent_layer():
    model = settled(
        keras.Sequential(
            [
                layers.Input((4,), dtype="int32", name="tokens"),
                layers.Embedding(6, 3, mask_zero=True, name="embed"),
                layers.LSTM(2, name="lstm"),
            ]
        )
    )
    tokens = np.array([[3, 2, 0, 0], [1, 5, 4, 0]], "int32")
    network = convscope.open(model)
    activations = network.activations({"tokens": tokens})
    np.testing.assert_allclose(activations["lstm"].values, numbers(model(tokens)), **TOLERANCE)
    assert network.layers["lstm"].inputs == ("embed",), "the mask is no input of its own"


class Scanning(layers.Layer):
    """Calls a layer inside a scan, and once more after it."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.step = layers.Dense(3, name="step")

    def build(self, shape):
        self.step.build((shape[0], 3))
        super().build(shape)

    def call(self, x):
        def body(carry, row):
            carry = self.step(carry + row)
            return carry, carry

        steps = keras.ops.transpose(x, (1, 0, 2))
        last, _ = keras.ops.scan(body, keras.ops.zeros_like(x[:, 0]), steps)
        return self.step(last) + 1.0

    def compute_output_shape(self, shape):
        return (shape[0], 3)


class Mapping(layers.Layer):
    """Calls a layer inside a vectorized map."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.row = layers.Dense(2, name="row")

    def build(self, shape):
        self.row.build(shape[1:])
        super().build(shape)

    def call(self, x):
        return keras.ops.vectorized_map(self.row, x) * 2.0

    def compute_output_shape(self, shape):
        return (*shape[:-1], 2)


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="a scan is a plain loop on torch")
def test_a_scan_is_not_looked_into_and_leaks_no_tracer():
    layer = Scanning(name="scan")
    model = settled(keras.Sequential([layers.Input((4, 3)), layer], name="scanning"))
    x = photos(2, 4, 3)
    kernel, bias = map(numbers, layer.step.get_weights())
    carry = np.zeros((2, 3), "float32")
    for place in range(4):
        carry = (carry + x[:, place]) @ kernel + bias
    after = carry @ kernel + bias
    for _ in range(2):
        agree(convscope.open(model).activations(x), {"scan/step": after, "scan": after + 1})
    np.testing.assert_allclose(numbers(model(x)), after + 1, **TOLERANCE)


@pytest.mark.skipif(
    keras.backend.backend() == "tensorflow", reason="tensorflow maps inside the same graph"
)
def test_a_mapped_function_is_not_looked_into():
    layer = Mapping(name="map")
    model = settled(keras.Sequential([layers.Input((4, 3)), layer], name="mapping"))
    x = photos(2, 4, 3)
    kernel, bias = map(numbers, layer.row.get_weights())
    agree(convscope.open(model).activations(x), {"map": 2 * (x @ kernel + bias)})


def test_attention_shows_its_projections():
    inputs = keras.Input((4, 6), name="given")
    attention = layers.MultiHeadAttention(2, 3, name="mha")
    model = settled(keras.Model(inputs, attention(inputs, inputs), name="attending"))
    x = photos(2, 4, 6)
    activations = convscope.open(model).activations(x)
    kernel, bias = (numbers(w) for w in attention._query_dense.weights)
    query = np.einsum("btd,dhk->bthk", x, kernel) + bias
    np.testing.assert_allclose(
        activations["mha/query"].values, np.moveaxis(query, -1, 1), **TOLERANCE
    )
    last = activations[list(activations)[-1]]
    np.testing.assert_allclose(last.values, np.moveaxis(numbers(model(x)), -1, 1), **TOLERANCE)
