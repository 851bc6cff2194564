"""What is left of a layer's maps when each is reduced to a few numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

import numpy as np

from convscope.networks.layer import Layer

__all__ = [
    "STATISTICS",
    "Reductions",
    "as_reductions",
    "columns_of",
    "kernels",
    "reduced",
    "reduced_by_numpy",
    "reducible",
]

STATISTICS = ("total", "square", "minimum", "maximum", "positive", "peak")
"""What a map is reduced to, in this order; see `Reductions`."""


# Below this, handing work to another thread costs more than it saves.
_WORTH_TWO = 200_000


@dataclass(frozen=True, eq=False)
class Reductions:
    """Every map of one batch, reduced where it was made.

    The channels of all layers stand in one row; `columns_of` says which are whose.

    Attributes
    ----------
    rows : numpy.ndarray
        ``(image, 6, channel)``, float32: the figures of `STATISTICS`.

        * total, square: the sums over a map's units of the differences from the channel's `shift`,
          and of their squares, so that means and variances are exact where the mean is large beside
          what varies.
        * minimum, maximum: the lowest and the highest unit; not-a-number for a map with a unit that
          is none.
        * positive: how many units are above zero.
        * peak: where the highest unit is: the index of the first of them in the map's units, row by
          row; it may be -1 for maps whose maximum is below the bar.
    units : numpy.ndarray
        ``(channel,)``, int64: how many units a map has.
    outputs : mapping of str to numpy.ndarray
        The network's outputs by name.
    values : mapping of str to numpy.ndarray
        The activations of the layers that were asked for as well, as `Run` gives them.
    """

    rows: np.ndarray
    units: np.ndarray
    outputs: Mapping[str, np.ndarray]
    values: Mapping[str, np.ndarray]

    @property
    def maximum(self) -> np.ndarray:
        """The highest unit of every map, ``(image, channel)``."""
        return self.rows[:, STATISTICS.index("maximum")]


def as_reductions(
    rows: np.ndarray,
    units: np.ndarray,
    outputs: Mapping[str, np.ndarray],
    values: Mapping[str, np.ndarray],
) -> Reductions:
    """Take the rows of all layers; compiled code may have found ends where a unit is no number."""
    unsure = np.isnan(rows[:, 0])
    if unsure.any():
        rows = rows.copy()
        rows[:, 2:4][np.broadcast_to(unsure[:, None], (len(rows), 2, rows.shape[2]))] = np.nan
    return Reductions(rows, units, outputs, values)


def reducible(layer: Layer) -> bool:
    """Tell whether a layer gives one map a channel for every image."""
    return layer.has_image_axis and layer.channels is not None


def columns_of(layers: Sequence[Layer]) -> dict[str, slice]:
    """Say which channels of the row of all layers are whose."""
    columns, start = {}, 0
    for layer in layers:
        stop = start + (layer.channels or 0)
        columns[layer.name] = slice(start, stop)
        start = stop
    return columns


def reduced(value: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Reduce the maps of one layer, in one pass over memory where numba is installed.

    Parameters
    ----------
    value : numpy.ndarray
        ``(image, channel, ...)``; a view of memory in which channels come last is as good.
    shift : numpy.ndarray
        ``(channel,)``.

    Returns
    -------
    numpy.ndarray
        ``(image, 6, channel)``, float32, in the order of `STATISTICS`. Minimum and maximum of a map
        with a unit that is not a number can be anything; `as_reductions` tells it by the sums.
    """
    value = np.asarray(value, np.float32)
    compiled = kernels()
    if compiled is None or not value.size:
        return reduced_by_numpy(value, shift)
    shift = np.ascontiguousarray(shift, np.float32)
    last = value.ndim == 2 or not value.flags.c_contiguous
    maps = np.ascontiguousarray(np.moveaxis(value, 1, -1) if last else value)
    (images, channels), units = value.shape[:2], int(np.prod(value.shape[2:]))
    found = np.empty((images, len(STATISTICS), channels), np.float32)
    if last:
        reduce, shape, jobs = compiled.reduce_channels_last, (images, units, channels), images
    else:
        reduce, shape = compiled.reduce_channels_first, (images, channels, units)
        jobs = images * channels
    maps = maps.reshape(shape)
    if maps.size < _WORTH_TWO:
        reduce(maps, shift, found, 0, jobs)
    else:
        other = _threads().submit(reduce, maps, shift, found, 0, jobs // 2)
        reduce(maps, shift, found, jobs // 2, jobs)
        other.result()
    return found


def reduced_by_numpy(value: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Reduce the maps of one layer in NumPy; what every adapter gives is compared with this."""
    maps = value.reshape(*value.shape[:2], -1).astype(np.float32, copy=False)
    beside = maps - shift[:, None].astype(np.float32)
    found = np.empty((maps.shape[0], len(STATISTICS), maps.shape[1]), np.float32)
    figures = (
        beside.sum(axis=2),
        np.einsum("icu,icu->ic", beside, beside),
        maps.min(axis=2),
        maps.max(axis=2),
        np.count_nonzero(maps > 0, axis=2),
        maps.argmax(axis=2),
    )
    for place, figure in enumerate(figures):
        found[:, place] = figure
    return found


@cache
def kernels() -> ModuleType | None:
    """Give the code that reduces maps in one pass; None where numba is not installed."""
    if find_spec("numba") is None:
        return None
    return import_module("convscope.networks.kernels")


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "convscope-reducing")
