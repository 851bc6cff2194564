"""Maps reduced while they are in the cache, by code that numba compiles."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import carray, cfunc, njit, types

__all__ = ["reduce_at_pointers", "reduce_channels_first", "reduce_channels_last"]

# Not-a-number may come out as anything but the sums, by which it is told afterwards.
_PLAIN: dict[str, Any] = {
    "nogil": True,
    "cache": True,
    "fastmath": {"nsz", "contract", "nnan"},
}
# To compare with zero: there the answer would come out as anything.
_EXACT: dict[str, Any] = {**_PLAIN, "fastmath": False}
# Along a row only sums in any order go through a vector.
_FAST: dict[str, Any] = {**_PLAIN, "fastmath": {*_PLAIN["fastmath"], "reassoc"}}
_ZERO, _ONE, _FAR = np.float32(0), np.float32(1), np.float32(np.inf)
_SIGN, _MAGNITUDE = np.int32(31), np.int32(0x7FFFFFFF)
_LEAST = np.int32(-0x80000000)
_BLOCK = 32
_LANES = 128
_ROWS = 8
# What a framework gives out may not be written to.
_SIGNATURE = types.void(
    types.Array(types.float32, 3, "C", readonly=True),
    types.Array(types.float32, 1, "C", readonly=True),
    types.float32[:, :, ::1],
    types.int64,
    types.int64,
)


@njit(inline="always", **_EXACT)
def _above(one):  # type: ignore[no-untyped-def]
    return _ONE if one > _ZERO else _ZERO


@njit(inline="always", **_PLAIN)
def _high(one, two):  # type: ignore[no-untyped-def]
    return one if one > two else two


@njit(inline="always", **_PLAIN)
def _low(one, two):  # type: ignore[no-untyped-def]
    return one if one < two else two


# Maps of which a channel is a row of memory. One figure a loop: LLVM finds vectors for each alone.


@njit(**_FAST)
def _total(row, shift):  # type: ignore[no-untyped-def]
    # Added up in any order, differences from the shift become a sum less a sum: in float64, so that
    # nothing is lost.
    total = np.float64(0)
    for unit in range(row.shape[0]):
        total += np.float64(row[unit])
    return np.float32(total - row.shape[0] * np.float64(shift))


@njit(**_FAST)
def _square(row, shift):  # type: ignore[no-untyped-def]
    square = _ZERO
    for unit in range(row.shape[0]):
        apart = row[unit] - shift
        square += apart * apart
    return square


@njit(**_EXACT)
def _positive(row):  # type: ignore[no-untyped-def]
    count = np.int32(0)
    for unit in range(row.shape[0]):
        count += np.int32(row[unit] > _ZERO)
    return np.float32(count)


@njit(inline="always", **_FAST)
def _ordered(bits):  # type: ignore[no-untyped-def]
    """Turn the bits of floats into whole numbers that are in the same order, and back."""
    return bits ^ ((bits >> _SIGN) & _MAGNITUDE)


@njit(**_FAST)
def _ends(bits, ends):  # type: ignore[no-untyped-def]
    """Find the lowest and the highest: of whole numbers, since of floats it takes no vectors."""
    low, high = _MAGNITUDE, _LEAST
    for unit in range(bits.shape[0]):
        one = _ordered(bits[unit])
        low = min(low, one)
        high = max(high, one)
    ends[0], ends[1] = _ordered(low), _ordered(high)


@njit(**_FAST)
def _find(row, wanted):  # type: ignore[no-untyped-def]
    """Give the first place of a value, the last place where there is none."""
    units = row.shape[0]
    for first in range(0, units - _BLOCK + 1, _BLOCK):
        here = np.int32(0)
        for unit in range(first, first + _BLOCK):
            here |= np.int32(row[unit] == wanted)
        if here:
            for unit in range(first, first + _BLOCK):
                if row[unit] == wanted:
                    return unit
    for unit in range(units // _BLOCK * _BLOCK, units):
        if row[unit] == wanted:
            return unit
    return units - 1


@njit(_SIGNATURE, **_FAST)
def reduce_channels_first(maps, shift, found, start, stop):  # type: ignore[no-untyped-def]
    """Reduce some maps of ``(image, channel, unit)``.

    Parameters
    ----------
    maps : numpy.ndarray
    shift : numpy.ndarray
        ``(channel,)``.
    found : numpy.ndarray
        ``(image, 6, channel)``: filled in the order of `reductions.STATISTICS`.
    start, stop : int
        Which maps, of all images' one after the other.
    """
    bits = maps.view(np.int32)
    ends = np.empty(2, np.int32)
    values = ends.view(np.float32)
    for place in range(start, stop):
        image, channel = place // maps.shape[1], place % maps.shape[1]
        row, beside = maps[image, channel], shift[channel]
        _ends(bits[image, channel], ends)
        found[image, 0, channel] = _total(row, beside)
        found[image, 1, channel] = _square(row, beside)
        found[image, 2, channel] = values[0]
        found[image, 3, channel] = values[1]
        found[image, 4, channel] = _positive(row)
        found[image, 5, channel] = np.float32(_find(row, values[1]))


# Maps of which a unit of all channels is a row of memory. The figures of all channels stand side by
# side in lanes, several lanes a channel where there are few. One figure a loop, of four rows: with
# more arrays in a loop LLVM no longer checks whether they overlap, and leaves its vectors out.


@njit(**_PLAIN)
def _add_total(total, a, b, c, d, shift):  # type: ignore[no-untyped-def]
    for lane in range(total.shape[0]):
        beside = shift[lane]
        total[lane] += ((a[lane] - beside) + (b[lane] - beside)) + (
            (c[lane] - beside) + (d[lane] - beside)
        )


@njit(**_PLAIN)
def _add_square(square, a, b, c, d, shift):  # type: ignore[no-untyped-def]
    for lane in range(square.shape[0]):
        beside = shift[lane]
        p, q, r, s = a[lane] - beside, b[lane] - beside, c[lane] - beside, d[lane] - beside
        square[lane] += (p * p + q * q) + (r * r + s * s)


@njit(**_EXACT)
def _add_positive(positive, a, b, c, d):  # type: ignore[no-untyped-def]
    for lane in range(positive.shape[0]):
        positive[lane] += (_above(a[lane]) + _above(b[lane])) + (_above(c[lane]) + _above(d[lane]))


@njit(**_PLAIN)
def _lower(lowest, a, b, c, d):  # type: ignore[no-untyped-def]
    for lane in range(lowest.shape[0]):
        low = _low(_low(a[lane], b[lane]), _low(c[lane], d[lane]))
        lowest[lane] = _low(lowest[lane], low)


@njit(**_PLAIN)
def _raise(highest, a, b, c, d):  # type: ignore[no-untyped-def]
    for lane in range(highest.shape[0]):
        high = _high(_high(a[lane], b[lane]), _high(c[lane], d[lane]))
        highest[lane] = _high(highest[lane], high)


@njit(**_PLAIN)
def _note(where, before, highest, row):  # type: ignore[no-untyped-def]
    for lane in range(where.shape[0]):
        where[lane] = row if highest[lane] > before[lane] else where[lane]
        before[lane] = highest[lane]


@njit(**_PLAIN)
def _fill(lanes, rows, shift):  # type: ignore[no-untyped-def]
    """Reduce rows ``(row, lane)``, a multiple of four, to lanes ``(7, lane)``.

    The last of the seven is the highest value of the rows before, by which it is told in which rows
    the peak is; its place is looked for in those alone, after all are seen.
    """
    total, square, lowest, highest = lanes[0], lanes[1], lanes[2], lanes[3]
    positive, where, before = lanes[4], lanes[5], lanes[6]
    total[:] = square[:] = positive[:] = where[:] = _ZERO
    lowest[:] = _FAR
    highest[:] = before[:] = -_FAR
    for first in range(0, rows.shape[0], _ROWS):
        for row in range(first, min(first + _ROWS, rows.shape[0]), 4):
            a, b, c, d = rows[row], rows[row + 1], rows[row + 2], rows[row + 3]
            _add_total(total, a, b, c, d, shift)
            _add_square(square, a, b, c, d, shift)
            _lower(lowest, a, b, c, d)
            _raise(highest, a, b, c, d)
            _add_positive(positive, a, b, c, d)
        _note(where, before, highest, np.float32(first))


@njit(**_PLAIN)
def _fold(lanes, rows, rest, channel, shift):  # type: ignore[no-untyped-def]
    """Put together what belongs to one channel: its lanes, and the units that filled no row."""
    total, square, lowest, highest, positive = _ZERO, _ZERO, _FAR, -_FAR, _ZERO
    peak = 0
    channels = rest.shape[1]
    each = rows.shape[1] // channels
    for place in range(each):
        lane = place * channels + channel
        total += lanes[0, lane]
        square += lanes[1, lane]
        lowest = _low(lowest, lanes[2, lane])
        positive += lanes[4, lane]
        high = lanes[3, lane]
        if high >= highest:
            row = int(lanes[5, lane])
            while row < rows.shape[0] - 1 and rows[row, lane] != high:
                row += 1
            unit = row * each + place
            peak = unit if high > highest else min(peak, unit)
            highest = high
    for place in range(rest.shape[0]):
        value = rest[place, channel]
        apart = value - shift
        total += apart
        square += apart * apart
        lowest = _low(lowest, value)
        positive += _above(value)
        if value > highest:
            highest = value
            peak = rows.shape[0] * each + place
    return total, square, lowest, highest, positive, np.float32(peak)


@njit(**_EXACT)
def _reduce_units(units, shift, found):  # type: ignore[no-untyped-def]
    """Reduce one unit a channel."""
    for channel in range(units.shape[0]):
        found[0, channel] = units[channel] - shift[channel]
    for channel in range(units.shape[0]):
        found[1, channel] = found[0, channel] * found[0, channel]
    found[2] = found[3] = units
    for channel in range(units.shape[0]):
        found[4, channel] = _above(units[channel])
    found[5] = _ZERO


@njit(_SIGNATURE, **_PLAIN)
def reduce_channels_last(maps, shift, found, start, stop):  # type: ignore[no-untyped-def]
    """Reduce the maps ``(image, unit, channel)`` of some images; see `reduce_channels_first`."""
    units, channels = maps.shape[1:]
    if units == 1:
        for image in range(start, stop):
            _reduce_units(maps[image, 0], shift, found[image])
        return
    each = max(1, min(-(-_LANES // channels), units // 4))
    filled = units // each // 4 * 4
    lanes = np.empty((7, each * channels), np.float32)
    beside = np.empty(each * channels, np.float32)
    for lane in range(each * channels):
        beside[lane] = shift[lane % channels]
    for image in range(start, stop):
        rows = maps[image, : filled * each].reshape((filled, each * channels))
        rest = maps[image, filled * each :]
        _fill(lanes, rows, beside)
        own = found[image]
        for channel in range(channels):
            (
                own[0, channel], own[1, channel], own[2, channel], own[3, channel],
                own[4, channel], own[5, channel],
            ) = _fold(lanes, rows, rest, channel, shift[channel])  # fmt: skip


@cfunc(types.void(types.voidptr, types.CPointer(types.voidptr)), cache=True)
def reduce_at_pointers(result, operands):  # type: ignore[no-untyped-def]
    """Do what `reduce_channels_last` does, as XLA calls it.

    Parameters
    ----------
    result : pointer
        To what is filled: ``(image, 6, channel)``.
    operands : pointer
        To pointers to the maps, the shift, and three int32: images, units, channels.
    """
    sizes = carray(operands[2], (3,), np.int32)
    images, units, channels = int(sizes[0]), int(sizes[1]), int(sizes[2])
    maps = carray(operands[0], (images, units, channels), np.float32)
    shift = carray(operands[1], (channels,), np.float32)
    found = carray(result, (images, 6, channels), np.float32)
    reduce_channels_last(maps, shift, found, 0, images)
