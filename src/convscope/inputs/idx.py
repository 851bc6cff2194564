"""IDX files, the format of MNIST (described at the end of http://yann.lecun.com/exdb/mnist)."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import IO, cast

import numpy as np

from convscope.errors import InputError
from convscope.inputs.class_names import class_names_of
from convscope.inputs.dataset import Dataset
from convscope.inputs.listing import folder_name
from convscope.inputs.splits import choose

__all__ = ["find_idx", "open_idx", "read_idx"]

# Deflate cannot pack more than this many bytes into one.
_DENSEST = 1032
_PREFIXES = {"train": ("train",), "test": ("t10k", "test")}
_REMEDY = "download or copy it again"


def find_idx(folder: Path) -> dict[str, tuple[Path, Path | None]]:
    """Find the files of images and labels in a folder, by split.

    Returns
    -------
    dict of str to tuple of (Path, Path or None)
        Images and labels (None when missing) of ``train`` and ``test``; empty when the folder
        holds no images in IDX files.
    """
    found = {}
    for split, prefixes in _PREFIXES.items():
        for prefix in prefixes:
            images = _file(folder, f"{prefix}-images", 3)
            if images is not None and split not in found:
                found[split] = images, _file(folder, f"{prefix}-labels", 1)
    return found


def _file(folder: Path, stem: str, axes: int) -> Path | None:
    for joint in "-.":
        for end in ("", ".gz"):
            path = folder / f"{stem}{joint}idx{axes}-ubyte{end}"
            if path.is_file():
                return path
    return None


def open_idx(folder: Path, split: str | None = None, name: str | None = None) -> Dataset:
    """Open a folder of IDX files.

    Raises
    ------
    InputError
        When a file is damaged, or images and labels differ in number.
    SelectionError
        When it has no such split.
    """
    name = name or _name(folder)
    files = find_idx(folder)
    chosen, title = choose(name, files, split)
    images_file, labels_file = files[chosen]
    images = read_idx(images_file, 3)
    labels = None if labels_file is None else read_idx(labels_file, 1).astype(np.int64)
    if labels is not None and len(labels) != len(images):
        raise InputError(
            f"{str(images_file)!r} holds {len(images)} images but {labels_file.name!r} "  # type: ignore[union-attr]
            f"{len(labels)} labels: download or copy both again"
        )
    names = class_names_of(name)
    return Dataset(name, chosen, labels, names, images, tuple(files), title)


def _name(folder: Path) -> str:
    """Give the folder's name; torchvision keeps the files of MNIST in MNIST/raw."""
    name = folder_name(folder)
    return folder_name(folder.absolute().parent) if name == "raw" else name


def read_idx(path: Path, axes: int) -> np.ndarray:
    """Read one IDX file of bytes, plain or packed by gzip.

    Parameters
    ----------
    path : Path
    axes : int
        Number of axes that the file must have: 3 for images ``(image, y, x)``, 1 for labels.

    Returns
    -------
    numpy.ndarray
        Uint8, read-only.

    Raises
    ------
    InputError
        When the file cannot be read, begins with another magic number, or is too short or long.
    """
    try:
        packed = path.stat().st_size
        with path.open("rb") as plain:
            zipped = plain.read(2) == b"\x1f\x8b"
            plain.seek(0)
            if not zipped:
                return _read(plain, path, axes, packed)
            with gzip.GzipFile(fileobj=plain) as file:
                return _read(cast(IO[bytes], file), path, axes, packed * _DENSEST)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{str(path)!r} is damaged or truncated ({error}): {_REMEDY}") from error
    except OSError as error:
        raise InputError(
            f"{str(path)!r} cannot be read ({error.strerror or error}): check the file"
        ) from error


def _read(file: IO[bytes], path: Path, axes: int, limit: int) -> np.ndarray:
    magic = file.read(4)
    wanted = bytes((0, 0, 8, axes))
    if len(magic) == 4 and magic != wanted:
        raise InputError(
            f"{str(path)!r} begins with the magic number {magic.hex()}, where an IDX file of bytes "
            f"with {axes} axes has {wanted.hex()}: give the files of MNIST's format, {_REMEDY}"
        )
    sizes = file.read(4 * axes)
    if len(magic) + len(sizes) < 4 + 4 * axes:
        raise InputError(f"{str(path)!r} is truncated within its header: {_REMEDY}")
    shape = tuple(int(size) for size in np.frombuffer(sizes, ">u4"))
    count = math.prod(shape)
    # A false header must not make us ask for more memory than the file can fill.
    content = b"" if count > limit else file.read(count + 1)
    if len(content) != count:
        what = "more" if len(content) > count else "fewer"
        raise InputError(
            f"{str(path)!r} claims {' x '.join(map(str, shape))} bytes and holds {what} (truncated "
            f"or damaged): {_REMEDY}"
        )
    if not count:
        raise InputError(f"{str(path)!r} holds nothing ({shape}): give a file with images")
    return np.frombuffer(content, np.uint8).reshape(shape)
