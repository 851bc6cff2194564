"""HDF5 files as others wrote them: all that they hold lies in them, and is as large as it says."""

from __future__ import annotations

import mmap
import os
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py

from convscope.errors import ModelError

__all__ = ["check_file_heaps", "check_heaps", "check_tree", "part_of_archive"]

# Trained weights hardly shrink when they are packed; those of a pruned network do to a tenth.
_LARGEST_SWELLING = 20
_SMALL_FILE = 16 * 2**20
_HEAP = b"GCOL\1\0\0\0"
_LINKS = (h5py.SoftLink, h5py.ExternalLink)


def check_file_heaps(path: Path) -> None:
    """Check the heaps of a file; see `check_heaps`."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        check_heaps(content, path)


def check_heaps(content: bytes | mmap.mmap, path: Path) -> None:
    """Refuse heaps of words over which HDF5 would go round for ever.

    It adds up the sizes of the words until the heap ends; what is free counts as the last word, and
    its size may be none in a damaged file, and that of a word so large that it comes to nothing.

    Raises
    ------
    ModelError
    """
    at = content.find(_HEAP)
    while at >= 0:
        size, place = _number(content, at + 8), 16
        while 16 <= place <= min(size, len(content) - at) - 16:
            (index,) = struct.unpack_from("<H", content, at + place)
            length = _number(content, at + place + 8)
            if (index == 0 and length == 0) or length > size - place:
                raise ModelError(f"{path} is damaged (a heap has no end): copy it again")
            if index == 0:
                break
            place += 16 + -(-length // 8) * 8
        at = content.find(_HEAP, at + 8)


def _number(content: bytes | mmap.mmap, at: int) -> int:
    return int(struct.unpack_from("<Q", content, at)[0]) if at + 8 <= len(content) else 0


def check_tree(file: h5py.File, path: Path, size: int) -> int:
    """Count the numbers in a file, whose arrays lie in it and are not far larger than it.

    HDF5 lets an array be a piece of any other file, and lets a file of a few bytes hold an array of
    terabytes, which it fills when it is read.

    Parameters
    ----------
    file : h5py.File
    path : Path
        What it is called in messages.
    size : int
        Bytes of the file.

    Returns
    -------
    int

    Raises
    ------
    ModelError
        For links, arrays of other files, and more numbers than a file of this size can hold.
    """
    room = _LARGEST_SWELLING * max(size, _SMALL_FILE)
    count = 0
    for name, part in _datasets(file, path):
        if part.external or part.is_virtual:
            raise ModelError(
                f"{path} takes {name!r} from another file, which is never read: save the model "
                "again with its weights inside"
            )
        numbers = int(part.size or 0)
        count += numbers
        room -= numbers * part.dtype.itemsize
        if room < 0:
            raise ModelError(
                f"{path} is damaged or made to fill the memory ({name!r} would be of shape "
                f"{part.shape} in a file of {size:,} bytes): save or copy it again"
            )
    return count


def _datasets(file: h5py.File, path: Path) -> Iterator[tuple[str, Any]]:
    """Give every array once; a group may lie inside itself."""
    seen: set[Any] = set()
    waiting: list[Any] = [file]
    while waiting:
        group = waiting.pop()
        for name in group:
            kind = group.get(name, getlink=True, getclass=True)
            if issubclass(kind, _LINKS):
                raise ModelError(
                    f"{path} has a link in the place of {name!r}, which is never followed: save "
                    "the model again with its weights inside"
                )
            part = group[name]
            place = h5py.h5o.get_info(part.id).addr
            if place in seen:
                continue
            seen.add(place)
            if isinstance(part, h5py.Dataset):
                yield part.name, part
            elif isinstance(part, h5py.Group):
                waiting.append(part)


def part_of_archive(archive: zipfile.ZipFile, name: str) -> bytes:
    """Read a part of an archive; what is not packed without a sum over all of it."""
    entry = archive.getinfo(name)
    with archive.open(entry) as whole:
        if entry.compress_type != zipfile.ZIP_STORED or archive.filename is None:
            return whole.read()
    with Path(archive.filename).open("rb") as file:
        file.seek(entry.header_offset + 26)
        lengths = file.read(4)
        file.seek(sum(int.from_bytes(lengths[at : at + 2], "little") for at in (0, 2)), os.SEEK_CUR)
        return file.read(entry.file_size)
