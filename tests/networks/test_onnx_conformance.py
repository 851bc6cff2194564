"""ONNX graphs pass the class that is shipped for adapters."""

import numpy as np

from convscope.networks.conformance import Conformance
from convscope.networks.definitions import flattened

from .onnx_graphs import graph, node, onnx

FUNCTIONS = "definitions"
"""The domain of the networks inside others, which are functions of the file."""


class TestOnnx(Conformance):
    """A layer that is shared is two nodes with the same weights; what is nested is a path."""

    def build(self, definition, dtype="float32"):
        return onnx_model(definition, dtype)

    def state(self, model):
        return model.SerializeToString(deterministic=True)

    def failing(self):
        # Which row of the table is looked up is known only when values are there.
        nodes = [
            node("Cast", ["x"], "row", to=onnx.TensorProto.INT64),
            node("Gather", ["table", "row"], "y"),
        ]
        model = graph(nodes, {"x": ["n", 3]}, ["y"], {"table": np.ones((2, 4), "f4")})
        return model, {"x": np.full((1, 3), 5, "f4")}

    def refused(self):
        text = graph([node("Relu", ["x"], "y")], {"x": ["n", 3]}, ["y"])
        text.graph.node[0].op_type = "Unheard"
        return (*super().refused(), "there/is/no/such.onnx", onnx.ModelProto(), text)


class TestFunctions(TestOnnx):
    """The network inside another is a function of the file, which is opened up."""

    def build(self, definition, dtype="float32"):
        return onnx_model(definition, dtype, functions=True)


class TestFixed(TestOnnx):
    """The graph takes one image at once."""

    def build(self, definition, dtype="float32"):
        return onnx_model(definition, dtype, images=1)


def onnx_model(definition, dtype, images="images", functions=False):
    weights, inside = {}, {}
    definition = definition if functions else flattened(definition)
    nodes = onnx_nodes(definition, weights, inside)
    model = graph(
        nodes,
        {name: [images, *shape] for name, shape in definition.inputs.items()},
        definition.outputs,
        {name: array.astype(dtype) for name, array in weights.items()},
        kind=np.dtype(dtype).str[1:],
        domains=[FUNCTIONS] * functions,
    )
    model.functions.extend(function(one, dtype) for one in inside.values())
    return model


def function(definition, dtype):
    """Make a function of the file; its weights are constants inside it."""
    weights = {}
    nodes = onnx_nodes(definition, weights)
    constants = [
        node("Constant", [], name, value=onnx.numpy_helper.from_array(array.astype(dtype)))
        for name, array in weights.items()
    ]
    return onnx.helper.make_function(
        FUNCTIONS, definition.name, list(definition.inputs), list(definition.outputs),
        [*constants, *nodes], [onnx.helper.make_opsetid("", 17)],
    )  # fmt: skip


def onnx_nodes(definition, weights, inside=None):
    """Make the nodes of a definition; collect its weights and the functions that it calls."""
    nodes = []
    for one in definition.nodes:
        if one.inner is None:
            own = one.shares or one.name
            weights |= {f"{own}.{name}": array for name, array in one.weights.items()}
            nodes.append(onnx_node(one, own))
        else:
            inside[one.inner.name] = one.inner
            call = node(one.inner.name, one.inputs, one.name, name=one.name, domain=FUNCTIONS)
            nodes.append(call)
    return nodes


def onnx_node(one, own):
    """Make one node; `own` is what its weights are called."""
    names = [f"{own}.{name}" for name in ("kernel", "bias")]
    taken, out, options = one.inputs, one.name, one.options
    match one.operation:
        case "convolution":
            attributes = {"pads": [options.get("padding", 0)] * 4,
                          "strides": [options.get("stride", 1)] * 2}  # fmt: skip
            return node("Conv", [*taken, *names], out, name=out, **attributes)
        case "dense":
            return node("Gemm", [*taken, *names], out, name=out, transB=1)
        case "normalization":
            names = [f"{own}.{name}" for name in ("scale", "offset", "mean", "variance")]
            return node("BatchNormalization", [*taken, *names], out, name=out, **options)
        case "maximum pooling" | "average pooling":
            kind = "MaxPool" if one.operation.startswith("max") else "AveragePool"
            size = [options["size"]] * 2
            return node(kind, taken, out, name=out, kernel_shape=size, strides=size)
        case "global average":
            return node("ReduceMean", taken, out, name=out, axes=[2, 3], keepdims=0)
        case "softmax" | "concatenate":
            kind = {"softmax": "Softmax", "concatenate": "Concat"}[one.operation]
            return node(kind, taken, out, name=out, axis=1)
        case "relu" | "add":
            return node(one.operation.capitalize(), taken, out, name=out)
