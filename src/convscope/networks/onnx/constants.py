"""Constants that a graph computes from its constants: a weight in 8 bits made floating, ..."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from convscope.networks.onnx.program import Program

__all__ = ["Constants"]

# Operations whose value is no larger than what they are given, and that run no code of the file.
_PLAIN = frozenset(
    {
        "Identity", "Cast", "DequantizeLinear", "Reshape", "Flatten", "Transpose", "Squeeze",
        "Unsqueeze", "Neg", "Sqrt", "Reciprocal", "Slice",
    }
)  # fmt: skip


class Constants:
    """The constants of a graph, and what it computes from them alone."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def value(self, name: str) -> np.ndarray | None:
        """Give a constant, computed in NumPy; None for what is none, or is not understood."""
        program = self._program
        known: dict[str, np.ndarray] = {}
        places = [] if name in program.moving else program.behind([name])
        for place in places:
            node = program.nodes[place]
            given = [self._stored(one) if one not in known else known[one] for one in node.input]
            if (
                node.op_type not in _PLAIN
                or node.domain not in {"", "ai.onnx"}
                or any(value is None and one for value, one in zip(given, node.input, strict=True))
            ):
                return None
            found = self._computed(node, given)
            if found is None:
                return None
            known[node.output[0]] = found
        return known.get(name, self._stored(name))

    def sources(self, name: str) -> list[str]:
        """Give the names of the stored constants that a value is made of."""
        if name in self._program.moving:
            return []
        places = self._program.behind([name])
        names = [name] if not places else [
            one for place in places for one in self._program.nodes[place].input
        ]  # fmt: skip
        return [one for one in names if one in self._program.weights or
                one in self._program.constants]  # fmt: skip

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

    def _computed(self, node: onnx.NodeProto, given: list[np.ndarray | None]) -> np.ndarray | None:
        graph = helper.make_graph(
            [node],
            "constant",
            [onnx.ValueInfoProto(name=name) for name in dict.fromkeys(node.input) if name],
            [onnx.ValueInfoProto(name=node.output[0])],
        )
        opsets = [helper.make_opsetid("", self._program.opsets.get("", 1))]
        feeds = {name: value for name, value in zip(node.input, given, strict=True) if name}
        try:
            model = helper.make_model(graph, opset_imports=opsets)
            found, *_ = ReferenceEvaluator(model).run(None, feeds)
        # What it does not understand it says in many ways.
        except Exception:
            return None
        return np.asarray(found)
