"""Sessions of onnxruntime over copies of a graph that give out more than it does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

from convscope.errors import ModelError
from convscope.networks.onnx.program import Entry, Program
from convscope.networks.onnx.reasons import refusal

__all__ = ["Sessions", "given_out", "scale_of", "shift_of"]

_GIVEN = "convscope:float32:"
_BEFORE = "convscope:before:"
_SCALE = "convscope:scale:"
_SHIFT = "convscope:shift:"


def given_out(name: str, kind: int) -> str:
    """Say under which name a value is given out: as float32, whatever it was."""
    return name if kind == TensorProto.FLOAT else _GIVEN + name


def scale_of(name: str) -> str:
    """Name the input by which a value is multiplied."""
    return _SCALE + name


def shift_of(name: str) -> str:
    """Name the input that is added to a value."""
    return _SHIFT + name


class Sessions:
    """Makes sessions over copies of one graph, which share its weights.

    Parameters
    ----------
    program : Program
    source : str
        Where it came from.
    """

    def __init__(self, program: Program, source: str) -> None:
        self._program, self._source = program, source
        # onnxruntime reads these where they are.
        self._held = {
            name: onnxruntime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array))
            for name, array in program.weights.items()
        }

    def over(
        self,
        names: Iterable[str],
        kinds: Mapping[str, int],
        edited: Mapping[str, int] | None = None,
        *,
        plain: bool = False,
    ) -> Any:
        """Make a session that gives values out.

        What none of them depends on is not computed.

        Parameters
        ----------
        names : iterable of str
            The values.
        kinds : mapping of str to int
            Their element types, where they are known; they are then given out as float32.
        edited : mapping of str to int, optional
            The values that are multiplied and added to on the way, by `scale_of` and `shift_of`,
            with their number of axes.
        plain : bool
            Leave the graph as it is, without the changes that make it fast.

        Raises
        ------
        ModelError
            When onnxruntime refuses the graph.
        """
        graph, used = self._graph(list(dict.fromkeys(names)), kinds, edited or {})
        model = helper.make_model(
            graph,
            opset_imports=[
                helper.make_opsetid(domain, version)
                for domain, version in {"": 17, **self._program.opsets}.items()
            ],
            ir_version=self._program.version,
        )
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        if plain:
            options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        if used:
            options.add_external_initializers(used, [self._held[name] for name in used])
        try:
            return onnxruntime.InferenceSession(
                model.SerializeToString(),
                options,
                providers=["CPUExecutionProvider"],
                # Falling back to the same provider would only print.
                enable_fallback=0,
            )
        # onnxruntime's own errors share no class but this one.
        except Exception as error:
            message = refusal(error, self._source, onnxruntime.__version__)
            raise ModelError(message) from error

    def _graph(
        self, names: Sequence[str], kinds: Mapping[str, int], edited: Mapping[str, int]
    ) -> tuple[onnx.GraphProto, list[str]]:
        program = self._program
        places = program.behind(names)
        taken = frozenset(names).union(*(program.taken[place] for place in places))
        made = {name for place in places for name in program.nodes[place].output}
        graph = onnx.GraphProto(name="convscope")
        graph.input.extend(_value(entry) for entry in program.inputs if entry.name in taken)
        for place in places:
            node = graph.node.add()
            node.CopyFrom(program.nodes[place])
            for position, name in enumerate(node.output):
                if name in edited:
                    node.output[position] = _BEFORE + name
        for name, rank in edited.items():
            if name in made:
                _edit(graph, name, kinds[name], rank)
        for name in names:
            # What is no tensor of a known type is given out as it is.
            kind = kinds.get(name, TensorProto.FLOAT)
            if kind != TensorProto.FLOAT:
                graph.node.append(
                    helper.make_node("Cast", [name], [given_out(name, kind)], to=TensorProto.FLOAT)
                )
            graph.output.append(onnx.ValueInfoProto(name=given_out(name, kind)))
        used = [name for name in program.weights if name in taken]
        graph.initializer.extend(_outside(name, program.weights[name]) for name in used)
        graph.initializer.extend(
            tensor for name, tensor in program.constants.items() if name in taken
        )
        graph.sparse_initializer.extend(
            tensor for tensor in program.sparse if tensor.values.name in taken
        )
        return graph, used


def _value(entry: Entry) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(entry.name, entry.kind, entry.dims)


def _edit(graph: onnx.GraphProto, name: str, kind: int, rank: int) -> None:
    """Let a value pass through a product and a sum, a channel each."""
    scale, shift = scale_of(name), shift_of(name)
    for entry in (scale, shift):
        graph.input.append(helper.make_tensor_value_info(entry, kind, [None] * rank))
    graph.node.extend(
        [
            helper.make_node("Mul", [_BEFORE + name, scale], [scale + ":done"]),
            helper.make_node("Add", [scale + ":done", shift], [name]),
        ]
    )


def _outside(name: str, array: np.ndarray) -> TensorProto:
    """Describe a weight that is given to the session as an array."""
    tensor = TensorProto(
        name=name,
        dims=array.shape,
        data_type=helper.np_dtype_to_tensor_dtype(array.dtype),
        data_location=TensorProto.EXTERNAL,
    )
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "memory"
    return tensor
