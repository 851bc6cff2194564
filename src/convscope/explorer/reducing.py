"""Maps reduced to tiles."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

__all__ = ["reduced", "reduced_size"]


def reduced_size(height: int, width: int, tile: int) -> tuple[int, int]:
    """Give the size of a map that is brought to fit a square tile; never larger than it is."""
    factor = max(height, width) / tile
    if factor <= 1:
        return height, width
    return max(1, round(height / factor)), max(1, round(width / factor))


def reduced(maps: np.ndarray, tile: int, finite: np.ndarray) -> np.ndarray:
    """Bring maps to fit a square tile by means over areas.

    Every unit counts by how much of it lies in the area.

    Parameters
    ----------
    maps : numpy.ndarray
        ``(channel, y, x)``, float32, in any order in memory.
    tile : int
        Rows and columns at most.
    finite : numpy.ndarray
        ``(channel,)``, bool: whether all values of a map are finite. Of the others an area is not
        a number where one of its units is not.

    Returns
    -------
    numpy.ndarray
        ``(channel, y, x)``, float32; the maps themselves where they fit.
    """
    _, height, width = maps.shape
    size = reduced_size(height, width, tile)
    if size == (height, width):
        return maps
    rows, columns = _areas(height, size[0]), _areas(width, size[1])
    last = np.moveaxis(maps, 0, -1)
    with np.errstate(all="ignore"):
        if last.flags.c_contiguous:
            # Many small products: BLAS spreads large ones over all processors, and waits for them
            # longer than it works where these have something else to do.
            down = np.matmul(rows, last.transpose(1, 0, 2))
            small = np.matmul(columns, down.transpose(1, 0, 2)).transpose(2, 0, 1)
        else:
            small = np.matmul(rows, np.matmul(maps, columns.T))
        odd = np.flatnonzero(~finite)
        if len(odd):
            small = small.copy()
            small[odd] = _of_odd(maps[odd], rows, columns)
    return np.asarray(small)


@lru_cache(maxsize=256)
def _areas(size: int, count: int) -> np.ndarray:
    """Give the share that each unit has in each area, ``(area, unit)``; every row adds up to 1."""
    edges = np.linspace(0, size, count + 1)
    units = np.arange(size)
    inside = np.minimum(edges[1:, None], units + 1) - np.maximum(edges[:-1, None], units)
    return np.asarray(np.maximum(inside, 0) * count / size, np.float32)


def _of_odd(maps: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Reduce maps that hold NaN or infinite values, so that these stay in their own areas."""
    small = rows @ (np.where(np.isfinite(maps), maps, 0) @ columns.T)
    touched = [(share > 0).astype(np.float32) for share in (rows, columns)]
    for kind in (np.inf, -np.inf):
        small[touched[0] @ (maps == kind).astype(np.float32) @ touched[1].T > 0] += kind
    small[touched[0] @ np.isnan(maps).astype(np.float32) @ touched[1].T > 0] = np.nan
    return np.asarray(small)
