"""Arithmetic against Keras: every layer class and option, all units, and units taken apart."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers
from networks.expected import in_dims
from networks.models import settled

import convscope
from convscope.analysis.arithmetic import evaluate, tolerance_of
from convscope.analysis.dissection import take_apart
from convscope.analysis.functions import FUNCTIONS
from convscope.networks.computation import ACTIVATIONS, ELEMENTWISE, OPERATIONS

pytestmark = pytest.mark.filterwarnings("ignore::convscope.errors.ConvscopeWarning")


def numbers(*shape, seed=1):
    """Give prepared inputs of both signs."""
    return np.random.default_rng(seed).normal(0, 1, shape).astype("float32")


def built(layer, *shapes):
    """Make a model of one layer."""
    inputs = [keras.Input(shape) for shape in shapes]
    return settled(keras.Model(inputs, layer(inputs[0] if len(inputs) == 1 else inputs)))


def agrees(model, *arrays, first=False, layer=-1):
    """Compare a layer with the model's own output: all units at once, then one by one."""
    network = convscope.open(model)
    name = list(network.layers)[layer]
    computation = network.computation(name)
    assert computation is not None, "not understood"
    assert computation.operation in OPERATIONS
    given = dict(zip([entry.name for entry in network.inputs], arrays, strict=True))
    expected = in_dims(model(list(arrays), training=False), first)[0]
    run = network.run(network.batches(given)[0], computation.inputs, outputs=False)
    inputs = [run.values[name][0] for name in computation.inputs]
    places = list(np.ndindex(expected.shape[1:]))
    positions = np.array(places, int).reshape(len(places), expected.ndim - 1)
    found = evaluate(computation, inputs, positions)
    flat = np.moveaxis(expected, 0, -1).reshape(-1, len(expected))
    assert found.values.shape == flat.shape
    allowed = tolerance_of(computation) * found.scale + 1e-30
    wrong = np.abs(flat - found.values) > allowed
    assert not wrong.any(), (flat[wrong][:3], found.values[wrong][:3])
    rng = np.random.default_rng(0)
    for _ in range(12):
        place, channel = rng.integers(len(flat)), int(rng.integers(len(expected)))
        unit = tuple(int(at) for at in positions[place])
        parts = take_apart(computation, inputs, channel, unit)
        np.testing.assert_allclose(parts.value, found.values[place, channel], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(parts.scale, found.scale[place, channel], rtol=1e-3, atol=1e-12)
        _consistent(computation, parts, inputs)
    return computation


def _consistent(computation, parts, inputs):
    """Check that what is shown gives the sum, and that the patch is the input's."""
    if parts.kernel is not None and computation.operation != "affine":
        total = np.nansum(parts.patch * parts.kernel) + parts.bias
        np.testing.assert_allclose(total, parts.sum, rtol=1e-9, atol=1e-12)
    if computation.operation == "affine":
        np.testing.assert_allclose(parts.terms.sum() + parts.bias, parts.sum, rtol=1e-9)
    if computation.operation == "maximum pooling":
        assert parts.sum == np.nanmax(parts.patch)
        channel = parts.channels[0]
        assert inputs[0][(channel, *parts.winner)] == parts.sum
    if len(parts.channels):
        places = np.meshgrid(parts.channels, *parts.positions, indexing="ij")
        source = inputs[parts.source]
        inside = ~np.isnan(parts.patch)
        np.testing.assert_array_equal(
            source[tuple(along[inside] for along in places)], parts.patch[inside]
        )


CONVOLUTIONS = [
    (layers.Conv1D(4, 3), (9, 2)),
    (layers.Conv1D(4, 3, padding="causal", dilation_rate=2, activation="tanh"), (9, 2)),
    (layers.Conv1D(4, 3, padding="same", strides=2), (10, 2)),
    (layers.Conv2D(5, 3), (7, 8, 3)),
    (layers.Conv2D(5, (2, 3), strides=(2, 1), padding="same", activation="relu"), (7, 8, 3)),
    (layers.Conv2D(5, 3, dilation_rate=(2, 1), padding="same", use_bias=False), (7, 8, 3)),
    (layers.Conv2D(6, 3, groups=3, activation="silu"), (6, 7, 6)),
    (layers.Conv2D(6, 3, groups=6, padding="same"), (6, 7, 6)),
    (layers.Conv2D(4, 4, strides=3, padding="same"), (10, 11, 1)),
    (layers.Conv2D(4, 3, activation="softmax"), (5, 6, 2)),
    (layers.Conv3D(3, 2, strides=(1, 2, 1), padding="same", activation="elu"), (4, 5, 6, 2)),
    (layers.DepthwiseConv1D(3, depth_multiplier=2), (9, 3)),
    (layers.DepthwiseConv2D(3, activation="relu6"), (6, 7, 3)),
    (layers.DepthwiseConv2D(3, strides=2, padding="same", depth_multiplier=2), (6, 7, 3)),
    (layers.DepthwiseConv2D(3, dilation_rate=2), (8, 9, 3)),
    (layers.SeparableConv1D(4, 3, depth_multiplier=2), (9, 3)),
    (layers.SeparableConv2D(4, 3, padding="same", activation="relu"), (6, 7, 3)),
    (layers.SeparableConv2D(4, 3, strides=2, depth_multiplier=2, use_bias=False), (8, 9, 3)),
    (layers.Conv1DTranspose(4, 3, strides=2), (5, 2)),
    (layers.Conv2DTranspose(4, 3), (4, 5, 3)),
    (layers.Conv2DTranspose(4, 3, strides=2, padding="same", activation="relu"), (4, 5, 3)),
    (layers.Conv2DTranspose(4, 2, strides=3), (4, 5, 3)),
    (layers.Conv2DTranspose(4, (4, 3), strides=(2, 1), padding="same"), (4, 5, 3)),
    (layers.Conv2DTranspose(4, 3, strides=2, padding="same", output_padding=1), (4, 5, 3)),
    (layers.Conv2DTranspose(4, 3, dilation_rate=2), (4, 5, 3)),
    (layers.Conv3DTranspose(2, 2, strides=2), (2, 3, 2, 2)),
]


def called(value):
    """Name a parameter by its layer's class."""
    return type(value).__name__ if isinstance(value, keras.Layer) else ""


@pytest.mark.parametrize(("layer", "shape"), CONVOLUTIONS, ids=called)
def test_convolutions(layer, shape):
    agrees(built(layer, shape), numbers(1, *shape))


@settings(max_examples=25, deadline=None)
@given(
    size=st.integers(5, 12),
    kernel=st.integers(1, 4),
    stride=st.integers(1, 3),
    dilation=st.integers(1, 3),
    padding=st.sampled_from(["valid", "same"]),
    transposed=st.booleans(),
)
def test_any_geometry(size, kernel, stride, dilation, padding, transposed):
    if stride > 1:
        dilation = 1
    if (kernel - 1) * dilation + 1 > size:
        return
    make = layers.Conv1DTranspose if transposed else layers.Conv1D
    layer = make(2, kernel, strides=stride, dilation_rate=dilation, padding=padding)
    agrees(built(layer, (size, 2)), numbers(1, size, 2))


POOLINGS = [
    (layers.MaxPooling1D(3, strides=2, padding="same"), (9, 2)),
    (layers.MaxPooling2D(), (7, 8, 3)),
    (layers.MaxPooling2D((3, 2), strides=(2, 1), padding="same"), (7, 8, 3)),
    (layers.MaxPooling3D(2), (4, 5, 6, 2)),
    (layers.AveragePooling1D(2), (9, 2)),
    (layers.AveragePooling2D(3, strides=2, padding="same"), (7, 8, 3)),
    (layers.AveragePooling3D(2), (4, 5, 6, 2)),
    (layers.GlobalMaxPooling1D(), (9, 2)),
    (layers.GlobalMaxPooling2D(keepdims=True), (7, 8, 3)),
    (layers.GlobalAveragePooling1D(), (9, 2)),
    (layers.GlobalAveragePooling2D(), (7, 8, 3)),
    (layers.GlobalAveragePooling2D(keepdims=True), (7, 8, 3)),
    (layers.GlobalAveragePooling3D(), (4, 5, 6, 2)),
    (layers.GlobalMaxPooling3D(), (4, 5, 6, 2)),
]


@pytest.mark.parametrize(("layer", "shape"), POOLINGS, ids=called)
def test_poolings(layer, shape):
    averaged = "Average" in type(layer).__name__ and getattr(layer, "padding", "") == "same"
    if keras.backend.backend() == "torch" and averaged:
        pytest.skip("Keras pads with copies of the border on torch, and so it is not understood")
    agrees(built(layer, shape), numbers(1, *shape))


DENSE = [
    (layers.Dense(4), (6,)),
    (layers.Dense(4, use_bias=False, activation="sigmoid"), (6,)),
    (layers.Dense(4, activation="softmax"), (6,)),
    (layers.Dense(4, activation="log_softmax"), (6,)),
    (layers.Dense(4, activation="relu"), (5, 6)),
    (layers.Dense(4, activation="softmax"), (3, 5, 6)),
    (layers.Dense(4, activation=layers.LeakyReLU(negative_slope=0.3)), (6,)),
    (layers.EinsumDense("abc,cd->abd", (5, 4), bias_axes="d", activation="tanh"), (5, 6)),
    (layers.EinsumDense("...x,xy->...y", (4,)), (6,)),
]


@pytest.mark.parametrize(("layer", "shape"), DENSE, ids=called)
def test_dense(layer, shape):
    agrees(built(layer, shape), numbers(1, *shape))


NORMALISATIONS = [
    (layers.BatchNormalization(), (5, 6, 3)),
    (layers.BatchNormalization(), (6,)),
    (layers.BatchNormalization(center=False, epsilon=0.1), (5, 3)),
    (layers.BatchNormalization(scale=False), (5, 6, 3)),
    (layers.BatchNormalization(axis=1), (4, 6, 3)),
    (layers.LayerNormalization(), (5, 6, 3)),
    (layers.LayerNormalization(), (6,)),
    (layers.LayerNormalization(axis=[1, 2, 3]), (4, 5, 3)),
    (layers.LayerNormalization(axis=(1, 2), center=False), (4, 5, 3)),
    (layers.LayerNormalization(axis=1, scale=False), (4, 5, 3)),
    (layers.GroupNormalization(groups=2), (4, 5, 6)),
    (layers.GroupNormalization(groups=1), (4, 5, 6)),
    (layers.GroupNormalization(groups=-1, scale=False), (4, 5, 6)),
    (layers.Rescaling(1 / 255, offset=-0.5), (5, 6, 3)),
    (layers.Rescaling([0.1, 0.2, 0.3], offset=[1, 2, 3]), (5, 6, 3)),
    (layers.Normalization(mean=[1, 2, 3], variance=[4, 5, 6]), (5, 6, 3)),
    (layers.Normalization(mean=0.5, variance=4.0, axis=None), (5, 6, 3)),
    (layers.Normalization(mean=[1, 2, 3], variance=[4, 5, 6], invert=True), (5, 6, 3)),
]
if hasattr(layers, "RMSNormalization"):  # From Keras 3.9 on.
    NORMALISATIONS.append((layers.RMSNormalization(), (4, 5, 6)))


@pytest.mark.parametrize(("layer", "shape"), NORMALISATIONS, ids=called)
def test_normalisations_and_rescalings(layer, shape):
    inner = isinstance(layer, layers.LayerNormalization) and str(layer.axis) in {
        "1",
        "[1]",
        "(1, 2)",
        "[1, 2]",
    }
    if keras.backend.backend() == "torch" and inner:
        pytest.skip("Keras itself fails on torch where an inner axis is normalised")
    agrees(built(layer, shape), numbers(1, *shape))


def test_an_adapted_normalization():
    layer = layers.Normalization()
    layer.adapt(numbers(20, 4, 5, 3, seed=7) * 3 + 1)
    inputs = keras.Input((4, 5, 3))
    agrees(keras.Model([inputs], layer(inputs)), numbers(1, 4, 5, 3))


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_activation_functions(name):
    spread = np.linspace(-8, 8, 6 * 50).astype("float32").reshape(1, 50, 6)
    agrees(built(layers.Activation(name), (50, 6)), spread)


def test_every_activation_function_is_there():
    assert set(FUNCTIONS) == ELEMENTWISE


@pytest.mark.parametrize(
    "layer",
    [
        layers.ReLU(max_value=1.5, negative_slope=0.2, threshold=0.3),
        layers.ReLU(6.0),
        layers.LeakyReLU(negative_slope=0.1),
        layers.PReLU(),
        layers.PReLU(shared_axes=[1, 2]),
        layers.ELU(alpha=0.5),
        layers.Softmax(),
        layers.Softmax(axis=3),
        layers.Activation(keras.activations.gelu),
    ],
    ids=called,
)
def test_activation_layers(layer):
    agrees(built(layer, (4, 5, 3)), numbers(1, 4, 5, 3) * 3)


MERGES = [
    (layers.Add(), (4, 5, 3), (4, 5, 3), (4, 5, 3)),
    (layers.Subtract(), (4, 5, 3), (4, 5, 3)),
    (layers.Multiply(), (4, 5, 3), (4, 5, 3)),
    (layers.Multiply(), (4, 5, 3), (1, 1, 3)),
    (layers.Multiply(), (1, 1, 3), (4, 5, 3)),
    (layers.Multiply(), (4, 5, 3), (4, 5, 1)),
    (layers.Multiply(), (4, 5, 3), (3,)),
    (layers.Add(), (5, 3), (4, 5, 3)),
    (layers.Average(), (4, 5, 3), (4, 5, 3)),
    (layers.Maximum(), (4, 3), (4, 3)),
    (layers.Minimum(), (3,), (3,), (3,)),
    (layers.Concatenate(), (4, 5, 3), (4, 5, 2)),
    (layers.Concatenate(axis=1), (4, 5, 3), (2, 5, 3)),
    (layers.Concatenate(axis=-2), (4, 5, 3), (4, 1, 3), (4, 3, 3)),
    (layers.Concatenate(), (3,), (4,)),
]


@pytest.mark.parametrize("case", MERGES, ids=lambda case: type(case[0]).__name__)
def test_merges(case):
    layer, *shapes = case
    arrays = [numbers(1, *shape, seed=place) for place, shape in enumerate(shapes)]
    agrees(built(layer, *shapes), *arrays)


MOVES = [
    (layers.ZeroPadding1D((1, 2)), (5, 3)),
    (layers.ZeroPadding2D(((1, 2), (3, 0))), (4, 5, 3)),
    (layers.ZeroPadding3D(1), (2, 3, 4, 2)),
    (layers.Cropping1D(1), (5, 3)),
    (layers.Cropping2D(((0, 1), (2, 1))), (4, 5, 3)),
    (layers.Cropping3D(1), (4, 5, 6, 2)),
    (layers.UpSampling1D(3), (5, 3)),
    (layers.UpSampling2D((2, 3)), (4, 5, 3)),
    (layers.UpSampling2D(2, interpolation="bilinear"), (4, 5, 3)),
    (layers.UpSampling2D((3, 5), interpolation="bilinear"), (4, 5, 3)),
    (layers.UpSampling3D(2), (2, 3, 2, 2)),
    (layers.Flatten(), (4, 5, 3)),
    (layers.Flatten(data_format="channels_first"), (4, 5, 3)),
    (layers.Flatten(), (2, 3, 4, 2)),
    (layers.Flatten(), (5, 3)),
    (layers.Reshape((10, 6)), (4, 5, 3)),
    (layers.Reshape((2, 5, 6)), (4, 5, 3)),
    (layers.Reshape((2, -1)), (12,)),
    (layers.Reshape((1, 1, 6)), (6,)),
    (layers.Permute((2, 1, 3)), (4, 5, 3)),
    (layers.Permute((3, 1, 2)), (4, 5, 3)),
    (layers.Permute((2, 1)), (4, 5)),
    (layers.Dropout(0.5), (4, 5, 3)),
    (layers.SpatialDropout2D(0.5), (4, 5, 3)),
    (layers.GaussianNoise(0.5), (4, 5, 3)),
    (layers.RandomFlip(), (4, 5, 3)),
    (layers.RandomRotation(0.2), (4, 5, 3)),
    (layers.RandomZoom(0.2), (4, 5, 3)),
]


@pytest.mark.parametrize(("layer", "shape"), MOVES, ids=called)
def test_what_moves_values(layer, shape):
    agrees(built(layer, shape), numbers(1, *shape))


OPERATIONS_IN_A_GRAPH = {
    "add a number": lambda x: x + 3.0,
    "a number less": lambda x: 2.0 - x,
    "less a number": lambda x: x - 0.5,
    "a factor for each channel": lambda x: x * np.array([1.0, 2.0, 3.0], "float32"),
    "by a number": lambda x: x / 6.0,
    "two values": lambda x: x * keras.ops.sigmoid(x),
    "divided": lambda x: x / (keras.ops.exp(x) + 1.0),
    "relu": keras.ops.relu,
    "relu of activations": lambda x: keras.activations.relu(x, max_value=1.0),
    "gelu": lambda x: keras.ops.gelu(x, approximate=True),
    "softmax": lambda x: keras.ops.softmax(x, axis=-1),
    "reshape": lambda x: keras.ops.reshape(x, (-1, 20, 3)),
    "squeeze": lambda x: keras.ops.squeeze(keras.ops.expand_dims(x, 1), 1),
}


@pytest.mark.parametrize("name", OPERATIONS_IN_A_GRAPH)
def test_operations_in_a_functional_graph(name):
    inputs = keras.Input((4, 5, 3))
    model = keras.Model([inputs], OPERATIONS_IN_A_GRAPH[name](inputs))
    agrees(model, numbers(1, 4, 5, 3))


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.MaxPooling2D(2, data_format="channels_first"),
        lambda: layers.GlobalAveragePooling2D(data_format="channels_first"),
        lambda: layers.ZeroPadding2D(1, data_format="channels_first"),
        lambda: layers.Conv2D(4, 3, data_format="channels_first", padding="same"),
        lambda: layers.UpSampling2D(2, data_format="channels_first"),
    ],
    ids=lambda make: type(make()).__name__,
)
def test_channels_first(make):
    x = numbers(1, 3, 4, 6)
    try:
        model = built(make(), (3, 4, 6))
        model([x])
    except Exception as error:
        pytest.skip(f"this backend does not run it: {error}")
    agrees(model, x, first=True)


