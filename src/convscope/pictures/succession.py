"""Succession: pictures of one thing, one after the other in a GIF, or side by side in a PNG."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from convscope.pictures import png
from convscope.pictures.colormap import Place
from convscope.pictures.footer import footer
from convscope.pictures.picture import Picture
from convscope.pictures.text import write, written

__all__ = ["animation", "strip"]

Bytes = NDArray[np.uint8]

_SHORTEST, _LONGEST, _WHOLE, _AT_THE_END = 40, 400, 10_000, 1_500
_LINE = 17
_BETWEEN = 12


def animation(pictures: Callable[[], Iterator[Picture]], count: int) -> bytes:
    """Encode pictures as a GIF that repeats, about ten seconds long, or shorter.

    Parameters
    ----------
    pictures : callable
        Gives the pictures, all in one colormap, each time that it is called: they are gone through
        twice and never kept, since a film may be long.
    count : int
        How many there are.

    Returns
    -------
    bytes
        Every frame with its footer; frames are as large as the largest.
    """
    sizes = [picture.places().shape for picture in pictures()]
    height, width = (max(size[axis] for size in sizes) for axis in (0, 1))
    each = min(_LONGEST, max(_SHORTEST, _WHOLE // count))
    # Browsers count in hundredths of a second.
    durations = [each // 10 * 10] * (count - 1) + [_AT_THE_END]
    frames = (_framed(picture, height, width) for picture in pictures())
    stream = io.BytesIO()
    next(frames).save(
        stream,
        "GIF",
        save_all=True,
        append_images=frames,
        duration=durations,
        loop=0,
        optimize=False,
    )
    return stream.getvalue()


def strip(pictures: Sequence[Picture], captions: Sequence[Sequence[str]]) -> bytes:
    """Encode pictures side by side as a palette PNG, with one colour bar for all.

    Parameters
    ----------
    pictures : sequence of Picture
        On one scale, in one colormap. The title is that of the first.
    captions : sequence of sequence of str
        Lines written above each of them.

    Returns
    -------
    bytes
        With provenance inside.
    """
    blocks = [
        _captioned(picture.tile_places(), lines)
        for picture, lines in zip(pictures, captions, strict=True)
    ]
    height = max(block.shape[0] for block in blocks)
    width = sum(block.shape[1] for block in blocks) + _BETWEEN * (len(blocks) - 1)
    first = pictures[0]
    below = footer(first.title, first.bar, (), (0, 0), width)
    rows = png.blank_rows(height + below.shape[0], below.shape[1], reuse=False)
    sheet = png.pixels_of(rows)
    sheet[:] = Place.PAPER
    left = 0
    for block in blocks:
        sheet[: block.shape[0], left : left + block.shape[1]] = block
        left += block.shape[1] + _BETWEEN
    sheet[height:] = below
    said = {**first.full_provenance(), "frames": [" ".join(lines) for lines in captions]}
    return png.encode(rows, first.palette, {png.KEYWORD: png.provenance_text(said)})


def _framed(picture: Picture, height: int, width: int) -> Image.Image:
    """Give a picture with paper to the right and below."""
    drawn = np.full((height, width), Place.PAPER, np.uint8)
    places = picture.places()
    drawn[: places.shape[0], : places.shape[1]] = places
    image = Image.fromarray(drawn, "L")
    image.putpalette(picture.palette.tobytes(), "RGB")
    return image


def _captioned(tiles: Bytes, lines: Sequence[str]) -> Bytes:
    words = [written(line) for line in lines]
    above = _LINE * len(words) + 3
    width = max(tiles.shape[1], *(line.shape[1] + 2 for line in words))
    block = np.full((above + tiles.shape[0], width), Place.PAPER, np.uint8)
    for place, line in enumerate(words):
        write(block, line, place * _LINE + 1, 2)
    block[above:, : tiles.shape[1]] = tiles
    return block
