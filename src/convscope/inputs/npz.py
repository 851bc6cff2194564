"""Datasets in one .npz file with Keras's keys."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from convscope.errors import InputError
from convscope.inputs.archives import archived, loaded
from convscope.inputs.class_names import class_names_of
from convscope.inputs.dataset import Dataset
from convscope.inputs.pixels import CHANNELS, to_255
from convscope.inputs.splits import choose

__all__ = ["open_npz"]

_POSSIBLE = "save it with numpy.savez under the keys x_train, y_train, x_test and y_test"


def open_npz(path: Path, split: str | None = None, name: str | None = None) -> Dataset:
    """Open an ``.npz`` with ``x_train, y_train, x_test, y_test``; one split is read.

    Images are ``(image, y, x)`` or ``(image, y, x, channel)``, labels ``(image,)`` or
    ``(image, 1)``. Pickled objects are refused.

    Raises
    ------
    InputError
        When the file cannot be read or holds something else.
    SelectionError
        When it has no such split.
    """
    wanted = name or path.name
    file = loaded(path, str(path))
    if not isinstance(file, np.lib.npyio.NpzFile):
        raise InputError(f"{str(path)!r} is no .npz file: {_POSSIBLE}")
    with file:
        splits = tuple(part for part in ("train", "val", "test") if f"x_{part}" in file)
        if not splits:
            held = " ".join(", ".join(sorted(file.files)[:8]).split())[:200] or "nothing"
            raise InputError(f"{str(path)!r} holds {held}: {_POSSIBLE}")
        chosen, title = choose(wanted, splits, split)
        images = archived(file, f"x_{chosen}", str(path))
        labels = archived(file, f"y_{chosen}", str(path)) if f"y_{chosen}" in file else None
    images = check_images(images, str(path))
    held_labels = None if labels is None else check_labels(labels, len(images), str(path))
    names = class_names_of(name or path.stem)
    return Dataset(wanted, chosen, held_labels, names, images, splits, title)


def check_images(images: np.ndarray, source: str) -> np.ndarray:
    """Bring a stack of images to 0..255.

    Raises
    ------
    InputError
        When it is no stack ``(image, y, x)`` or ``(image, y, x, channel)`` of pixel values.
    """
    coloured = images.ndim == 4 and images.shape[3] in CHANNELS
    if images.dtype.kind not in "buif" or not (images.ndim == 3 or coloured) or not images.size:
        raise InputError(
            f"{source!r} holds images of {images.dtype} and shape {images.shape}: give numbers "
            "(image, y, x) or (image, y, x, channel) with 1, 3 or 4 channels"
        )
    try:
        return to_255(images)
    except InputError as error:
        raise InputError(f"{source!r}: {error}") from error


def check_labels(labels: np.ndarray, count: int, source: str) -> np.ndarray:
    """Bring labels to ``(image,)`` of int64.

    Raises
    ------
    InputError
        When they are not one whole number an image.
    """
    whole = labels.dtype.kind in "bui" or (
        labels.dtype.kind == "f" and bool(np.all(np.mod(labels, 1) == 0))
    )
    if labels.shape not in {(count,), (count, 1)} or not whole:
        raise InputError(
            f"{source!r} holds labels of {labels.dtype} and shape {labels.shape} for {count} "
            "images: give one whole number an image"
        )
    return labels.reshape(count).astype(np.int64)
