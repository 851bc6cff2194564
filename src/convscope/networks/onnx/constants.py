"""Constants that a graph computes from its constants: a weight in 8 bits made floating, ..."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from convscope.networks.onnx.program import Program

__all__ = ["Constants"]

_Given = Sequence[np.ndarray]
_Attributes = Mapping[str, Any]


class Constants:
    """The constants of a graph, and what it computes from them alone."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def value(self, name: str) -> np.ndarray | None:
        """Give a constant, computed in NumPy; None for what is none, or is not understood."""
        program = self._program
        known: dict[str, np.ndarray] = {}
        for place in [] if name in program.moving else program.behind([name]):
            node = program.nodes[place]
            found = self._computed(node, known)
            if found is None:
                return None
            known[node.output[0]] = found
        return known.get(name, self._stored(name))

    def sources(self, name: str) -> list[str]:
        """Give the names of the stored constants that a value is made of."""
        program = self._program
        if name in program.moving:
            return []
        places = program.behind([name])
        names = {one: None for place in places for one in program.nodes[place].input}
        return [
            one
            for one in (names if places else [name])
            if one in program.weights or one in program.constants
        ]

    def stored(self, name: str) -> tuple[tuple[int, ...], bool]:
        """Give the shape of a stored constant, and whether it holds floating-point numbers."""
        if name in self._program.weights:
            array = self._program.weights[name]
            return array.shape, array.dtype.kind == "f"
        tensor = self._program.constants[name]
        kind = np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type))
        return tuple(tensor.dims), kind.kind not in "iubSOU"

    def _stored(self, name: str) -> np.ndarray | None:
        if name in self._program.weights:
            return self._program.weights[name]
        tensor = self._program.constants.get(name)
        return None if tensor is None else np.asarray(numpy_helper.to_array(tensor))

    def _computed(self, node: onnx.NodeProto, known: Mapping[str, np.ndarray]) -> np.ndarray | None:
        function = _FUNCTIONS.get(node.op_type)
        given = [known.get(name, self._stored(name)) for name in node.input if name]
        if function is None or node.domain not in {"", "ai.onnx"} or not given:
            return None
        arrays = [value for value in given if value is not None]
        if len(arrays) < len(given):
            return None
        attributes = {one.name: helper.get_attribute_value(one) for one in node.attribute}
        try:
            found = function(arrays, attributes)
        # A shape that does not fit is told by the runtime.
        except (ValueError, IndexError, TypeError):
            return None
        # Nothing that grows: a chain of such could fill any memory.
        return found if found.size <= max(array.size for array in arrays) else None


def _dequantised(given: _Given, attributes: _Attributes) -> np.ndarray:
    """Give (x - zero point) scale, for all, along one axis, or a block each."""
    x, scale = given[0].astype(np.float32), given[1].astype(np.float32)
    zero = given[2].astype(np.float32) if len(given) > 2 else np.zeros_like(scale)
    axis = int(attributes.get("axis", 1))
    if scale.ndim == 1 and scale.size > 1:
        shape = [1] * x.ndim
        shape[axis] = -1
        scale, zero = scale.reshape(shape), zero.reshape(shape)
    elif scale.ndim > 1:
        size = int(attributes.get("block_size", 1))
        scale, zero = (
            np.repeat(part, size, axis).take(range(x.shape[axis]), axis) for part in (scale, zero)
        )
    return np.asarray((x - zero.reshape(scale.shape)) * scale)


def _reshaped(given: _Given, attributes: _Attributes) -> np.ndarray:
    wanted = given[1] if len(given) > 1 else np.asarray(attributes["shape"])
    keeps = not attributes.get("allowzero")
    sizes = [
        given[0].shape[place] if size == 0 and keeps else int(size)
        for place, size in enumerate(wanted.reshape(-1))
    ]
    return given[0].reshape(sizes)


def _flattened(given: _Given, attributes: _Attributes) -> np.ndarray:
    shape, axis = given[0].shape, int(attributes.get("axis", 1))
    return given[0].reshape(int(np.prod(shape[:axis])), -1)


def _axes(given: _Given, attributes: _Attributes) -> tuple[int, ...] | None:
    axes = given[1] if len(given) > 1 else attributes.get("axes")
    return None if axes is None else tuple(int(axis) for axis in np.asarray(axes).reshape(-1))


def _cast(given: _Given, attributes: _Attributes) -> np.ndarray:
    return given[0].astype(helper.tensor_dtype_to_np_dtype(int(attributes["to"])))


_FUNCTIONS: dict[str, Callable[[_Given, _Attributes], np.ndarray]] = {
    "Identity": lambda given, _: given[0],
    "Cast": _cast,
    "DequantizeLinear": _dequantised,
    "Reshape": _reshaped,
    "Flatten": _flattened,
    "Transpose": lambda given, attributes: given[0].transpose(attributes.get("perm")),
    "Squeeze": lambda given, attributes: np.squeeze(given[0], _axes(given, attributes)),
    "Unsqueeze": lambda given, attributes: np.expand_dims(given[0], _axes(given, attributes) or ()),
    "Neg": lambda given, _: -given[0],
    "Sqrt": lambda given, _: np.sqrt(given[0]),
    "Reciprocal": lambda given, _: np.reciprocal(given[0]),
    "Add": lambda given, _: given[0] + given[1],
    "Sub": lambda given, _: given[0] - given[1],
    "Mul": lambda given, _: given[0] * given[1],
    "Div": lambda given, _: given[0] / given[1],
}
