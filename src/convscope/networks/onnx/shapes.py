"""Types and shapes of the values of a graph: as onnxruntime infers them, else as they come out."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import onnxruntime
from onnx import TensorProto

from convscope.errors import ModelError
from convscope.networks.onnx.calls import Call
from convscope.networks.onnx.program import Entry, Program
from convscope.networks.onnx.sessions import Sessions
from convscope.networks.onnx.tensors import LARGEST, dtype_of

__all__ = ["Shape", "Shapes", "known_shapes", "stopping"]

_KINDS = {
    "float": TensorProto.FLOAT, "float16": TensorProto.FLOAT16, "double": TensorProto.DOUBLE,
    "bfloat16": TensorProto.BFLOAT16, "int8": TensorProto.INT8, "uint8": TensorProto.UINT8,
    "int16": TensorProto.INT16, "uint16": TensorProto.UINT16, "int32": TensorProto.INT32,
    "uint32": TensorProto.UINT32, "int64": TensorProto.INT64, "uint64": TensorProto.UINT64,
    "bool": TensorProto.BOOL,
}  # fmt: skip

# Their shapes depend on the values that they are given.
_COUNTING = frozenset({"NonZero", "NonMaxSuppression", "Unique", "Compress"})

# Sizes tried for axes that are free: small ones first, but some networks divide them often.
_FREE = ((64, 96), (224, 256))
_SECONDS = 10


@dataclass(frozen=True)
class Shape:
    """What is known of a value.

    Attributes
    ----------
    kind : int
        Its element type, as ``onnx.TensorProto`` numbers them.
    dims : tuple of (int, str or None), or None
        A name or None where a size depends on the input; None where not even the rank is known.
    """

    kind: int
    dims: tuple[int | str | None, ...] | None


@dataclass(frozen=True)
class Shapes:
    """The shapes of all values that can be recorded.

    Attributes
    ----------
    values : mapping of str to Shape
    program : Program
        With the number of images fixed where the graph can take no other.
    """

    values: Mapping[str, Shape]
    program: Program


def known_shapes(program: Program, calls: Sequence[Call], source: str) -> Shapes:
    """Find the types and shapes of what the calls give out.

    They are inferred; where that leaves a rank or size open, the graph is run twice, with other
    numbers of images and other sizes where it takes any.

    Raises
    ------
    ModelError
        When onnxruntime refuses the graph, or a value would be larger than any memory.
    """
    names = [value for call in calls for _, value in call.outputs]
    session = Sessions(program, source).over([*names, *program.outputs], {}, plain=True)
    found = dict(_inferred(session))
    _check_sizes(found, source)
    given = {entry.name: Shape(entry.kind, entry.dims) for entry in program.inputs}
    axis = next(iter(program.inputs[0].dims), 1)
    if isinstance(axis, str) and _holds_one(calls, {**given, **found}, axis):
        return known_shapes(program.pinned(1), calls, source)
    wanted = [name for name in names if name in found]
    if any(_open(found[name]) for name in wanted):
        measured = _measured(session, program, wanted)
        if measured is None and isinstance(axis, str):
            pinned = program.pinned(1)
            if _measured(session, pinned, wanted) is not None:
                return known_shapes(pinned, calls, source)
        found |= _completed(found, measured or [], calls, axis)
    return Shapes({**given, **found}, program)


def _inferred(session: Any) -> Iterator[tuple[str, Shape]]:
    for value in session.get_outputs():
        kind = _KINDS.get(value.type.removeprefix("tensor(").removesuffix(")"))
        if value.type.startswith("tensor(") and kind is not None:
            # An empty shape may be that of a number, or unknown.
            dims = tuple(value.shape) if value.shape else None
            yield value.name, Shape(kind, dims)


def _check_sizes(found: Mapping[str, Shape], source: str) -> None:
    for name, shape in found.items():
        size = prod(size for size in shape.dims or () if isinstance(size, int))
        if size >= LARGEST:
            raise ModelError(
                f"{source} is damaged: its value {name!r} would hold {size:,} numbers an image"
            )


def _holds_one(calls: Sequence[Call], shapes: Mapping[str, Shape], images: str) -> bool:
    """Tell whether a graph for any number of images brings them all to one, as it was traced."""
    for call in calls:
        if call.function != "Reshape":
            continue
        before, after = (
            known.dims if (known := shapes.get(name)) and known.dims else ()
            for name in (call.input(0), call.outputs[0][1])
        )
        if len(after) > 1 and before[:1] == (images,) and after[0] == 1:
            return True
    return False


def _open(shape: Shape) -> bool:
    return shape.dims is None or None in shape.dims


def _measured(
    session: Any, program: Program, names: Sequence[str]
) -> list[list[tuple[int, ...]]] | None:
    """Run a graph twice and give the shapes; None where it fails on all sizes that are tried."""
    for sizes in _FREE:
        try:
            return [
                _shapes_of(session, _example(program.inputs, images, free), names)
                for images, free in zip((2, 3), sizes, strict=True)
            ]
        # Whatever it says, other sizes may please it.
        except Exception:
            continue
    return None


def _shapes_of(
    session: Any, arrays: Mapping[str, np.ndarray], names: Sequence[str]
) -> list[tuple[int, ...]]:
    taken = {entry.name for entry in session.get_inputs()}
    feeds = {name: array for name, array in arrays.items() if name in taken}
    with stopping(_SECONDS) as options:
        values = session.run(list(names), feeds, options)
    return [np.shape(value) for value in values]


@contextmanager
def stopping(seconds: float) -> Iterator[Any]:
    """Give options of a run that is stopped after some time."""
    options = onnxruntime.RunOptions()
    options.log_severity_level = 4
    timer = threading.Timer(seconds, setattr, (options, "terminate", True))
    timer.daemon = True
    timer.start()
    try:
        yield options
    finally:
        timer.cancel()


def _example(inputs: Sequence[Entry], images: int, free: int) -> dict[str, np.ndarray]:
    arrays = {}
    first = inputs[0].dims[:1]
    for entry in inputs:
        shape = [
            size if isinstance(size, int) else images if (size,) == first else free
            for size in entry.dims
        ]
        arrays[entry.name] = np.zeros(shape, dtype_of(entry.kind))
    return arrays


def _completed(
    found: Mapping[str, Shape],
    measured: Sequence[Sequence[tuple[int, ...]]],
    calls: Sequence[Call],
    images: int | str,
) -> dict[str, Shape]:
    """Put what came out where inference left something open."""
    names = [value for call in calls for _, value in call.outputs if value in found]
    varying = _varying(calls)
    completed = {}
    for place, name in enumerate(names):
        shape = found[name]
        if not _open(shape) or not measured:
            continue
        one, two = (shapes[place] for shapes in measured)
        if len(one) != len(two):
            continue
        known = shape.dims or (None,) * len(one)
        dims: list[int | str | None] = []
        for axis, (size, other) in enumerate(zip(one, two, strict=True)):
            if known[axis] is not None:
                dims.append(known[axis])
            elif axis == 0 and isinstance(images, str) and (size, other) == (2, 3):
                dims.append(images)
            else:
                dims.append(size if size == other and name not in varying else None)
        completed[name] = Shape(shape.kind, tuple(dims))
    return completed


def _varying(calls: Sequence[Call]) -> set[str]:
    """Give the values whose shapes depend on values, or may do so."""
    found: set[str] = set()
    for call in calls:
        if call.function in _COUNTING or not found.isdisjoint((*call.inputs, *call.hidden)):
            found.update(value for _, value in call.outputs)
    return found
