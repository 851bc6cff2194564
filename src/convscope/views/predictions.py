"""The classes that a network names, best first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from convscope.networks import Network

__all__ = ["predictions"]


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
    found = network.predict(images)
    several = found if isinstance(found, dict) else {"": found}
    rows = []
    for image, name in enumerate(_names(several)):
        outputs = []
        for output, array in several.items():
            scores = _scores(np.asarray(array.values[image]))
            entries = _best(scores, network.labels, top)
            outputs += [{**entry, **({"output": output} if output else {})} for entry in entries]
        rows.append({"image": name, "outputs": outputs})
    return rows


def _names(outputs: dict[str, Any]) -> list[str]:
    first = next(iter(outputs.values()))
    return [str(name) for name in first.coords["image"].values]


def _scores(values: np.ndarray) -> np.ndarray:
    """Bring one image's output into one score a class."""
    if values.ndim <= 1:
        return values.reshape(-1)
    return np.asarray(values.reshape(len(values), -1).mean(axis=1))


def _best(scores: np.ndarray, labels: Sequence[str], top: int | None) -> list[dict[str, Any]]:
    if len(scores) == 1 and len(labels) == 2:
        scores = np.array([1 - scores[0], scores[0]])
    names: Sequence[str | None] = labels if len(labels) == len(scores) else [None] * len(scores)
    order = np.argsort(-scores, kind="stable")[:top]
    return [
        {"index": int(index), "label": names[index], "score": float(scores[index])}
        for index in order
    ]
