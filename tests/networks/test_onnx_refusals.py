"""ONNX files that do not open: one line that says why and what to do."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import convscope
from convscope.errors import ConvscopeError, ModelError

from .onnx_graphs import graph, node, onnx, small_network, weights


def saved(model, path):
    path.write_bytes(model.SerializeToString())
    return path


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_an_unknown_operation_is_named():
    model = graph([node("Wobble", ["x"], "y", name="odd", domain="com.acme")], {"x": ["n", 3]},
                  ["y"], domains=["com.acme"])  # fmt: skip
    with pytest.raises(ModelError, match="operation com.acme:Wobble.*onnxruntime .* not know"):
        convscope.open(model)
    model = graph([node("Wobble", ["x"], "y", name="odd")], {"x": ["n", 3]}, ["y"])
    with pytest.raises(ModelError, match="operation Wobble of version 17 .node 'odd'"):
        convscope.open(model)


def test_an_opset_of_the_future_is_named():
    with pytest.raises(ModelError, match="written in opset 999.*update onnxruntime"):
        convscope.open(graph([node("Relu", ["x"], "y")], {"x": ["n", 3]}, ["y"], opset=999))


def test_a_circle():
    nodes = [node("Add", ["x", "b"], "a", name="first"), node("Relu", ["a"], "b")]
    with pytest.raises(ModelError, match="goes round in a circle, at the Add 'first'"):
        convscope.open(graph(nodes, {"x": ["n", 3]}, ["b"]))


def with_functions(called, *functions):
    """Make a graph that calls the first of several functions of its own file."""
    helper = onnx.helper
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("mine", 1)]
    model = graph([node(called, ["x"], "y", domain="mine")], {"x": ["n", 3]}, ["y"],
                  domains=["mine"])  # fmt: skip
    model.functions.extend(
        helper.make_function("mine", name, ["a"], ["b"], body, opsets) for name, body in functions
    )
    return model


def test_a_function_that_calls_itself():
    body = [node("Again", ["a"], "b", domain="mine")]
    with pytest.raises(ModelError, match="'Again' calls itself"):
        convscope.open(with_functions("Again", ("Again", body)))


def test_a_function_that_calls_itself_in_a_branch():
    ends = [onnx.ValueInfoProto(name="out")]
    again = onnx.helper.make_graph([node("Again", ["a"], "out", domain="mine")], "t", [], ends)
    enough = onnx.helper.make_graph([node("Neg", ["a"], "out")], "e", [], ends)
    body = [
        node("Constant", [], "c", value=onnx.numpy_helper.from_array(np.array(True))),
        node("If", ["c"], "b", then_branch=again, else_branch=enough),
    ]
    with pytest.raises(ModelError, match="'Again' calls itself"):
        convscope.open(with_functions("Again", ("Again", body)))


def test_functions_that_double_and_double():
    """Forty functions that call the one before twice are a million million nodes in place."""
    doubled = [
        (f"F{place}", [node(f"F{place - 1}", ["a"], "q", domain="mine"),
                       node(f"F{place - 1}", ["q"], "b", domain="mine")])
        for place in range(1, 41)
    ]  # fmt: skip
    model = with_functions("F40", ("F0", [node("Neg", ["a"], "b")]), *doubled)
    with pytest.raises(ModelError, match="hold 1,099,511,627,776 nodes, 41 inside each other"):
        convscope.open(model)


def test_values_that_nothing_makes_and_two_make():
    with pytest.raises(ModelError, match="takes 'q', which nothing makes"):
        convscope.open(graph([node("Relu", ["q"], "y")], {"x": ["n", 3]}, ["y"]))
    nodes = [node("Relu", ["x"], "y"), node("Neg", ["x"], "y")]
    with pytest.raises(ModelError, match="two nodes make the value 'y'"):
        convscope.open(graph(nodes, {"x": ["n", 3]}, ["y"]))


def test_a_file_cut_short(rng, tmp_path):
    data = small_network(rng).SerializeToString()
    path = tmp_path / "short.onnx"
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(ModelError, match=r"short.onnx is no ONNX graph, or damaged"):
        convscope.open(path)


def test_files_of_other_kinds(tmp_path):
    path = tmp_path / "text.onnx"
    path.write_text("this is a letter to my aunt")
    with pytest.raises(ModelError, match="no ONNX graph"):
        convscope.open(path)
    path.write_bytes(b"")
    with pytest.raises(ModelError, match="is empty"):
        convscope.open(path)
    with pytest.raises(ModelError, match="there is no file"):
        convscope.open(tmp_path / "absent.onnx")


def test_a_constant_that_is_said_to_be_larger_than_it_is(rng, tmp_path):
    model = small_network(rng)
    model.graph.initializer[0].dims[0] = 10**9
    with pytest.raises(ModelError, match="'w1'.*said to be of shape"):
        convscope.open(saved(model, tmp_path / "large.onnx"))
    model.graph.initializer[0].dims[0] = 5
    with pytest.raises(ModelError, match="'w1' of shape .* holds 432 bytes, not 540"):
        convscope.open(saved(model, tmp_path / "large.onnx"))


def test_a_value_larger_than_any_memory(tmp_path):
    shape = np.array([1 << 20, 1 << 20])
    nodes = [node("ConstantOfShape", ["shape"], "huge"), node("Add", ["x", "huge"], "y")]
    with pytest.raises(ModelError, match="would hold"):
        convscope.open(graph(nodes, {"x": ["n", 1]}, ["y"], {"shape": shape}))


@pytest.mark.parametrize("location", ["../secret.bin", "/etc/passwd", "link.bin", "absent.bin"])
def test_weights_outside_of_the_folder_are_never_read(rng, tmp_path, location):
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret.bin").write_bytes(bytes(4096))
    (folder / "link.bin").symlink_to(tmp_path / "secret.bin")
    model = small_network(rng)
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", location
    with pytest.raises(ModelError, match="no such file in .*other folders are never read"):
        convscope.open(saved(model, folder / "apart.onnx"))


def test_weights_beside_the_file_that_are_incomplete(rng, tmp_path):
    path = tmp_path / "apart.onnx"
    onnx.save(small_network(rng), path, save_as_external_data=True, location="apart.bin",
              size_threshold=0)  # fmt: skip
    data = (tmp_path / "apart.bin").read_bytes()
    (tmp_path / "apart.bin").write_bytes(data[:100])
    with pytest.raises(ModelError, match="apart.bin is incomplete"):
        convscope.open(path)


def test_inputs_that_are_no_numbers():
    helper = onnx.helper
    words = helper.make_tensor_value_info("x", onnx.TensorProto.STRING, ["n"])
    model = graph([node("Identity", ["x"], "y")], {"x": ["n"]}, ["y"])
    model.graph.input[0].CopyFrom(words)
    with pytest.raises(ModelError, match="'x' .* of the type string"):
        convscope.open(model)


def test_a_missing_package_is_named(rng, tmp_path):
    path = saved(small_network(rng), tmp_path / "small.onnx")
    code = (
        "import sys; sys.modules['onnxruntime'] = None\n"
        "import convscope\nfrom convscope.errors import MissingExtraError\n"
        f"try:\n    convscope.open({str(path)!r})\n"
        "except MissingExtraError as error:\n    print(error)\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "needs onnxruntime, which is not installed: pip install 'convscope[onnx]'" in told.stdout


def test_importing_the_adapter_s_door_imports_no_framework():
    code = (
        "import sys, convscope, convscope.networks.onnx.opening\n"
        "print('onnx' in sys.modules, 'onnxruntime' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["False", "False"]


DATA = small_network(np.random.default_rng(0)).SerializeToString()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_damaged_files_open_or_are_refused(tmp_path, data):
    """Bytes changed anywhere: a network, or a ConvscopeError."""
    content = bytearray(DATA)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    path = tmp_path / "odd.onnx"
    path.write_bytes(bytes(content[: cut if data.draw(st.booleans()) else len(content)]))
    try:
        network = convscope.open(path)
        for layer in network.layers:
            network.computation(layer)
        assert network.heads is not None
        assert network.preparation is not False
    except ConvscopeError as error:
        assert "\n" not in str(error)


def test_weights_of_a_live_model_beside_nothing(rng):
    model = small_network(rng)
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "somewhere.bin"
    with pytest.raises(ModelError, match="open the path of the .onnx file"):
        convscope.open(model)


def test_a_graph_without_inputs():
    model = graph(
        [node("Relu", ["w"], "y")], {}, ["y"], {"w": weights(np.random.default_rng(0), 3)}
    )
    with pytest.raises(ModelError, match="takes no input"):
        convscope.open(model)
