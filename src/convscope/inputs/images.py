"""One image: its pixels, what it is called and, where known, its class."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

from convscope.errors import InputError
from convscope.inputs.decoding import decode_file, decode_picture
from convscope.inputs.pixels import CHANNELS, array_of, over_white, to_255

__all__ = ["Image", "read_image"]

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


@dataclass(frozen=True, eq=False)
class Image:
    """One image, not yet prepared for a network.

    Attributes
    ----------
    pixels : numpy.ndarray
        ``(y, x, channel)``, one channel (grey) or three (RGB). Uint8 in 0..255, or float32 in
        0..255 where the source is finer than 8 bits (16-bit, floating point).
    name : str
        A file's name, ``fashion_mnist:23`` for an image of a dataset, else ``image 0``.
    label : int or None
        Index of its class.
    class_name : str
        Name of its class in the dataset that it comes from; empty where that is not known.
    """

    pixels: np.ndarray
    name: str
    label: int | None = None
    class_name: str = ""

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.pixels.shape[0], self.pixels.shape[1]


def read_image(source: Any, name: str | None = None, label: int | None = None) -> Image:
    """Read one image.

    Parameters
    ----------
    source : str, pathlib.Path, PIL.Image.Image or array
        A file (PNG, JPEG, WebP, BMP, TIFF, first frame of a GIF), a Pillow picture, or an array
        ``(y, x)``, ``(y, x, 1)``, ``(y, x, 3)`` or ``(y, x, 4)``: bool, uint8, uint16 (0..65535),
        other integers (0..255), floating point (0..1; 0..255 with a warning).
    name : str, optional
        What to call it; without it, the file's name, or ``image 0``.
    label : int, optional
        Index of its class.

    Raises
    ------
    InputError
        When it cannot be read as an image.
    """
    if isinstance(source, str | Path):
        path = local_path(source)
        return Image(decode_file(path), path.name if name is None else name, label)
    if isinstance(source, PIL.Image.Image):
        return Image(_decode(source), name or picture_name(source) or "image 0", label)
    array = array_of(source)
    if array.ndim == 4 or (array.ndim == 3 and array.shape[2] not in CHANNELS):
        raise InputError(
            f"an array of shape {array.shape} is not one image: give (y, x), (y, x, 1), (y, x, 3) "
            "or (y, x, 4)"
        )
    if array.ndim == 2:
        array = array[:, :, np.newaxis]
    return Image(over_white(to_255(array)), name or "image 0", label)


def local_path(source: str | Path) -> Path:
    """Give the path that was meant, with ``~`` filled in.

    Raises
    ------
    InputError
        When it is a URL or nothing at all.
    """
    text = str(source)
    # A Path has folded the two slashes of a URL into one.
    if _URL.match(text) or re.match(r"(?:https?|ftp|s3|gs|file):/", text, re.IGNORECASE):
        raise InputError(f"{text!r} is a URL; URLs are not fetched: download the file first")
    if not text.strip():
        raise InputError("an empty name was given for an image: give a file or DATASET:INDEX")
    try:
        return Path(source).expanduser()
    except RuntimeError:
        # A home that is not known: let the path as it is not be found.
        return Path(source)


def is_there(path: Path) -> bool:
    """Tell whether a path exists; one that no file can have does not."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def picture_name(picture: PIL.Image.Image) -> str | None:
    """Give the name of the file that a Pillow picture came from, where there is one."""
    filename = getattr(picture, "filename", "")
    return Path(str(filename)).name or None


def _decode(picture: PIL.Image.Image) -> np.ndarray:
    try:
        return decode_picture(picture)
    except InputError:
        raise
    except Exception as error:
        # Pillow reads its file only now, and a closed or damaged one can raise almost anything.
        reason = " ".join(str(error).split()) or "its file is closed or damaged"
        raise InputError(
            f"a Pillow picture cannot be decoded ({reason}): give one whose file is whole and open"
        ) from error
