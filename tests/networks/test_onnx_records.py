"""ONNX graphs: every value by name, as onnxruntime itself gives it."""

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import convscope
from convscope.errors import ModelError, SelectionError

from .onnx_graphs import by_hand, graph, node, onnx, small_network, weights

VALUES = {
    "stem/conv": "c1", "stem/norm": "n1", "r1": "r1", "c2": "c2", "sum": "sum", "r2": "r2",
    "pool": "pool", "global": "global", "flat": "flat", "logits": "logits",
    "probabilities": "probabilities",
}  # fmt: skip


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("images", [1, 7])
@pytest.mark.parametrize("axis", ["n", 1, 4, None])
def test_every_value_is_what_onnxruntime_gives(rng, images, axis):
    model = small_network(rng, axis)
    x = rng.random((images, 3, 8, 8), np.float32)
    free = small_network(np.random.default_rng(0))
    expected = by_hand(free, {"x": x}, list(VALUES.values()))
    activations = convscope.open(model).activations(x)
    assert list(activations) == list(VALUES)
    for name, value in VALUES.items():
        array = activations[name]
        assert array.dtype == np.float32
        np.testing.assert_allclose(array.values, expected[value], atol=1e-5, err_msg=name)
    assert activations["r1"].dims == ("image", "channel", "y", "x")
    assert activations["flat"].dims == ("image", "channel")


def test_layers_say_what_they_are(rng):
    layers = convscope.open(small_network(rng)).layers
    assert [layer.kind for layer in layers.values()] == [
        "conv", "normalization", "activation", "conv", "merge", "activation", "pool", "pool",
        "reshape", "dense", "activation",
    ]  # fmt: skip
    assert layers["sum"].inputs == ("c2", "r1")
    assert layers["stem/conv"].shape == (4, 8, 8)
    assert layers["stem/conv"].parameters == 4 * 27 + 4
    assert (layers["stem/norm"].parameters, layers["stem/norm"].trainable) == (16, 8)
    assert [layers[name].receptive_field for name in ("r1", "r2", "pool", "flat")] == [
        (3, 3), (5, 5), (6, 6), (8, 8),
    ]  # fmt: skip


def test_the_logits_are_behind_the_softmax(rng):
    network = convscope.open(small_network(rng))
    head = network.heads["probabilities"]
    assert (head.layer, head.activation) == ("logits", "softmax")


def test_half_precision_is_given_as_float32(rng):
    model = small_network(rng, kind="f2")
    x = rng.random((2, 3, 8, 8)).astype(np.float16)
    expected = by_hand(model, {"x": x}, list(VALUES.values()))
    activations = convscope.open(model).activations(x)
    for name, value in VALUES.items():
        assert activations[name].dtype == np.float32
        np.testing.assert_allclose(activations[name].values, expected[value], atol=2e-3)


def test_constants_and_arithmetic_with_shapes_are_no_layers(rng):
    nodes = [
        node("Shape", ["x"], "shape"),
        node("Constant", [], "zero", value_int=0),
        node("Gather", ["shape", "zero"], "count", axis=0),
        node("Constant", [], "axes", value_ints=[0]),
        node("Unsqueeze", ["count", "axes"], "counts"),
        node("Constant", [], "rest", value_ints=[-1]),
        node("Concat", ["counts", "rest"], "wanted", axis=0),
        node("Relu", ["x"], "rectified"),
        node("Reshape", ["rectified", "wanted"], "flat"),
        node("Identity", ["w"], "kept"),
        node("MatMul", ["flat", "kept"], "y"),
    ]
    w = weights(rng, 48, 3)
    network = convscope.open(graph(nodes, {"x": ["n", 3, 4, 4]}, ["y"], {"w": w}))
    assert list(network.layers) == ["rectified", "flat", "y"]
    assert network.layers["flat"].shape == (48,)
    assert network.layers["flat"].has_image_axis
    assert network.parameters == (144, 144)
    x = rng.random((5, 3, 4, 4), np.float32)
    np.testing.assert_allclose(network.predict(x).values, x.reshape(5, -1) @ w, atol=1e-5)


def test_names_are_unique_and_never_numbers_alone():
    nodes = [
        node("Relu", ["x"], "1", name="act"),
        node("Relu", ["1"], "act"),
        node("Neg", ["act"], "3"),
        node("Abs", ["3"], "y", name="/"),
    ]
    network = convscope.open(graph(nodes, {"x": ["n", 2]}, ["y"]))
    assert list(network.layers) == ["act", "act#2", "Neg_3", "Abs_"]
    again = convscope.open(graph(nodes, {"x": ["n", 2]}, ["y"]))
    assert list(again.layers) == list(network.layers)


