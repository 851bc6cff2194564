"""Files of numbers: .npy, .npz and .wav."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np

from convscope.errors import InputError, SelectionError
from convscope.inputs.archives import archived, loaded
from convscope.inputs.decoding import missing_file
from convscope.inputs.images import is_there, local_path
from convscope.inputs.sound import Sound, decode_sound

__all__ = ["ARRAY_SUFFIXES", "ArrayFile", "array_file", "chosen", "decode_arrays"]

ARRAY_SUFFIXES = (".npy", ".npz", ".wav")
"""Suffixes of files that hold numbers and no picture."""

_SPLITS = ("x_train", "x_val", "x_test")


@dataclass(frozen=True, eq=False)
class ArrayFile:
    """What a file of numbers holds.

    Attributes
    ----------
    name : str
        The file's name.
    arrays : mapping of str to numpy.ndarray
        By the names in the file; of a ``.npy`` one, under the empty name; none of a ``.wav``.
    sound : Sound or None
        What a ``.wav`` holds.
    index : int or None
        Which entry of the arrays is meant; None for all.
    """

    name: str
    arrays: Mapping[str, np.ndarray]
    sound: Sound | None = None
    index: int | None = None


def array_file(source: Any) -> ArrayFile | None:
    """Read a file of numbers.

    Parameters
    ----------
    source : object
        A path that ends in .npy, .npz or .wav; of the first two, ``PATH:INDEX`` is one entry.

    Returns
    -------
    ArrayFile or None
        None for what is no such path, and for an image of an ``.npz`` with Keras's keys.

    Raises
    ------
    InputError
        When the file is not there, or cannot be read.
    """
    if not isinstance(source, str | Path):
        return None
    text, index = _entry(str(source))
    if Path(text).suffix.lower() not in ARRAY_SUFFIXES or "://" in text:
        return None
    path = local_path(text)
    if index is not None and not is_there(path):
        return None
    found = _read(path, index)
    if not any(split in found.arrays for split in _SPLITS):
        return found
    if index is not None:
        return None
    raise InputError(f"{str(path)!r} is a dataset: give one image of it, as {path}:0")


def decode_arrays(data: bytes, name: str, *, most: int) -> ArrayFile:
    """Read a file of numbers that is in memory; its kind is known by the name.

    Parameters
    ----------
    most : int
        How many bytes the parts of an archive may hold together.

    Raises
    ------
    InputError
        When it cannot be read, or holds more.
    """
    if Path(name).suffix.lower() == ".wav":
        return ArrayFile(name, {}, decode_sound(data, name))
    size = _size(data)
    if size > most:
        raise InputError(f"{name!r} holds {size:,} bytes: give an archive of at most {most:,}")
    return ArrayFile(name, _loaded(BytesIO(data), name))


def _size(data: bytes) -> int:
    """Give how many bytes an archive holds; 0 for what is none, or is damaged."""
    try:
        with ZipFile(BytesIO(data)) as archive:
            return sum(entry.file_size for entry in archive.infolist())
    except (BadZipFile, ValueError, NotImplementedError):
        return 0


def _entry(text: str) -> tuple[str, int | None]:
    match = re.fullmatch(r"(.+\.np[yz]):(-?[0-9]+)", text, re.IGNORECASE | re.DOTALL)
    if match is None or is_there(Path(text)):
        return text, None
    return match[1], int(match[2])


def _read(path: Path, index: int | None) -> ArrayFile:
    try:
        if path.is_dir():
            raise InputError(f"{str(path)!r} is a directory: give a file in it")
        if path.suffix.lower() == ".wav":
            return ArrayFile(path.name, {}, decode_sound(path.read_bytes(), str(path)))
        with path.open("rb"):
            pass
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(missing_file(path)) from error
    except OSError as error:
        raise InputError(
            f"{str(path)!r} cannot be read ({error.strerror or error}): check it, or give another"
        ) from error
    return ArrayFile(path.name, _loaded(path, str(path)), index=index)


def _loaded(source: Path | BytesIO, name: str) -> dict[str, np.ndarray]:
    # A mapped file cannot claim to be larger than it is.
    mapped = isinstance(source, Path) and source.suffix.lower() == ".npy"
    possible = "save numbers with numpy.save or numpy.savez"
    found = loaded(source, name, mapped=mapped)
    if not isinstance(found, np.lib.npyio.NpzFile):
        return {"": _numbers(found, name, "an array", possible)}
    with found:
        keys = found.files
        if any(split in keys for split in _SPLITS):
            return {key: np.empty(0) for key in keys}
        return {
            key: _numbers(archived(found, key, name), name, repr(key), possible) for key in keys
        }


def _numbers(array: Any, name: str, what: str, possible: str) -> np.ndarray:
    if not isinstance(array, np.ndarray):
        raise InputError(f"{name!r} holds {what}, which is no array: {possible}")
    if array.dtype.kind not in "fiub":
        raise InputError(f"{name!r} holds {what} of {array.dtype}: {possible}")
    return array


def chosen(index: int, count: int, name: str) -> int:
    """Give the place of an entry; negative ones count from the end.

    Raises
    ------
    SelectionError
        When there is no such entry.
    """
    if not -count <= index < count:
        raise SelectionError(f"there is no entry {index} in {name!r}: it holds 0 to {count - 1}")
    return index % count
