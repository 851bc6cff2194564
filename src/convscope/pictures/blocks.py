"""Blocks: pictures of one size side by side, each under its title, drawn pixel by pixel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convscope.errors import SelectionError
from convscope.pictures.colormap import LEVELS, Place, full_palette
from convscope.pictures.drawing import DPI, Drawing
from convscope.pictures.footer import ColourBar
from convscope.pictures.sheet import BAR_HEIGHT, BAR_WIDTH, MARGIN, TITLE, Sheet, text_width
from convscope.pictures.tiling import near_square

__all__ = ["blocks", "coloured", "kernel_blocks"]

Bytes = NDArray[np.uint8]

_PAPER = 255
_WIDEST = 9.0
_ABOVE, _BETWEEN = 0.19, 0.1
_NARROWEST = 4.2


def coloured(values: ArrayLike, largest: float) -> Bytes:
    """Colour the kernels over red, green and blue: grey is zero, ± `largest` the ends.

    Parameters
    ----------
    values : array, (channel, 3, y, x)
    largest : float

    Returns
    -------
    ndarray of uint8, (channel, y, x, 3)
    """
    shares = np.asarray(values, np.float32) / (largest or 1.0)
    known = np.isfinite(shares).all(axis=1)
    levels = np.clip(np.rint(127.5 + 127.5 * np.nan_to_num(shares)), 0, 255)
    pixels = np.ascontiguousarray(np.moveaxis(levels, 1, -1).astype(np.uint8))
    pixels[~known] = full_palette("gray")[Place.NAN]
    return pixels


def kernel_blocks(values: ArrayLike, largest: float, colormap: str, *, columns: int = 0) -> Bytes:
    """Draw all kernels of each channel as one block, one kernel an input.

    Parameters
    ----------
    values : array, (channel, input, y, x)
    largest : float
        What the ends of the colours stand for: zero is in the middle.
    colormap : str
    columns : int
        Kernels in a row of a block; by default as many as make it nearly square.

    Returns
    -------
    ndarray of uint8, (channel, y, x, 3)
        One weight is one pixel. A pixel of paper lies between kernels, unless each is a single
        weight.
    """
    array = np.asarray(values, np.float32)
    channels, inputs, height, width = array.shape
    gap = 0 if height == width == 1 else 1
    columns = columns or near_square(inputs, height + gap, width + gap)
    columns = min(columns, inputs)
    rows = -(-inputs // columns)
    palette = full_palette(colormap)
    shares = np.clip(np.nan_to_num(array / (largest or 1.0)), -1, 1)
    places = np.rint((shares + 1) / 2 * (LEVELS - 1)).astype(np.intp)
    colours = palette[np.where(np.isfinite(array), places, Place.NAN)]
    shape = (channels, rows * columns, height + gap, width + gap, 3)
    tiles = np.full(shape, _PAPER, np.uint8)
    tiles[:, :inputs, :height, :width] = colours
    tiles = tiles.reshape(channels, rows, columns, *shape[2:]).transpose(0, 1, 3, 2, 4, 5)
    whole = tiles.reshape(channels, rows * shape[2], columns * shape[3], 3)
    return np.ascontiguousarray(whole[:, : whole.shape[1] - gap, : whole.shape[2] - gap])


def blocks(
    pixels: Bytes,
    titles: Sequence[str],
    *,
    zoom: int = 1,
    title: str = "",
    note: str = "",
    bar: ColourBar | None = None,
    colormap: str = "gray",
    provenance: Mapping[str, Any] | None = None,
) -> Drawing:
    """Draw pictures of one size side by side.

    Parameters
    ----------
    pixels : ndarray of uint8, (picture, y, x, 3) or (picture, y, x, 1)
    titles : sequence of str
        Written above each.
    zoom : int
        Pixels of the file, at its own resolution, for each of the picture.
    title, note : str
        Written above everything, and beneath it.
    bar : ColourBar, optional
        Drawn beneath, in the colours of `colormap`.
    provenance : mapping, optional
        Where the pictures came from.

    Raises
    ------
    SelectionError
        When there is no picture, or the titles are not one a picture.
    """
    if len(pixels) == 0 or len(titles) != len(pixels):
        raise SelectionError(f"{len(titles)} titles for {len(pixels)} pictures: give one for each")
    tall, wide = (size * zoom / DPI for size in pixels.shape[1:3])
    step = max(wide, 0.35) + _BETWEEN
    columns = near_square(len(pixels), tall + _ABOVE, step)
    columns = max(1, min(columns, int(_WIDEST // step) or 1, len(pixels)))
    rows = -(-len(pixels) // columns)
    top = MARGIN + (TITLE if title else 0.0)
    below = top + rows * (tall + _ABOVE + _BETWEEN)
    needed = [text_width(title, 10), text_width(note, 8), columns * step]
    if bar is not None:
        needed.append(BAR_WIDTH + 0.1 + text_width(bar.words, 8))
    width = max(_NARROWEST, 2 * MARGIN + max(needed))
    height = below + (BAR_HEIGHT if bar is not None else 0.0) + (0.25 if note else 0.0)
    sheet = Sheet(width, height, colormap)
    for place, picture in enumerate(np.broadcast_to(pixels, (*pixels.shape[:3], 3))):
        row, column = divmod(place, columns)
        left, upper = MARGIN + column * step, top + row * (tall + _ABOVE + _BETWEEN) + _ABOVE
        sheet.picture(picture, (left, upper, wide, tall))
        sheet.fitted(titles[place], left + wide / 2, upper - 0.09, step, 7)
    if title:
        sheet.words(title, MARGIN, MARGIN + 0.08, 10)
    if bar is not None:
        sheet.bar(bar, MARGIN, below, BAR_WIDTH)
    if note:
        sheet.words(note, MARGIN, height - 0.17, 8)
    return Drawing(sheet.figure, dict(provenance or {}))
