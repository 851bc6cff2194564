"""The arrays of a finished survey, each opened once and read a piece at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from convscope.errors import InputError, reason_of
from convscope.surveys.declared import Sizes

__all__ = ["StoredArrays"]


class StoredArrays:
    """What a store holds of every channel of all layers, and of the dataset.

    The channels of a layer are a few rows of each of two dozen arrays. To open an array, and to
    read and decode a chunk of it, costs more than all the rest, so that both are kept: of every
    array the rows of the chunks that were read last, in which the next layer mostly lies.

    Parameters
    ----------
    path : str
        Where the store is.
    group : zarr.Group
    sizes : mapping of str to Sizes
        What sizes each may have; another one is damage, and no memory is taken for it.
    """

    def __init__(self, path: str, group: Any, sizes: Mapping[str, Sizes]) -> None:
        self._path, self._group, self._sizes = path, group, sizes
        self._found: dict[str, Any] = {}
        self._present: dict[str, bool] = {}
        self._rows: dict[str, tuple[int, np.ndarray]] = {}

    def holds(self, name: str) -> bool:
        """Tell whether there is an array of a name."""
        if name not in self._present:
            self._present[name] = self._is_there(name)
        return self._present[name]

    def read(self, name: str, columns: slice = slice(None)) -> np.ndarray:
        """Read an array: all of it, or some places of its first axis.

        Parameters
        ----------
        name : str
        columns : slice

        Raises
        ------
        KeyError
            When no store has an array of that name.
        InputError
            When it is damaged, or not there.
        """
        if name not in self._sizes:
            raise KeyError(name)
        try:
            array = self._opened(name)
            self._check(name, array)
            start, stop, step = columns.indices(array.shape[0])
            if step != 1 or stop - start == array.shape[0]:
                return np.asarray(array[:])[columns]
            return self._part(name, array, start, stop)
        except Exception as error:
            # Damage meets Zarr in many places, each with errors of its own.
            raise InputError(
                f"{name} in {self._path!r} cannot be read ({reason_of(error)}): survey again"
            ) from error

    def _is_there(self, name: str) -> bool:
        try:
            self._opened(name)
        except KeyError:
            return False
        except Exception:
            # Damaged: who reads it is told so.
            return True
        return True

    def _opened(self, name: str) -> Any:
        if name not in self._found:
            self._found[name] = self._group[name]
        return self._found[name]

    def _check(self, name: str, array: Any) -> None:
        shape, kind, sizes = tuple(array.shape), array.dtype.kind, self._sizes[name]
        fits = len(shape) == len(sizes) and all(map(range.__contains__, sizes, shape))
        if not fits or kind not in "iuf":
            raise ValueError(f"it has the shape {shape} and the dtype {array.dtype}")

    def _part(self, name: str, array: Any, start: int, stop: int) -> np.ndarray:
        first, rows = self._rows.get(name, (0, np.empty(0)))
        if start < first or stop > first + len(rows):
            chunk = array.chunks[0]
            first = start // chunk * chunk
            rows = np.asarray(array[first : -(-stop // chunk) * chunk])
            self._rows[name] = first, rows
        # A copy, so that nobody writes into what others read, and no layer holds a whole chunk.
        return rows[start - first : stop - first].copy()
