"""The classes that a network names, best first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from convscope.networks import Network

__all__ = ["best_classes", "predictions"]


def predictions(network: Network, images: Any, top: int | None = 5) -> list[dict[str, Any]]:
    """Name the best classes of every image.

    Parameters
    ----------
    network : Network
    images
        As for `Network.activations`.
    top : int or None
        How many; None for all.

    Returns
    -------
    list of dict
        ``image, outputs: [{index, label, score}]``, best first; ``label`` is None where the names
        of the classes are unknown. A single output with two class names is read as the second
        one's probability. With several outputs each entry has the key ``output`` as well; outputs
        with space (segmentation) give their mean over it.
    """
    rows = []
    for batch in network.batches(images):
        outputs = network.run(batch, (), outputs=True).outputs
        rows += [_row(network, name, place, outputs, top) for place, name in enumerate(batch.names)]
    return rows


def _row(
    network: Network, image: str, place: int, outputs: Mapping[str, np.ndarray], top: int | None
) -> dict[str, Any]:
    several = len(outputs) > 1
    entries: list[dict[str, Any]] = []
    for output, values in outputs.items():
        best = best_classes(network, values[place], top)
        entries += [{**entry, **({"output": output} if several else {})} for entry in best]
    return {"image": image, "outputs": entries}


def _scores(values: np.ndarray) -> np.ndarray:
    """Bring one image's output into one score a class."""
    if values.ndim <= 1:
        return values.reshape(-1)
    return np.asarray(values.reshape(len(values), -1).mean(axis=1))


def best_classes(network: Network, values: Any, top: int | None = 5) -> list[dict[str, Any]]:
    """Name the best classes of one image's output, ``(channel, ...)``; see `predictions`."""
    scores, labels = _scores(np.asarray(values)), network.labels
    if len(scores) == 1 and len(labels) == 2:
        scores = np.array([1 - scores[0], scores[0]])
    names: Sequence[str | None] = labels if len(labels) == len(scores) else [None] * len(scores)
    order = np.argsort(-scores, kind="stable")[:top]
    return [
        {"index": int(index), "label": names[index], "score": float(scores[index])}
        for index in order
    ]
