"""Datasets that lie in folders: a sub-folder a class, or IDX files."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from convscope.errors import InputError, SelectionError
from convscope.inputs.class_names import CLASS_NAMES
from convscope.inputs.dataset import Dataset
from convscope.inputs.decoding import SUFFIXES
from convscope.inputs.idx import find_idx, read_idx
from convscope.inputs.splits import canonical, choose

__all__ = ["open_folder", "open_idx", "split_folders"]

_POSSIBLE = (
    "give a folder with a sub-folder of pictures a class (or train/, val/, test/ of such), or with "
    "IDX files such as train-images-idx3-ubyte.gz"
)


def open_folder(folder: Path, split: str | None = None) -> Dataset:
    """Open a folder of IDX files, or with a sub-folder a class.

    Sub-folders and files are taken in natural order (2 before 10). Where the folder holds
    ``train``, ``val`` (``validation``) or ``test`` folders, these are its splits.

    Raises
    ------
    InputError
        When it is neither, is empty or cannot be read.
    SelectionError
        When it has no such split.
    """
    try:
        if find_idx(folder):
            return open_idx(folder, split)
        parts = split_folders(folder)
        if parts:
            chosen, title = choose(_name(folder), parts, split)
            return _open_classes(parts[chosen], _name(folder), chosen, tuple(parts), title)
        parent = folder.absolute().parent
        own = canonical(folder.name)
        if own and split_folders(parent).get(own) == parent / folder.name:
            return open_folder(parent, split or own)
        if split is not None:
            raise SelectionError(
                f"{str(folder)!r} has no splits, and {split!r} was asked for: leave the split out, "
                "or put the classes into train/, val/ and test/ folders"
            )
        return _open_classes(folder, _name(folder), None, (), _name(folder))
    except PermissionError as error:
        raise InputError(
            f"{str(error.filename or folder)!r} may not be read (permission denied): change its "
            "permissions"
        ) from error


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
    names = CLASS_NAMES.get(name.replace("-", "_").casefold(), ())
    return Dataset(name, chosen, labels, names, images, tuple(files), title)


def split_folders(folder: Path) -> dict[str, Path]:
    """Find the sub-folders that are splits: named so, with sub-folders of their own."""
    found: dict[str, Path] = {}
    for part in _folders(folder):
        split = canonical(part.name)
        if split and split not in found and _folders(part):
            found[split] = part
    return found


def _open_classes(
    folder: Path, name: str, split: str | None, splits: tuple[str, ...], title: str
) -> Dataset:
    classes = _folders(folder)
    files: list[Path] = []
    labels: list[int] = []
    for label, part in enumerate(classes):
        members = _pictures(part)
        files += members
        labels += [label] * len(members)
    if not files:
        if not any(folder.iterdir()):
            what = "is empty"
        elif _pictures(folder):
            what = "holds pictures, but no sub-folder a class"
        else:
            what = "holds no pictures in sub-folders"
        raise InputError(f"{str(folder)!r} {what}: {_POSSIBLE}")
    names = tuple(part.name for part in classes)
    return Dataset(name, split, np.array(labels, np.int64), names, tuple(files), splits, title)


def _folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    # Names such as .ipynb_checkpoints and __MACOSX are left by tools.
    parts = [
        part for part in folder.iterdir() if part.is_dir() and not part.name.startswith((".", "__"))
    ]
    return sorted(parts, key=_natural)


def _pictures(folder: Path) -> list[Path]:
    files = [
        file
        for file in folder.iterdir()
        if file.suffix.lower() in SUFFIXES and not file.name.startswith(".") and file.is_file()
    ]
    return sorted(files, key=_natural)


def _natural(path: Path) -> tuple[list[tuple[str, int]], str]:
    """Sort numbers within names by their value; equal keys by the plain name."""
    parts = re.findall(r"([^0-9]*)([0-9]*)", path.name.casefold())
    return [(text, int(number or -1)) for text, number in parts], path.name


def _name(folder: Path) -> str:
    return folder.absolute().resolve().name if folder.name in {"", ".", ".."} else folder.name
