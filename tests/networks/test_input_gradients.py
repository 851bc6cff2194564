"""Gradients with respect to the inputs are given when they are asked for."""

import keras
import numpy as np
from keras import layers

import convscope

from .models import photos, settled


def test_without_the_inputs_gradients_those_of_the_layers_are_the_same():
    model = settled(
        keras.Sequential(
            [
                keras.Input((6, 6, 2)),
                layers.Conv2D(3, 3, activation="tanh", name="maps"),
                layers.Flatten(),
                layers.Dense(2, name="score"),
            ]
        )
    )
    network = convscope.open(model)
    (batch,) = network.batches(photos(2, 6, 6, 2))
    seed = np.array([[1, 0], [0, 1]], np.float32)
    with_inputs = network.gradients(batch, "score", seed, ["maps"])
    without = network.gradients(batch, "score", seed, ["maps"], inputs=False)
    assert without.inputs == {}
    assert {name: array.shape for name, array in with_inputs.inputs.items()} == {
        network.inputs[0].name: (2, 6, 6, 2)
    }
    np.testing.assert_allclose(without.gradients["maps"], with_inputs.gradients["maps"], atol=1e-6)
    kernel, _ = model.get_layer("score").get_weights()
    expected = kernel.T.reshape(2, 4, 4, 3).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(without.gradients["maps"], expected, atol=1e-6)


def test_a_network_of_whole_numbers_is_differentiated_by_its_layers():
    given = keras.Input((4, 4, 1), dtype="uint8")
    maps = layers.Conv2D(2, 1, name="maps")(layers.Rescaling(1 / 255)(given))
    network = convscope.open(keras.Model(given, layers.GlobalAveragePooling2D(name="score")(maps)))
    (batch,) = network.batches(np.zeros((1, 4, 4, 1), np.uint8))
    found = network.gradients(batch, "score", np.array([[0, 1]], np.float32), ["maps"])
    np.testing.assert_allclose(found.gradients["maps"][0, 1], 1 / 16, atol=1e-7)
    np.testing.assert_allclose(found.gradients["maps"][0, 0], 0)
    assert not found.inputs[network.inputs[0].name].any()
