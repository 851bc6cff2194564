"""Values to levels, in the order in which they lie in memory.

What costs time here is memory, not arithmetic: values are read once, in pieces that stay in the
cache of one core, and each level is written once, to its place in the mosaic.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from convscope.pictures.colormap import LEVELS, Place
from convscope.pictures.scale import Bounds, Floats, Scale, Span, bounds_of, span_of

__all__ = ["Marks", "levels", "write_levels"]

Bytes = NDArray[np.uint8]
_T = TypeVar("_T", bound=np.generic)

# Values worked on at a time: 1 MB of float32, which stay in the cache, in few Python steps.
_PIECE = 1 << 18
# Values worked on at a time in float64, where care is needed.
_CAREFUL_PIECE = 1 << 20
# float32 keeps a level to a hundredth while |value| is less than this many times the span.
_WELL_CONDITIONED = 256.0
_TOP = LEVELS - 1

_local = threading.local()


@dataclass(frozen=True)
class Marks:
    """How many units could not be given a level.

    Attributes
    ----------
    nan, infinite : int
        Units that are not a number, and units that are infinite.
    """

    nan: int = 0
    infinite: int = 0


def levels(
    values: Floats,
    scale: str | Scale = "channel",
    *,
    low: Floats | None = None,
    high: Floats | None = None,
    bounds: tuple[float, float] | None = None,
    signed: bool | None = None,
) -> tuple[Bytes, Span]:
    """Turn values into levels without arranging them.

    Parameters
    ----------
    values : array of float32, (channel, ...)
        Up to three more axes, in any order in memory.
    scale, low, high, bounds, signed
        As for `convscope.pictures.mosaic.mosaic`.

    Returns
    -------
    levels : ndarray of uint8, shape of values
        ``round((value - low) / (high - low) * 239)``, clipped to 0..239; reserved places for NaN
        and infinite values. A map of one value has level 0.
    span : Span
        What levels 0 and 239 stand for.
    """
    found = bounds_of(values, low, high)
    span = span_of(values, Scale.parse(scale), found, shared=bounds, signed=signed)
    out = np.empty((values.shape[0], 1, *values.shape[1:]), np.uint8)
    deep = out.reshape(*out.shape[:2], *_deep(values.shape[1:]))
    write_levels(values.reshape(values.shape[0], *_deep(values.shape[1:])), span, found, deep)
    return out[:, 0], span


def _deep(shape: tuple[int, ...]) -> tuple[int, int, int]:
    # Axes z, y, x as y, z, x, absent ones of length 1; the order does not matter to the levels.
    filled = (1, 1, 1, *shape)[-3:]
    return filled[0], filled[1], filled[2]


def write_levels(
    values: Floats,
    span: Span,
    bounds: Bounds,
    out: Bytes,
    flat: NDArray[np.bool_] | None = None,
) -> Marks:
    """Write the levels of a layer to their places in a mosaic.

    Parameters
    ----------
    values : ndarray of float32, (channel, y, z, x)
        In any order in memory.
    span : Span
        What the first and last level of each channel stand for.
    bounds : Bounds
        Each channel's smallest and largest value, and whether all its values are finite.
    out : ndarray of uint8, (row, column, y, z, x)
        The tiles, as a view of the mosaic; channel c goes to row c // columns.
    flat : ndarray of bool, (channel,), optional
        Maps to be drawn as `Place.BLANK` instead of their one value.
    """
    columns = out.shape[1]
    ends = span.low.astype(np.float64), span.high.astype(np.float64)
    with np.errstate(all="ignore"):
        width = ends[1] - ends[0]
        factor = np.where(width > 0, _TOP / width, 0.0)
        largest = np.maximum(np.abs(bounds.low), np.abs(bounds.high)).astype(np.float64)
        largest = np.maximum(largest, np.maximum(np.abs(ends[0]), np.abs(ends[1])))
        plain = largest * factor <= _TOP * _WELL_CONDITIONED
    plain &= bounds.finite & (factor < 1e30)
    clip = False
    if span.low is not bounds.low:
        outside = (bounds.low < span.low) | (bounds.high > span.high)
        clip = bool((outside & plain).any())
    careful = ~plain
    if flat is not None:
        careful &= ~flat
        plain &= ~flat
    if plain.any():
        fast = np.where(plain, factor, 0.0)
        offset = np.where(plain, 0.5 - ends[0] * fast, 0.5)
        _write_plainly(values, fast.astype(np.float32), offset.astype(np.float32), out, clip)
    if flat is not None and flat.any():
        where = np.flatnonzero(flat)
        out[where // columns, where % columns] = Place.BLANK
    if careful.any():
        return _write_carefully(values, ends, np.flatnonzero(careful), out)
    return Marks()


def _scratch(size: int) -> tuple[Floats, Bytes]:
    # Fresh memory costs more than the arithmetic done in it, so each thread keeps its own.
    if size > _PIECE:
        return np.empty(size, np.float32), np.empty(size, np.uint8)
    if not hasattr(_local, "floats"):
        _local.floats = np.empty(_PIECE, np.float32)
        _local.bytes = np.empty(_PIECE, np.uint8)
    return _local.floats[:size], _local.bytes[:size]


def _write_plainly(values: Floats, factor: Floats, offset: Floats, out: Bytes, clip: bool) -> None:
    channels, height, slices, width = values.shape
    columns = out.shape[1]
    full = channels // columns
    last = abs(values.strides[0]) <= min(abs(values.strides[axis]) for axis in (1, 3))
    step = max(1, _PIECE // (channels * slices * width))
    factor, offset = factor[:, None, None, None], offset[:, None, None, None]
    # A channel whose values need care passes through here too, and is written over afterwards.
    with np.errstate(all="ignore"):
        for top in range(0, height, step):
            part = values[:, top : top + step]
            floats, codes = (_shaped(array, part.shape, last) for array in _scratch(part.size))
            np.multiply(part, factor, out=floats)
            np.add(floats, offset, out=floats)
            if clip:
                np.clip(floats, 0.5, _TOP + 0.5, out=floats)
            np.copyto(codes, floats, casting="unsafe")
            rows = slice(top, top + step)
            whole = codes[: full * columns].reshape(full, columns, *part.shape[1:])
            out[:full, :, rows] = whole
            if full * columns < channels:
                out[full, : channels - full * columns, rows] = codes[full * columns :]


def _shaped(flat: NDArray[_T], shape: tuple[int, ...], last: bool) -> NDArray[_T]:
    if last:
        return flat.reshape(*shape[1:], shape[0]).transpose(3, 0, 1, 2)
    return flat.reshape(shape)


def _write_carefully(
    values: Floats, ends: tuple[NDArray[np.float64], ...], which: NDArray[np.intp], out: Bytes
) -> Marks:
    columns = out.shape[1]
    at_a_time = max(1, _CAREFUL_PIECE // max(1, values[0].size))
    nan = infinite = 0
    for start in range(0, len(which), at_a_time):
        some = which[start : start + at_a_time]
        part = values[some].astype(np.float64)
        low, high = (end[some][:, None, None, None] for end in ends)
        with np.errstate(all="ignore"):
            place = np.where(high > low, (part - low) / (high - low) * _TOP, 0.0)
            codes = np.clip(np.floor(place + 0.5), 0, _TOP).astype(np.uint8)
        is_nan, is_infinite = np.isnan(part), np.isinf(part)
        codes[is_nan] = Place.NAN
        codes[is_infinite] = Place.INFINITE
        nan += int(is_nan.sum())
        infinite += int(is_infinite.sum())
        out[some // columns, some % columns] = codes
    return Marks(nan, infinite)
