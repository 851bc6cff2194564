"""Datasets in folders with a sub-folder a class."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from convscope.inputs.dataset import Dataset
from convscope.inputs.decoding import SUFFIXES
from convscope.inputs.listing import files, folder_name, folders
from convscope.inputs.splits import canonical, choose, refuse_split
from convscope.inputs.stored import FileImages

__all__ = ["open_classes", "split_folders"]


def open_classes(folder: Path, split: str | None = None) -> Dataset | None:
    """Open a folder with a sub-folder a class, or with ``train``, ``val`` or ``test`` of such.

    Sub-folders and files are taken in natural order (2 before 10).

    Returns
    -------
    Dataset or None
        None where no sub-folder holds pictures.

    Raises
    ------
    SelectionError
        When it has no such split.
    """
    name = folder_name(folder)
    parts = split_folders(folder)
    if parts:
        chosen, title = choose(name, parts, split)
        return _classes(parts[chosen], name, chosen, tuple(parts), title)
    parent = folder.absolute().parent
    own = canonical(folder.name)
    if own and split_folders(parent).get(own) == parent / folder.name:
        return open_classes(parent, split or own)
    found = _classes(folder, name, None, (), name)
    if found is not None:
        refuse_split(folder, split, ", or put the classes into train/, val/ and test/ folders")
    return found


def split_folders(folder: Path) -> dict[str, Path]:
    """Find the sub-folders that are splits: named so, with sub-folders of their own."""
    found: dict[str, Path] = {}
    for part in folders(folder):
        split = canonical(part.name)
        if split and split not in found and folders(part):
            found[split] = part
    return found


def _classes(
    folder: Path, name: str, split: str | None, splits: tuple[str, ...], title: str
) -> Dataset | None:
    classes = folders(folder)
    members: list[str] = []
    labels: list[int] = []
    for label, part in enumerate(classes):
        pictures = files(part, SUFFIXES)
        members += [f"{part.name}/{picture.name}" for picture in pictures]
        labels += [label] * len(pictures)
    if not members:
        return None
    names = tuple(part.name for part in classes)
    images = FileImages(folder, tuple(members))
    return Dataset(name, split, np.array(labels, np.int64), names, images, splits, title)
