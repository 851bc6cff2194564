"""Datasets in parquet files, as the Hugging Face Hub lays them out."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from convscope.errors import InputError, require
from convscope.inputs.columns import cell_pixels, columns_of, damaged, labels_of
from convscope.inputs.dataset import Dataset
from convscope.inputs.listing import files, folder_name, folders
from convscope.inputs.splits import by_split, canonical, pick
from convscope.inputs.stored import size_of

__all__ = ["ParquetImages", "find_parquet", "open_parquet", "open_parquet_file"]

_SUFFIX = (".parquet",)
# What describes the pictures of a class folder, which is no table of pictures.
_BESIDE = "metadata.parquet"
# Row groups kept: two, so that threads at the border of two read neither again and again.
_KEPT = 2
_REMEDY = "download or copy it again"


class _Groups:
    """The row groups that were read last; not pickled."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, Any] = OrderedDict()

    def __reduce__(self) -> tuple[Any, ...]:
        return _Groups, ()

    def get(self, number: int, file: Path, group: int, column: str) -> Any:
        """Give the cells of one row group."""
        with self._lock:
            if number not in self._kept:
                self._kept[number] = _read(file, column, group)
            self._kept.move_to_end(number)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return self._kept[number]


@dataclass(frozen=True, eq=False)
class ParquetImages:
    """Images in parquet files, whose row groups can only be read whole.

    Attributes
    ----------
    files : tuple of Path
    column : str
        Its cells are structures with the bytes of an encoded picture.
    starts : numpy.ndarray
        ``(group,)``, the index of the first image of each row group.
    groups : numpy.ndarray
        ``(group, 2)``, the place of its file, and its own within that.
    count : int
        Images in all files.
    """

    files: tuple[Path, ...]
    column: str
    starts: np.ndarray
    groups: np.ndarray
    count: int
    _read: _Groups = field(default_factory=_Groups, repr=False)

    def __len__(self) -> int:
        return self.count

    def pixels(self, index: int, name: str) -> np.ndarray:
        """Read one image."""
        number = int(np.searchsorted(self.starts, index, side="right")) - 1
        place, group = (int(value) for value in self.groups[number])
        cells = self._read.get(number, self.files[place], group, self.column)
        within = index - int(self.starts[number])
        if within >= len(cells):
            raise InputError(
                f"{str(self.files[place])!r} does not hold {name!r} any more: open the "
                "dataset again"
            )
        return cell_pixels(cells[within], name)

    def contents(self) -> Iterator[tuple[str, int]]:
        """Give the files and their sizes in bytes."""
        return ((file.name, size_of(file)) for file in self.files)


def find_parquet(folder: Path) -> Mapping[str, tuple[Path, ...]]:
    """Find parquet files, by split.

    Returns
    -------
    dict of str to tuple of Path
        Files in the folder or in ``data`` within, by the split in their names
        (``train-00000-of-00002.parquet``); under the empty name where these say none; else files
        in folders called ``train``, ``val`` and ``test``; empty where there are none.
    """
    for place in (folder, folder / "data"):
        found = [file for file in files(place, _SUFFIX) if file.name != _BESIDE]
        if found:
            return by_split(found) or {"": tuple(found)}
    parts = {canonical(part.name) or "": part for part in folders(folder)}
    held = {split: tuple(files(part, _SUFFIX)) for split, part in parts.items() if split}
    return {split: members for split, members in held.items() if members}


def open_parquet(folder: Path, split: str | None = None, name: str | None = None) -> Dataset:
    """Open a folder of parquet files, as `open_saved` opens Arrow streams.

    Raises
    ------
    InputError
        When a file is damaged, or no column holds images.
    SelectionError
        When it has no such split.
    MissingExtraError
        When pyarrow is not installed.
    """
    found = find_parquet(folder)
    name = name or folder_name(folder)
    members, chosen, title = pick(name, found, split)
    return _open(members, name, chosen, tuple(key for key in found if key), title)


def open_parquet_file(file: Path, split: str | None = None) -> Dataset:
    """Open one parquet file, which is a dataset without splits."""
    pick(file.name, {"": file}, split)
    return _open((file,), file.name, None, (), file.name)


def _open(
    members: tuple[Path, ...], name: str, split: str | None, splits: tuple[str, ...], title: str
) -> Dataset:
    arrow = require("pyarrow", "survey", f"the dataset {name}")
    columns = columns_of(_described(members[0])[0], str(members[0]))
    held = np.array(
        [
            (place, group, rows)
            for place, file in enumerate(members)
            for group, rows in enumerate(_described(file)[1])
        ],
        np.int64,
    ).reshape(-1, 3)
    count = int(held[:, 2].sum())
    if not count:
        raise InputError(f"{str(members[0])!r} holds no rows: give a dataset with images")
    starts = np.cumsum(held[:, 2]) - held[:, 2]
    labels = None
    if columns.label is not None:
        parts = [_read(file, columns.label).chunks for file in members]
        joined = arrow.chunked_array([chunk for chunks in parts for chunk in chunks])
        labels = labels_of(joined, str(members[0]))
        if labels is not None and len(labels) != count:
            raise InputError(f"{name} holds {count} images but {len(labels)} labels: {_REMEDY}")
    images = ParquetImages(members, columns.image, starts, held[:, :2], count)
    return Dataset(name, split, labels, columns.class_names, images, splits, title)


def _opened(file: Path) -> Any:
    parquet = require("pyarrow.parquet", "survey", f"the dataset in {str(file)!r}")
    try:
        return parquet.ParquetFile(file)
    except Exception as error:
        raise damaged(file, error) from error


def _described(file: Path) -> tuple[Any, list[int]]:
    """Give the schema, and the rows of every row group."""
    with _opened(file) as opened:
        facts = opened.metadata
        rows = [facts.row_group(group).num_rows for group in range(opened.num_row_groups)]
        return opened.schema_arrow, rows


def _read(file: Path, column: str, group: int | None = None) -> Any:
    """Read a column, of one row group or of all."""
    opened = _opened(file)
    try:
        with opened:
            if group is None:
                table = opened.read(columns=[column])
            else:
                table = opened.read_row_group(group, columns=[column], use_threads=False)
            return table.column(column)
    except Exception as error:
        raise damaged(file, error) from error
