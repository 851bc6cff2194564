"""Batches for programs that were exported for one number of images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import numpy as np

from convscope.networks.edit import Edit
from convscope.networks.gradients import Gradients, Sums
from convscope.networks.head import Head
from convscope.networks.layer import Layer
from convscope.networks.reductions import Reductions
from convscope.networks.run import Batch, Run
from convscope.networks.torch.passes import Passes

__all__ = ["Pieces"]

_Edits = Mapping[str, Edit] | None
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Pieces:
    """The passes of a model that takes just so many images, for any number of them.

    Attributes
    ----------
    passes : Passes
    images : int
    """

    passes: Passes
    images: int

    def run(self, batch: Batch, names: Sequence[str], *, outputs: bool, edits: _Edits) -> Run:
        """Run the model once a piece; see `Network.run`."""
        found = [
            self.passes.run(part, names, outputs=outputs, edits=own)
            for part, own, _ in self._cut(batch, edits, None)
        ]
        return self._joined(found, len(batch.names))

    def reductions(
        self,
        batch: Batch,
        layers: Sequence[Layer],
        shift: np.ndarray,
        bar: np.ndarray,
        kept: Sequence[str],
    ) -> Reductions:
        """Run the model once a piece and reduce every map; see `Network.reductions`."""
        found = [
            self.passes.reductions(part, layers, shift, bar, kept)
            for part, _, _ in self._cut(batch, None, None)
        ]
        # Units are those of a channel, not of an image.
        joined = self._joined([replace(one, units=np.zeros(())) for one in found], len(batch.names))
        return replace(joined, units=found[0].units)

    def gradients(
        self,
        batch: Batch,
        head: str | Head,
        seed: np.ndarray | None,
        names: Sequence[str],
        *,
        inputs: bool,
        edits: _Edits,
    ) -> Gradients:
        """Differentiate a score once a piece; see `Network.gradients`."""
        found = [
            self.passes.gradients(part, head, cut, names, inputs=inputs, edits=own)
            for part, own, cut in self._cut(batch, edits, seed)
        ]
        return self._joined(found, len(batch.names))

    def sums(
        self,
        batch: Batch,
        head: Head,
        seed: np.ndarray | None,
        products: Sequence[str],
        slopes: Sequence[str],
        *,
        edits: _Edits,
    ) -> Sums:
        """Differentiate a score once a piece and sum over every map; see `Network.sums`."""
        found = [
            self.passes.sums(part, head, cut, products, slopes, edits=own)
            for part, own, cut in self._cut(batch, edits, seed)
        ]
        return self._joined(found, len(batch.names))

    def _cut(
        self, batch: Batch, edits: _Edits, seed: np.ndarray | None
    ) -> Iterator[tuple[Batch, _Edits, np.ndarray | None]]:
        """Cut a batch, with its edits and seed; the last image fills up the last piece."""
        count = len(batch.names)
        for start in range(0, count, self.images):
            rows = np.minimum(np.arange(start, start + self.images), count - 1)
            part = replace(
                batch,
                arrays={name: array[rows] for name, array in batch.arrays.items()},
                names=tuple(batch.names[row] for row in rows),
                labels=tuple(batch.labels[row] for row in rows),
                class_names=tuple(batch.class_names[row] for row in rows),
            )
            own = edits and {
                name: Edit(_rows(edit.scale, rows), _rows(edit.shift, rows))
                for name, edit in edits.items()
            }
            yield part, own, None if seed is None else _rows(seed, rows)

    def _joined(self, results: Sequence[_Result], count: int) -> _Result:
        """Put together again what the pieces gave: Run, Gradients or Sums of `count` images."""
        found: dict[str, Any] = {}
        for entry in fields(results[0]):  # type: ignore[arg-type]
            parts = [getattr(result, entry.name) for result in results]
            if isinstance(parts[0], Mapping):
                found[entry.name] = {
                    name: self._whole([part[name] for part in parts], count) for name in parts[0]
                }
            else:
                found[entry.name] = self._whole(parts, count)
        return type(results[0])(**found)

    def _whole(self, parts: Sequence[np.ndarray], count: int) -> np.ndarray:
        if parts[0].ndim == 0 or len(parts[0]) != self.images:
            return parts[0]
        return np.concatenate(parts)[:count]


def _rows(array: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return array if len(array) == 1 else array[rows]
