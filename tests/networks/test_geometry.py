"""Why an output has its size: the formula against what Keras gives."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from keras import layers

import convscope
from convscope.networks.geometry import Geometry
from convscope.networks.keras.kinds import geometry_of, kind_of

from .models import KERAS, classifier

SIZES = st.integers(9, 40)
KERNELS = st.integers(1, 5)
PADDINGS = st.sampled_from(["valid", "same"])


def explained(layer, size):
    """Give the size that the formula comes to, for an input of size x (size + 3) units."""
    geometry = geometry_of(layer, kind_of(layer), (size, size + 3))
    formulas = [geometry.size_formula((size, size + 3), axis) for axis in (0, 1)]
    return tuple(int(formula.split("= ")[1].split(",")[0]) for formula in formulas)


def actual(layer, size):
    return tuple(layer.compute_output_shape((1, size, size + 3, 2))[1:3])


def test_the_book_s_example():
    geometry = Geometry((2, 2), (1, 1), (1, 1), ((0, 0), (0, 0)))
    assert geometry.size_formula((28, 28)) == "(28 - 2 + 0)/1 + 1 = 27"


def test_rounding_is_said():
    geometry = Geometry((2, 2), (2, 2), (1, 1), ((0, 0), (0, 0)))
    assert geometry.size_formula((27, 27)) == "(27 - 2 + 0)/2 + 1 = 13, rounded down"


def test_a_transposed_example():
    geometry = Geometry((3,), (2,), (1,), ((0, 1),), transposed=True)
    assert geometry.size_formula((14,)) == "(14 - 1) x 2 + 3 - 1 = 28"


@settings(max_examples=60, deadline=None)
@given(SIZES, KERNELS, st.integers(1, 4), PADDINGS)
def test_convolution_with_strides(size, kernel, stride, padding):
    layer = layers.Conv2D(2, (kernel, 3), strides=stride, padding=padding)
    assert explained(layer, size) == actual(layer, size)


@settings(max_examples=40, deadline=None)
@given(SIZES, st.integers(1, 3), st.integers(1, 3), PADDINGS)
def test_convolution_with_dilation(size, kernel, dilation, padding):
    layer = layers.Conv2D(2, kernel, dilation_rate=dilation, padding=padding)
    assert explained(layer, size) == actual(layer, size)


@settings(max_examples=40, deadline=None)
@given(SIZES, KERNELS, st.integers(1, 4) | st.none(), PADDINGS)
def test_pooling(size, window, stride, padding):
    layer = layers.MaxPooling2D(window, stride, padding)
    assert explained(layer, size) == actual(layer, size)


@settings(max_examples=80, deadline=None)
@given(SIZES, KERNELS, st.integers(1, 4), PADDINGS, st.none() | st.integers(0, 3))
def test_transposed_convolution(size, kernel, stride, padding, extra):
    if extra is not None and extra >= stride:
        extra = stride - 1
    # Keras refuses 0 before 3.11.
    assume(extra != 0 or KERAS >= (3, 11))
    layer = layers.Conv2DTranspose(2, kernel, strides=stride, padding=padding, output_padding=extra)
    assert explained(layer, size) == actual(layer, size)


@pytest.mark.parametrize(
    "layer",
    [
        layers.ZeroPadding2D(((1, 2), (3, 0))),
        layers.Cropping2D(((1, 2), (3, 0))),
        layers.UpSampling2D((2, 3)),
        layers.UpSampling2D(2, interpolation="bilinear"),
        layers.DepthwiseConv2D(3, padding="same"),
        layers.SeparableConv2D(2, 3),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_other_windows(layer):
    assert explained(layer, 10) == actual(layer, 10)


def test_pointwise_layers_and_layers_without_a_window():
    records = convscope.open(classifier()).layers
    assert records["bn"].geometry.is_pointwise and not records["conv2d"].geometry.is_pointwise
    assert records["flatten"].geometry is None and records["dense"].geometry is None
    assert records["conv2d"].geometry.kernel == (3, 3)
    assert records["conv2d"].geometry.padding_name == "valid"


def test_causal_padding_lies_before():
    layer = layers.Conv1D(2, 3, dilation_rate=2, padding="causal")
    assert geometry_of(layer, "conv", (10,)).padding == ((4, 0),)


def test_same_padding_puts_the_odd_unit_behind():
    layer = layers.Conv2D(2, 2, padding="same")
    assert geometry_of(layer, "conv", (5, 5)).padding == ((0, 1), (0, 1))
