"""Small networks defined in NumPy, that every framework can build and whose values are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

__all__ = ["DEFINITIONS", "Definition", "Node", "evaluate", "flattened"]


_KINDS = {
    "convolution": "conv",
    "relu": "activation",
    "softmax": "activation",
    "maximum pooling": "pool",
    "average pooling": "pool",
    "global average": "pool",
    "add": "merge",
    "concatenate": "merge",
}


@dataclass(frozen=True, eq=False)
class Node:
    """One call of one layer.

    Attributes
    ----------
    name : str
        Unique in its network; ``relu#2`` for the second call of ``relu``.
    operation : str
        ``convolution``, ``normalization``, ``relu``, ``softmax``, ``maximum pooling``,
        ``average pooling``, ``global average``, ``dense``, ``add``, ``concatenate`` (channels) or
        ``network``.
    inputs : tuple of str
        Names of nodes before it or of inputs of its network.
    weights : mapping of str to numpy.ndarray
        ``kernel`` (out channel, in channel, y, x) or (out channel, in channel) and ``bias`` (out
        channel); ``mean``, ``variance``, ``scale`` and ``offset`` of a normalization.
    options : mapping of str to int or float
        ``stride``, ``padding`` (on all sides) of a convolution; ``size``, which is the stride too,
        of a pooling; ``epsilon`` of a normalization.
    shares : str
        The node whose layer, with its weights, is called again.
    inner : Definition or None
        The network that is called.
    """

    name: str
    operation: str
    inputs: tuple[str, ...]
    weights: Mapping[str, np.ndarray] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    shares: str = ""
    inner: Definition | None = None

    @property
    def kind(self) -> str:
        """What the operation is called for all frameworks."""
        return _KINDS.get(self.operation, self.operation)


@dataclass(frozen=True, eq=False)
class Definition:
    """A small network.

    Attributes
    ----------
    name : str
    inputs : mapping of str to tuple of int
        Shapes by name: channel, y, x, or channel alone.
    nodes : tuple of Node
        In an order of execution.
    outputs : tuple of str
        Names of nodes.
    """

    name: str
    inputs: Mapping[str, tuple[int, ...]]
    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]

    def arrays(self, images: int, seed: int = 0) -> dict[str, np.ndarray]:
        """Make inputs: ``(image, channel, ...)``, float32 in 0..1."""
        rng = np.random.default_rng(seed)
        return {
            name: rng.uniform(0, 1, (images, *shape)).astype(np.float32)
            for name, shape in self.inputs.items()
        }


Change = Callable[[str, np.ndarray], np.ndarray]
"""Gives the value with which the network goes on, from a layer's name and its value."""


def flattened(definition: Definition) -> Definition:
    """Give a network without networks inside it.

    What a node calls is in its place, under the names ``outer/inner``.
    """
    called: dict[str, str] = {}
    nodes: list[Node] = []
    for outer in definition.nodes:
        inputs = tuple(called.get(name, name) for name in outer.inputs)
        if outer.inner is None:
            nodes.append(replace(outer, inputs=inputs))
            continue
        inner = flattened(outer.inner)
        known = dict(zip(inner.inputs, inputs, strict=True))
        for node in inner.nodes:
            own = f"{outer.name}/{node.name}"
            known[node.name] = own
            shared = f"{outer.shares}/{node.name}" if outer.shares else ""
            if node.shares:
                shared = f"{outer.shares or outer.name}/{node.shares}"
            taken = tuple(known[name] for name in node.inputs)
            nodes.append(replace(node, name=own, inputs=taken, shares=shared))
        called[outer.name] = known[inner.outputs[0]]
    outputs = tuple(called.get(name, name) for name in definition.outputs)
    return Definition(definition.name, definition.inputs, tuple(nodes), outputs)


def evaluate(
    definition: Definition, arrays: Mapping[str, np.ndarray], change: Change | None = None
) -> tuple[dict[str, np.ndarray], list[np.ndarray]]:
    """Compute all values of a network in NumPy, in float64.

    Parameters
    ----------
    arrays : mapping of str to numpy.ndarray
        Inputs by name, ``(image, channel, ...)``.
    change : callable, optional
        Changes values on the way.

    Returns
    -------
    values : dict of str to numpy.ndarray
        By layer, ``(image, channel, ...)``.
    outputs : list of numpy.ndarray
    """
    flat = flattened(definition)
    known = {name: np.asarray(array, np.float64) for name, array in arrays.items()}
    values: dict[str, np.ndarray] = {}
    for node in flat.nodes:
        value = _OPERATIONS[node.operation](node, [known[name] for name in node.inputs])
        known[node.name] = values[node.name] = value if change is None else change(node.name, value)
    return values, [known[name] for name in flat.outputs]


def _convolution(node: Node, inputs: list[np.ndarray]) -> np.ndarray:
    kernel, stride = node.weights["kernel"].astype(np.float64), node.options.get("stride", 1)
    sides = (node.options.get("padding", 0),) * 2
    x = np.pad(inputs[0], ((0, 0), (0, 0), sides, sides))
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[2:], axis=(2, 3))
    sums = np.einsum("nchwyx,ocyx->nohw", windows[:, :, ::stride, ::stride], kernel)
    return np.asarray(sums + node.weights["bias"][:, None, None])


def _dense(node: Node, inputs: list[np.ndarray]) -> np.ndarray:
    kernel = node.weights["kernel"].astype(np.float64)
    return np.asarray(inputs[0] @ kernel.T + node.weights["bias"])


def _normalization(node: Node, inputs: list[np.ndarray]) -> np.ndarray:
    parts = {
        name: weight.astype(np.float64).reshape(-1, *(1,) * (inputs[0].ndim - 2))
        for name, weight in node.weights.items()
    }
    spread = np.sqrt(parts["variance"] + node.options["epsilon"])
    return np.asarray((inputs[0] - parts["mean"]) / spread * parts["scale"] + parts["offset"])


