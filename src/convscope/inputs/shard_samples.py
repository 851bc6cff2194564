"""The samples of one tar file: files of one name that follow each other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from convscope.errors import InputError
from convscope.inputs.decoding import SUFFIXES
from convscope.inputs.tar import Member, members

__all__ = ["ShardSample", "samples"]

# WebDataset's: a sample is called as far as the first dot after the folders.
_NAME = re.compile(r"((?:.*/)?[^./][^./]*)\.([^/]+)", re.DOTALL)
_MOST = 2**20


@dataclass(frozen=True)
class ShardSample:
    """One image and what is said of it.

    Attributes
    ----------
    image : Member
    texts : mapping of str to bytes
        What the members hold that were wanted, by their endings.
    """

    image: Member
    texts: Mapping[str, bytes]


def samples(
    path: Path, wanted: Callable[[Mapping[str, Member]], list[str]]
) -> Iterator[ShardSample]:
    """Give the samples that have an image, in their order.

    Parameters
    ----------
    path : Path
        A tar file.
    wanted : callable
        Chooses, among the endings of a sample's files, those whose texts are read.

    Raises
    ------
    InputError
        When the file cannot be read, or a name comes twice in a sample.
    """
    try:
        with path.open("rb") as file:
            for parts in _grouped(file, path):
                image = _image(parts)
                if image is not None:
                    texts = {end: _text(file, path, parts[end]) for end in wanted(parts)}
                    yield ShardSample(image, texts)
    except OSError as error:
        raise InputError(
            f"{str(path)!r} cannot be read ({error.strerror or error}): check the file"
        ) from error


def _grouped(file: IO[bytes], path: Path) -> Iterator[dict[str, Member]]:
    """Give the files of each sample by their endings in small letters, without the first dot."""
    key, parts = "", dict[str, Member]()
    for member in members(file, path):
        match = _NAME.fullmatch(member.name)
        if match is None:
            continue
        if match[1] != key:
            if parts:
                yield parts
            key, parts = match[1], {}
        if match[2].lower() in parts:
            raise InputError(
                f"{str(path)!r} holds {member.name!r} twice in one sample: write the shard again"
            )
        parts[match[2].lower()] = member
    if parts:
        yield parts


def _image(parts: Mapping[str, Member]) -> Member | None:
    """Give the image: ``.jpg`` before ``.input.jpg``."""
    found = [end for end in parts if f".{end}".endswith(SUFFIXES)]
    return parts[min(found, key=lambda end: end.count("."))] if found else None


def _text(file: IO[bytes], path: Path, member: Member) -> bytes:
    if member.size > _MOST:
        raise InputError(
            f"{member.name!r} in {str(path)!r} takes {member.size:,} bytes, where a label is read: "
            f"write at most {_MOST:,}"
        )
    file.seek(member.start)
    return file.read(member.size)
