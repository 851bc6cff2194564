"""Datasets that the library datasets wrote with `save_to_disk`: Arrow streams and their state."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from convscope.errors import InputError, require
from convscope.inputs.columns import cell_pixels, columns_of, damaged, labels_of
from convscope.inputs.dataset import Dataset
from convscope.inputs.listing import folder_name
from convscope.inputs.splits import canonical, pick
from convscope.inputs.stored import size_of

__all__ = ["MappedImages", "find_saved", "open_saved", "saved_parent"]

_SPLITS = "dataset_dict.json"
_STATE = "state.json"
_REMEDY = "copy the folder again, or save the dataset again"
# How a whole stream ends.
_END = b"\xff\xff\xff\xff\0\0\0\0"


@dataclass(frozen=True)
class MappedImages:
    """Images in Arrow streams, which are mapped into memory: what is read costs memory, no more.

    Attributes
    ----------
    files : tuple of Path
    column : str
        Its cells are structures with the bytes of an encoded picture.
    count : int
        Images in all files.
    """

    files: tuple[Path, ...]
    column: str
    count: int

    def __len__(self) -> int:
        return self.count

    def __getstate__(self) -> dict[str, Any]:
        # What is mapped here is mapped anew there.
        return {"files": self.files, "column": self.column, "count": self.count}

    def pixels(self, index: int, name: str) -> np.ndarray:
        """Read one image."""
        return cell_pixels(self._cells[index], name)

    def contents(self) -> Iterator[tuple[str, int]]:
        """Give the files and their sizes in bytes."""
        return ((file.name, size_of(file)) for file in self.files)

    @cached_property
    def _cells(self) -> Any:
        cells = _joined(self.files, self.column)
        if len(cells) != self.count:
            raise InputError(
                f"{str(self.files[0].parent)!r} does not hold the {self.count} images any more "
                "that it held: open the dataset again"
            )
        return cells


def find_saved(folder: Path) -> Mapping[str, Path]:
    """Find what `save_to_disk` wrote.

    Returns
    -------
    dict of str to Path
        The folder of each split; under the empty name a dataset without splits; empty where the
        folder is no such dataset.
    """
    if (folder / _SPLITS).is_file():
        names = _read(folder / _SPLITS).get("splits")
        if not isinstance(names, list) or not names or not all(map(_plain, names)):
            raise InputError(f"{str(folder / _SPLITS)!r} names no splits: {_REMEDY}")
        found: dict[str, Path] = {}
        for name in names:
            split = canonical(name) or name
            found[name if split in found else split] = folder / name
        return found
    return {"": folder} if (folder / _STATE).is_file() else {}


def saved_parent(folder: Path) -> Path | None:
    """Give the folder of all splits when this is the folder of one."""
    whole = folder.absolute().parent
    if not (folder / _STATE).is_file() or not (whole / _SPLITS).is_file():
        return None
    return whole if whole / folder.name in find_saved(whole).values() else None


def open_saved(folder: Path, split: str | None = None, name: str | None = None) -> Dataset:
    """Open what `save_to_disk` wrote: a ``Dataset``, or one split of a ``DatasetDict``.

    The images are those of the column with the feature ``Image``, the labels those of the one with
    the feature ``ClassLabel``. It is read with pyarrow alone.

    Raises
    ------
    InputError
        When a file is damaged, or no column holds images.
    SelectionError
        When it has no such split.
    MissingExtraError
        When pyarrow is not installed.
    """
    found = find_saved(folder)
    name = name or folder_name(folder)
    part, chosen, title = pick(name, found, split)
    files = _files(part)
    columns = columns_of(_table(files[0]).schema, str(files[0]))
    count = len(_joined(files, columns.image))
    if not count:
        raise InputError(f"{str(part)!r} holds no rows: give a dataset with images")
    images = MappedImages(files, columns.image, count)
    labels = None
    if columns.label is not None:
        labels = labels_of(_joined(files, columns.label), str(part))
    splits = tuple(key for key in found if key)
    return Dataset(name, chosen, labels, columns.class_names, images, splits, title)


def _files(folder: Path) -> tuple[Path, ...]:
    entries = _read(folder / _STATE).get("_data_files")
    names = [
        entry.get("filename") if isinstance(entry, dict) else None
        for entry in (entries if isinstance(entries, list) else [])
    ]
    if not names or not all(map(_plain, names)):
        raise InputError(f"{str(folder / _STATE)!r} names no files of the dataset: {_REMEDY}")
    return tuple(folder / name for name in names if name)


def _plain(name: object) -> bool:
    """Tell whether it is a name within a folder, and leads nowhere else."""
    return isinstance(name, str) and name not in {"", ".", ".."} and not set(name) & set("/\\:\0")


def _read(file: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or "it is no JSON"
        raise InputError(f"{str(file)!r} cannot be read ({reason}): {_REMEDY}") from error
    return found if isinstance(found, dict) else {}


def _table(file: Path) -> Any:
    arrow = require("pyarrow", "survey", f"the dataset in {str(file.parent)!r}")
    try:
        with file.open("rb") as plain:
            plain.seek(max(0, size_of(file) - len(_END)))
            whole = plain.read() == _END
        if not whole:
            raise InputError(f"{str(file)!r} is truncated, or is no Arrow stream: {_REMEDY}")
        return arrow.ipc.open_stream(arrow.memory_map(str(file))).read_all()
    except InputError:
        raise
    except Exception as error:
        raise damaged(file, error) from error


def _joined(files: tuple[Path, ...], column: str) -> Any:
    """Give a column of all files, after making sure that Arrow reads nothing beyond its memory."""
    chunks = []
    for file in files:
        held = _table(file)
        try:
            cells = held.column(column)
            cells.validate(full=True)
            chunks += cells.chunks
        except Exception as error:
            raise damaged(file, error) from error
    arrow = require("pyarrow", "survey", "a dataset of Arrow files")
    try:
        return arrow.chunked_array(chunks, type=cells.type)
    except Exception as error:
        raise damaged(files[0].parent, error) from error
