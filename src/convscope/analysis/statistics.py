"""Numbers that sum up the maps of a layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Extent", "extent"]


@dataclass(frozen=True, eq=False)
class Extent:
    """The smallest and largest value of every map.

    Attributes
    ----------
    low, high : numpy.ndarray
        ``(channel,)``, float32. NaN where a map holds a NaN: nothing is skipped.
    """

    low: np.ndarray
    high: np.ndarray


def extent(values: np.ndarray) -> Extent:
    """Find the smallest and largest value of every map.

    Parameters
    ----------
    values : numpy.ndarray
        ``(channel, ...)`` of one image, in any order in memory.
    """
    with np.errstate(invalid="ignore"):
        last = np.moveaxis(values, 0, -1)
        if last.flags.c_contiguous and values.ndim > 1:
            # NumPy reduces one long axis several times faster than three short ones.
            flat = last.reshape(-1, len(values))
            return Extent(flat.min(axis=0), flat.max(axis=0))
        axes = tuple(range(1, values.ndim))
        return Extent(values.min(axis=axes), values.max(axis=axes))
