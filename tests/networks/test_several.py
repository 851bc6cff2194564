"""Networks with several inputs and outputs, layers with several outputs."""

import keras
import numpy as np
import pytest
from keras import layers

import convscope
from convscope.errors import InputError, ModelError

from .expected import TOLERANCE, agree, numbers
from .models import TwoSided, photos, settled


def towers(structure):
    """Make a functional model of two inputs, in a list or in a dict."""
    left, right = keras.Input((3,), name="left"), keras.Input((4,), name="right")
    a, b = layers.Dense(2, name="one")(left), layers.Dense(2, name="other")(right)
    inputs = {"left": left, "right": right} if structure == "dict" else [left, right]
    return settled(keras.Model(inputs, layers.Add(name="sum")([a, b]), name="towers"))


@pytest.mark.parametrize("structure", ["list", "dict"])
def test_inputs_of_a_functional_model_are_given_by_name(structure):
    model = towers(structure)
    x, y = photos(2, 3), photos(2, 4)
    one, other = model.get_layer("one")(x), model.get_layer("other")(y)
    given = {"right": y, "left": x}
    network = convscope.open(model)
    agree(
        network.activations(given),
        {"one": one, "other": other, "sum": numbers(one) + numbers(other)},
    )
    np.testing.assert_allclose(
        network.predict(given).values, numbers(one) + numbers(other), **TOLERANCE
    )


def test_inputs_as_arguments_of_their_own():
    model, x, y = TwoSided(name="sides"), photos(2, 4), photos(2, 5)
    model(x, y)
    settled(model)
    network = convscope.open(model)
    with pytest.raises(ModelError, match="takes several arguments: .* a dict of arrays by name"):
        _ = network.layers
    one, other = model.one(x), model.other(y)
    agree(
        network.activations({"left": x, "right": y}),
        {"one": one, "other": other, "sum": numbers(one) + numbers(other)},
    )
    assert {entry.name for entry in network.inputs} == {"left", "right"}


def test_arguments_whose_shapes_the_model_was_built_with():
    class Built(TwoSided):
        def build(self, left_shape, right_shape):
            self.one.build(left_shape)
            self.other.build(right_shape)

    model, x, y = Built(name="built"), photos(2, 4), photos(2, 5)
    model(x, y)
    network = convscope.open(model)
    assert [(entry.name, entry.shape) for entry in network.inputs] == [
        ("left", (4,)),
        ("right", (5,)),
    ]
    prediction = network.predict({"right": y, "left": x})
    np.testing.assert_allclose(prediction.values, numbers(model(x, y)), **TOLERANCE)


def test_a_subclassed_model_never_built_that_takes_a_dict():
    class Weighing(keras.Model):
        def __init__(self):
            super().__init__(name="weighing")
            self.dense = layers.Dense(2, name="dense")

        def call(self, given):
            return self.dense(given["values"] * given["weights"])

    model, x, y = Weighing(), photos(2, 4), photos(2, 4, seed=3)
    activations = convscope.open(model).activations({"values": x, "weights": y})
    agree(activations, {"dense": model.dense(x * y)})


def test_a_subclassed_model_called_with_a_list():
    class Difference(keras.Model):
        def __init__(self):
            super().__init__(name="difference")
            self.minus = layers.Subtract(name="minus")

        def call(self, pair):
            return self.minus([pair[0], pair[1]])

    model, x, y = Difference(), photos(2, 4), photos(2, 4, seed=5)
    model([x, y])
    network = convscope.open(model)
    names = [entry.name for entry in network.inputs]
    agree(network.activations(dict(zip(names, (x, y), strict=True))), {"minus": x - y})


def test_one_array_for_two_inputs_is_refused_with_what_is_wanted():
    with pytest.raises(
        InputError, match="give a dict of floating-point arrays for 'left' of shape"
    ):
        convscope.open(towers("list")).activations(photos(2, 3))


def test_wrong_input_names_are_refused_with_the_right_ones():
    with pytest.raises(InputError, match="'links'.*'left' of shape .*'right' of shape"):
        convscope.open(towers("list")).activations({"links": photos(2, 3), "right": photos(2, 4)})


def test_inputs_of_unlike_number_are_refused():
    with pytest.raises(InputError, match="2 and 3 images"):
        convscope.open(towers("list")).activations({"left": photos(2, 3), "right": photos(3, 4)})


@pytest.mark.parametrize("structure", ["list", "dict"])
def test_several_outputs(structure):
    inputs = keras.Input((4,), name="given")
    a = layers.Dense(2, name="first")(inputs)
    b = layers.Dense(3, name="second")(a)
    outputs = {"mean": a, "spread": b} if structure == "dict" else [a, b]
    model = settled(keras.Model(inputs, outputs, name="heads"))
    x = photos(2, 4)
    predicted = convscope.open(model).predict(x)
    wanted = model(x)
    if structure == "list":
        wanted = dict(zip(("first", "second"), wanted, strict=True))
    assert set(predicted) == set(wanted)
    for name, value in wanted.items():
        np.testing.assert_allclose(predicted[name].values, numbers(value), **TOLERANCE)


def test_tuple_outputs_of_a_layer_are_numbered():
    inputs = keras.Input((5, 3), name="given")
    lstm = layers.LSTM(2, return_sequences=True, return_state=True, name="lstm")
    model = settled(keras.Model(inputs, lstm(inputs), name="states"))
    x = photos(2, 5, 3)
    sequence, hidden, cell = lstm(x)
    activations = convscope.open(model).activations(x)
    agree(activations, {"lstm:0": sequence, "lstm:1": hidden, "lstm:2": cell})
    records = convscope.open(model).layers
    assert [records[name].parameters for name in records] == [4 * (3 + 2 + 1) * 2, 0, 0]


def test_dict_outputs_of_a_layer_go_by_key_and_none_is_skipped():
    @keras.saving.register_keras_serializable("several")
    class Statistics(layers.Layer):
        def call(self, x):
            return {"mean": keras.ops.mean(x, -1), "nothing": None, "double": 2 * x}

    class Model(keras.Model):
        def __init__(self):
            super().__init__(name="statistics")
            self.statistics = Statistics(name="stats")

        def call(self, x):
            return self.statistics(x)["double"]

    model, x = Model(), photos(2, 3)
    model(x)
    activations = convscope.open(model).activations(x)
    assert set(activations) == {"stats:mean", "stats:double"}
    np.testing.assert_allclose(activations["stats:mean"].values, x.mean(-1), **TOLERANCE)
    np.testing.assert_allclose(activations["stats:double"].values, 2 * x, **TOLERANCE)