def test_nodes_in_any_order_are_layers_in_execution_order():
    nodes = [node("Neg", ["b"], "c"), node("Relu", ["x"], "a"), node("Abs", ["a"], "b")]
    assert list(convscope.open(graph(nodes, {"x": ["n", 2]}, ["c"])).layers) == ["a", "b", "c"]


def test_several_inputs_and_outputs(rng):
    nodes = [
        node("Conv", ["picture", "w"], "maps"),
        node("GlobalMaxPool", ["maps"], "strongest"),
        node("Flatten", ["strongest"], "flat"),
        node("Concat", ["flat", "numbers"], "both", axis=1),
        node("Sigmoid", ["both"], "share"),
    ]
    model = graph(nodes, {"picture": ["n", 1, 5, 5], "numbers": ["n", 2]}, ["share", "maps"],
                  {"w": weights(rng, 3, 1, 3, 3)})  # fmt: skip
    network = convscope.open(model)
    given = {
        "picture": rng.random((4, 1, 5, 5), np.float32),
        "numbers": rng.random((4, 2), np.float32),
    }
    outputs = network.predict(given)
    expected = by_hand(model, given, ["share", "maps", "both"])
    np.testing.assert_allclose(outputs["share"].values, expected["share"], atol=1e-6)
    np.testing.assert_allclose(outputs["maps"].values, expected["maps"], atol=1e-6)
    assert network.heads["share"].layer == "both"
    assert network.layers["both"].inputs == ("flat", "numbers")
    assert network.preparation is None


def test_several_outputs_of_one_call_are_several_layers(rng):
    nodes = [
        node("Split", ["x"], ["low", "high"], axis=1, name="parts", num_outputs=2),
        node("Add", ["low", "high"], "y"),
        node("Dropout", ["y"], ["kept", "mask"]),
    ]
    network = convscope.open(graph(nodes, {"x": ["n", 4, 3, 3]}, ["kept"], opset=18))
    assert list(network.layers) == ["parts:0", "parts:1", "y", "kept"]
    x = rng.random((2, 4, 3, 3), np.float32)
    np.testing.assert_array_equal(network.activations(x)["parts:1"].values, x[:, 2:])


def test_any_size(rng):
    nodes = [
        node("Conv", ["x", "w"], "maps", strides=[2, 2], auto_pad="SAME_UPPER"),
        node("Relu", ["maps"], "y"),
    ]
    w = {"w": weights(rng, 4, 3, 3, 3)}
    network = convscope.open(graph(nodes, {"x": ["n", 3, "h", "w_"]}, ["y"], w))
    assert network.inputs[0].shape == (3, None, None)
    assert network.layers["y"].shape == (4, None, None)
    for size in ((7, 9), (10, 4)):
        x = rng.random((2, 3, *size), np.float32)
        expected = by_hand(graph(nodes, {"x": [2, 3, *size]}, ["y"], w), {"x": x}, ["maps"])
        np.testing.assert_allclose(
            network.activations(x)["maps"].values, expected["maps"], atol=1e-6
        )
    field = convscope.receptive_field(network, "y", (1, 1), rng.random((1, 3, 7, 9), np.float32))
    assert field.box == ((1, 4), (1, 4))


def test_a_graph_traced_for_one_image_takes_many_one_by_one(rng):
    nodes = [node("Relu", ["x"], "r"), node("Reshape", ["r", "shape"], "y")]
    model = graph(nodes, {"x": ["n", 2, 3]}, ["y"], {"shape": np.array([1, 6])})
    network = convscope.open(model)
    x = rng.normal(size=(3, 2, 3)).astype("f4")
    np.testing.assert_array_equal(network.predict(x).values, np.maximum(x, 0).reshape(3, 6))


def test_a_value_without_images_is_whole(rng):
    """Of a value whose first axis does not count images, nothing is cut off."""
    nodes = [node("Transpose", ["x"], "turned", perm=[1, 0]), node("Relu", ["x"], "y")]
    x = rng.normal(size=(2, 5)).astype("f4")
    network = convscope.open(graph(nodes, {"x": ["n", 5]}, ["y", "turned"]))
    assert not network.layers["turned"].has_image_axis
    run = network.run(network.batches(x)[0], ["turned"])
    np.testing.assert_array_equal(run.values["turned"], x.T)


@pytest.mark.parametrize("at_once", ["n", 1, 4])
def test_an_input_without_images_is_each_image_s_own(rng, at_once):
    """It is given with an image axis, and the graph takes it without."""
    model = graph([node("Mul", ["x", "factor"], "y")],
                  {"x": [at_once, 3], "factor": [3]}, ["y"])  # fmt: skip
    x, factor = rng.random((2, 5, 3), np.float32)
    found = convscope.open(model).predict({"x": x, "factor": factor}).values
    np.testing.assert_array_equal(found, x * factor)


