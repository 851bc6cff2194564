"""Images of a dataset, read and prepared on other threads while the network runs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from convscope.errors import InputError
from convscope.inputs.dataset import Dataset
from convscope.inputs.images import Image
from convscope.networks import Batch, Network
from convscope.surveys.ahead import ahead

__all__ = ["Piece", "pieces"]

_READERS = min(16, os.cpu_count() or 1)


@dataclass(frozen=True, eq=False)
class Piece:
    """Some images, ready for the network.

    Attributes
    ----------
    batch : Batch or None
        Filled up with its last image, so that all batches are of one size, for which a network is
        compiled; None where no image could be read.
    images : numpy.ndarray
        ``(image,)``, int64: the places of those that are no filling.
    skipped : tuple of (int, str)
        Images that could not be read, and why.
    """

    batch: Batch | None
    images: np.ndarray
    skipped: tuple[tuple[int, str], ...] = ()


def pieces(network: Network, dataset: Dataset, places: Sequence[int], size: int) -> Iterator[Piece]:
    """Give images in batches, in order; a few are read ahead. Images of unlike size go one by one.

    Parameters
    ----------
    network : Network
    dataset : Dataset
    places : sequence of int
        Which images.
    size : int
        How many a batch.
    """
    groups = (places[start : start + size] for start in range(0, len(places), size))
    made = ahead(
        partial(_pieces, network, dataset, size=size),
        groups,
        workers=_READERS,
        waiting=2 * _READERS,
        name="convscope-reader",
    )
    for some in made:
        yield from some


def _pieces(network: Network, dataset: Dataset, places: Sequence[int], *, size: int) -> list[Piece]:
    images: list[Image] = []
    found: list[int] = []
    skipped: list[tuple[int, str]] = []
    for place in places:
        try:
            images.append(dataset[place])
            found.append(place)
        except InputError as error:
            skipped.append((place, str(error)))
    if not images:
        return [Piece(None, np.zeros(0, np.int64), tuple(skipped))]
    filled = [*images, *images[-1:] * (size - len(images))]
    batches = network.batches(filled)
    shapes = [{name: array.shape[1:] for name, array in batch.arrays.items()} for batch in batches]
    if shapes.count(shapes[0]) == len(shapes):
        return [Piece(_joined(batches), np.array(found, np.int64), tuple(skipped))]
    # One by one, and without those that would fill up.
    one_by_one = [
        Piece(batch, np.array([place], np.int64))
        for batch, place in zip(batches, found, strict=False)
    ]
    return [Piece(None, np.zeros(0, np.int64), tuple(skipped)), *one_by_one]


def _joined(batches: Sequence[Batch]) -> Batch:
    if len(batches) == 1:
        return batches[0]
    arrays = {
        name: np.concatenate([batch.arrays[name] for batch in batches])
        for name in batches[0].arrays
    }
    return replace(
        batches[0],
        arrays=arrays,
        names=tuple(name for batch in batches for name in batch.names),
        labels=tuple(label for batch in batches for label in batch.labels),
        class_names=tuple(name for batch in batches for name in batch.class_names),
    )
