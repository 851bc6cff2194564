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
    meaning()
    print("all kinds agree on", keras.backend.backend())


def meaning():
    """Gradients, edits, books and arithmetic, against zero weights and finite differences."""
    model = settled(
        keras.Sequential(
            [
                layers.Input((8, 8, 3)),
                layers.Conv2D(4, 3, activation="relu6", name="conv"),
                layers.BatchNormalization(name="bn"),
                layers.AveragePooling2D(2, name="pool"),
                layers.Flatten(name="flat"),
                layers.Dense(3, activation="softmax", name="classes"),
            ]
        )
    )
    network, x = convscope.open(model), photos(2, 8, 8, 3)
    books = convscope.contributions(network, x)
    for layer in books:
        assert books.reason(layer) == "", books.reason(layer)
        assert np.abs(books.remainder[layer] / books.score).max() < 1e-5, layer
    head, seed = network.heads["classes" if "classes" in network.heads else "output"], np.eye(3)
    found = network.gradients(network.batches(x)[0], head.layer, seed[[1, 1]], ["bn"])
    moved, step = x.copy(), 1e-2
    moved[:, 3, 4, 1] += step
    logits = [network.activations(one, head.layer)[head.layer].values[:, 1] for one in (x, moved)]
    slope = next(iter(found.inputs.values()))[:, 3, 4, 1]
    np.testing.assert_allclose((logits[1] - logits[0]) / step, slope, rtol=2e-2, atol=1e-4)
    muted = convscope.mute(network, "conv", 2).activations(x)
    assert not muted["conv"].values[:, 2].any()
    kernel, bias = model.get_layer("conv").get_weights()
    kernel[..., 2], bias[2] = 0, 0
    model.get_layer("conv").set_weights([kernel, bias])
    np.testing.assert_allclose(muted["classes"].values, numbers(model(x)), **TOLERANCE)
    assert convscope.verify(network, x[:1]).ok
