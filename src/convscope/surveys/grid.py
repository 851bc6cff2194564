"""The grid of the histograms: four bins an octave, the same for all layers and networks."""

from __future__ import annotations

import numpy as np

__all__ = ["BINS", "EDGES", "FIRST", "SIDE", "bins_of"]

_LOWEST, _HIGHEST = -16, 16
_STEPS = 4
FIRST = (127 + _LOWEST) * _STEPS
SIDE = (_HIGHEST - _LOWEST) * _STEPS

BINS = 2 * SIDE + 1
"""Number of bins: those below zero, that of zero, those above. One more place, after these, counts
what is not a number."""


def _edges() -> np.ndarray:
    steps = np.arange(SIDE)
    above = 2.0 ** (_LOWEST + steps // _STEPS) * (1 + steps % _STEPS / _STEPS)
    return np.concatenate([[-np.inf], -above[::-1], above, [np.inf]])


EDGES = _edges()
"""``(bin + 1,)``: where the bins begin and end. The bin of zero holds what is nearer to zero than
2**-16; the outermost ones hold all that is beyond."""


def bins_of(values: np.ndarray) -> np.ndarray:
    """Find the bins of values.

    A bin is read off the exponent of a float and the first two bits of its mantissa, so that no
    bounds have to be known before and counts of different passes add up exactly.

    Parameters
    ----------
    values : numpy.ndarray
        float32, any shape.

    Returns
    -------
    numpy.ndarray
        int32, 0..257 of the same shape; 257 for not-a-number.
    """
    bits = np.ascontiguousarray(values, np.float32).view(np.int32)
    place = (bits & 0x7FFFFFFF) >> 21
    place -= FIRST - 1
    np.clip(place, 0, SIDE, out=place)
    np.negative(place, out=place, where=bits < 0)
    place += SIDE
    place[np.isnan(values)] = BINS
    return place
