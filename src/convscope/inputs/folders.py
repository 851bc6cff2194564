"""Datasets that lie in folders, whatever wrote them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from convscope.errors import InputError
from convscope.inputs.arrow import find_saved, open_saved, saved_parent
from convscope.inputs.cifar import find_cifar, open_cifar
from convscope.inputs.class_folders import open_classes, split_folders
from convscope.inputs.dataset import Dataset
from convscope.inputs.decoding import SUFFIXES
from convscope.inputs.idx import find_idx, open_idx
from convscope.inputs.listing import files, folder_name, folders
from convscope.inputs.parquet import find_parquet, open_parquet
from convscope.inputs.shards import find_shards, open_shards, shards_parent
from convscope.inputs.splits import canonical

__all__ = ["open_folder", "splits_within"]

_POSSIBLE = (
    "give a folder with a sub-folder of pictures a class (or train/, val/, test/ of such), or with "
    "IDX files such as train-images-idx3-ubyte.gz, parquet files or .tar shards"
)


def open_folder(folder: Path, split: str | None = None) -> Dataset:
    """Open a folder with a sub-folder a class, or of a known layout.

    Layouts are those of IDX files, of the library datasets (`save_to_disk`, and parquet files as
    on the Hugging Face Hub), of torchvision (``MNIST/raw``, CIFAR's batches) and tar shards. A
    folder that holds one dataset of a known layout, and no other, is that.

    Raises
    ------
    InputError
        When it is none of these, is empty or cannot be read.
    SelectionError
        When it has no such split.
    """
    try:
        found = _open(folder, split)
        if found is not None:
            return found
        raise _unknown(folder)
    except PermissionError as error:
        raise InputError(
            f"{str(error.filename or folder)!r} may not be read (permission denied): change its "
            "permissions"
        ) from error


def splits_within(folder: Path) -> tuple[str, ...]:
    """Give the splits that are asked for as ``folder/train``, though no such folder may exist."""
    if not folder.is_dir():
        return ()
    found = _layout(folder) or find_shards(folder) or split_folders(folder)
    if not found:
        inner = _inner(folder)
        found = _layout(inner[0]) if len(inner) == 1 else {}
    return tuple(split for split in found if split)


def _find_raw(folder: Path) -> Mapping[str, Any]:
    return find_idx(folder / "raw")


def _open_raw(folder: Path, split: str | None, name: str | None) -> Dataset:
    return open_idx(folder / "raw", split, name or folder_name(folder))


# How a layout is known, and how it is opened.
_LAYOUTS: tuple[
    tuple[Callable[[Path], Mapping[str, Any]], Callable[[Path, str | None, str | None], Dataset]],
    ...,
] = (
    (find_idx, open_idx),
    (find_saved, open_saved),
    (_find_raw, _open_raw),
    (find_cifar, open_cifar),
    (find_parquet, open_parquet),
)


def _open(folder: Path, split: str | None) -> Dataset | None:
    whole = saved_parent(folder)
    if whole is not None:
        return open_saved(whole, split or folder.name)
    found = _open_layout(folder, split) or open_classes(folder, split)
    if found is not None:
        return found
    whole = shards_parent(folder)
    if whole is not None:
        return open_shards(whole, split or canonical(folder.name))
    if find_shards(folder):
        return open_shards(folder, split)
    inner = _inner(folder)
    if len(inner) > 1:
        names = ", ".join(part.name for part in inner[:6]) + (", ..." if len(inner) > 6 else "")
        raise InputError(
            f"{str(folder)!r} holds several datasets ({names}): give one of them, such as "
            f"{folder / inner[0].name}"
        )
    if not inner:
        return None
    # On the Hub the folder within is called by its configuration: plain_text, default.
    return _open_layout(inner[0], split, folder_name(folder) if find_parquet(inner[0]) else None)


def _layout(folder: Path) -> Mapping[str, Any]:
    return next((found for find, _ in _LAYOUTS if (found := find(folder))), {})


def _open_layout(folder: Path, split: str | None, name: str | None = None) -> Dataset | None:
    for find, opened in _LAYOUTS:
        if find(folder):
            return opened(folder, split, name)
    return None


def _inner(folder: Path) -> list[Path]:
    return [part for part in folders(folder) if _layout(part)]


def _unknown(folder: Path) -> InputError:
    if not any(folder.iterdir()):
        what = "is empty"
    elif files(folder, SUFFIXES):
        what = "holds pictures, but no sub-folder a class"
    else:
        what = "holds no pictures in sub-folders"
    return InputError(f"{str(folder)!r} {what}: {_POSSIBLE}")
