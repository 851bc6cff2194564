"""Layers and submodels that are called more than once."""

import keras
from keras import layers

import convscope

from .expected import agree, numbers
from .models import photos, settled


def test_the_second_call_of_a_layer_has_its_own_name_and_value():
    inputs = keras.Input((4,), name="given")
    relu = layers.ReLU(name="relu")
    first, second = layers.Dense(4, name="first"), layers.Dense(4, name="second")
    model = settled(keras.Model(inputs, relu(second(relu(first(inputs)))), name="twice"))
    x = photos(3, 4)
    a = first(x)
    b = relu(a)
    c = second(b)
    agree(
        convscope.open(model).activations(x),
        {"first": a, "relu": b, "second": c, "relu#2": relu(c)},
    )


def test_the_second_call_of_a_submodel():
    conv = layers.Conv2D(2, 1, activation="relu", name="conv")
    tower = keras.Sequential(
        [layers.Input((4, 4, 1)), conv, layers.Flatten(name="flat")], name="base"
    )
    left, right = keras.Input((4, 4, 1), name="left"), keras.Input((4, 4, 1), name="right")
    merged = layers.Subtract(name="difference")([tower(left), tower(right)])
    model = settled(keras.Model([left, right], merged, name="siamese"))
    x, y = photos(2, 4, 4, 1), photos(2, 4, 4, 1, seed=9)
    agree(
        convscope.open(model).activations({"left": x, "right": y}),
        {
            "base/conv": conv(x),
            "base/flat": numbers(conv(x)).reshape(2, -1),
            "base#2/conv": conv(y),
            "base#2/flat": numbers(conv(y)).reshape(2, -1),
            "difference": numbers(tower(x)) - numbers(tower(y)),
        },
    )


def test_shared_weights_are_counted_once():
    inputs = keras.Input((4,), name="given")
    dense = layers.Dense(4, name="dense")
    model = keras.Model(inputs, dense(dense(inputs)), name="tied")
    network = convscope.open(model)
    assert [layer.parameters for layer in network.layers.values()] == [20, 0]
    assert network.parameters == (20, 20)


def test_equal_names_in_a_hand_written_model_are_told_apart():
    class Namesakes(keras.Model):
        def __init__(self):
            super().__init__(name="namesakes")
            self.one = layers.Dense(3, name="dense")
            self.two = layers.Dense(2, name="dense")

        def call(self, x):
            return self.two(self.one(x))

    model = Namesakes()
    x = photos(2, 4)
    model(x)
    agree(convscope.open(model).activations(x), {"dense": model.one(x), "dense#2": model(x)})