def _softmax(_: Node, inputs: list[np.ndarray]) -> np.ndarray:
    powers = np.exp(inputs[0] - inputs[0].max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _pooled(node: Node, x: np.ndarray) -> np.ndarray:
    size = node.options["size"]
    y, x_size = x.shape[2] // size, x.shape[3] // size
    cut = x[:, :, : y * size, : x_size * size]
    return cut.reshape(*x.shape[:2], y, size, x_size, size)


_OPERATIONS: dict[str, Callable[[Node, list[np.ndarray]], np.ndarray]] = {
    "convolution": _convolution,
    "dense": _dense,
    "normalization": _normalization,
    "relu": lambda _, inputs: np.maximum(inputs[0], 0.0),
    "softmax": _softmax,
    "maximum pooling": lambda node, inputs: _pooled(node, inputs[0]).max(axis=(3, 5)),
    "average pooling": lambda node, inputs: _pooled(node, inputs[0]).mean(axis=(3, 5)),
    "global average": lambda _, inputs: inputs[0].mean(axis=(2, 3)),
    "add": lambda _, inputs: np.asarray(sum(inputs)),
    "concatenate": lambda _, inputs: np.concatenate(inputs, axis=1),
}


class _Drawing:
    """Draws the weights of the definitions: small numbers of both signs."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)

    def some(self, *shape: int, low: float = -0.5, high: float = 0.5) -> np.ndarray:
        return self._rng.uniform(low, high, shape).astype(np.float32)

    def convolution(self, name: str, source: str, out: int, given: int, kernel: int = 3,
                    **options: int) -> Node:  # fmt: skip
        weights = {"kernel": self.some(out, given, kernel, kernel), "bias": self.some(out)}
        return Node(name, "convolution", (source,), weights, options)

    def dense(self, name: str, source: str, out: int, given: int) -> Node:
        weights = {"kernel": self.some(out, given), "bias": self.some(out)}
        return Node(name, "dense", (source,), weights)

    def normalization(self, name: str, source: str, channels: int) -> Node:
        weights = {
            "mean": self.some(channels),
            "variance": self.some(channels, low=0.5, high=1.5),
            "scale": self.some(channels, low=0.5, high=1.5),
            "offset": self.some(channels),
        }
        return Node(name, "normalization", (source,), weights, {"epsilon": 1e-3})


def _chain() -> Definition:
    draw = _Drawing(0)
    return Definition(
        "chain",
        {"image": (3, 12, 12)},
        (
            draw.convolution("conv", "image", 4, 3, padding=1),
            draw.normalization("norm", "conv", 4),
            Node("relu", "relu", ("norm",)),
            Node("pool", "maximum pooling", ("relu",), options={"size": 2}),
            draw.convolution("strided", "pool", 5, 4, stride=2),
            Node("rectified", "relu", ("strided",)),
            Node("mean", "global average", ("rectified",)),
            draw.dense("score", "mean", 3, 5),
            Node("classes", "softmax", ("score",)),
        ),
        ("classes",),
    )


def _branching() -> Definition:
    draw = _Drawing(1)
    return Definition(
        "branching",
        {"image": (1, 8, 8)},
        (
            draw.convolution("left", "image", 3, 1, padding=1),
            draw.convolution("right", "image", 3, 1, kernel=1),
            Node("total", "add", ("left", "right")),
            Node("both", "concatenate", ("total", "right")),
            Node("halved", "average pooling", ("both",), options={"size": 2}),
            Node("mean", "global average", ("halved",)),
            draw.dense("score", "mean", 2, 6),
        ),
        ("score",),
    )


def _shared() -> Definition:
    draw = _Drawing(2)
    again = draw.convolution("conv", "image", 2, 2, padding=1)
    return Definition(
        "shared",
        {"image": (2, 7, 7)},
        (
            again,
            Node("relu", "relu", ("conv",)),
            Node("conv#2", "convolution", ("relu",), again.weights, again.options, "conv"),
            Node("relu#2", "relu", ("conv#2",), shares="relu"),
            Node("mean", "global average", ("relu#2",)),
            draw.dense("score", "mean", 2, 2),
        ),
        ("score",),
    )


def _nested() -> Definition:
    draw = _Drawing(3)
    block = Definition(
        "block",
        {"taken": (2, 6, 6)},
        (
            draw.convolution("conv", "taken", 2, 2, padding=1),
            Node("relu", "relu", ("conv",)),
        ),
        ("relu",),
    )
    return Definition(
        "nested",
        {"image": (2, 6, 6)},
        (
            Node("block", "network", ("image",), inner=block),
            Node("block#2", "network", ("block",), inner=block, shares="block"),
            Node("mean", "global average", ("block#2",)),
            draw.dense("score", "mean", 2, 2),
        ),
        ("score",),
    )


def _several() -> Definition:
    draw = _Drawing(4)
    return Definition(
        "several",
        {"picture": (1, 6, 6), "facts": (4,)},
        (
            draw.convolution("conv", "picture", 3, 1),
            Node("mean", "global average", ("conv",)),
            draw.dense("dense", "facts", 3, 4),
            Node("sum", "add", ("mean", "dense")),
            draw.dense("one", "sum", 2, 3),
            draw.dense("other", "sum", 4, 3),
        ),
        ("one", "other"),
    )


DEFINITIONS: dict[str, Definition] = {
    made.name: made for made in (_chain(), _branching(), _shared(), _nested(), _several())
}
"""A plain chain; branches; shared layers; a network called twice inside another; several inputs and
outputs. Where a framework has rectifiers that work in place, builders use them."""
