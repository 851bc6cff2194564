"""Levels to colours: 240 places for values, 16 for everything that is not a value.

The colormaps named in `CARRIED` come with the package; any other name is asked of matplotlib, which
is imported for that alone.
"""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convscope.arguments import text
from convscope.errors import SelectionError, near

__all__ = ["CARRIED", "LEVELS", "Place", "full_palette", "palette"]

LEVELS = 240
"""How many places of a palette hold values: levels 0..239."""

CARRIED = ("viridis", "inferno", "magma", "plasma", "cividis", "gray", "RdBu", "paper")
"""The colormaps that need no matplotlib; each also reversed, with ``_r`` behind its name."""

_FILE = Path(__file__).with_name("colormaps.npz")


class Place(IntEnum):
    """The palette places 240..255, which never hold a value."""

    GAP = 240
    NAN = 241
    INFINITE = 242
    BLANK = 243
    ZERO = 244
    SILENT = 245
    DEAD = 246
    CONSTANT = 247
    SATURATED = 248
    MUTED = 249
    PINNED = 250
    PAPER = 251
    INK = 252
    INK_SOFT = 253
    INK_FAINT = 254
    FRAME = 255


_RESERVED: dict[Place, tuple[int, int, int]] = {
    Place.GAP: (255, 255, 255),
    Place.NAN: (255, 0, 200),
    Place.INFINITE: (255, 122, 0),
    Place.BLANK: (238, 241, 243),
    Place.ZERO: (196, 205, 211),
    Place.SILENT: (150, 176, 196),
    Place.DEAD: (120, 126, 132),
    Place.CONSTANT: (205, 178, 120),
    Place.SATURATED: (214, 132, 110),
    Place.MUTED: (170, 170, 170),
    Place.PINNED: (240, 160, 0),
    Place.PAPER: (255, 255, 255),
    Place.INK: (38, 46, 54),
    Place.INK_SOFT: (110, 118, 126),
    Place.INK_FAINT: (190, 196, 201),
    Place.FRAME: (176, 184, 190),
}

# White parts the tiles, except beside colours that are near to white themselves.
_GAPS = ((255, 255, 255), (196, 203, 209))
_VISIBLE = 60.0


def palette(name: str) -> NDArray[np.uint8]:
    """Give the 240 colours of a colormap.

    Parameters
    ----------
    name : str
        One of `CARRIED`, or any colormap of matplotlib; with ``_r`` behind it, reversed.

    Returns
    -------
    ndarray of uint8, (level, 3)
        Red, green and blue 0..255 of the levels 0..239. Not writeable.

    Raises
    ------
    SelectionError
        When no colormap has this name.
    """
    return _palette(text(name, "colormap"))


@lru_cache(maxsize=64)
def _palette(name: str) -> NDArray[np.uint8]:
    base = name.removesuffix("_r")
    if base in CARRIED:
        with np.load(_FILE) as stored:
            colours = np.ascontiguousarray(stored[base], dtype=np.uint8)
        if name != base:
            colours = colours[::-1].copy()
    else:
        colours = _from_matplotlib(name)
    colours.flags.writeable = False
    return colours


def _from_matplotlib(name: str) -> NDArray[np.uint8]:
    import matplotlib

    known = list(matplotlib.colormaps)
    if name not in known:
        choices = [*CARRIED, *(each for each in known if each not in CARRIED)]
        raise SelectionError(f"no colormap {name!r}: {near(name, choices)}")
    sampled = matplotlib.colormaps[name](np.linspace(0, 1, LEVELS), bytes=True)
    return np.array(sampled[:, :3], dtype=np.uint8)


def full_palette(name: str) -> NDArray[np.uint8]:
    """Give all 256 colours of a picture: the levels of a colormap, then the reserved places.

    Parameters
    ----------
    name : str
        As for `palette`.

    Returns
    -------
    ndarray of uint8, (place, 3)
        Not writeable. The gap is white, or grey where the colormap has white at an end or in its
        middle.
    """
    return _full_palette(text(name, "colormap"))


@lru_cache(maxsize=64)
def _full_palette(name: str) -> NDArray[np.uint8]:
    colours = np.empty((256, 3), np.uint8)
    colours[:LEVELS] = palette(name)
    for place, colour in _RESERVED.items():
        colours[place] = colour
    marks = colours[[0, LEVELS // 2, LEVELS - 1]].astype(float)
    for gap in _GAPS:
        colours[Place.GAP] = gap
        if np.linalg.norm(marks - gap, axis=1).min() >= _VISIBLE:
            break
    colours.flags.writeable = False
    return colours
