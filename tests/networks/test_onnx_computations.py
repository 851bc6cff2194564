"""What ONNX's operations compute: every unit against NumPy, and what every unit sees."""

import numpy as np
import pytest

import convscope

from .onnx_graphs import by_hand, graph, node, session_of, weights

RNG = np.random.default_rng(0)

K3 = weights(RNG, 4, 3, 3, 3)
WINDOWS = {
    "conv": ("Conv", [K3, weights(RNG, 4)], {}),
    "conv, uneven pads": ("Conv", [K3], {"pads": [1, 0, 2, 1], "strides": [2, 1]}),
    "conv, upper": ("Conv", [K3], {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
    "conv, lower": ("Conv", [K3], {"auto_pad": "SAME_LOWER", "strides": [2, 2]}),
    "conv, valid": ("Conv", [K3], {"auto_pad": "VALID"}),
    "conv, dilated": ("Conv", [K3], {"dilations": [2, 1], "pads": [2, 1, 2, 1]}),
    "conv, depthwise": ("Conv", [weights(RNG, 6, 1, 3, 3)], {"group": 3}),
    "conv transpose": ("ConvTranspose", [weights(RNG, 3, 4, 3, 3), weights(RNG, 4)],
                       {"strides": [2, 3]}),
    "conv transpose, pads": ("ConvTranspose", [weights(RNG, 3, 2, 4, 3)],
                             {"strides": [2, 2], "pads": [1, 0, 2, 1]}),
    "conv transpose, groups": ("ConvTranspose", [weights(RNG, 3, 2, 3, 3)],
                               {"strides": [2, 2], "group": 3, "output_padding": [1, 0],
                                "dilations": [2, 1]}),
    "conv transpose, upper": ("ConvTranspose", [weights(RNG, 3, 2, 3, 3)],
                              {"strides": [2, 2], "auto_pad": "SAME_UPPER"}),
    "conv transpose, lower": ("ConvTranspose", [weights(RNG, 3, 2, 4, 4)],
                              {"strides": [3, 3], "auto_pad": "SAME_LOWER"}),
    "conv transpose, size": ("ConvTranspose", [weights(RNG, 3, 2, 3, 3)],
                             {"strides": [3, 3], "output_shape": [23, 20]}),
    "max pool": ("MaxPool", [], {"kernel_shape": [3, 2], "strides": [2, 2]}),
    "max pool, pads": ("MaxPool", [], {"kernel_shape": [3, 3], "pads": [1, 0, 1, 1],
                                       "dilations": [1, 2]}),
    "max pool, rounded up": ("MaxPool", [], {"kernel_shape": [3, 3], "strides": [2, 2],
                                             "ceil_mode": 1}),
    "average pool": ("AveragePool", [], {"kernel_shape": [2, 2], "strides": [2, 2]}),
    "average pool, pads": ("AveragePool", [], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}),
    "average pool, counted": ("AveragePool", [], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1],
                                                  "count_include_pad": 1}),
    "average pool, same": ("AveragePool", [], {"kernel_shape": [3, 3], "strides": [2, 2],
                                               "auto_pad": "SAME_UPPER"}),
    "pad": ("Pad", [np.array([0, 0, 1, 2, 0, 0, 3, 0])], {}),
    "crop": ("Pad", [np.array([0, 0, -1, -2, 0, 0, 0, -1])], {}),
    "slice": ("Slice", [np.array([1, 2]), np.array([7, 9]), np.array([2, 3]), np.array([2, 3])],
              {}),
    "resize": ("Resize", [np.zeros(0, "f4"), np.array([1, 1, 2, 3], "f4")],
               {"mode": "nearest", "coordinate_transformation_mode": "asymmetric",
                "nearest_mode": "floor"}),
    "resize, centres": ("Resize", [np.zeros(0, "f4"), np.array([1, 1, 3, 2], "f4")],
                        {"mode": "nearest"}),
    "resize, linear": ("Resize", [np.zeros(0, "f4"), np.array([1, 1, 2, 3], "f4")],
                       {"mode": "linear"}),
}  # fmt: skip

