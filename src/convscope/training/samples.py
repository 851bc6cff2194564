"""What a recipe trains on and is tested on: images and labels, in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from convscope.errors import InputError
from convscope.inputs.dataset import Dataset
from convscope.inputs.datasets import open_dataset
from convscope.inputs.images import Image
from convscope.inputs.preparation import Preparation, prepare
from convscope.training.archive import ARCHIVE, fetch_cats_and_dogs
from convscope.training.distortion import Distortion
from convscope.training.recipe import Recipe

__all__ = ["Samples", "Splits", "open_splits"]

_POSSIBLE = (
    "give a folder with train/ and test/ (or val/) of class folders, a folder of IDX files, or an "
    ".npz with Keras's keys"
)


@dataclass(frozen=True, eq=False)
class Samples:
    """Images of one split.

    Attributes
    ----------
    images : numpy.ndarray
        ``(image, y, x, channel)``, uint8, at the size of the network: a quarter of the memory that
        prepared images take, and what distortions work on.
    labels : numpy.ndarray
        ``(image,)``, int64.
    preparation : Preparation
        What a batch goes through.
    """

    images: np.ndarray
    labels: np.ndarray
    preparation: Preparation

    def __len__(self) -> int:
        return len(self.labels)

    def in_order(self, batch: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Give every image once, as `drawn` does, in their order."""
        for start in range(0, len(self), batch):
            part = slice(start, start + batch)
            yield self._prepared(self.images[part]), self.labels[part]

    def drawn(
        self, batch: int, steps: int, distortion: Distortion | None, rng: np.random.Generator
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Give batches without end, in a new order every epoch.

        Parameters
        ----------
        batch : int
            Images a batch; the last one of an epoch may have fewer.
        steps : int
            Batches an epoch.
        distortion : Distortion or None
            What is done to the images before the preparation.
        rng : numpy.random.Generator
            Decides on order and distortions.

        Yields
        ------
        images : numpy.ndarray
            ``(image, y, x, channel)``, float32, prepared.
        labels : numpy.ndarray
            ``(image,)``, int64.
        """
        while True:
            order = rng.permutation(len(self))
            for step in range(steps):
                chosen = order[step * batch : (step + 1) * batch]
                images = self.images[chosen]
                if distortion is not None:
                    images = distortion.apply(images, rng)
                yield self._prepared(images), self.labels[chosen]

    def _prepared(self, images: np.ndarray) -> np.ndarray:
        return prepare([Image(image, "") for image in images], self.preparation)


@dataclass(frozen=True, eq=False)
class Splits:
    """All that a recipe needs.

    Attributes
    ----------
    train, test : Samples
    validation : Samples or None
        None where the data has no validation split. Data without a test split is tested on its
        validation split, which is given here too.
    labels : tuple of str
        Names of the classes.
    """

    train: Samples
    test: Samples
    validation: Samples | None
    labels: tuple[str, ...]


def open_splits(recipe: Recipe, data: str | Path | None = None) -> Splits:
    """Read all images that a recipe needs, once.

    Parameters
    ----------
    recipe : Recipe
    data : str or Path, optional
        A dataset's name, a folder of IDX files, an ``.npz``, or a folder with ``train`` and
        ``test`` (or ``val``) folders, each with a sub-folder a class. By default what the recipe
        names, downloaded when it is not cached.

    Raises
    ------
    InputError
        When the data cannot be read, has no labels, no test split, or too few or many classes.
    SelectionError
        When there is no such dataset.
    """
    source = data if data is not None else _default(recipe)
    try:
        first = open_dataset(source)
    except InputError as error:
        if data is not None:
            raise
        raise InputError(f"{error} (a folder is given with --data DIR)") from error
    if "train" not in first.splits or len(first.splits) == 1:
        found = ", ".join(first.splits) or "no splits"
        raise InputError(
            f"{str(source)!r} holds {found}, and training needs train and test (or val): "
            f"{_POSSIBLE}"
        )
    opened = {split: open_dataset(source, split) for split in first.splits}
    for dataset in opened.values():
        _check(dataset, opened["train"], recipe)
    samples = {split: _samples(dataset, recipe) for split, dataset in opened.items()}
    validation = samples.get("val")
    test = samples.get("test", validation)
    assert test is not None  # one beside train is there
    return Splits(samples["train"], test, validation, _labels(opened["train"], recipe))


def _default(recipe: Recipe) -> str | Path:
    return fetch_cats_and_dogs() if recipe.dataset == ARCHIVE else recipe.dataset


def _check(dataset: Dataset, train: Dataset, recipe: Recipe) -> None:
    """Let only data pass whose labels mean one of the recipe's classes each."""
    where = f"{dataset.name} ({dataset.split})"
    wanted = len(recipe.labels)
    if dataset.labels is None:
        raise InputError(f"{where} has no labels: give data that has, {_POSSIBLE}")
    if dataset.class_names != train.class_names:
        raise InputError(
            f"{where} has the classes {_listed(dataset.class_names)} where train has "
            f"{_listed(train.class_names)}: give every split the same folders"
        )
    count = len(dataset.class_names) or int(dataset.labels.max()) + 1
    if count > wanted or dataset.labels.min() < 0 or 0 < len(dataset.class_names) < wanted:
        raise InputError(
            f"{where} has {count} classes, and {recipe.name} tells {wanted} apart "
            f"({_listed(recipe.labels)}): give data with {wanted} classes"
        )


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")


def _labels(dataset: Dataset, recipe: Recipe) -> tuple[str, ...]:
    """Take the names that the data has; the recipe's where they mean the same."""
    names = dataset.class_names
    pairs = zip(names, recipe.labels, strict=bool(names))
    # Folders are called CAT, cat or cats.
    if all(name.casefold().removesuffix("s") == label.casefold() for name, label in pairs):
        return recipe.labels
    return names


def _samples(dataset: Dataset, recipe: Recipe) -> Samples:
    wanted = recipe.preparation
    assert wanted.size is not None  # every recipe sets one
    shape = (len(dataset), *wanted.size, wanted.channels)
    labels = np.asarray(dataset.labels, np.int64)
    held = dataset.images
    if isinstance(held, np.ndarray) and held.dtype == np.uint8 and held.shape == shape[: held.ndim]:
        return Samples(held.reshape(shape), labels, wanted)
    plain = Preparation(wanted.size, wanted.channels, low=0.0, high=255.0)
    images = np.empty(shape, np.uint8)
    for place in range(len(dataset)):
        images[place] = np.rint(prepare([dataset[place]], plain)[0])
    return Samples(images, labels, wanted)
