"""Whether the weights of a model are still what they were."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

__all__ = ["Moment", "moment_of"]


class Moment:
    """The weights of a model at one moment, to be compared with those of another.

    Arrays of jax never change, so the same ones mean the same weights; tensors of torch count their
    changes; those of tensorflow are read.
    """

    def __init__(self, values: Sequence[Any]) -> None:
        # Held, so that no other array can take the place of one in memory.
        self._values = values
        self._versions = [_version(value) for value in values]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Moment) or len(self._values) != len(other._values):
            return False
        same = all(one is two for one, two in zip(self._values, other._values, strict=True))
        return same and self._versions == other._versions

    __hash__ = None  # type: ignore[assignment]


def moment_of(variables: Sequence[Any]) -> Moment | None:
    """Take down the weights of this moment; None while a variable has no value."""
    values = [getattr(variable, "_value", None) for variable in variables]
    return None if any(value is None for value in values) else Moment(values)


def _version(value: Any) -> int:
    match keras.backend.backend():
        case "jax":
            return 0
        case "torch":
            return int(value._version)
        case _:
            return zlib.crc32(np.ascontiguousarray(value).data)
