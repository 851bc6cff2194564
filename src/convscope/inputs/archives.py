"""Arrays in .npz files, whose headers are not believed before the file bears them out."""

from __future__ import annotations

from io import BytesIO
from math import prod
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import numpy as np
from numpy.lib import format as npy

from convscope.errors import InputError, reason_of

__all__ = ["archived", "loaded"]

# Deflate cannot pack more than this many bytes into one.
_DENSEST = 1032
_REMEDY = "copy it again, or save numbers with numpy.save or numpy.savez"


def loaded(source: Path | BytesIO, name: str, *, mapped: bool = False) -> Any:
    """Open what `numpy.save` or `numpy.savez` wrote; pickled objects are refused.

    Returns
    -------
    numpy.ndarray or numpy.lib.npyio.NpzFile

    Raises
    ------
    InputError
        When it cannot be read.
    """
    try:
        return np.load(source, mmap_mode="r" if mapped else None, allow_pickle=False)
    except Exception as error:
        raise _unreadable(name, error) from error


def archived(file: np.lib.npyio.NpzFile, key: str, name: str) -> np.ndarray:
    """Read one array of an ``.npz``.

    Parameters
    ----------
    file : numpy.lib.npyio.NpzFile
    key : str
        One of its keys.
    name : str
        What to call the file in errors.

    Raises
    ------
    InputError
        When it is no array, claims more numbers than there are bytes, or cannot be read.
    """
    archive = file.zip
    assert archive is not None
    try:
        _check(archive, _entry(archive, key), key, name)
        return np.asarray(file[key])
    except InputError:
        raise
    except Exception as error:
        raise _unreadable(name, error) from error


def _unreadable(name: str, error: Exception) -> InputError:
    # A damaged header is parsed as Python, which fails in ways of its own, as zipfile does.
    reason = reason_of(error)
    if "pickle" in reason.lower():
        reason = "it holds pickled Python objects or no numbers"
    return InputError(f"{name!r} cannot be read ({reason}): {_REMEDY}")


def _entry(archive: ZipFile, key: str) -> ZipInfo:
    names = archive.namelist()
    return archive.getinfo(key if key in names else f"{key}.npy")


def _check(archive: ZipFile, entry: ZipInfo, key: str, name: str) -> None:
    # NumPy asks for the memory that a header claims before it reads on.
    with archive.open(entry) as part:
        claimed = _claimed(part)
    if claimed is None:
        raise InputError(f"{name!r} holds {key!r}, which is no array: {_REMEDY}")
    if claimed > _held(entry):
        raise InputError(
            f"{name!r} holds {key!r}, which claims {claimed:,} bytes and has fewer (truncated or "
            f"damaged): {_REMEDY}"
        )


def _claimed(part: IO[bytes]) -> int | None:
    """Give how many bytes of numbers a header announces; None for what is no array."""
    try:
        version = npy.read_magic(part)
    except ValueError:
        return None
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read(part)
    if min(shape, default=0) < 0:
        raise ValueError(f"its shape is {shape}")
    return prod(shape) * dtype.itemsize


def _held(entry: ZipInfo) -> int:
    """Give how many bytes an entry can hold at most; what it says of itself may be false too."""
    most = {ZIP_STORED: entry.compress_size, ZIP_DEFLATED: entry.compress_size * _DENSEST}
    return min(entry.file_size, most.get(entry.compress_type, entry.file_size))
