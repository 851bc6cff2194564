"""A set of images with their classes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from convscope.arguments import told, whole
from convscope.errors import InputError, SelectionError
from convscope.inputs.fingerprints import fingerprint
from convscope.inputs.images import Image
from convscope.inputs.pixels import over_white
from convscope.inputs.stored import ChosenImages, StoredImages

__all__ = ["Dataset", "arrays", "dataset_given", "first_of_each"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """One split of a dataset: images by index, their labels and the names of the classes.

    It can be pickled, and several threads may read from it at once.

    Attributes
    ----------
    name : str
        ``fashion_mnist``, or the name of a folder or file.
    split : str or None
        ``train``, ``val`` or ``test``; None where the dataset has no splits.
    labels : numpy.ndarray or None
        ``(image,)``, int64, the index of each image's class; -1 for one that has none.
    class_names : tuple of str
        In the order of the labels; empty where they are not known.
    images : numpy.ndarray or StoredImages
        ``(image, y, x)`` or ``(image, y, x, channel)``, uint8 or float32 in 0..255; or those in
        files, each read when it is asked for.
    splits : tuple of str
        All that can be asked for.
    title : str
        What its images are called before ``:INDEX``: the name, with the split where it is not the
        one that is opened by default.
    indices : numpy.ndarray or None
        ``(image,)``, the indices that the images of a `sample` have in the whole dataset; None for
        the whole.
    """

    name: str
    split: str | None
    labels: np.ndarray | None
    class_names: tuple[str, ...]
    images: np.ndarray | StoredImages
    splits: tuple[str, ...] = ()
    title: str = ""
    indices: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Image:
        """Read one image, named by its index in the whole dataset.

        Raises
        ------
        SelectionError
            When there is no such index.
        InputError
            When what it lies in cannot be read.
        """
        called = self.title or self.name
        whole(index, "index")
        if not 0 <= index < len(self):
            kind = "images" if self.indices is None else "sampled images"
            raise SelectionError(
                f"{called} has no image {index}: its {len(self):,} {kind} have the indices 0 to "
                f"{len(self) - 1}"
            )
        label = None if self.labels is None or self.labels[index] < 0 else int(self.labels[index])
        known = label is not None and label < len(self.class_names)
        class_name = self.class_names[label] if known and label is not None else ""
        name = f"{called}:{index if self.indices is None else self.indices[index]}"
        return Image(self._pixels(index, name), name, label, class_name)

    def _pixels(self, index: int, name: str) -> np.ndarray:
        if not isinstance(self.images, np.ndarray):
            return self.images.pixels(index, name)
        pixels = self.images[index]
        return over_white(pixels if pixels.ndim == 3 else pixels[:, :, None])

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

    def sample(self, count: int, seed: int = 0) -> Dataset:
        """Choose images at random, each at most once.

        Parameters
        ----------
        count : int
            How many, at least 1; as many as there are, or more, give all.
        seed : int
            What chance depends on, 0 or more: the same seed chooses the same images.

        Returns
        -------
        Dataset
            In the order of the whole; its images keep the names that they have there.

        Raises
        ------
        SelectionError
            When `count` or `seed` is too small.
        """
        whole(count, "count", 1, what="images of a sample")
        whole(seed, "seed", 0)
        if count >= len(self):
            return self
        chosen = np.sort(np.random.default_rng(seed).choice(len(self), count, replace=False))
        images = self.images
        return replace(
            self,
            labels=None if self.labels is None else self.labels[chosen],
            images=images[chosen]
            if isinstance(images, np.ndarray)
            else ChosenImages(images, chosen),
            indices=chosen if self.indices is None else self.indices[chosen],
        )

    def fingerprint(self) -> str:
        """Give a checksum of what the dataset is, wherever it lies and whatever it is called.

        Returns
        -------
        str
            SHA-256 in hexadecimal of the number of images, which of the whole they are, their
            labels, the names of the classes and the content: of images in memory the shape, the
            dtype and every byte; of images in files the names and sizes of the files, below the
            dataset's folder, and of the members of tar files. So a picture that is replaced by
            another of the same size in bytes is not noticed.

        Raises
        ------
        InputError
            When a file is not there any more.
        """
        return fingerprint(self)


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
        When the dataset holds its pictures in files, or has no labels.
    """
    dataset_given(dataset)
    if not isinstance(dataset.images, np.ndarray):
        raise InputError(
            f"{dataset.name} holds its pictures in files, which are no array in memory: read them "
            "one by one (dataset[0]), or give IDX files, an .npz or the name of a dataset"
        )
    return dataset.images, _labels(dataset)


def first_of_each(dataset: Dataset, k: int = 1) -> dict[int, list[int]]:
    """Find the first images of every class.

    Returns
    -------
    dict of int to list of int
        By label, in ascending order, the indices of its first `k` images, as ``dataset[index]``
        takes them; fewer where there are fewer. Images without a label are left out.

    Raises
    ------
    InputError
        When the dataset has no labels.
    SelectionError
        When `k` is below 1.
    """
    whole(k, "k", 1, what="images of each class")
    labels = _labels(dataset_given(dataset))
    found = {label: np.flatnonzero(labels == label)[:k] for label in np.unique(labels[labels >= 0])}
    return {int(label): [int(index) for index in indices] for label, indices in found.items()}


def dataset_given(value: object) -> Dataset:
    """Give a dataset that an argument must hold.

    Raises
    ------
    InputError
        For anything else, such as a name: it is opened first.
    """
    if isinstance(value, Dataset):
        return value
    raise InputError(f"dataset {told(value)}: give what datasets.open_dataset opens")


def _labels(dataset: Dataset) -> np.ndarray:
    if dataset.labels is None:
        raise InputError(f"{dataset.name} has no labels: give one that has, with a file of labels")
    return dataset.labels
