"""Files appear whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from convscope.arguments import file_path
from convscope.errors import OutputError

__all__ = ["make_folder", "whole_file", "write_atomically"]

_REASONS = {
    errno.ENOSPC: "the disk is full: free some space, or name another folder",
    errno.EDQUOT: "your disk quota is used up: free some space, or name another folder",
    errno.EROFS: "the folder is read-only: name another folder",
    errno.EACCES: "no permission to write there: name another folder",
    errno.EPERM: "no permission to write there: name another folder",
    errno.ENAMETOOLONG: "the name is too long: choose a shorter one",
    errno.ENOTDIR: "a part of the path is a file: name another folder",
    errno.EISDIR: "that is a folder: name a file in it",
}


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file that is never seen half-written.

    Parameters
    ----------
    path : str or path
        The file; one that exists is replaced. Its folder must exist.
    data : bytes
        What the file will hold.

    Raises
    ------
    OutputError
        As for `whole_file`.
    """
    with whole_file(path) as file:
        file.write(data)


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Write a file piece by piece that is never seen half-written.

    The bytes go to a temporary file in the same folder, which takes the name when the block ends.

    Parameters
    ----------
    path : str or path
        The file; one that exists is replaced. Its folder must exist.

    Yields
    ------
    file
        Open for writing.

    Raises
    ------
    OutputError
        When the disk is full, the folder is read-only or missing, or anything else prevents it.
        Nothing is left behind then, nor when the block raises, and a file that was there before is
        as it was.
    """
    target = file_path(path)
    part = target.parent / f".convscope-{secrets.token_hex(8)}.part"
    try:
        # Not tempfile.mkstemp, whose files nobody else may read.
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with os.fdopen(descriptor, "wb") as file:
            yield file
        part.replace(target)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise OutputError(f"cannot write {target}: {_reason(target, error)}") from error
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


def make_folder(path: str | os.PathLike[str]) -> None:
    """Make the folder that results go to, with those above it; one that exists is fine.

    Raises
    ------
    OutputError
        When it cannot be made, or is a file.
    """
    folder = file_path(path, "folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise OutputError(
            f"cannot make the folder {path}: a file has that name: choose another"
        ) from error
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, f"{error.strerror or error}: name another folder")
        raise OutputError(f"cannot make the folder {path}: {reason}") from error


def _reason(target: Path, error: OSError) -> str:
    if target.is_dir():
        return _REASONS[errno.EISDIR]
    if not target.parent.is_dir():
        return f"there is no folder {target.parent}: make it first, or name another"
    if error.errno in _REASONS:
        return _REASONS[error.errno]
    return f"{error.strerror or error}: name another folder"
