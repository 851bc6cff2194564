"""What it costs to record every value of an ONNX graph, against the bare run of onnxruntime.

Graphs that onnxruntime would fuse lose their fusions when every value is given out: the norms that
an exporter left beside their convolutions, and MobileNetV2 with its many small depthwise
convolutions. Weights are random.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from rounds import in_turn, milliseconds, ratio

import convscope
from convscope.networks import Edit


class Builder:
    """Collects the nodes and weights of a graph."""

    def __init__(self, *, norms: bool = False) -> None:
        self.rng, self.norms = np.random.default_rng(0), norms
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[TensorProto] = []

    def weight(self, name: str, *shape: int) -> str:
        """Add random weights."""
        fan = int(np.prod(shape[1:])) or 1
        values = self.rng.normal(0, np.sqrt(2 / fan), shape).astype(np.float32)
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def node(self, operation: str, inputs: list[str], name: str, **attributes: Any) -> str:
        """Add a node."""
        self.nodes.append(helper.make_node(operation, inputs, [name], name=name, **attributes))
        return name

    def conv(self, x: str, name: str, sizes: tuple[int, int, int], stride: int = 1,
             group: int = 1, activation: str = "Relu") -> str:  # fmt: skip
        """Add a convolution and its activation function."""
        given, out, kernel = sizes
        w = self.weight(f"{name}.weight", out, given // group, kernel, kernel)
        y = self.node("Conv", [x, w, self.weight(f"{name}.bias", out)], name, group=group,
                      kernel_shape=[kernel] * 2, strides=[stride] * 2,
                      pads=[kernel // 2] * 4)  # fmt: skip
        if self.norms:
            parts = [self.weight(f"{name}.{part}", out) for part in ("scale", "offset", "mean")]
            self.weights.append(
                numpy_helper.from_array(np.ones(out, np.float32), f"{name}.variance")
            )
            y = self.node("BatchNormalization", [y, *parts, f"{name}.variance"], f"{name}.norm")
        if activation == "Clip":
            return self.node("Clip", [y, "low", "high"], f"{name}.clip")
        return self.node(activation, [y], f"{name}.act") if activation else y

    def model(self, x: str, channels: int) -> onnx.ModelProto:
        """Close the graph with a classifier."""
        x = self.node("Flatten", [self.node("GlobalAveragePool", [x], "mean")], "flat")
        given = [x, self.weight("fc.weight", 1000, channels), self.weight("fc.bias", 1000)]
        y = self.node("Softmax", [self.node("Gemm", given, "fc", transB=1)], "p", axis=1)
        if any(one.op_type == "Clip" for one in self.nodes):
            self.weights += [numpy_helper.from_array(np.float32(v), n)
                             for n, v in (("low", 0), ("high", 6))]  # fmt: skip
        graph = helper.make_graph(
            self.nodes, "benchmark",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 224, 224])],
            [helper.make_tensor_value_info(y, TensorProto.FLOAT, ["n", 1000])], self.weights,
        )  # fmt: skip
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def resnet50(*, norms: bool = False) -> onnx.ModelProto:
    """He et al. 2015; most exporters fold the norms into the convolutions."""
    b = Builder(norms=norms)
    x = b.conv("x", "stem", (3, 64, 7), 2)
    x = b.node("MaxPool", [x], "pool", kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    given = 64
    for stage, (count, width) in enumerate(((3, 64), (4, 128), (6, 256), (3, 512))):
        for block in range(count):
            name, stride = f"{stage}.{block}", 2 if stage and not block else 1
            y = b.conv(x, f"{name}.a", (given, width, 1))
            y = b.conv(y, f"{name}.b", (width, width, 3), stride)
            y = b.conv(y, f"{name}.c", (width, 4 * width, 1), activation="")
            if not block:
                x = b.conv(x, f"{name}.d", (given, 4 * width, 1), stride, activation="")
            x = b.node("Relu", [b.node("Add", [y, x], f"{name}.sum")], f"{name}.out")
            given = 4 * width
    return b.model(x, given)


def mobilenet_v2() -> onnx.ModelProto:
    """Sandler et al. 2018."""
    b = Builder()
    x, given, place = b.conv("x", "stem", (3, 32, 3), 2, activation="Clip"), 32, 0
    for factor, out, count, first in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2),
                                      (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)):  # fmt: skip
        for block in range(count):
            stride, wide = first if not block else 1, given * factor
            y = x
            if factor > 1:
                y = b.conv(y, f"{place}.expand", (given, wide, 1), activation="Clip")
            y = b.conv(y, f"{place}.depth", (wide, wide, 3), stride, wide, "Clip")
            y = b.conv(y, f"{place}.project", (wide, out, 1), activation="")
            x = b.node("Add", [y, x], f"{place}.sum") if given == out and stride == 1 else y
            given, place = out, place + 1
    return b.model(b.conv(x, "last", (given, 1280, 1), activation="Clip"), 1280)


GRAPHS: dict[str, Callable[[], onnx.ModelProto]] = {
    "ResNet50": resnet50,
    "ResNet50-norms": lambda: resnet50(norms=True),
    "MobileNetV2": mobilenet_v2,
}


def measure(name: str, size: int, rounds: int) -> None:
    """Measure one graph at one batch size and print a line."""
    model = GRAPHS[name]()
    network = convscope.open(model)
    x = np.random.default_rng(0).random((size, 3, 224, 224), np.float32)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    batch, every = network.batches(x)[0], list(network.layers)
    head = next(iter(network.heads.values())).layer
    middle = every[len(every) // 2]
    channels = network.layers[middle].channels or 1
    scale = np.ones((size, channels), np.float32)
    edits = {middle: Edit(scale, scale * 0)}
    seconds = in_turn(
        {
            "bare": lambda: session.run(None, {"x": x}),
            "nothing": lambda: network.run(batch, []),
            "everything": lambda: network.run(batch, every),
            "edited": lambda: network.run(batch, [head], edits=edits),
        },
        rounds,
    )
    print(
        f"{name:14s} batch {size}  bare {milliseconds(seconds, 'bare'):7.1f} ms"
        + "".join(
            f"  {piece} {ratio(seconds, piece, 'bare'):5.2f} x"
            for piece in ("nothing", "everything", "edited")
        ),
        flush=True,
    )


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", nargs="+", default=list(GRAPHS))
    parser.add_argument("--batch", nargs="+", type=int, default=[1, 8])
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    for name in given.networks:
        for size in given.batch:
            measure(name, size, given.rounds)


if __name__ == "__main__":
    main()
