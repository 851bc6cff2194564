"""Maps reduced in one pass over memory, by code that numba compiles."""

from __future__ import annotations

import numpy as np
from numba import njit, types

__all__ = ["reduce_channels_first", "reduce_channels_last"]

# Not-a-number may come out as anything but the sums, by which it is told afterwards.
_PLAIN = {"nsz", "contract", "nnan"}
# Along a row only sums in any order go through a vector.
_FAST = {*_PLAIN, "reassoc"}
_ZERO, _ONE = np.float32(0), np.float32(1)
_FAR = np.float32(np.inf)
_BLOCK = 256
# What a framework gives out may not be written to.
_SIGNATURE = types.void(
    types.Array(types.float32, 3, "C", readonly=True),
    types.Array(types.float32, 1, "C", readonly=True),
    types.float32[:, :, ::1],
    types.int64,
    types.int64,
)


@njit(nogil=True, cache=True, fastmath=_FAST, inline="always")
def _high(one, two):  # type: ignore[no-untyped-def]
    return one if one > two else two


@njit(nogil=True, cache=True, fastmath=_FAST, inline="always")
def _low(one, two):  # type: ignore[no-untyped-def]
    return one if one < two else two


@njit(nogil=True, cache=True, fastmath=_FAST, inline="always")
def _above(one):  # type: ignore[no-untyped-def]
    return _ONE if one > _ZERO else _ZERO


@njit(
    _SIGNATURE,
    nogil=True,
    cache=True,
    fastmath=_FAST,
)
def reduce_channels_first(maps, shift, found, start, stop):  # type: ignore[no-untyped-def]
    """Reduce some channels of maps ``(image, channel, unit)``.

    Parameters
    ----------
    maps : numpy.ndarray
    shift : numpy.ndarray
        ``(channel,)``.
    found : numpy.ndarray
        ``(image, 6, channel)``: filled in the order of `reductions.STATISTICS`.
    start, stop : int
        Which channels.
    """
    units = maps.shape[2]
    for image in range(maps.shape[0]):
        for channel in range(start, stop):
            row = maps[image, channel]
            beside = shift[channel]
            # Added up in any order, differences from the shift become a sum less a sum: in float64,
            # so that nothing is lost.
            total, square, above = np.float64(0), _ZERO, _ZERO
            highest, lowest = -_FAR, _FAR
            block = 0
            for first in range(0, units, _BLOCK):
                # The place of a peak is looked for in one block alone, after all are seen.
                high = -_FAR
                for unit in range(first, min(units, first + _BLOCK)):
                    value = row[unit]
                    apart = value - beside
                    total += np.float64(value)
                    square += apart * apart
                    above += _above(value)
                    high = _high(high, value)
                    lowest = _low(lowest, value)
                if high > highest:
                    highest = high
                    block = first
            unit = block
            while unit < units - 1 and row[unit] != highest:
                unit += 1
            found[image, 0, channel] = np.float32(total - units * np.float64(beside))
            found[image, 1, channel] = square
            found[image, 2, channel] = lowest
            found[image, 3, channel] = highest
            found[image, 4, channel] = above
            found[image, 5, channel] = unit


@njit(
    _SIGNATURE,
    nogil=True,
    cache=True,
    fastmath=_PLAIN,
)
def reduce_channels_last(maps, shift, found, start, stop):  # type: ignore[no-untyped-def]
    """Reduce some channels of maps ``(image, unit, channel)``; see `reduce_channels_first`.

    Eight units are taken at once, since what is kept of a channel is read and written each time.
    """
    units = maps.shape[1]
    whole = units - units % 8
    for image in range(maps.shape[0]):
        here = maps[image]
        total, square, lowest, highest, above, where = (
            found[image, 0], found[image, 1], found[image, 2], found[image, 3], found[image, 4],
            found[image, 5],
        )  # fmt: skip
        for channel in range(start, stop):
            total[channel] = square[channel] = above[channel] = where[channel] = _ZERO
            lowest[channel] = _FAR
            highest[channel] = -_FAR
        for unit in range(0, whole, 8):
            place = np.float32(unit)
            for channel in range(start, stop):
                beside = shift[channel]
                a, b = here[unit, channel], here[unit + 1, channel]
                c, d = here[unit + 2, channel], here[unit + 3, channel]
                e, f = here[unit + 4, channel], here[unit + 5, channel]
                g, h = here[unit + 6, channel], here[unit + 7, channel]
                above[channel] += ((_above(a) + _above(b)) + (_above(c) + _above(d))) + (
                    (_above(e) + _above(f)) + (_above(g) + _above(h))
                )
                high = _high(_high(_high(a, b), _high(c, d)), _high(_high(e, f), _high(g, h)))
                low = _low(_low(_low(a, b), _low(c, d)), _low(_low(e, f), _low(g, h)))
                lowest[channel] = _low(lowest[channel], low)
                rises = high > highest[channel]
                highest[channel] = high if rises else highest[channel]
                where[channel] = place if rises else where[channel]
                a, b, c, d = a - beside, b - beside, c - beside, d - beside
                e, f, g, h = e - beside, f - beside, g - beside, h - beside
                total[channel] += ((a + b) + (c + d)) + ((e + f) + (g + h))
                square[channel] += ((a * a + b * b) + (c * c + d * d)) + (
                    (e * e + f * f) + (g * g + h * h)
                )
        for unit in range(whole, units):
            place = np.float32(whole)
            for channel in range(start, stop):
                value = here[unit, channel]
                apart = value - shift[channel]
                total[channel] += apart
                square[channel] += apart * apart
                above[channel] += _above(value)
                lowest[channel] = _low(lowest[channel], value)
                rises = value > highest[channel]
                highest[channel] = value if rises else highest[channel]
                where[channel] = place if rises else where[channel]
        for channel in range(start, stop):
            unit = int(where[channel])
            while unit < units - 1 and here[unit, channel] != highest[channel]:
                unit += 1
            where[channel] = np.float32(unit)
