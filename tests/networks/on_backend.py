"""Several kinds of models on the backend of this interpreter, against Keras called by hand.

Run by `test_backends` in an interpreter of its own, where Convscope has chosen the backend.
"""

import sys

import keras
import numpy as np
from keras import layers

import convscope

from .expected import TOLERANCE, agree, called_by_hand, cut_at, numbers
from .models import Subclassed, Tempered, branched, classifier, photos, settled


def main():
    assert keras.backend.backend() == sys.argv[1]
    model, x = classifier(), photos(3, 12, 12, 1)
    network = convscope.open(model)
    agree(network.activations(x), called_by_hand(model.layers, x))
    np.testing.assert_allclose(network.predict(x).values, numbers(model(x)), **TOLERANCE)
    powers = np.exp(network.activations(x, "dense_1:linear")["dense_1:linear"].values)
    softmax = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(softmax, numbers(model(x)), **TOLERANCE)
    assert network.layers["pool"].receptive_field == (4, 4)
    assert network.layers["pool"].inputs == ("conv2d",)

    settled(model, seed=5)
    np.testing.assert_allclose(network.predict(x).values, numbers(model(x)), **TOLERANCE)

    model, x = branched(), photos(2, 8, 8, 3)
    activations = convscope.open(model).activations(x)
    expected = cut_at(model, x, *activations)
    agree(activations, expected)

    model, x = Subclassed(name="hand"), photos(2, 6, 6, 3)
    activations = convscope.open(model).activations(x)
    assert "block" in activations and "relu#2" in activations
    np.testing.assert_allclose(activations["score"].values, numbers(model(x)), **TOLERANCE)

    model, x = Tempered(name="tempered"), photos(2, 4)
    activations = convscope.open(model).activations(x)
    assert list(activations) == ["score", "tempered"]
    half = activations["score"].values / 2
    np.testing.assert_allclose(activations["tempered"].values, half, **TOLERANCE)

    both = layers.Bidirectional(layers.LSTM(2, return_sequences=True), name="both")
    model = settled(keras.Sequential([layers.Input((5, 3)), both, layers.GRU(2, name="gru")]))
    x = photos(2, 5, 3)
    activations = convscope.open(model).activations(x)
    assert len(activations) == 4
    np.testing.assert_allclose(activations["gru"].values, numbers(model(x)), **TOLERANCE)
    print("all kinds agree on", keras.backend.backend())