ALONE = {
    "batch norm": ("BatchNormalization", [RNG.uniform(0.5, 2, 3), RNG.normal(size=3),
                                          RNG.normal(size=3), RNG.uniform(0.5, 2, 3)],
                   {"epsilon": 1e-2}),
    "relu": ("Relu", [], {}),
    "leaky": ("LeakyRelu", [], {"alpha": 0.3}),
    "prelu": ("PRelu", [RNG.uniform(0, 1, (3, 1, 1))], {}),
    "prelu, one": ("PRelu", [np.array([0.25])], {}),
    "elu": ("Elu", [], {"alpha": 0.7}),
    "selu": ("Selu", [], {}),
    "celu": ("Celu", [], {"alpha": 0.7}),
    "sigmoid": ("Sigmoid", [], {}),
    "hard sigmoid": ("HardSigmoid", [], {"alpha": 1 / 6}),
    "hard swish": ("HardSwish", [], {}),
    "tanh": ("Tanh", [], {}),
    "softplus": ("Softplus", [], {}),
    "softsign": ("Softsign", [], {}),
    "mish": ("Mish", [], {}),
    "threshold": ("ThresholdedRelu", [], {"alpha": 0.4}),
    "exp": ("Exp", [], {}),
    "clip": ("Clip", [np.array(0.0), np.array(6.0)], {}),
    "clip, below": ("Clip", [np.array(0.0)], {}),
    "clip, both": ("Clip", [np.array(-1.0), np.array(1.0)], {}),
    "softmax": ("Softmax", [], {"axis": 1}),
    "log softmax": ("LogSoftmax", [], {"axis": 1}),
    "add": ("Add", [RNG.normal(size=(3, 1, 1))], {}),
    "sub": ("Sub", [RNG.normal(size=())], {}),
    "mul": ("Mul", [RNG.normal(size=(1, 3, 1, 1))], {}),
    "div": ("Div", [RNG.uniform(1, 2, (11, 10))], {}),
    "identity": ("Identity", [], {}),
    "dropout": ("Dropout", [], {}),
}  # fmt: skip

WHOLE = {
    "instance norm": ("InstanceNormalization", [RNG.normal(size=3), RNG.normal(size=3)], {}),
    "global average": ("GlobalAveragePool", [], {}),
    "global maximum": ("GlobalMaxPool", [], {}),
    "mean": ("ReduceMean", [], {"axes": [2, 3], "keepdims": 0}),
    "maximum": ("ReduceMax", [], {"axes": [-1, -2]}),
    "layer norm": ("LayerNormalization", [RNG.normal(size=(3, 11, 10)),
                                          RNG.normal(size=(3, 11, 10))], {"axis": 1}),
}  # fmt: skip
SHAPE = (3, 11, 10)


def one_layer(operation, constants, attributes, opset=18):
    """Make a network of one layer behind an identity, all constants float32 where they float."""
    given = {f"w{place}": np.asarray(c, "f4") if np.asarray(c).dtype.kind == "f" else c
             for place, c in enumerate(constants)}  # fmt: skip
    names = ["" if np.asarray(c).size == 0 else name for name, c in given.items()]
    if operation.startswith("Reduce"):
        opset = 17
    nodes = [node("Abs", ["x"], "before") if operation == "Log" else node("Neg", ["x"], "before"),
             node(operation, ["before", *names], "y", **attributes)]  # fmt: skip
    return graph(nodes, {"x": ["n", *SHAPE]}, ["y"],
                 {n: c for n, c in given.items() if c.size}, opset=opset)  # fmt: skip


def checked(model, shape=SHAPE):
    network = convscope.open(model)
    x = np.random.default_rng(1).normal(size=(1, *shape)).astype("f4")
    found = convscope.verify(network, x)
    layer = found.layers[-1]
    assert layer.understood, layer
    assert layer.ok, layer
    assert layer.all_units > 0
    return network, x


def sees(model, unit, value="y"):
    """Find which inputs change a unit, by changing each to a number that nothing else has."""
    session = session_of(model)
    x = np.random.default_rng(2).normal(size=(1, *SHAPE)).astype("f4")
    plain = session.run([value], {"x": x})[0]
    place = (0, slice(None), *unit) if plain.ndim > 2 else (0,)
    felt = np.zeros(SHAPE[1:], bool)
    for y, x_ in np.ndindex(*SHAPE[1:]):
        for number in (1e3, -1e3):
            other = x.copy()
            other[0, :, y, x_] = number
            felt[y, x_] |= not np.array_equal(
                session.run([value], {"x": other})[0][place], plain[place]
            )
    return felt


