"""Graphs made by hand, and what onnxruntime says of them by itself."""

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

KINDS = {"f4": TensorProto.FLOAT, "f2": TensorProto.FLOAT16, "f8": TensorProto.DOUBLE,
         "i8": TensorProto.INT64, "u1": TensorProto.UINT8}  # fmt: skip


def node(operation, inputs, outputs, **attributes):
    """Make a node; one output unless it is a list."""
    outputs = [outputs] if isinstance(outputs, str) else outputs
    return helper.make_node(operation, list(inputs), outputs, **attributes)


def graph(nodes, inputs, outputs, weights=None, *, opset=17, kind="f4", domains=(), shapes=None):
    """Make a model: `inputs` by name give shapes, or (shape, type); `outputs` are names."""
    entries = []
    for name, shape in inputs.items():
        sizes, own = shape if isinstance(shape, tuple) else (shape, kind)
        entries.append(helper.make_tensor_value_info(name, KINDS[own], sizes))
    ends = [onnx.ValueInfoProto(name=name) for name in outputs]
    constants = [numpy_helper.from_array(np.asarray(a), n) for n, a in (weights or {}).items()]
    made = helper.make_graph(nodes, "made by hand", entries, ends, constants)
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(d, 1) for d in domains)]
    return helper.make_model(made, opset_imports=opsets, ir_version=10)


def session_of(model):
    """Make a plain session."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def by_hand(model, feeds, names):
    """Give values of a graph by a session of its own, each value an output added by hand."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    known = {value.name for value in copy.graph.output}
    copy.graph.output.extend(onnx.ValueInfoProto(name=n) for n in names if n not in known)
    return dict(zip(names, session_of(copy).run(list(names), feeds), strict=True))


def weights(rng, *shape, kind="f4"):
    """Draw weights of the order of one."""
    fan = int(np.prod(shape[1:])) or 1
    return (rng.normal(size=shape) / np.sqrt(fan)).astype(kind)


def small_network(rng, images="n", kind="f4", opset=17):
    """Make a small classifier with all that is common: a branch, a norm, a pool, a softmax."""
    w = {
        "w1": weights(rng, 4, 3, 3, 3, kind=kind),
        "b1": weights(rng, 4, kind=kind),
        "scale": rng.uniform(0.5, 2, 4).astype(kind),
        "offset": weights(rng, 4, kind=kind),
        "mean": weights(rng, 4, kind=kind),
        "variance": rng.uniform(0.5, 2, 4).astype(kind),
        "w2": weights(rng, 4, 4, 3, 3, kind=kind),
        "w3": weights(rng, 5, 4, kind=kind),
        "b3": weights(rng, 5, kind=kind),
    }
    nodes = [
        node("Conv", ["x", "w1", "b1"], "c1", name="/stem/conv", pads=[1, 1, 1, 1]),
        node("BatchNormalization", ["c1", "scale", "offset", "mean", "variance"], "n1",
             name="/stem/norm"),
        node("Relu", ["n1"], "r1"),
        node("Conv", ["r1", "w2"], "c2", auto_pad="SAME_UPPER"),
        node("Add", ["c2", "r1"], "sum"),
        node("Relu", ["sum"], "r2"),
        node("MaxPool", ["r2"], "pool", kernel_shape=[2, 2], strides=[2, 2]),
        node("GlobalAveragePool", ["pool"], "global"),
        node("Flatten", ["global"], "flat"),
        node("Gemm", ["flat", "w3", "b3"], "logits", transB=1),
        node("Softmax", ["logits"], "probabilities", axis=1),
    ]  # fmt: skip
    return graph(nodes, {"x": [images, 3, 8, 8]}, ["probabilities"], w, kind=kind, opset=opset)
