"""What is known of a layer before any image is seen."""

import keras
import numpy as np
import pytest
from keras import layers

import convscope

from .models import Subclassed, base, branched, classifier, photos


@pytest.fixture(scope="module")
def records():
    return convscope.open(classifier()).layers


def test_names_kinds_and_shapes(records):
    assert [(r.name, r.kind, r.operation, r.shape) for r in records.values()] == [
        ("conv2d", "conv", "Conv2D", (4, 10, 10)),
        ("pool", "pool", "MaxPooling2D", (4, 5, 5)),
        ("bn", "normalization", "BatchNormalization", (4, 5, 5)),
        ("drop", "dropout", "Dropout", (4, 5, 5)),
        ("flatten", "reshape", "Flatten", (100,)),
        ("dense", "dense", "Dense", (5,)),
        ("dense_1", "dense", "Dense", (3,)),
    ]
    assert records["conv2d"].dims == ("channel", "y", "x")
    assert records["conv2d"].channels == 4 and records["conv2d"].space == (10, 10)
    assert records["dense"].channels == 5 and records["dense"].space == ()


def test_parameters_are_keras_s(records):
    model = classifier()
    for layer in model.layers:
        trainable = sum(int(np.prod(weight.shape)) for weight in layer.trainable_weights)
        assert records[layer.name].parameters == layer.count_params()
        assert records[layer.name].trainable == trainable


@pytest.mark.parametrize("make", [classifier, branched, base])
def test_the_sum_of_parameters_is_the_model_s(make):
    model = make()
    network = convscope.open(model)
    assert sum(r.parameters for r in network.layers.values()) == model.count_params()
    assert network.parameters[0] == model.count_params()
    assert sum(r.trainable for r in network.layers.values()) == network.parameters[1]


def test_a_subclassed_model_s_parameters():
    model = Subclassed(name="hand")
    model(photos(1, 6, 6, 3))
    network = convscope.open(model)
    assert sum(r.parameters for r in network.layers.values()) == model.count_params()


def test_frozen_weights_are_not_trainable():
    model = classifier()
    model.get_layer("conv2d").trainable = False
    network = convscope.open(model)
    assert network.layers["conv2d"].trainable == 0
    assert network.parameters[1] == network.parameters[0] - 40 - 8


def test_bounds_of_activation_functions():
    model = keras.Sequential(
        [
            layers.Input((4,)),
            layers.Dense(2, activation="sigmoid", name="sigmoid"),
            layers.Dense(2, activation="tanh", name="tanh"),
            layers.Dense(2, activation="relu6", name="relu6"),
            layers.Dense(2, activation="relu", name="relu"),
            layers.ReLU(max_value=3, name="capped"),
            layers.Activation("sigmoid", name="activation"),
            layers.Dense(2, name="plain"),
        ]
    )
    bounds = {name: record.bounds for name, record in convscope.open(model).layers.items()}
    assert bounds == {
        "sigmoid": (0, 1),
        "tanh": (-1, 1),
        "relu6": (None, 6),
        "relu": (None, None),
        "capped": (None, 3),
        "activation": (0, 1),
        "plain": (None, None),
    }


def test_inputs_of_the_network(records):
    (entry,) = convscope.open(classifier()).inputs
    assert entry.shape == (12, 12, 1) and entry.dtype == "float32" and not entry.channels_first
    assert str(entry) == "(images, 12, 12, 1)"


def test_a_layer_without_an_image_axis():
    class Constant(layers.Layer):
        def call(self, x):
            return {"map": x + 1.0, "grid": keras.ops.ones((2, 5))}

    class Model(keras.Model):
        def __init__(self):
            super().__init__(name="constant")
            self.constant = Constant(name="constant")

        def call(self, x):
            return self.constant(x)["map"]

    model = Model()
    model(photos(3, 4))
    network = convscope.open(model)
    assert not network.layers["constant:grid"].has_image_axis
    grid = network.activations(photos(3, 4))["constant:grid"]
    assert grid.dims == ("channel", "x") and grid.shape == (5, 2)
    np.testing.assert_array_equal(grid.values, 1)


def test_a_network_is_shown_by_name_and_source():
    assert repr(convscope.open(classifier())) == "<KerasNetwork 'classifier' from Sequential>"
