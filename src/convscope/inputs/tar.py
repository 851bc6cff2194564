"""What lies where in a tar file, from its headers alone: the data between them is passed over."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from convscope.errors import InputError

__all__ = ["Member", "members", "refuse_compressed"]

_BLOCK = tarfile.BLOCKSIZE
_END = bytes(_BLOCK)
# Headers that hold a name too long for the plain one take a few hundred bytes.
_LONGEST = 2**20
_REMEDY = "download or copy it again"
_PACKED = {
    b"\x1f\x8b": ("gzip", "gunzip"),
    b"BZh": ("bzip2", "bunzip2"),
    b"\xfd7zXZ\0": ("xz", "unxz"),
    b"\x28\xb5\x2f\xfd": ("zstd", "unzstd"),
}
# What these say of a size is no data in this file.
_EMPTY = {
    tarfile.LNKTYPE,
    tarfile.SYMTYPE,
    tarfile.DIRTYPE,
    tarfile.FIFOTYPE,
    tarfile.CHRTYPE,
    tarfile.BLKTYPE,
}
_PAX = {tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE}


@dataclass(frozen=True, slots=True)
class Member:
    """One file in a tar file.

    Attributes
    ----------
    name : str
        Never used as a path.
    start, size : int
        Where its bytes lie, and how many there are.
    """

    name: str
    start: int
    size: int


def refuse_compressed(path: Path, first: bytes) -> None:
    """Refuse a compressed file by its first bytes.

    Raises
    ------
    InputError
        The message names what unpacks it.
    """
    for magic, (kind, command) in _PACKED.items():
        if first.startswith(magic):
            raise InputError(
                f"{str(path)!r} is compressed by {kind}, so that no image in it can be read "
                f"without all before it: unpack it once, {command} {path.name}"
            )


def members(file: IO[bytes], path: Path) -> Iterator[Member]:
    """Give the files in a tar file, in their order; links, folders and devices are left out.

    The format is that of POSIX.1-1988 and 2001 (pax), and GNU's long names. Others may seek in the
    file meanwhile.

    Raises
    ------
    InputError
        When it is compressed, damaged or truncated, or holds a sparse file.
    """
    whole = os.fstat(file.fileno()).st_size
    place, name, size = 0, "", -1
    while True:
        file.seek(place)
        block = file.read(_BLOCK)
        if block == _END:
            return
        if not place:
            refuse_compressed(path, block)
        kind, header = _header(block, path, place)
        start = place + _BLOCK
        if kind == tarfile.GNUTYPE_SPARSE:
            raise InputError(f"{str(path)!r} holds a sparse file: pack it again without --sparse")
        length = 0 if kind in _EMPTY else header.size
        if size >= 0 and kind in tarfile.REGULAR_TYPES:
            length = size
        if length < 0 or start + length > whole:
            raise InputError(
                f"{str(path)!r} is truncated: {header.name!r} in it ends beyond its end: {_REMEDY}"
            )
        if kind in _PAX:
            name, size = _described(_more(file, path, length), path, name, size)
        elif kind == tarfile.GNUTYPE_LONGNAME:
            name = _more(file, path, length).rstrip(b"\0").decode("utf-8", "surrogateescape")
        elif kind not in {tarfile.XGLTYPE, tarfile.GNUTYPE_LONGLINK}:
            if kind in tarfile.REGULAR_TYPES:
                yield Member(name or header.name, start, length)
            name, size = "", -1
        place = start + -(-length // _BLOCK) * _BLOCK


def _header(block: bytes, path: Path, place: int) -> tuple[bytes, Member]:
    """Read type, name and size from one header.

    tarfile reads all 16 fields of one, and takes four times as long.
    """
    if len(block) < _BLOCK:
        what = "is an empty file" if not place and not block else "is truncated"
        raise InputError(f"{str(path)!r} {what}: a tar file ends with zeros, {_REMEDY}")
    size, told = _number(block[124:136]), _number(block[148:156])
    # The checksum is that of the header with spaces in the checksum's place; some add signed bytes.
    plain = block[:148] + b" " * 8 + block[156:]
    if size is None or (told != sum(plain) and told != sum(memoryview(plain).cast("b"))):
        what = f"is damaged at byte {place:,}" if place else "is no tar file"
        raise InputError(f"{str(path)!r} {what} (bad checksum): {_REMEDY}")
    kind, name = block[156:157], _text(block[:100])
    if block.startswith(b"ustar\0", 257) and block[345]:
        name = f"{_text(block[345:500])}/{name}"
    if kind == tarfile.AREGTYPE and name.endswith("/"):
        kind = tarfile.DIRTYPE
    return kind, Member(name, place + _BLOCK, size)


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _number(field: bytes) -> int | None:
    """Read octal digits, or GNU's binary numbers; None for what is neither."""
    if field[0] in {0x80, 0xFF}:
        below: int = 1 << 8 * (len(field) - 1) if field[0] == 0xFF else 0
        return int.from_bytes(field[1:], "big") - below
    digits = field.partition(b"\0")[0].strip()
    return int(digits or b"0", 8) if not digits.strip(b"01234567") else None


def _more(file: IO[bytes], path: Path, length: int) -> bytes:
    """Read what a header says in the blocks after it."""
    if length > _LONGEST:
        raise InputError(f"{str(path)!r} holds a header of {length:,} bytes: {_REMEDY}")
    return file.read(length)


def _described(content: bytes, path: Path, name: str, size: int) -> tuple[str, int]:
    """Read name and size from the records of pax, ``LENGTH KEY=VALUE`` and a line's end each."""
    while content:
        digits, _, _ = content[:10].partition(b" ")
        length = int(digits) if digits.isdigit() else 0
        if not len(digits) + 1 < length <= len(content):
            raise InputError(f"{str(path)!r} holds a damaged header: {_REMEDY}")
        record, content = content[len(digits) + 1 : length - 1], content[length:]
        key, _, value = record.partition(b"=")
        if key.startswith(b"GNU.sparse."):
            raise InputError(f"{str(path)!r} holds a sparse file: pack it again without --sparse")
        if key == b"path":
            name = value.decode("utf-8", "surrogateescape")
        elif key == b"size" and value.isdigit():
            size = int(value[:20])
    return name, size
