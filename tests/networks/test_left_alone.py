"""A model that was looked into is the model that it was."""

import keras
import numpy as np
import pytest
from keras import layers

import convscope
from convscope.errors import ModelError

from .expected import TOLERANCE, numbers
from .models import Subclassed, classifier, photos, settled


def everything_of(model):
    """Collect what must not change."""
    return {
        "built": model.built,
        "trainable": [layer.trainable for layer in model._flatten_layers()],
        "activations": [getattr(layer, "activation", None) for layer in model._flatten_layers()],
        "attributes": [sorted(vars(layer)) for layer in model._flatten_layers()],
        "losses": len(model.losses),
        "metrics": len(model.metrics),
        "layers": [layer.name for layer in model.layers],
        "nodes": [len(layer._inbound_nodes) for layer in model._flatten_layers()],
    }


def looked_into(model, x):
    network = convscope.open(model)
    able = [layer.name + ":linear" for layer in network.layers.values() if layer.has_linear]
    network.activations(x)
    network.activations(x, [*network.layers, *able])
    network.predict(x)
    return network


def test_weights_and_state():
    model, x = classifier(), photos(2, 12, 12, 1)
    model.get_layer("dense").trainable = False
    weights = [numbers(weight) for weight in model.variables]
    call, enter, before = keras.Operation.__call__, keras.Layer.__call__, everything_of(model)
    looked_into(model, x)
    assert keras.Operation.__call__ is call and keras.Layer.__call__ is enter
    assert everything_of(model) == before
    for weight, value in zip(model.variables, weights, strict=True):
        np.testing.assert_array_equal(numbers(weight), value)


def test_a_subclassed_model():
    model, x = Subclassed(name="hand"), photos(1, 6, 6, 3)
    wanted = numbers(model(x))
    before = everything_of(model)
    looked_into(model, x)
    assert everything_of(model) == before
    np.testing.assert_array_equal(numbers(model(x)), wanted)


def test_a_model_that_was_built_by_name_only_gets_real_weights():
    model = Subclassed(name="hand")
    model.build((None, 6, 6, 3))
    _ = convscope.open(model).layers
    x = photos(1, 6, 6, 3)
    assert numbers(model(x)).shape == (1, 2)
    assert len(model.weights) == 8


def test_a_failing_model_leaves_nothing_behind():
    class Failing(keras.Model):
        def __init__(self):
            super().__init__(name="failing")
            self.dense = layers.Dense(2, activation="relu", name="dense")

        def call(self, x):
            y = self.dense(x)
            if self.broken:
                raise RuntimeError("broken on purpose")
            return y

    model = Failing()
    model.broken = False
    model(photos(1, 3))
    network = convscope.open(model)
    _ = network.layers
    model.broken = True
    call, enter = keras.Operation.__call__, keras.Layer.__call__
    activation = model.dense.activation
    with pytest.raises(ModelError, match="broken on purpose") as caught:
        network.activations(photos(1, 3), ["dense", "dense:linear"])
    assert "\n" not in str(caught.value)
    assert keras.Operation.__call__ is call and keras.Layer.__call__ is enter
    assert model.dense.activation is activation
    model.broken = False
    assert network.activations(photos(1, 3), ["dense"])["dense"].shape == (1, 2)


def test_training_works_afterwards_and_its_weights_are_honoured():
    model, x = classifier(), photos(4, 12, 12, 1)
    network = looked_into(model, x)
    before = network.activations(x, "dense")["dense"].values
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(x, np.array([0, 1, 2, 0]), epochs=1, verbose=0)
    after = network.activations(x, "dense")["dense"].values
    assert np.abs(after - before).max() > 1e-6
    part = keras.Sequential(model.layers[:-1])
    np.testing.assert_allclose(after, numbers(part(x)), **TOLERANCE)


def test_weights_set_by_hand_are_honoured():
    model, x = classifier(), photos(1, 12, 12, 1)
    network = convscope.open(model)
    network.activations(x)
    settled(model, seed=7)
    np.testing.assert_allclose(network.predict(x).values, numbers(model(x)), rtol=1e-5, atol=1e-6)


def test_a_model_in_training_mode_statistics_do_not_move():
    model, x = classifier(), photos(4, 12, 12, 1)
    mean = numbers(model.get_layer("bn").moving_mean)
    looked_into(model, x)
    np.testing.assert_array_equal(numbers(model.get_layer("bn").moving_mean), mean)
