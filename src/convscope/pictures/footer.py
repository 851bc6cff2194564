"""What stands beneath the tiles: the colour bar, and what the marks mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from convscope.pictures.blanks import hatch
from convscope.pictures.colormap import LEVELS, Place
from convscope.pictures.text import number, write, written

__all__ = ["ColourBar", "colour_bar", "footer"]

Bytes = NDArray[np.uint8]

_LINE = 15
_MARGIN = 8
_BETWEEN = 18
_BAR = (160, 10)
_ROOM = 4
_STEPS = np.rint(np.linspace(0, LEVELS - 1, _BAR[0] - 2)).astype(np.uint8)


@dataclass(frozen=True)
class ColourBar:
    """What a colour bar says.

    Attributes
    ----------
    ends : (float, float) or None
        What its ends stand for, where one span holds for every tile.
    low, high, middle : str
        What is written at its ends, and at `zero`; ``middle`` may be empty.
    zero : float
        Where along the bar ``middle`` stands, 0..1.
    words : str
        Which tiles it is true for.
    """

    ends: tuple[float, float] | None
    low: str
    high: str
    middle: str
    zero: float
    words: str


def colour_bar(
    scale: str, signed: bool, ends: tuple[float, float] | None, *, one: bool = False
) -> ColourBar:
    """Say what a colour bar must say to be true for every tile.

    Parameters
    ----------
    scale : str
        The name of the scale.
    signed : bool
        Whether zero is in the middle.
    ends : (float, float) or None
        The span, where all tiles have the same.
    one : bool
        Whether there is a single tile, whose span is then everybody's.
    """
    if ends is not None:
        low, high = ends
        zero = -low / (high - low) if high > low else 0.0
        middle = "0" if 0.12 < zero < 0.88 else ""
        words = {
            "channel": "this map's min..max",
            "sigma": "mean ± 2 sd of this map",
            "layer": "one scale for all maps",
            "shared": "one scale for all pictures",
            "robust": "1st..99th percentile",
            "fixed": "fixed scale",
        }.get(scale, scale)
        if one and scale == "layer":
            words = "min..max"
        if signed and scale != "fixed":
            words = "this map" if scale == "channel" else words
            words += ": ± its larger end" if scale == "channel" else ", ± the larger end"
        return ColourBar(ends, number(low), number(high), middle, zero, words)
    if scale == "sigma":
        return ColourBar(None, "-2 sd", "+2 sd", "mean", 0.5, "mean ± 2 sd of each map")
    if signed:
        return ColourBar(None, "-end", "+end", "0", 0.5, "each map: ± its larger end")
    return ColourBar(None, "min", "max", "", 0.0, "each map's own min..max")


def footer(
    title: str,
    bar: ColourBar,
    counts: Sequence[tuple[str, int]],
    odd: tuple[int, int],
    width: int,
) -> Bytes:
    """Draw the footer of a picture.

    Parameters
    ----------
    title : str
        What is shown; may be empty.
    bar : ColourBar
        Its colour bar.
    counts : sequence of (str, int)
        How many maps are blank, for each word that occurs.
    odd : (int, int)
        How many units are not a number, and how many are infinite.
    width : int
        Width of the tiles in pixels; the footer may be wider, if one of its parts is.

    Returns
    -------
    ndarray of uint8, (y, x)
        Palette places.
    """
    items = [_line(title)] if title else []
    items.append(_drawn_bar(bar))
    items += [_entry(hatch(word, 11, 16), f"{count} {word}") for word, count in counts]
    for count, place, one, many in (
        (odd[0], Place.NAN, "unit is not a number", "units are not a number"),
        (odd[1], Place.INFINITE, "unit is infinite", "units are infinite"),
    ):
        if count:
            swatch = np.full((11, 16), place, np.uint8)
            items.append(_entry(swatch, f"{count:,} {one if count == 1 else many}"))
    return _flow(items, width)


def _flow(items: Sequence[Bytes], width: int) -> Bytes:
    width = max(width, 2 * _MARGIN + max(item.shape[1] for item in items))
    rows: list[list[tuple[int, Bytes]]] = [[]]
    left = _MARGIN
    for item in items:
        if rows[-1] and left + item.shape[1] > width - _MARGIN:
            rows.append([])
            left = _MARGIN
        rows[-1].append((left, item))
        left += item.shape[1] + _BETWEEN
    heights = [max(item.shape[0] for _, item in row) for row in rows]
    drawn = _paper(2 * _MARGIN + sum(heights) + _ROOM * (len(rows) - 1), width)
    top = _MARGIN
    for row, height in zip(rows, heights, strict=True):
        for left, item in row:
            drawn[top : top + item.shape[0], left : left + item.shape[1]] = item
        top += height + _ROOM
    return drawn


def _paper(height: int, width: int) -> Bytes:
    return np.full((height, width), Place.PAPER, np.uint8)


def _line(words: str) -> Bytes:
    drawn = written(words)
    item = _paper(_LINE, drawn.shape[1])
    write(item, drawn, 0, 0)
    return item


def _entry(swatch: Bytes, words: str) -> Bytes:
    drawn = written(words)
    item = _paper(_LINE, 16 + 6 + drawn.shape[1])
    item[2:13, :16] = Place.FRAME
    item[3:12, 1:15] = swatch[1:10, 1:15]
    write(item, drawn, 0, 22)
    return item


@lru_cache(maxsize=64)
def _drawn_bar(bar: ColourBar) -> Bytes:
    width, height = _BAR
    words = written(bar.words, soft=True)
    item = _paper(height + 3 + _LINE, width + 8 + words.shape[1])
    item[2 : 2 + height, :width] = Place.FRAME
    item[3 : 1 + height, 1 : width - 1] = _STEPS
    low, high, middle = (written(label, 11) for label in (bar.low, bar.high, bar.middle or " "))
    write(item, low, height + 3, 0)
    write(item, high, height + 3, width - high.shape[1])
    if bar.middle:
        at = round(bar.zero * (width - 1))
        left = at - middle.shape[1] // 2
        free = left > low.shape[1] + 3 and left + middle.shape[1] < width - high.shape[1] - 3
        if free:
            item[2 + height : 4 + height, at] = Place.INK_SOFT
            write(item, middle, height + 3, left)
    write(item, words, 0, width + 8)
    return item
