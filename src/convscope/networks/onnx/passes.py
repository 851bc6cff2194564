"""Passes of an ONNX graph: one session for each set of values, kept for the next time."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime

from convscope.networks.edit import Edit
from convscope.networks.editing import Place, layout, packed
from convscope.networks.given import Given
from convscope.networks.layer import Layer
from convscope.networks.onnx.describe import Description
from convscope.networks.onnx.sessions import Sessions, given_out, scale_of, shift_of
from convscope.networks.onnx.shapes import Shapes
from convscope.networks.onnx.tensors import dtype_of
from convscope.networks.run import Batch, Run
from convscope.networks.selection import INPUT, named_layer

__all__ = ["Passes"]

# A session keeps its own copy of many weights, in the order that is fastest.
_SESSIONS = 12
_BYTES = 1 << 30

_Edits = Mapping[str, Edit] | None


class Passes:
    """The passes of one graph.

    Parameters
    ----------
    sessions : Sessions
    shapes : Shapes
    description : Description
    """

    def __init__(self, sessions: Sessions, shapes: Shapes, description: Description) -> None:
        self._sessions, self._described = sessions, description
        self._program = shapes.program
        self._kinds = {name: shape.kind for name, shape in shapes.values.items()}
        self._ranks = {name: len(shape.dims or ()) for name, shape in shapes.values.items()}
        images = self._program.inputs[0].dims[:1]
        self._of_images = {
            name for name, shape in shapes.values.items()
            if shape.dims is None or shape.dims[:1] == images
        }  # fmt: skip
        size = sum(array.nbytes for array in self._program.weights.values())
        self._most = max(3, min(_SESSIONS, _BYTES // max(size, 1)))
        self._kept: dict[tuple[Any, ...], Any] = {}
        self._lock = threading.Lock()
        self._places = layout(
            {
                name: layer
                for name, layer in description.layers.items()
                if self._is_floating(description.values[name])
            }
        )

    def _is_floating(self, value: str) -> bool:
        dtype = dtype_of(self._kinds[value])
        return dtype is not None and dtype.kind == "f"

    def run(self, batch: Batch, names: Sequence[str], *, outputs: bool, edits: _Edits) -> Run:
        """Run the graph once; see `Network.run`."""
        chosen = [self._recorded(name) for name in names]
        values = {record.name: self._described.values[record.name] for record in chosen}
        passed = {entry.name for entry in self._program.inputs}
        wanted = [value for value in values.values() if value not in passed]
        wanted += self._program.outputs if outputs else ()
        found = self._found(batch, list(dict.fromkeys(wanted)), edits) if wanted else {}
        for name in passed.intersection(values.values()):
            found[name] = np.asarray(batch.arrays[name], np.float32)
        return Run(
            {record.name: _dims_ordered(found[values[record.name]], record) for record in chosen},
            {name: self._ordered_output(name, found[name]) for name in self._program.outputs
             if name in found} if outputs else {},
        )  # fmt: skip

    def _found(self, batch: Batch, wanted: Sequence[str], edits: _Edits) -> dict[str, np.ndarray]:
        """Give values as float32, images joined where the graph takes fewer at once."""
        images = len(batch.names)
        places = self._editable(edits, images)
        session = self._session(wanted, tuple(places))
        asked = {given_out(name, self._kinds.get(name, 1)): name for name in wanted}
        taken = {entry.name for entry in session.get_inputs()}
        changes = self._changes(edits, places, images, taken)
        options = onnxruntime.RunOptions()
        options.log_severity_level = 4
        parts, fixed = [], self._fixed
        for rows, own in self._feeds(batch, images, taken):
            changed = {name: _filled(array[rows], fixed) for name, array in changes.items()}
            results = session.run(list(asked), {**own, **changed}, options)
            parts.append((len(range(*rows.indices(images))), results))
        found = {}
        for place, name in enumerate(asked.values()):
            pieces = [(count, results[place]) for count, results in parts]
            if isinstance(pieces[0][1], np.ndarray):
                found[name] = _joined(pieces) if name in self._of_images else pieces[0][1]
        return found

    @property
    def _fixed(self) -> int:
        """How many images the graph takes at once; 0 for any number."""
        axis = self._program.inputs[0].dims[:1]
        return axis[0] if axis and isinstance(axis[0], int) else 0

    def _feeds(
        self, batch: Batch, images: int, taken: set[str]
    ) -> list[tuple[slice, dict[str, np.ndarray]]]:
        """Give the arrays of each pass: as many images as the graph takes at once."""
        axis = self._program.inputs[0].dims[:1]
        alone = [entry.name for entry in self._program.inputs if entry.dims[:1] != axis]
        step = 1 if alone else self._fixed or images
        passes = []
        for start in range(0, images, step):
            rows = slice(start, min(start + step, images))
            arrays = {}
            for entry in self._program.inputs:
                if entry.name in taken:
                    array = batch.arrays[entry.name]
                    arrays[entry.name] = (
                        array[start] if entry.name in alone else _filled(array[rows], self._fixed)
                    )
            passes.append((rows, arrays))
        return passes

    def _session(self, wanted: Sequence[str], edited: tuple[str, ...]) -> Any:
        """Make a session once; what was asked for longest ago is forgotten."""
        key = (frozenset(wanted), edited)
        with self._lock:
            session = self._kept.pop(key, None)
            if session is None:
                values = [self._described.values[name] for name in edited]
                session = self._sessions.over(
                    wanted, self._kinds, {name: self._ranks[name] for name in values}
                )
            self._kept[key] = session
            if len(self._kept) > self._most:
                del self._kept[next(iter(self._kept))]
            return session

    def _editable(self, edits: _Edits, images: int) -> Mapping[str, Place]:
        """Give the layers that a session lets change.

        All of them, whichever is changed, so that one session is enough for a person who mutes
        here and there. Where many images are changed alike, as when every channel of a layer is
        tried, a session for that layer alone is soon worth its while.
        """
        if not edits:
            return {}
        if images == 1 and all(name in self._places for name in edits):
            return self._places
        return {name: place for name, place in self._places.items() if name in edits}

    def _changes(
        self, edits: _Edits, places: Mapping[str, Place], images: int, taken: set[str]
    ) -> dict[str, np.ndarray]:
        if not edits:
            return {}
        whole = packed(edits, self._places, images)
        changes = {}
        for name, place in places.items():
            value = self._described.values[name]
            rank, dtype = self._ranks[value], dtype_of(self._kinds[value])
            if scale_of(value) not in taken:
                continue
            ones = (1,) * (rank - 2)
            shape = (images, -1, *ones) if place.channels_first else (images, *ones, -1)
            for row, entry in enumerate((scale_of(value), shift_of(value))):
                part = whole[row, :, place.start : place.stop]
                changes[entry] = part.reshape(shape).astype(dtype)
        return changes

    def _recorded(self, name: str) -> Layer | Given:
        """Give what is known of a value that a run can record."""
        call, found, _ = name.rpartition(INPUT)
        for value in self._described.given.get(call, ()) if found else ():
            if value.name == name:
                return value
        return named_layer(self._described.layers, name)

    def _ordered_output(self, name: str, values: np.ndarray) -> np.ndarray:
        """Bring an output with space into the order of the dims."""
        for layer, value in self._described.values.items():
            if value == name and layer in self._described.layers:
                return _dims_ordered(values, self._described.layers[layer])
        return values


def _filled(part: np.ndarray, count: int) -> np.ndarray:
    """Repeat the last image until there are as many as the graph takes."""
    missing = count - len(part)
    return np.concatenate([part, np.repeat(part[-1:], missing, axis=0)]) if missing > 0 else part


def _joined(pieces: Sequence[tuple[int, np.ndarray]]) -> np.ndarray:
    """Join the values of several passes, without what only filled them."""
    (count, first), *rest = pieces
    if not first.ndim or (not rest and len(first) <= count):
        return first
    return np.concatenate([value[:own] for own, value in pieces])


def _dims_ordered(values: np.ndarray, record: Layer | Given) -> np.ndarray:
    """Bring a value into the order of the dims, as a view."""
    if record.channels_first or len(record.dims) < 2 or record.dims[0] != "channel":
        return values
    before = 1 if record.has_image_axis else 0
    if values.ndim != len(record.dims) + before:
        return values
    last = values.ndim - 1
    return values.transpose(*range(before), last, *range(before, last))
