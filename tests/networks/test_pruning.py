"""Only what the deepest layer asked for needs is computed."""

import keras
import numpy as np
import pytest
from keras import layers

import convscope

from .models import photos

jax = pytest.importorskip("jax")
pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "jax", reason="the arithmetic is counted by XLA, through jax"
)


@pytest.fixture
def counted(monkeypatch):
    """Collect the floating-point operations of what is compiled, by compilation."""
    counts, plain = [], jax.jit

    def counting(function, *args, **kwargs):
        jitted = plain(function, *args, **kwargs)

        def run(*given):
            counts.append(jitted.lower(*given).compile().cost_analysis()["flops"])
            return jitted(*given)

        return run

    monkeypatch.setattr(jax, "jit", counting)
    return counts


class Chain(keras.Model):
    """A hand-written chain of two products: 2 x 8 x 16 and 2 x 16 x 512 operations an image."""

    def __init__(self):
        super().__init__(name="chain")
        self.narrow = layers.Dense(16, use_bias=False, name="narrow")
        self.wide = layers.Dense(512, use_bias=False, name="wide")

    def call(self, x):
        return self.wide(self.narrow(x))


def functional_chain():
    inputs = keras.Input((8,))
    narrow = layers.Dense(16, use_bias=False, name="narrow")(inputs)
    return keras.Model(inputs, layers.Dense(512, use_bias=False, name="wide")(narrow))


@pytest.mark.parametrize("make", [Chain, functional_chain])
def test_a_shallow_layer_costs_its_own_arithmetic(make, counted):
    model, x = make(), photos(1, 8)
    model(x)
    network = convscope.open(model)
    counted.clear()
    network.activations(x, "narrow")
    network.activations(x, "wide")
    shallow, deep = counted
    assert shallow == pytest.approx(2 * 8 * 16, rel=0.1)
    assert deep == pytest.approx(2 * 8 * 16 + 2 * 16 * 512, rel=0.1)


def test_a_branch_not_asked_for_is_not_computed(counted):
    inputs = keras.Input((8,))
    left = layers.Dense(16, use_bias=False, name="left")(inputs)
    right = layers.Dense(512, use_bias=False, name="right")(inputs)
    network = convscope.open(keras.Model(inputs, [left, right]))
    network.activations(photos(1, 8), "left")
    assert counted[-1] == pytest.approx(2 * 8 * 16, rel=0.1)


def test_recording_all_layers_costs_no_arithmetic(counted):
    model, x = functional_chain(), photos(1, 8)
    network = convscope.open(model)
    network.activations(x)
    network.predict(x)
    recorded, bare = counted
    assert recorded == pytest.approx(bare, rel=0.01)


def test_one_compilation_an_input_shape_and_set_of_layers():
    traced = []

    class Telling(layers.Layer):
        def call(self, x):
            traced.append(np.shape(x))
            return x * 2.0

    network = convscope.open(keras.Sequential([layers.Input((3,)), Telling(name="telling")]))
    _ = network.layers
    traced.clear()
    for count in (1, 1, 4, 1, 4):
        network.activations(photos(count, 3))
    assert [shape[0] for shape in traced] == [1, 4]