def test_channels_first_through_a_batch_normalisation_and_a_flatten():
    inputs = keras.Input((3, 4, 6))
    x = layers.MaxPooling2D(2, data_format="channels_first")(inputs)
    x = layers.BatchNormalization(axis=1)(x)
    flat = settled(keras.Model([inputs], layers.Flatten(data_format="channels_first")(x)))
    given = numbers(1, 3, 4, 6)
    agrees(flat, given)
    before = keras.Model([inputs], flat.layers[-2].output)
    agrees(before, given, first=True)


class Standardised(layers.Conv2D):
    """A convolution that changes its kernel before it uses it."""

    def convolution_op(self, inputs, kernel):
        return super().convolution_op(inputs, kernel / (keras.ops.std(kernel) + 1e-5))


class Renamed(layers.Conv2D):
    """A convolution under another name."""


NOT_UNDERSTOOD = [
    (Standardised(2, 3), (5, 5, 1)),
    (layers.Dense(3, activation=keras.ops.sin), (4,)),
    (layers.Activation("sparsemax"), (4,)),
    (layers.Softmax(axis=1), (4, 5, 3)),
    (layers.LSTM(3), (4, 5)),
    (layers.UpSampling2D(2, interpolation="bicubic"), (4, 5, 3)),
    (layers.Lambda(lambda x: x * 2), (4,)),
    (layers.EinsumDense("abc,cde->abde", (5, 2, 3)), (5, 6)),
]


