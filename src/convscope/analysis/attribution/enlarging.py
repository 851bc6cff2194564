"""Maps brought to the size of the input."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

__all__ = ["enlarged"]


def enlarged(maps: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Bring maps to another size by bilinear interpolation.

    The map is stretched over the whole picture: the centres of its units lie at equal distances,
    half a distance from the edges, and beyond the outermost centres the value stays what it is
    there (what OpenCV, PyTorch with ``align_corners=False`` and jax do when they enlarge). A layer
    with unpadded convolutions sees a little less than that of the edges.

    Parameters
    ----------
    maps : numpy.ndarray
        ``(..., y, x)``.
    size : (int, int)
        Height and width wanted.

    Returns
    -------
    numpy.ndarray
        ``(..., y, x)``, float32.
    """
    rows = _between(np.asarray(maps, np.float32), -2, size[0])
    return _between(rows, -1, size[1])


def _between(maps: np.ndarray, axis: int, wanted: int) -> np.ndarray:
    # Not as a product of matrices: the threads of BLAS and of a framework get in each other's way.
    before, after, share = _places(maps.shape[axis], wanted)
    share = share if axis == -1 else share[:, None]
    first, second = maps.take(before, axis=axis), maps.take(after, axis=axis)
    return np.asarray(first + share * (second - first))


@lru_cache(maxsize=64)
def _places(given: int, wanted: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give the units before and after every pixel of a row, and the share of the one after."""
    at = np.clip((np.arange(wanted) + 0.5) * given / wanted - 0.5, 0, given - 1)
    before = np.floor(at).astype(int)
    after = np.minimum(before + 1, given - 1)
    return before, after, (at - before).astype(np.float32)
