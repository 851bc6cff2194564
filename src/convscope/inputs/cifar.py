"""CIFAR-10 and CIFAR-100 as their authors publish them (https://www.cs.toronto.edu/~kriz/cifar.html)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from convscope.errors import InputError
from convscope.inputs.cifar_pickles import read_cifar
from convscope.inputs.class_names import class_names_of
from convscope.inputs.dataset import Dataset
from convscope.inputs.npz import check_labels
from convscope.inputs.splits import choose

__all__ = ["find_cifar", "open_cifar"]

_SIDE = 32


@dataclass(frozen=True)
class _Kind:
    meta: str
    parts: Mapping[str, tuple[str, ...]]
    labels: str
    names: str


_KINDS = {
    "cifar10": _Kind(
        "batches.meta",
        {"train": tuple(f"data_batch_{part}" for part in range(1, 6)), "test": ("test_batch",)},
        "labels",
        "label_names",
    ),
    "cifar100": _Kind(
        "meta",
        {"train": ("train",), "test": ("test",)},
        "fine_labels",
        "fine_label_names",
    ),
}


def find_cifar(folder: Path) -> Mapping[str, tuple[Path, ...]]:
    """Find the batches of ``cifar-10-batches-py`` or ``cifar-100-python``, by split.

    Returns
    -------
    dict of str to tuple of Path
        Empty where the folder holds no such.
    """
    kind = _kind(folder)
    if kind is None:
        return {}
    held = {
        split: tuple(folder / name for name in names if (folder / name).is_file())
        for split, names in _KINDS[kind].parts.items()
    }
    return {split: files for split, files in held.items() if files}


def open_cifar(folder: Path, split: str | None = None, name: str | None = None) -> Dataset:
    """Open CIFAR-10, or CIFAR-100 with its hundred fine classes.

    Images are ``(image, y, x, channel)``, uint8, in the order of keras.datasets.

    Raises
    ------
    InputError
        When a file is missing or damaged, or holds something else.
    SelectionError
        When there is no such split.
    """
    kind = _kind(folder) or "cifar10"
    known = _KINDS[kind]
    found = find_cifar(folder)
    chosen, title = choose(name or kind, found, split)
    missing = [part for part in known.parts[chosen] if not (folder / part).is_file()]
    if missing:
        raise InputError(
            f"{str(folder)!r} lacks {', '.join(missing)}: unpack the archive of CIFAR again"
        )
    batches = [_batch(file, known.labels) for file in found[chosen]]
    images = np.concatenate([images for images, _ in batches])
    labels = np.concatenate([labels for _, labels in batches])
    meta = folder / known.meta
    told = read_cifar(meta).get(known.names) if meta.is_file() else None
    names = tuple(map(str, told)) if isinstance(told, list) else class_names_of(kind)
    return Dataset(name or kind, chosen, labels, names, images, tuple(found), title)


def _kind(folder: Path) -> str | None:
    if (folder / "test_batch").is_file() or (folder / "data_batch_1").is_file():
        return "cifar10"
    both = (folder / "meta").is_file() and any(
        (folder / name).is_file() for name in ("train", "test")
    )
    return "cifar100" if both else None


def _batch(file: Path, label_key: str) -> tuple[np.ndarray, np.ndarray]:
    held: Mapping[str, Any] = read_cifar(file)
    data, labels = held.get("data"), held.get(label_key)
    wide = 3 * _SIDE * _SIDE
    if not isinstance(data, np.ndarray) or data.ndim != 2 or data.shape[1] != wide or not len(data):
        raise InputError(f"{str(file)!r} holds no images of CIFAR: unpack its archive again")
    if not isinstance(labels, list) or not all(isinstance(label, int) for label in labels):
        raise InputError(
            f"{str(file)!r} holds no {label_key} of whole numbers: unpack its archive again"
        )
    images = data.reshape(-1, 3, _SIDE, _SIDE).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), check_labels(np.array(labels), len(data), str(file))
