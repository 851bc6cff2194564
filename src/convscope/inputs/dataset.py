"""A set of images with their classes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from convscope.errors import InputError, SelectionError
from convscope.inputs.images import Image, read_image
from convscope.inputs.pixels import over_white

__all__ = ["Dataset", "arrays", "first_of_each"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """One split of a dataset: images by index, their labels and the names of the classes.

    Attributes
    ----------
    name : str
        ``fashion_mnist``, or the name of a folder or file.
    split : str or None
        ``train``, ``val`` or ``test``; None where the dataset has no splits.
    labels : numpy.ndarray or None
        ``(image,)``, int64, the index of each image's class.
    class_names : tuple of str
        In the order of the labels; empty where they are not known.
    images : numpy.ndarray or tuple of Path
        ``(image, y, x)`` or ``(image, y, x, channel)``, uint8 or float32 in 0..255; or the files,
        each read when it is asked for.
    splits : tuple of str
        All that can be asked for.
    title : str
        What its images are called before ``:INDEX``: the name, with the split where it is not the
        one that is opened by default.
    """

    name: str
    split: str | None
    labels: np.ndarray | None
    class_names: tuple[str, ...]
    images: np.ndarray | tuple[Path, ...]
    splits: tuple[str, ...] = ()
    title: str = ""

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Image:
        """Read one image.

        Raises
        ------
        SelectionError
            When there is no such index.
        InputError
            When a folder's file cannot be read.
        """
        if not 0 <= index < len(self):
            raise SelectionError(
                f"{self.title or self.name} has no image {index}: its {len(self):,} images have "
                f"the indices 0 to {len(self) - 1}"
            )
        label = None if self.labels is None else int(self.labels[index])
        known = label is not None and 0 <= label < len(self.class_names)
        class_name = self.class_names[label] if known and label is not None else ""
        name = f"{self.title or self.name}:{index}"
        if not isinstance(self.images, np.ndarray):
            return replace(read_image(self.images[index], name, label), class_name=class_name)
        pixels = self.images[index]
        pixels = over_white(pixels if pixels.ndim == 3 else pixels[:, :, None])
        return Image(pixels, name, label, class_name)

    def __iter__(self) -> Iterator[Image]:
        return (self[index] for index in range(len(self)))

    def __repr__(self) -> str:
        split = f" ({self.split})" if self.split else ""
        return f"<Dataset {self.name}{split}: {len(self):,} images>"

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The images' shape, ``(image, y, x[, channel])``; None for what differs or is unread."""
        if isinstance(self.images, np.ndarray):
            return self.images.shape
        return len(self), None, None, None


def arrays(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Give all images and labels of a dataset that is held in memory, without a copy.

    Returns
    -------
    images : numpy.ndarray
        ``(image, y, x)`` or ``(image, y, x, channel)``; uint8, or float32 in 0..255 where the
        dataset is finer than 8 bits.
    labels : numpy.ndarray
        ``(image,)``, int64.

    Raises
    ------
    InputError
        When the dataset is a folder of pictures, or has no labels.
    """
    if not isinstance(dataset.images, np.ndarray):
        raise InputError(
            f"{dataset.name} is a folder of pictures, which are not held as one array: read them "
            "one by one (dataset[0]), or give IDX files, an .npz or the name of a dataset"
        )
    return dataset.images, _labels(dataset)


def first_of_each(dataset: Dataset, k: int = 1) -> dict[int, list[int]]:
    """Find the first images of every class.

    Returns
    -------
    dict of int to list of int
        By label, in ascending order, the indices of its first `k` images; fewer where there are
        fewer.

    Raises
    ------
    InputError
        When the dataset has no labels.
    SelectionError
        When `k` is below 1.
    """
    if k < 1:
        raise SelectionError(f"{k} images of each class were asked for: ask for at least 1")
    labels = _labels(dataset)
    found = {label: np.flatnonzero(labels == label)[:k] for label in np.unique(labels)}
    return {int(label): [int(index) for index in indices] for label, indices in found.items()}


def _labels(dataset: Dataset) -> np.ndarray:
    if dataset.labels is None:
        raise InputError(f"{dataset.name} has no labels: give one that has, with a file of labels")
    return dataset.labels
