"""Datasets: by name, from folders, from .npz, parquet and tar files."""

from __future__ import annotations

from pathlib import Path

from convscope.arguments import told
from convscope.errors import InputError, SelectionError, near
from convscope.inputs.dataset import Dataset, arrays, first_of_each
from convscope.inputs.folders import open_folder, splits_within
from convscope.inputs.images import is_there, local_path
from convscope.inputs.named import NAMES, open_named
from convscope.inputs.npz import open_npz
from convscope.inputs.parquet import open_parquet_file
from convscope.inputs.patterns import is_pattern
from convscope.inputs.shards import is_shard, open_pattern

__all__ = ["NAMES", "Dataset", "arrays", "first_of_each", "open_dataset"]

_POSSIBLE = (
    "a folder with a sub-folder a class, one of IDX, parquet or .tar files, one that the library "
    "datasets saved, an .npz and a .tar work too"
)


def open_dataset(name_or_path: str | Path, split: str | None = None) -> Dataset:
    """Open one split of a dataset.

    Parameters
    ----------
    name_or_path : str or Path
        One of `NAMES`, or where a dataset lies; docs/datasets.md lists the layouts. A folder with
        a sub-folder a class (or ``train``, ``val``, ``test`` folders of such); of IDX files; that
        the library datasets wrote with `save_to_disk`; of parquet files as on the Hugging Face
        Hub; as torchvision keeps MNIST and CIFAR; of ``.tar`` shards. An ``.npz`` with Keras's
        keys, a ``.parquet``, a ``.tar``, or shards by one name: ``shards-{0000..0009}.tar``,
        ``shards-*.tar``. Those with splits may be followed by ``/train``, ``/val`` or ``/test``.
        A name goes before a folder of the same name, which is ``./mnist``.
    split : str, optional
        ``train``, ``val`` or ``test``; by default test where there is one, else val, else train.

    Raises
    ------
    SelectionError
        When there is no dataset of that name, or no such split.
    InputError
        When it is there and cannot be read.
    MissingExtraError
        When it needs a library that is not installed.
    """
    if not isinstance(name_or_path, str | Path):
        raise InputError(
            f"dataset {told(name_or_path)}: give its name or path, one of {', '.join(NAMES)}, or "
            f"{_POSSIBLE}"
        )
    if split is not None and not isinstance(split, str):
        raise SelectionError(f"split {told(split)}: give train, val or test")
    text = str(name_or_path)
    if not text.strip():
        raise InputError(f"an empty name was given for a dataset: give one of {', '.join(NAMES)}")
    if isinstance(name_or_path, str):
        name, _, part = text.rstrip("/").partition("/")
        if name in NAMES and "/" not in part:
            return open_named(name, _one_split(text, split, part or None))
    path = local_path(name_or_path)
    if is_there(path):
        return _open_path(path, split)
    if is_pattern(path.name) or (is_shard(path) and is_pattern(text)):
        return open_pattern(str(path), split)
    if _holds_splits(path.parent):
        return _open_path(path.parent, _one_split(text, split, path.name))
    raise _unknown(text, path)


def _one_split(text: str, split: str | None, part: str | None) -> str | None:
    if split is not None and part is not None and split != part:
        raise SelectionError(
            f"{text!r} names the split {part!r} and {split!r} was asked for: give one of them"
        )
    return part if split is None else split


def _holds_splits(path: Path) -> bool:
    """Tell whether ``path/train`` can mean a split though no such folder exists."""
    try:
        if path.suffix == ".npz":
            return path.is_file()
        return path.name not in {"", "."} and bool(splits_within(path))
    except (OSError, ValueError):
        return False


def _open_path(path: Path, split: str | None) -> Dataset:
    if path.is_dir():
        return open_folder(path, split)
    if path.suffix == ".npz":
        return open_npz(path, split)
    if path.suffix == ".parquet":
        return open_parquet_file(path, split)
    if is_shard(path):
        return open_pattern(str(path), split)
    # CIFAR-100 keeps each split in a file of that name.
    if path.name in splits_within(path.parent):
        return open_folder(path.parent, _one_split(str(path), split, path.name))
    raise InputError(f"{str(path)!r} is a file and no dataset: {_POSSIBLE}")


def _unknown(text: str, path: Path) -> Exception:
    if path.name == text and not path.suffix:
        return SelectionError(f"there is no dataset {text!r}: {near(text, NAMES)} ({_POSSIBLE})")
    if not is_there(path.parent):
        return InputError(
            f"there is no dataset {text!r}, nor a folder {str(path.parent)!r}: check the path"
        )
    try:
        beside = sorted(entry.name for entry in path.parent.glob("[!.]*"))
    except OSError:
        beside = []
    names = [*beside, *NAMES] if len(path.parts) == 1 else beside
    return InputError(f"there is no dataset {text!r}: {near(path.name, names)} ({_POSSIBLE})")
