"""Words in a palette picture, in Pillow's own font."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from convscope.pictures.colormap import Place

__all__ = ["number", "write", "written"]

# Coverage of a pixel by a letter, in four steps; 0 leaves what lies beneath.
_INKS = np.array([0, Place.INK_FAINT, Place.INK_SOFT, Place.INK], np.uint8)
_KNOWN = str.maketrans({"×": "x", "–": "-", "−": "-", "…": "...", "\n": " "})
_SOFT_INKS = np.array([0, Place.INK_FAINT, Place.INK_SOFT, Place.INK_SOFT], np.uint8)


def number(value: float) -> str:
    """Write a number for the end of a colour bar: three significant digits."""
    text = f"{value:.3g}"
    return "0" if text in ("0", "-0") else text


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    try:
        return ImageFont.load_default(size)
    except (ImportError, OSError):  # a Pillow without FreeType has one small font
        return ImageFont.load_default()


@lru_cache(maxsize=1024)
def written(words: str, size: int = 12, *, soft: bool = False) -> NDArray[np.uint8]:
    """Draw a line of text.

    Parameters
    ----------
    words : str
        The text.
    size : int
        Pixels from top to bottom of the line, about.
    soft : bool
        Grey instead of dark.

    Returns
    -------
    ndarray of uint8, (y, x)
        Places of the inks; 0 where there is no ink. All lines of one size are equally high, so
        that their feet stand on one line. Not writeable.
    """
    font = _font(size)
    parts = words.translate(_KNOWN).split(" ")
    lengths = [int(np.ceil(font.getlength(part))) for part in parts]
    # The font's own space is too narrow to see at these sizes.
    space = max(4, round(size * 0.34))
    canvas = Image.new("L", (max(1, sum(lengths) + space * (len(parts) - 1) + 1), size + 3))
    draw = ImageDraw.Draw(canvas)
    left = 0
    for part, length in zip(parts, lengths, strict=True):
        if isinstance(font, ImageFont.FreeTypeFont):
            draw.text((left, size - 1), part, fill=255, font=font, anchor="ls")
        else:
            draw.text((left, 0), part, fill=255, font=font)
        left += length + space
    coverage = np.digitize(np.asarray(canvas), (40, 105, 175))
    drawn: NDArray[np.uint8] = (_SOFT_INKS if soft else _INKS)[coverage]
    drawn.flags.writeable = False
    return drawn


def write(target: NDArray[np.uint8], drawn: NDArray[np.uint8], top: int, left: int) -> None:
    """Put a line of text on a picture; what sticks out is cut off."""
    part = target[top : top + drawn.shape[0], left : left + drawn.shape[1]]
    ink = drawn[: part.shape[0], : part.shape[1]]
    np.copyto(part, ink, where=ink > 0)