@pytest.mark.parametrize(("layer", "shape"), NOT_UNDERSTOOD, ids=called)
def test_what_is_not_understood_is_not_guessed(layer, shape):
    network = convscope.open(built(layer, shape))
    assert network.computation(list(network.layers)[-1]) is None


def test_a_subclass_that_computes_as_its_layer_does_is_understood():
    agrees(built(Renamed(2, 3), (5, 5, 1)), numbers(1, 5, 5, 1))


def test_the_linear_part_of_a_layer_with_a_function_of_its_own():
    layer = layers.Dense(3, activation=keras.ops.sin, name="own")
    network = convscope.open(built(layer, (4,)))
    computation = network.computation("own:linear")
    assert computation.activation.name == "linear"
    kernel, bias = layer.get_weights()
    x = numbers(1, 4)
    found = evaluate(computation, [x[0]], np.zeros((1, 0), int))
    np.testing.assert_allclose(found.values, x.astype(float) @ kernel + bias, rtol=1e-6)


def test_arithmetic_imports_no_framework():
    import ast
    from pathlib import Path

    import convscope.analysis

    folder = Path(convscope.analysis.__file__).parent
    allowed = {"numpy", "convscope", "__future__", "collections", "dataclasses", "itertools",
               "math", "typing"}  # fmt: skip
    files = ("arithmetic", "dissection", "functions", "operations", "parts", "patches", "windows")
    for name in files:
        tree = ast.parse((folder / f"{name}.py").read_text())
        imported = {
            (node.module if isinstance(node, ast.ImportFrom) else alias.name).partition(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }
        assert imported <= allowed, name
