"""Batches for programs that were exported for one number of images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar

import numpy as np

from convscope.networks.edit import Edit
from convscope.networks.run import Batch

__all__ = ["joined", "pieces"]

_Result = TypeVar("_Result")


def pieces(
    batch: Batch, images: int | None, edits: Mapping[str, Edit] | None, seed: np.ndarray | None
) -> Iterator[tuple[Batch, Mapping[str, Edit] | None, np.ndarray | None]]:
    """Cut a batch, with its edits and seed, into pieces of so many images each.

    The last image fills up the last piece. Whole where any number of images will do.
    """
    count = len(batch.names)
    if images is None or count == images:
        yield batch, edits, seed
        return
    for start in range(0, count, images):
        rows = np.minimum(np.arange(start, start + images), count - 1)
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


def _rows(array: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return array if len(array) == 1 else array[rows]


def joined(results: Sequence[_Result], count: int, images: int | None) -> _Result:
    """Put what the pieces gave together again.

    Parameters
    ----------
    results : sequence of Run, Gradients or Sums
    count : int
        Number of images of the whole.
    images : int or None
        Number of images in each.
    """
    if len(results) == 1 and images in (None, count):
        return results[0]
    found: dict[str, Any] = {}
    for entry in fields(results[0]):  # type: ignore[arg-type]
        parts = [getattr(result, entry.name) for result in results]
        if isinstance(parts[0], Mapping):
            found[entry.name] = {
                name: _whole([part[name] for part in parts], count, images) for name in parts[0]
            }
        else:
            found[entry.name] = _whole(parts, count, images)
    return type(results[0])(**found)


def _whole(parts: Sequence[np.ndarray], count: int, images: int | None) -> np.ndarray:
    if parts[0].ndim == 0 or len(parts[0]) != images:
        return parts[0]
    return np.concatenate(parts)[:count]
