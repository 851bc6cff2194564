"""Images added to what is kept of every channel, by code that numba compiles.

One figure a loop, channel after channel: so LLVM finds vectors for each.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, types

from convscope.surveys.grid import BINS, FIRST, SIDE

__all__ = ["add_images", "admit", "find_bins"]

_OPTIONS: dict[str, Any] = {"nogil": True, "cache": True, "error_model": "numpy"}
_ONE = np.uint32(1)
_MAGNITUDE, _MANTISSA = np.int32(0x7FFFFFFF), np.int32(21)
_FIRST, _SIDE, _BINS = np.int32(FIRST), np.int32(SIDE), np.int32(BINS)


@njit(**_OPTIONS)
def _add(kept, given):  # type: ignore[no-untyped-def]
    for channel in range(kept.shape[0]):
        kept[channel] += np.float64(given[channel])


@njit(**_OPTIONS)
def _add_squares(kept, given):  # type: ignore[no-untyped-def]
    for channel in range(kept.shape[0]):
        kept[channel] += given[channel] * given[channel]


@njit(**_OPTIONS)
def _add_counts(kept, given):  # type: ignore[no-untyped-def]
    for channel in range(kept.shape[0]):
        kept[channel] += np.int64(np.int32(given[channel]))


@njit(**_OPTIONS)
def _add_fired(kept, lowest, highest):  # type: ignore[no-untyped-def]
    for channel in range(kept.shape[0]):
        kept[channel] += np.int64((lowest[channel] != 0) | (highest[channel] != 0))


@njit(**_OPTIONS)
def _lower(kept, given):  # type: ignore[no-untyped-def]
    # What is not a number stays.
    for channel in range(kept.shape[0]):
        one, other = given[channel], kept[channel]
        kept[channel] = one if (one < other) | np.isnan(one) else other


@njit(**_OPTIONS)
def _raise(kept, given):  # type: ignore[no-untyped-def]
    for channel in range(kept.shape[0]):
        one, other = given[channel], kept[channel]
        kept[channel] = one if (one > other) | np.isnan(one) else other


@njit(**_OPTIONS)
def _divide(beside, total, units):  # type: ignore[no-untyped-def]
    for channel in range(beside.shape[0]):
        beside[channel] = np.float64(total[channel]) / units[channel]


@njit(**_OPTIONS)
def _shift_back(mean, beside, shift):  # type: ignore[no-untyped-def]
    for channel in range(mean.shape[0]):
        mean[channel] = np.float32(shift[channel] + beside[channel])


@njit(**_OPTIONS)
def find_bins(bins, values, bits):  # type: ignore[no-untyped-def]
    """Find the bins of float32 values ``(channel,)``; `BINS` for what is not a number.

    A bin is read off the exponent of a float and the first two bits of its mantissa, so that no
    bounds have to be known before and counts of different passes add up exactly.

    Parameters
    ----------
    bins : numpy.ndarray
        ``(channel,)``, int32: filled.
    values, bits : numpy.ndarray
        ``(channel,)``, float32, and the same memory as int32.
    """
    for channel in range(bins.shape[0]):
        place = ((bits[channel] & _MAGNITUDE) >> _MANTISSA) - (_FIRST - np.int32(1))
        place = min(max(place, np.int32(0)), _SIDE)
        place = _SIDE + (-place if bits[channel] < 0 else place)
        bins[channel] = place if values[channel] == values[channel] else _BINS


@njit(**_OPTIONS)
def _count(histogram, bins):  # type: ignore[no-untyped-def]
    for channel in range(bins.shape[0]):
        histogram[channel, bins[channel]] += _ONE


_WHOLE = types.int64[:, ::1]
_SUMS = types.float64[:, ::1]
_ENDS = types.float32[:, ::1]


@njit(
    types.void(
        types.Array(types.float32, 3, "C", readonly=True),
        types.int64[::1],
        *(types.Array(types.float64, 1, "C", readonly=True),) * 2,
        *(_WHOLE, _WHOLE, _SUMS, _SUMS, _SUMS, _SUMS, _ENDS, _ENDS),
        *(types.uint32[:, ::1],) * 2,
        types.float32[:, ::1],
        types.int32[:, :, ::1],
    ),
    **_OPTIONS,
)
def add_images(  # type: ignore[no-untyped-def]
    rows, places, units, shift,
    positive, fired, total, square, mean, mean_square, minimum, maximum,
    peaks, means,
    single, bins,
):  # fmt: skip
    """Add images to moments and histograms, in place.

    Parameters
    ----------
    rows : numpy.ndarray
        ``(image, 6, channel)``; see `Reductions`.
    places : numpy.ndarray
        ``(image,)``: to which class of the moments each belongs.
    units, shift : numpy.ndarray
        ``(channel,)``, float64.
    positive, fired, total, square, mean, mean_square, minimum, maximum : numpy.ndarray
        ``(class, channel)``; see `Moments`.
    peaks, means : numpy.ndarray
        ``(channel, bin)``, uint32; see `Summary`.
    single : numpy.ndarray
        ``(image, channel)``: filled with the means of the images.
    bins : numpy.ndarray
        ``(2, image, channel)``: filled with the bins of peaks and means.
    """
    beside = np.empty(rows.shape[2], np.float64)
    bits = rows.view(np.int32)
    single_bits = single.view(np.int32)
    for image in range(rows.shape[0]):
        row, place = rows[image], places[image]
        _add(total[place], row[0])
        _add(square[place], row[1])
        _lower(minimum[place], row[2])
        _raise(maximum[place], row[3])
        _add_counts(positive[place], row[4])
        _add_fired(fired[place], row[2], row[3])
        _divide(beside, row[0], units)
        _add(mean[place], beside)
        _add_squares(mean_square[place], beside)
        _shift_back(single[image], beside, shift)
        find_bins(bins[0, image], row[3], bits[image, 3])
        find_bins(bins[1, image], single[image], single_bits[image])
        _count(peaks, bins[0, image])
        _count(means, bins[1, image])


@njit(
    types.void(
        types.float32[:, ::1],
        types.int64[:, ::1],
        types.int32[:, ::1],
        types.Array(types.float32, 2, "A", readonly=True),
        types.Array(types.int64, 2, "A", readonly=True),
        types.Array(types.int32, 2, "A", readonly=True),
    ),
    **_OPTIONS,
)
def admit(  # type: ignore[no-untyped-def]
    best, best_image, best_position, values, images, positions
):
    """Let images compete for places among the leaders, in place; see `Leaders`.

    Parameters
    ----------
    best, best_image, best_position : numpy.ndarray
        ``(channel, rank)``.
    values, images, positions : numpy.ndarray
        ``(image, channel)``.
    """
    last = best.shape[1] - 1
    for row in range(values.shape[0]):
        for channel in range(values.shape[1]):
            value = values[row, channel]
            # Not-a-number reaches no bar.
            if not value >= best[channel, last] or value == -np.inf:
                continue
            image = images[row, channel]
            rank = last
            if value == best[channel, rank] and image > best_image[channel, rank]:
                continue
            while rank > 0 and (
                value > best[channel, rank - 1]
                or (value == best[channel, rank - 1] and image < best_image[channel, rank - 1])
            ):
                best[channel, rank] = best[channel, rank - 1]
                best_image[channel, rank] = best_image[channel, rank - 1]
                best_position[channel, rank] = best_position[channel, rank - 1]
                rank -= 1
            best[channel, rank] = value
            best_image[channel, rank] = image
            best_position[channel, rank] = positions[row, channel]
