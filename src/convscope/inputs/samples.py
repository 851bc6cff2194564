"""One thing that a network takes and that is no picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

__all__ = ["Sample"]


@dataclass(frozen=True, eq=False)
class Sample:
    """One signal, volume or sequence, or what else a network takes that is no picture.

    Attributes
    ----------
    name : str
        ``ecg.npy``; ``ecg.npy:3`` for one of several in a file.
    arrays : mapping of str to numpy.ndarray
        One array an input of the network, with an image axis of length 1.
    fed : str
        What was done to it; empty where nothing was.
    """

    name: str
    arrays: Mapping[str, np.ndarray]
    fed: str = ""

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shapes of its arrays, by which samples go together."""
        return tuple(array.shape for array in self.arrays.values())
