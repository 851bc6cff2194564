"""The grid of the histograms: four bins an octave, the same for all layers and networks."""

from __future__ import annotations

import numpy as np

__all__ = ["BINS", "EDGES", "FIRST", "SIDE"]

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