def test_channels_behind_space_are_found_from_the_transpose(rng):
    nodes = [
        node("Transpose", ["x"], "first", perm=[0, 3, 1, 2]),
        node("Conv", ["first", "w"], "maps"),
        node("Transpose", ["maps"], "last", perm=[0, 2, 3, 1]),
        node("Add", ["last", "b"], "shifted"),
    ]
    w = {"w": weights(rng, 4, 3, 3, 3), "b": weights(rng, 4)}
    network = convscope.open(graph(nodes, {"x": ["n", 6, 5, 3]}, ["shifted"], w))
    assert not network.inputs[0].channels_first
    assert network.preparation.size == (6, 5)
    x = rng.random((2, 6, 5, 3), np.float32)
    values = network.activations(x)
    assert network.layers["shifted"].shape == (4, 4, 3)
    np.testing.assert_array_equal(values["first"].values, np.moveaxis(x, -1, 1))
    expected = values["maps"].values + w["b"][:, None, None]
    np.testing.assert_allclose(values["shifted"].values, expected, atol=1e-6)
    assert network.layers["shifted"].receptive_field == (3, 3)
    assert convscope.verify(network, x[:1]).ok


def test_quantised_graphs(rng):
    q = np.clip(np.round(weights(rng, 4, 3, 3, 3) / 0.01), -127, 127).astype(np.int8)
    nodes = [
        node("QuantizeLinear", ["x", "sx", "zx"], "codes"),
        node("DequantizeLinear", ["codes", "sx", "zx"], "near"),
        node("DequantizeLinear", ["wq", "sw", "zw"], "w", axis=0),
        node("Conv", ["near", "w"], "maps"),
        node("Relu", ["maps"], "y"),
    ]
    scale = rng.uniform(0.005, 0.02, 4).astype("f4")
    given = {
        "sx": np.float32(1 / 255), "zx": np.uint8(3), "wq": q, "sw": scale,
        "zw": np.zeros(4, np.int8),
    }  # fmt: skip
    network = convscope.open(graph(nodes, {"x": ["n", 3, 6, 6]}, ["y"], given))
    assert [layer.kind for layer in network.layers.values()] == [
        "quantization", "quantization", "conv", "activation",
    ]  # fmt: skip
    x = rng.random((2, 3, 6, 6), np.float32)
    values = network.activations(x)
    codes = np.clip(np.rint(x * np.float32(255)) + 3, 0, 255)
    assert np.abs(values["codes"].values - codes).max() <= 1
    np.testing.assert_allclose(values["near"].values, (values["codes"].values - 3) / 255, atol=1e-6)
    np.testing.assert_allclose(
        network.computation("maps").weights["kernel"], q * scale[:, None, None, None], rtol=1e-6
    )
    found = convscope.verify(network, x[:1])
    assert found.ok
    assert found.understood == 3


def test_quantised_operators(rng):
    nodes = [
        node("QuantizeLinear", ["x", "s", "z"], "codes"),
        node("QLinearConv", ["codes", "s", "z", "wq", "s", "zw", "s", "z"], "maps"),
        node("DequantizeLinear", ["maps", "s", "z"], "y"),
    ]
    given = {"s": np.float32(0.02), "z": np.uint8(128), "zw": np.int8(0),
             "wq": rng.integers(-50, 50, (2, 3, 3, 3)).astype(np.int8)}  # fmt: skip
    model = graph(nodes, {"x": ["n", 3, 5, 5]}, ["y"], given)
    network = convscope.open(model)
    x = rng.random((3, 3, 5, 5), np.float32)
    expected = by_hand(model, {"x": x}, ["maps"])["maps"]
    np.testing.assert_array_equal(network.activations(x)["maps"].values, expected)
    assert network.layers["y"].receptive_field == (3, 3)


def test_a_function_of_the_file_is_opened_up(rng):
    helper = onnx.helper
    body = [node("Neg", ["a"], "negative"), node("Relu", ["negative"], "b")]
    function = helper.make_function(
        "mine", "Lower", ["a"], ["b"], body, [helper.make_opsetid("", 17)]
    )
    calls = [node("Lower", ["x"], "y", domain="mine", name="outer")]
    model = graph(calls, {"x": ["n", 3]}, ["y"], domains=["mine"])
    model.functions.append(function)
    network = convscope.open(model)
    assert [layer.operation for layer in network.layers.values()] == ["Neg", "Relu"]
    assert list(network.layers) == ["outer/negative", "outer/b"]
    x = rng.normal(size=(2, 3)).astype("f4")
    np.testing.assert_array_equal(network.predict(x).values, np.maximum(-x, 0))


