"""Palette PNGs, written by hand: the levels stay in the file, and it takes a tenth of the time."""

from __future__ import annotations

import base64
import json
import os
import struct
import threading
import zlib
from collections.abc import Mapping
from contextlib import suppress
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convscope.errors import InputError

_deflate: ModuleType = zlib
with suppress(ImportError):  # not built for every processor; the result differs in size alone
    from isal import isal_zlib as _deflate

__all__ = [
    "KEYWORD",
    "blank_rows",
    "encode",
    "pixels_of",
    "provenance_text",
    "read_provenance",
]

KEYWORD = "convscope"
"""The keyword under which a PNG holds where it came from."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_FLOATS = "float32:"
_KEPT = 1 << 24

_local = threading.local()


def blank_rows(height: int, width: int, *, reuse: bool) -> NDArray[np.uint8]:
    """Give memory for the rows of a PNG, of which `pixels_of` is the picture.

    Parameters
    ----------
    height, width : int
        Of the picture.
    reuse : bool
        Give memory that this thread had before, up to 16 MB, since fresh memory is slow. What was
        in it is lost, so the rows must be encoded before this is called again.

    Returns
    -------
    ndarray of uint8, (y, 1 + x)
        The first column is the filter of each row: 0, none. The pixels are not cleared.
    """
    size = height * (width + 1)
    if reuse and size <= _KEPT:
        kept = getattr(_local, "rows", None)
        if kept is None or kept.size < size:
            kept = _local.rows = np.empty(size, np.uint8)
        rows: NDArray[np.uint8] = kept[:size].reshape(height, width + 1)
    else:
        rows = np.empty((height, width + 1), np.uint8)
    rows[:, 0] = 0
    return rows


def pixels_of(rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give the picture (y, x) within the rows of a PNG."""
    return rows[:, 1:]


def encode(
    rows: NDArray[np.uint8], palette: NDArray[np.uint8], text: Mapping[str, str] | None = None
) -> bytes:
    """Encode an 8-bit palette PNG.

    Parameters
    ----------
    rows : ndarray of uint8, (y, 1 + x)
        Places of the palette, behind a column of zeros: see `blank_rows`.
    palette : ndarray of uint8, (256, 3)
        Red, green and blue.
    text : mapping of str to str, optional
        Text chunks: keyword and Latin-1 text.

    Returns
    -------
    bytes
        The file: PNG (ISO/IEC 15948), one IDAT chunk, no row filter, which suits palettes.
    """
    height, width = rows.shape[0], rows.shape[1] - 1
    parts = [_SIGNATURE, *_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0))]
    parts += _chunk(b"PLTE", np.ascontiguousarray(palette, np.uint8).tobytes())
    for keyword, words in (text or {}).items():
        parts += _chunk(b"tEXt", keyword.encode("latin-1") + b"\0" + words.encode("latin-1"))
    parts += _chunk(b"IDAT", _deflate.compress(rows, 1))
    parts += _chunk(b"IEND", b"")
    return b"".join(parts)


def _chunk(kind: bytes, data: bytes) -> list[bytes]:
    check = _deflate.crc32(data, _deflate.crc32(kind))
    return [struct.pack(">I", len(data)), kind, data, struct.pack(">I", check)]


def provenance_text(provenance: Mapping[str, Any]) -> str:
    """Write provenance as JSON in ASCII.

    A float32 array becomes ``"float32:..."`` in base64, since 2,048 channels in decimal digits
    would take longer to write than their picture. Whatever JSON does not know is written as `str`.
    """
    return json.dumps(dict(provenance), default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, np.ndarray):
        if value.ndim == 1 and value.dtype == np.float32:
            return _FLOATS + base64.b64encode(value.astype("<f4").tobytes()).decode("ascii")
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    return str(value)


def read_provenance(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read where a picture came from.

    Parameters
    ----------
    path : str or path
        A PNG that Convscope saved.

    Returns
    -------
    dict
        Network, layer, image and preparation as far as they were known; scale, colormap; ``low``
        and ``high`` as a number, or as a list with one number for each channel.

    Raises
    ------
    InputError
        When the file cannot be read, or does not come from Convscope.
    """
    from PIL import Image

    try:
        with Image.open(path) as picture:
            text = picture.info.get(KEYWORD)
    except (OSError, Image.DecompressionBombError) as error:
        raise InputError(f"cannot read {path} as a PNG: name a picture that exists") from error
    try:
        stored = json.loads(text or "")
    except ValueError:
        stored = None
    if not isinstance(stored, dict):
        raise InputError(f"{path} does not say where it came from: name a PNG saved by Convscope")
    return {key: _restored(value) for key, value in stored.items()}


def _restored(value: object) -> object:
    if isinstance(value, str) and value.startswith(_FLOATS):
        try:
            raw = base64.b64decode(value.removeprefix(_FLOATS), validate=True)
            return np.frombuffer(raw, "<f4").tolist()
        except ValueError:
            return value
    return value
