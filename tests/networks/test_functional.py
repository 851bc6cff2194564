"""Functional models: values by models that end at a layer."""

import keras
import numpy as np
from keras import layers

import convscope

from .expected import agree, called_by_hand, cut_at, numbers
from .models import base, branched, photos, settled


def test_branches_and_merges():
    model, x = branched(), photos(2, 8, 8, 3)
    names = [layer.name for layer in model.layers if layer.name != "photo"]
    activations = convscope.open(model).activations(x)
    assert sorted(activations) == sorted(names)
    expected = cut_at(model, x, *names)
    agree(activations, {name: expected[name] for name in activations})


def test_execution_order_has_inputs_before_what_they_feed():
    layers_of = convscope.open(branched()).layers
    order = list(layers_of)
    assert layers_of["both"].inputs == ("left", "right")
    assert order.index("both") > max(order.index("left"), order.index("right"))
    assert [layer.index for layer in layers_of.values()] == list(range(len(order)))


def test_functional_base_inside_functional():
    inner = base()
    inputs = keras.Input((8, 8, 3), name="photo")
    x = layers.ZeroPadding2D(1, name="padding")(inputs)
    x = layers.Cropping2D(1, name="cropping")(x)
    x = layers.Flatten(name="flatten")(inner(x))
    model = settled(keras.Model(inputs, layers.Dense(2, name="score")(x), name="outer"))
    given = photos(2, 8, 8, 3)
    values = called_by_hand(inner.layers[1:], given)
    expected = called_by_hand([model.get_layer("padding"), model.get_layer("cropping")], given)
    expected |= {f"base/{name}": value for name, value in values.items()}
    last = [model.get_layer("flatten"), model.get_layer("score")]
    expected |= called_by_hand(last, values["block1_pool"])
    agree(convscope.open(model).activations(given), expected)


def test_three_levels_of_nesting():
    innermost = keras.Sequential([layers.Input((3,)), layers.Dense(2, name="d")], name="c")
    middle_input = keras.Input((3,))
    middle = keras.Model(middle_input, innermost(middle_input), name="b")
    outer_input = keras.Input((3,))
    model = settled(keras.Model(outer_input, layers.ReLU(name="r")(middle(outer_input)), name="a"))
    assert list(convscope.open(model).layers) == ["b/c/d", "r"]


def test_operations_of_the_graph_are_layers():
    inputs = keras.Input((4, 4, 2), name="photo")
    left = layers.Conv2D(3, 1, name="left")(inputs)
    right = layers.Conv2D(3, 1, name="right")(inputs)
    total = left + right
    outputs = keras.ops.relu(total)
    model = settled(keras.Model(inputs, outputs, name="sums"))
    x = photos(2, 4, 4, 2)
    activations = convscope.open(model).activations(x)
    values = [numbers(model.get_layer(name)(x)) for name in ("left", "right")]
    assert list(activations)[:2] == ["left", "right"]
    added, rectified = list(activations)[2:]
    expected = np.moveaxis(values[0] + values[1], -1, 1)
    np.testing.assert_allclose(activations[added].values, expected, rtol=1e-5, atol=1e-6)
    rectified_values = activations[rectified].values
    np.testing.assert_allclose(rectified_values, np.maximum(expected, 0), rtol=1e-5, atol=1e-6)
    kinds = [layer.kind for layer in convscope.open(model).layers.values()]
    assert kinds == ["conv", "conv", "merge", "activation"]


def test_a_model_cut_out_of_another():
    whole = branched()
    part = keras.Model(whole.input, whole.get_layer("both").output, name="part")
    x = photos(1, 8, 8, 3)
    agree(convscope.open(part).activations(x), cut_at(whole, x, "left", "right", "both"))


def test_every_feature_map_is_there():
    model = branched()
    activations = convscope.open(model).activations(photos(1, 8, 8, 3))
    counted = sum(array.sizes["channel"] for array in activations.values())
    said = sum(layer.output.shape[-1] for layer in model.layers if layer.name != "photo")
    assert counted == said