def test_what_a_branch_takes_from_around_it_is_there(rng):
    helper, ends = onnx.helper, [onnx.ValueInfoProto(name="out")]
    more = helper.make_graph([node("Add", ["r", "one"], "out")], "then", [], ends)
    less = helper.make_graph([node("Identity", ["r"], "out")], "else", [], ends)
    nodes = [
        node("Relu", ["x"], "r"),
        node("ReduceMax", ["x"], "most", keepdims=0),
        node("Greater", ["most", "one"], "large"),
        node("If", ["large"], "y", then_branch=more, else_branch=less),
    ]
    model = graph(nodes, {"x": ["n", 3]}, ["y"], {"one": np.float32(1)})
    network = convscope.open(model)
    for x in (np.full((2, 3), 0.5, "f4"), np.full((2, 3), 2.0, "f4")):
        values = network.activations(x)
        expected = np.maximum(x, 0) + (x.max() > 1)
        np.testing.assert_array_equal(values["y"].values, expected)


def test_the_file_stays_as_it_is(rng, tmp_path):
    path = tmp_path / "small.onnx"
    onnx.save(small_network(rng), path)
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    network = convscope.open(path)
    network.activations(rng.random((2, 3, 8, 8), np.float32))
    assert network.name == "small"
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    assert [one.name for one in tmp_path.iterdir()] == ["small.onnx"]


def test_a_live_model_stays_as_it_is(rng):
    model = small_network(rng)
    before = model.SerializeToString(deterministic=True)
    convscope.open(model).activations(rng.random((2, 3, 8, 8), np.float32))
    assert model.SerializeToString(deterministic=True) == before


def test_weights_beside_the_file(rng, tmp_path):
    model = small_network(rng)
    x = rng.random((2, 3, 8, 8), np.float32)
    expected = by_hand(model, {"x": x}, ["probabilities"])["probabilities"]
    path = tmp_path / "apart.onnx"
    onnx.save(model, path, save_as_external_data=True, location="apart.bin", size_threshold=0)
    assert (tmp_path / "apart.bin").exists()
    network = convscope.open(path)
    np.testing.assert_allclose(network.predict(x).values, expected, atol=1e-6)
    assert convscope.verify(network, x[:1]).ok


def test_what_a_layer_was_given_is_recorded(rng):
    network = convscope.open(small_network(rng))
    x = rng.random((2, 3, 8, 8), np.float32)
    batch = network.batches(x)[0]
    values = network.run(batch, ["stem/conv:input:0", "sum:input:1", "r1"]).values
    np.testing.assert_array_equal(values["stem/conv:input:0"], x)
    np.testing.assert_array_equal(values["sum:input:1"], values["r1"])


def test_nothing_recorded_runs_the_graph_as_it_is(rng):
    model = small_network(rng)
    network = convscope.open(model)
    x = rng.random((3, 3, 8, 8), np.float32)
    expected = by_hand(model, {"x": x}, ["probabilities"])["probabilities"]
    run = network.run(network.batches(x)[0], [])
    assert not run.values
    np.testing.assert_array_equal(run.outputs["probabilities"], expected)


def test_several_threads(rng):
    network = convscope.open(small_network(rng))
    given = [rng.random((2, 3, 8, 8), np.float32) for _ in range(4)]
    expected = [network.activations(x) for x in given]
    start = threading.Barrier(4)

    def ask(place):
        start.wait(30)
        return [network.activations(given[place], names) for names in (None, "r1", ["c2", "sum"])]

    with ThreadPoolExecutor(4) as pool:
        for place, answers in enumerate(pool.map(ask, range(4))):
            for answer in answers:
                for name in answer:
                    np.testing.assert_allclose(
                        answer[name].values, expected[place][name].values, atol=1e-6
                    )


def test_gradients_are_refused_with_a_way_out(rng):
    network = convscope.open(small_network(rng))
    assert not network.differentiable
    x = rng.random((1, 3, 8, 8), np.float32)
    batch = network.batches(x)[0]
    with pytest.raises(SelectionError, match="gives no gradients: ask what needs none"):
        network.gradients(batch, "logits", np.ones((1, 5), "f4"), [])
    with pytest.raises(SelectionError, match="needs gradients.*score-cam"):
        convscope.heatmap(network, x)
    for method in ("score-cam", "ablation-cam", "eigen-cam", "occlusion"):
        assert np.isfinite(convscope.heatmap(network, x, method=method).maps).all()


def test_a_wrong_shape_names_the_input(rng):
    network = convscope.open(small_network(rng, None))
    batch = network.batches(rng.random((1, 3, 8, 8), np.float32))[0]
    batch.arrays["x"] = batch.arrays["x"][:, :2]
    with pytest.raises(ModelError, match="'x' of shape"):
        network.run(batch, [])
