"""A checksum of what a dataset is."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from convscope.inputs.dataset import Dataset

__all__ = ["fingerprint"]


def fingerprint(dataset: Dataset) -> str:
    """Give the SHA-256, in hexadecimal, of what `Dataset.fingerprint` names.

    Raises
    ------
    InputError
        When a file is not there any more.
    """
    found = hashlib.sha256()
    numbers = (dataset.indices, dataset.labels)
    facts = [len(dataset), [part is not None for part in numbers], list(dataset.class_names)]
    found.update(_bytes(facts))
    for part in numbers:
        if part is not None:
            found.update(part.astype("<i8").tobytes())
    if not isinstance(dataset.images, np.ndarray):
        for entry in dataset.images.contents():
            found.update(_bytes(entry))
        return found.hexdigest()
    little = dataset.images.dtype.newbyteorder("<")
    found.update(_bytes([dataset.images.shape, little.str]))
    # One by one: a whole array that is not contiguous would be copied.
    for image in dataset.images:
        found.update(np.ascontiguousarray(image, little).data)
    return found.hexdigest()


def _bytes(facts: object) -> bytes:
    return json.dumps(facts).encode() + b"\n"
