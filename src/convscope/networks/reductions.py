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
    "joined",
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
    total, square : numpy.ndarray
        ``(image, channel)``, float32: the sums over a map's units of the differences from the
        channel's `shift`, and of their squares, so that means and variances are exact where the
        mean is large beside what varies.
    minimum, maximum : numpy.ndarray
        The lowest and the highest unit.
    positive : numpy.ndarray
        How many units are above zero.
    peak : numpy.ndarray
        Where the highest unit is: the index of the first of them in the map's units, row by row;
        it may be -1 for maps whose maximum is below the bar.
    units : numpy.ndarray
        ``(channel,)``, int64: how many units a map has.
    outputs : mapping of str to numpy.ndarray
        The network's outputs by name.
    values : mapping of str to numpy.ndarray
        The activations of the layers that were asked for as well, as `Run` gives them.
    """

    total: np.ndarray
    square: np.ndarray
    minimum: np.ndarray
    maximum: np.ndarray
    positive: np.ndarray
    peak: np.ndarray
    units: np.ndarray
    outputs: Mapping[str, np.ndarray]
    values: Mapping[str, np.ndarray]


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
        with a unit that is not a number are none either.
    """
    value = np.asarray(value, np.float32)
    shift = np.ascontiguousarray(shift, np.float32)
    compiled = kernels()
    if compiled is None or not value.size:
        return reduced_by_numpy(value, shift)
    last = value.ndim > 2 and not value.flags.c_contiguous
    maps = np.moveaxis(value, 1, -1) if last else value
    images, channels = value.shape[:2]
    maps = np.ascontiguousarray(maps).reshape(
        (images, -1, channels) if last else (images, channels, -1)
    )
    reduce = compiled.reduce_channels_last if last else compiled.reduce_channels_first
    found = np.empty((images, len(STATISTICS), channels), np.float32)
    if maps.size < _WORTH_TWO:
        reduce(maps, shift, found, 0, channels)
    else:
        # Sixteen floats are a line of the cache, which two threads must not both write into.
        middle = channels // 2 // 16 * 16
        other = _threads().submit(reduce, maps, shift, found, 0, middle)
        reduce(maps, shift, found, middle, channels)
        other.result()
    unsure = np.isnan(found[:, 0])
    if unsure.any():
        found[:, 2:4][np.broadcast_to(unsure[:, None], (images, 2, channels))] = np.nan
    return found


def reduced_by_numpy(value: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Reduce the maps of one layer in NumPy; what every adapter gives is compared with this."""
    maps = value.reshape(*value.shape[:2], -1).astype(np.float32, copy=False)
    beside = maps - shift[:, None].astype(np.float32)
    return np.stack(
        [
            beside.sum(axis=2),
            np.einsum("icu,icu->ic", beside, beside),
            maps.min(axis=2),
            maps.max(axis=2),
            np.count_nonzero(maps > 0, axis=2),
            maps.argmax(axis=2),
        ],
        axis=1,
        dtype=np.float32,
        casting="unsafe",
    )


@cache
def kernels() -> ModuleType | None:
    """Give the code that reduces maps in one pass; None where numba is not installed."""
    if find_spec("numba") is None:
        return None
    return import_module("convscope.networks.kernels")


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "convscope-reducing")


def as_reductions(
    rows: np.ndarray,
    units: np.ndarray,
    outputs: Mapping[str, np.ndarray],
    values: Mapping[str, np.ndarray],
) -> Reductions:
    """Name the rows ``(image, 6, channel)`` of all layers."""
    total, square, minimum, maximum, positive, peak = np.moveaxis(rows, 1, 0)
    # Whole numbers below 2**24, which float32 holds exactly.
    return Reductions(
        total, square, minimum, maximum, positive, peak.astype(np.int32), units, outputs, values
    )


def joined(parts: Sequence[Reductions]) -> Reductions:
    """Put the images of several batches together, whose maps are of one size."""
    if len(parts) == 1:
        return parts[0]

    def whole(name: str) -> np.ndarray:
        return np.concatenate([getattr(part, name) for part in parts])

    def by_name(name: str) -> dict[str, np.ndarray]:
        several = [getattr(part, name) for part in parts]
        return {key: np.concatenate([one[key] for one in several]) for key in several[0]}

    return Reductions(
        **{name: whole(name) for name in STATISTICS},
        units=parts[0].units,
        outputs=by_name("outputs"),
        values=by_name("values"),
    )
