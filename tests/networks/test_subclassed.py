"""Hand-written models and blocks, built and not yet built."""

import keras
import numpy as np
import pytest
from keras import layers

import convscope
from convscope.errors import ConvscopeError, InputError, ModelError

from .expected import agree, numbers
from .models import Plain, Residual, Subclassed, Tempered, photos, settled


def subclassed_values(model, x):
    a = model.conv(x)
    b = model.relu(a)
    c = model.block.first(b)
    d = model.block.second(c)
    e = np.maximum(numbers(b) + numbers(d), 0)
    f = model.relu(e)
    g = model.mean(f)
    names = ["conv", "relu", "block/first", "block/second", "block", "relu#2", "mean", "score"]
    return dict(zip(names, [a, b, c, d, e, f, g, model.score(g)], strict=True))


def test_every_call_of_a_subclassed_model():
    model, x = Subclassed(name="hand"), photos(2, 6, 6, 3)
    model(x)
    settled(model)
    agree(convscope.open(model).activations(x), subclassed_values(model, x))


def test_the_sum_of_a_residual_block_is_its_composite():
    model = Subclassed(name="hand")
    model(photos(1, 6, 6, 3))
    network = convscope.open(model)
    assert network.layers["block"].composite and network.layers["block"].kind == "composite"
    order = list(network.layers)
    assert order.index("block") == order.index("block/second") + 1
    assert network.layers["block"].parameters == 0, "its parts have counted them"


def test_a_residual_block_inside_a_functional_model():
    inputs = keras.Input((5, 5, 3), name="photo")
    block = Residual(3, name="block")
    model = settled(keras.Model(inputs, block(inputs), name="functional"))
    x = photos(2, 5, 5, 3)
    first = block.first(x)
    second = block.second(first)
    agree(
        convscope.open(model).activations(x),
        {"block/first": first, "block/second": second, "block": model(x)},
    )


def test_a_block_whose_value_is_its_last_part_s_is_not_recorded_twice():
    inputs = keras.Input((4,), name="given")
    model = settled(keras.Model(inputs, Plain(name="block")(inputs), name="plain"))
    assert list(convscope.open(model).layers) == ["block/first", "block/second"]


def test_an_output_that_is_no_layer_s_bears_the_model_s_name():
    model, x = Tempered(name="tempered"), photos(2, 4)
    model(x)
    agree(
        convscope.open(model).activations(x),
        {"score": model.score(x), "tempered": numbers(model.score(x)) / 2},
    )


def test_operations_inside_a_hand_written_call_are_no_layers():
    model, x = Subclassed(name="hand"), photos(1, 6, 6, 3)
    model(x)
    assert not any("add" in name for name in convscope.open(model).layers)


def test_a_model_never_built_says_so_and_is_built_by_a_float_array():
    model = Subclassed(name="fresh")
    network = convscope.open(model)
    with pytest.raises(ModelError, match="of fresh are unknown.*never built.*floating-point array"):
        _ = network.layers
    with pytest.raises(InputError, match="never built"):
        network.activations(np.zeros((6, 6, 3), np.uint8))
    x = photos(2, 6, 6, 3)
    activations = network.activations(x)
    agree(activations, subclassed_values(model, x))


def test_a_sequential_model_never_built():
    model = keras.Sequential([layers.Conv2D(2, 3, name="conv"), layers.Flatten(name="flat")])
    network = convscope.open(model)
    with pytest.raises(ModelError, match="never built"):
        _ = network.parameters
    x = photos(1, 5, 5, 1)
    activations = network.activations(x)
    conv = model.layers[0](x)
    agree(activations, {"conv": conv, "flat": numbers(conv).reshape(1, -1)})


def test_an_array_that_cannot_build_the_model_gives_one_line():
    network = convscope.open(Subclassed(name="fresh"))
    with pytest.raises(ConvscopeError) as caught:
        network.activations(photos(2, 3))
    assert "fresh could not be built on 'input' of shape (2, 3)" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_model_s_own_failure_is_one_line_with_its_reason():
    class Fussy(keras.Model):
        def call(self, x):
            raise ValueError("the moon is not full\nsecond line")

    model = Fussy(name="fussy")
    model.build((None, 4))
    with pytest.raises(ModelError, match="the moon is not full") as caught:
        _ = convscope.open(model).layers
    assert "\n" not in str(caught.value)


def test_wide_inputs_of_a_subclassed_model_may_differ_between_runs():
    model = Subclassed(name="hand")
    model.build((None, None, None, 3))
    settled(model)
    network = convscope.open(model)
    assert network.layers["conv"].shape == (3, None, None)
    for side in (6, 9):
        x = photos(1, side, side, 3)
        agree(network.activations(x), subclassed_values(model, x))
