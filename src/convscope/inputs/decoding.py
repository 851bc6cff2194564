"""Picture files and Pillow's pictures, decoded to pixels."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path
from typing import IO

import numpy as np
import PIL.Image
import PIL.ImageOps

from convscope.errors import InputError, near_file
from convscope.inputs.pixels import to_255

__all__ = [
    "FORMATS",
    "SUFFIXES",
    "PictureTooLargeError",
    "decode_bytes",
    "decode_file",
    "decode_picture",
    "missing_file",
]

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
"""Picture formats that are read, by Pillow's names."""

SUFFIXES = (".png", ".jpg", ".jpeg", ".jpe", ".webp", ".bmp", ".gif", ".tif", ".tiff")

# Pillow's own limit for an error: two times the 2**30 / 12 of its warning.
_LARGEST = 2 * (1024 * 1024 * 1024 // 4 // 3)
_POSSIBLE = "give a PNG, JPEG, WebP, BMP, GIF or TIFF file"
_ORIENTATION = 0x0112


class PictureTooLargeError(InputError):
    """A picture of more pixels than are read; its header says so, and nothing was decoded."""


def decode_file(path: Path) -> np.ndarray:
    """Read the pixels of a picture file.

    Returns
    -------
    numpy.ndarray
        ``(y, x, channel)`` as `decode_picture` gives them.

    Raises
    ------
    InputError
        When there is no such file, it cannot be read or decoded, or it is too large.
    """
    try:
        if path.is_dir():
            raise InputError(
                f"{str(path)!r} is a directory: give a picture in it, or, where it is a dataset, "
                "DIRECTORY:INDEX"
            )
        with path.open("rb") as file:
            return _decode(file, str(path), _LARGEST, path=str(path))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(missing_file(path)) from error
    except PermissionError as error:
        raise InputError(
            f"{str(path)!r} may not be read (permission denied): change its permissions or give "
            "another file"
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{str(path)!r} cannot be read ({reason}): {_POSSIBLE}") from error


def decode_bytes(data: bytes, name: str, *, most: int = _LARGEST) -> np.ndarray:
    """Read the pixels of a picture file that is in memory.

    Parameters
    ----------
    data : bytes
        What the file holds.
    name : str
        What to call it in errors; no file of that name is looked for.
    most : int
        How many pixels are read at most; the file's header says how many it holds.

    Returns
    -------
    numpy.ndarray
        ``(y, x, channel)`` as `decode_picture` gives them.

    Raises
    ------
    InputError
        When it cannot be decoded, or is too large.
    """
    try:
        return _decode(BytesIO(data), name, most)
    except (OSError, ValueError) as error:
        raise InputError(f"{name!r} cannot be read ({_line(error)}): {_POSSIBLE}") from error


def missing_file(path: Path) -> str:
    """Say that a file is not there, and which may be meant."""
    folder = path.parent
    if not folder.is_dir():
        return f"there is no file {str(path)!r}, nor a folder {str(folder)!r}: check the path"
    try:
        names = sorted(entry.name for entry in folder.glob("[!.]*") if entry.is_file())
    except OSError:
        names = []
    if not names:
        return f"there is no file {str(path)!r}, and no other in that folder: check the path"
    return f"there is no file {str(path)!r}: {near_file(path.name, names)}"


def _decode(file: IO[bytes], name: str, most: int, path: str = "") -> np.ndarray:
    with _identify(file, name, path) as picture:
        width, height = picture.size
        if width * height > most:
            raise PictureTooLargeError(
                f"{name!r} claims {width:,} x {height:,} pixels, more than the "
                f"{most // 10**6} million that are read: give a smaller version of it"
            )
        try:
            return decode_picture(picture)
        except InputError as error:
            raise InputError(f"{name!r}: {error}") from error
        except Exception as error:
            # A damaged file can raise almost anything inside the decoders.
            raise InputError(
                f"{name!r} is a {picture.format} that is damaged or truncated "
                f"({_line(error)}): give a whole file"
            ) from error


def _identify(file: IO[bytes], name: str, path: str) -> PIL.Image.Image:
    """Read the header alone.

    Pillow maps uncompressed files into memory by their `path`, so it is empty for a file that is in
    memory already, whatever that is called.

    PIL.Image.open does the same, but warns of pictures from half the limit on; such a warning
    could only be silenced for all threads at once.
    """
    PIL.Image.init()
    prefix = file.read(16)
    if not prefix:
        raise InputError(f"{name!r} is an empty file: {_POSSIBLE}")
    for kind in FORMATS:
        if kind not in PIL.Image.OPEN:
            continue
        factory, accepts = PIL.Image.OPEN[kind]
        if accepts is not None and accepts(prefix) is not True:
            continue
        file.seek(0)
        try:
            return factory(file, path)
        except Exception as error:
            raise InputError(
                f"{name!r} begins like a {kind} but its header is damaged or truncated "
                f"({_line(error)}): give a whole file"
            ) from error
    raise InputError(f"{name!r} is not a picture that can be read: {_POSSIBLE}")


def decode_picture(picture: PIL.Image.Image) -> np.ndarray:
    """Decode a Pillow picture of any mode.

    The rotation that EXIF asks for is applied, and what is transparent is laid over white. Of a
    picture with several frames the present one is taken: the first, after opening.

    Returns
    -------
    numpy.ndarray
        ``(y, x, channel)``: one channel for grey pictures (palettes of greys included), otherwise
        three (RGB). Uint8, or float32 in 0..255 for 16-bit and floating-point pictures.

    Raises
    ------
    InputError
        When the values are no pixels. Pillow's own errors for damaged files pass through.
    """
    if min(picture.size) < 1:
        raise InputError(f"a picture of {picture.size} holds no pixels: {_POSSIBLE}")
    picture.load()
    if _turned(picture):
        picture = PIL.ImageOps.exif_transpose(picture)
    if picture.mode == "F" or picture.mode.startswith("I"):
        return _fine(picture)[:, :, np.newaxis]
    if picture.has_transparency_data:
        return _over_white(picture)
    if picture.mode in {"1", "L", "LA", "La"}:
        return np.asarray(picture.convert("L"))[:, :, np.newaxis]
    return _to_rgb(picture)


def _turned(picture: PIL.Image.Image) -> bool:
    try:
        return bool(picture.getexif().get(_ORIENTATION, 1) != 1)
    except Exception:
        # Unreadable EXIF says nothing of the rotation; every viewer shows such a picture.
        return False


def _fine(picture: PIL.Image.Image) -> np.ndarray:
    """Give the values of a grey picture of more than 8 bits."""
    values = np.asarray(picture)
    if picture.mode == "F":
        return to_255(values)
    low, high = int(values.min()), int(values.max())
    if low < 0 or high > 65535:
        raise InputError(
            f"a picture of 32-bit integers holds values from {low} to {high}, where 0 to 65535 are "
            "read: scale it to 16 bits"
        )
    # Mode I is a wide container: of 16-bit files it holds 0..65535, of arrays mostly 0..255.
    if picture.mode == "I" and picture.format != "PNG" and high <= 255:
        return values.astype(np.uint8)
    return to_255(values.astype(np.uint16))


def _over_white(picture: PIL.Image.Image) -> np.ndarray:
    grey = picture.mode in {"1", "L", "LA", "La"}
    if picture.mode == "La":
        picture = picture.convert("LA")
    rgba = picture.convert("RGBA")
    white = PIL.Image.new("RGBA", rgba.size, "white")
    laid = PIL.Image.alpha_composite(white, rgba)
    if grey:
        return np.asarray(laid.getchannel(0))[:, :, np.newaxis]
    return np.asarray(laid.convert("RGB"))


def _to_rgb(picture: PIL.Image.Image) -> np.ndarray:
    pixels = np.asarray(picture if picture.mode == "RGB" else picture.convert("RGB"))
    if picture.mode in {"P", "PA"} and np.all(pixels == pixels[:, :, :1]):
        # A palette of greys (every grey GIF has one) is how the file is packed, not a colour.
        return pixels[:, :, :1]
    return pixels


def _line(error: Exception) -> str:
    """Say in one line what the decoder said."""
    return re.sub(r"\s+", " ", str(error)).strip() or type(error).__name__