@pytest.mark.parametrize("name", [*WINDOWS, *ALONE, *WHOLE])
def test_every_unit_is_what_numpy_computes(name):
    given = {**WINDOWS, **ALONE, **WHOLE}[name]
    checked(one_layer(*given))


@pytest.mark.parametrize("name", WINDOWS)
def test_no_pixel_outside_of_the_box_changes_a_unit(name):
    model = one_layer(*WINDOWS[name])
    network = convscope.open(model)
    height, width = network.layers["y"].space
    for unit in ((0, 0), (height // 2, width // 2), (height - 1, width - 1)):
        felt = sees(model, unit)
        box = convscope.receptive_field(network, "y", unit).box
        inside = np.zeros_like(felt)
        inside[tuple(slice(*ends) for ends in box)] = True
        assert not (felt & ~inside).any()
        if felt.any() and "average" not in name:
            rows, columns = (np.flatnonzero(felt.any(axis=axis)) for axis in (1, 0))
            assert box == ((rows[0], rows[-1] + 1), (columns[0], columns[-1] + 1))


@pytest.mark.parametrize("name", WHOLE)
def test_what_brings_all_positions_together_sees_the_whole_input(name):
    network = convscope.open(one_layer(*WHOLE[name]))
    assert network.layers["y"].sees_everything
    assert network.layers["y"].receptive_field == SHAPE[1:]


@pytest.mark.parametrize("operation", ["Add", "Sub", "Mul", "Div", "Sum", "Mean", "Max", "Min"])
@pytest.mark.parametrize("narrow", [False, True])
def test_two_values_are_joined(operation, narrow):
    nodes = [
        node("Sigmoid", ["x"], "one"),
        node("Exp", ["x"], "wide"),
        node("GlobalAveragePool", ["wide"], "mean"),
        node(operation, ["one", "mean" if narrow else "wide"], "y"),
    ]
    network, _ = checked(graph(nodes, {"x": ["n", *SHAPE]}, ["y"]))
    assert network.layers["y"].sees_everything == narrow


@pytest.mark.parametrize("axis", [1, 2, 3, -1])
def test_concatenation(axis):
    nodes = [
        node("Relu", ["x"], "one"),
        node("Neg", ["x"], "other"),
        node("Concat", ["one", "other"], "y", axis=axis),
    ]
    network, _ = checked(graph(nodes, {"x": ["n", *SHAPE]}, ["y"]))
    felt = sees(graph(nodes, {"x": ["n", *SHAPE]}, ["y"]), (5, 9))
    assert felt.sum() == 1
    box = convscope.receptive_field(network, "y", (5, 9)).box
    assert felt[tuple(slice(*ends) for ends in box)].all()


@pytest.mark.parametrize("opset", [9, 17])
def test_dense_layers(opset):
    w, b = weights(RNG, 5, 330), weights(RNG, 5)
    for attributes, given in (
        ({"transB": 1}, [w, b]),
        ({}, [w.T.copy(), b[None]]),
        ({"transB": 1, "alpha": 0.5, "beta": 2.0}, [w, b]),
        ({"transB": 1, "beta": 3.0}, [w, np.array([0.5], "f4")]),
    ):
        nodes = [node("Flatten", ["x"], "f"), node("Gemm", ["f", "w", "b"], "y", **attributes)]
        model = graph(nodes, {"x": ["n", *SHAPE]}, ["y"], dict(zip("wb", given, strict=True)),
                      opset=opset)  # fmt: skip
        network, _ = checked(model)
        assert network.layers["y"].sees_everything


def test_a_matrix_along_the_last_of_three_axes():
    w = weights(RNG, 6, 4)
    model = graph([node("MatMul", ["x", "w"], "y")], {"x": ["n", 5, 6]}, ["y"], {"w": w})
    network, x = checked(model, (5, 6))
    assert network.layers["y"].shape == (4, 5)
    np.testing.assert_allclose(
        network.activations(x)["y"].values, np.moveaxis(x @ w, -1, 1), atol=1e-5
    )


def test_layer_normalisation_along_the_last_axis():
    given = {"w": weights(RNG, 6), "b": weights(RNG, 6)}
    nodes = [node("MatMul", ["x", "m"], "v"), node("LayerNormalization", ["v", "w", "b"], "y")]
    model = graph(nodes, {"x": ["n", 5, 6]}, ["y"], {**given, "m": np.eye(6, dtype="f4")})
    network, _ = checked(model, (5, 6))
    assert network.layers["y"].geometry.is_pointwise


def test_group_normalisation_with_weights_a_group_and_a_channel():
    for opset, size in ((18, 2), (21, 4)):
        given = {"w": weights(RNG, size), "b": weights(RNG, size)}
        nodes = [node("GroupNormalization", ["x", "w", "b"], "y", num_groups=2)]
        checked(graph(nodes, {"x": ["n", 4, 5, 5]}, ["y"], given, opset=opset), (4, 5, 5))


@pytest.mark.parametrize(
    ("operation", "given", "attributes"),
    [
        ("Reshape", [np.array([0, 5, -1])], {}),
        ("Flatten", [], {}),
        ("Unsqueeze", [np.array([2])], {}),
        ("Transpose", [], {"perm": [0, 2, 3, 1]}),
        ("Transpose", [], {"perm": [0, 2, 1, 3]}),
    ],
)
def test_what_only_moves_values(operation, given, attributes):
    names = {f"w{place}": constant for place, constant in enumerate(given)}
    nodes = [node(operation, ["x", *names], "y", **attributes)]
    checked(graph(nodes, {"x": ["n", *SHAPE]}, ["y"], names))


def test_an_old_softmax_takes_all_axes_together():
    nodes = [node("GlobalAveragePool", ["x"], "mean"), node("Softmax", ["mean"], "y", axis=1)]
    checked(graph(nodes, {"x": ["n", *SHAPE]}, ["y"], opset=9))
    wide = convscope.open(graph([node("Softmax", ["x"], "y")], {"x": ["n", *SHAPE]}, ["y"],
                                opset=9))  # fmt: skip
    assert wide.computation("y") is None
    assert wide.layers["y"].sees_everything


def test_weights_behind_what_passes_them_on():
    k = weights(RNG, 3, 4, 3, 3)
    nodes = [
        node("Identity", ["k"], "same"),
        node("Transpose", ["same"], "turned", perm=[1, 0, 2, 3]),
        node("Cast", ["turned"], "cast", to=1),
        node("Conv", ["x", "cast"], "y"),
    ]
    network, _ = checked(graph(nodes, {"x": ["n", *SHAPE]}, ["y"], {"k": k}))
    np.testing.assert_array_equal(
        network.computation("y").weights["kernel"], k.transpose(1, 0, 2, 3)
    )
    assert network.layers["y"].parameters == k.size


@pytest.mark.parametrize(
    ("operation", "given", "attributes"),
    [
        ("Resize", [np.zeros(0, "f4"), np.array([1, 1, 2, 2], "f4")],
         {"mode": "nearest", "coordinate_transformation_mode": "align_corners"}),
        ("Resize", [np.zeros(0, "f4"), np.array([1, 1, 1.5, 1], "f4")], {"mode": "linear"}),
        ("Pad", [np.array([0, 0, 1, 1, 0, 0, 1, 1])], {"mode": "reflect"}),
        ("LRN", [], {"size": 3}),
        ("Clip", [np.array(-2.0), np.array(3.0)], {}),
        ("Pow", [np.array(2.0)], {}),
        ("Erf", [], {}),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_recorded_and_says_so(operation, given, attributes):
    model = one_layer(operation, given, attributes)
    network = convscope.open(model)
    assert network.computation("y") is None
    x = np.random.default_rng(1).random((1, *SHAPE), np.float32)
    expected = by_hand(model, {"x": x}, ["y"])["y"]
    np.testing.assert_allclose(network.activations(x)["y"].values, expected, atol=1e-5)
    box = convscope.receptive_field(network, "y", (3, 3)).box
    felt = sees(model, (3, 3))
    rows, columns = (np.flatnonzero(felt.any(axis=axis)) for axis in (1, 0))
    assert box[0][0] <= rows[0] and rows[-1] < box[0][1]
    assert box[1][0] <= columns[0] and columns[-1] < box[1][1]
