"""How a blank map is marked: with its word where that fits, else with the word's hatch."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from convscope.pictures.colormap import Place
from convscope.pictures.text import write, written

__all__ = ["WORDS", "hatch", "marked_tile"]

WORDS = (
    "active",
    "zero here",
    "silent",
    "dead",
    "constant",
    "saturated",
    "muted",
    "not a number",
)
"""Every word that may stand for a map that shows nothing: diagnoses, and ``muted``."""

_INKS = {
    "zero here": Place.ZERO,
    "silent": Place.SILENT,
    "dead": Place.DEAD,
    "constant": Place.CONSTANT,
    "saturated": Place.SATURATED,
    "muted": Place.MUTED,
}
_SIZES = (16, 14, 12, 11, 10)
_MARGIN = 2


def hatch(word: str, height: int, width: int) -> NDArray[np.uint8]:
    """Fill a rectangle with the hatch of a word.

    Parameters
    ----------
    word : str
        One of `WORDS`; an unknown one is hatched as "constant".
    height, width : int
        In pixels.

    Returns
    -------
    ndarray of uint8, (y, x)
        Palette places. The first pixel always holds the word's own colour, so that even a map of
        one pixel is told apart.
    """
    y, x = np.ogrid[:height, :width]
    if word == "not a number":
        return np.full((height, width), Place.NAN, np.uint8)
    ink = _INKS.get(word, Place.CONSTANT)
    if word == "zero here":
        drawn = (x + y) % 6 < 2
    elif word == "silent":
        drawn = (x % 4 < 2) & (y % 4 < 2)
    elif word == "dead":
        drawn = ((x + y) % 6 == 0) | ((x - y) % 6 == 0)
    elif word == "saturated":
        drawn = (x % 4 < 2) & (y >= 0)
    elif word == "muted":
        drawn = (x - y) % 6 < 2
    else:
        drawn = (y % 4 < 2) & (x >= 0)
    return np.where(drawn, np.uint8(ink), np.uint8(Place.BLANK))


@lru_cache(maxsize=256)
def marked_tile(word: str, height: int, width: int) -> NDArray[np.uint8]:
    """Draw the tile of a blank map.

    Parameters
    ----------
    word : str
        Why it is blank.
    height, width : int
        Of the tile, in pixels of the picture.

    Returns
    -------
    ndarray of uint8, (y, x)
        The word in the middle of a plain ground where it fits, else the word's hatch. Not
        writeable.
    """
    for size in _SIZES:
        drawn = written(word, size)
        rows, columns = drawn.shape
        if (
            columns + 2 * _MARGIN <= width
            and rows + 2 * _MARGIN <= height
            and (size <= max(_SIZES[-1], width // 7))
        ):
            tile = np.full((height, width), _ground(word), np.uint8)
            write(tile, drawn, (height - rows) // 2, (width - columns) // 2)
            break
    else:
        tile = hatch(word, height, width)
    tile.flags.writeable = False
    return tile


def _ground(word: str) -> Place:
    return Place.NAN if word == "not a number" else Place.BLANK
