"""The images that lead each channel: the k with the highest values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Leaders"]

_NOBODY = np.iinfo(np.int64).max
_FIELDS = ("value", "image", "position")


@dataclass(frozen=True, eq=False)
class Leaders:
    """The k best images of every channel, the best first; of equals the lower index.

    Attributes
    ----------
    value : numpy.ndarray
        ``(rank, channel)``, float32; -inf where there are fewer images.
    image : numpy.ndarray
        ``(rank, channel)``, int64: the image's index in the dataset.
    position : numpy.ndarray
        ``(rank, channel)``, int32: where the peak is in the map.
    """

    value: np.ndarray
    image: np.ndarray
    position: np.ndarray

    @classmethod
    def none(cls, k: int, channels: int) -> Leaders:
        """Give places that nobody has taken."""
        return cls(
            np.full((k, channels), -np.inf, np.float32),
            np.full((k, channels), _NOBODY, np.int64),
            np.full((k, channels), -1, np.int32),
        )

    @property
    def bar(self) -> np.ndarray:
        """What an image must reach to be among the leaders, ``(channel,)``."""
        return np.asarray(self.value[-1])

    @property
    def taken(self) -> np.ndarray:
        """Which places an image has taken, ``(rank, channel)``."""
        return np.asarray(self.image != _NOBODY)

    def merge(self, other: Leaders) -> Leaders:
        """Give the best of both; no image may be in both."""
        # NaN reaches no bar, and an empty place has the value -inf as nobody's.
        competing = (other.value >= self.bar) & other.taken
        columns = np.flatnonzero(competing.any(axis=0))
        if not len(columns):
            return self
        value, image, position = (
            np.concatenate([getattr(self, name)[:, columns], getattr(other, name)[:, columns]])
            for name in _FIELDS
        )
        order = np.lexsort((image, -value), axis=0)[: len(self.value)]
        merged = []
        for name, part in zip(_FIELDS, (value, image, position), strict=True):
            whole = getattr(self, name).copy()
            whole[:, columns] = np.take_along_axis(part, order, axis=0)
            merged.append(whole)
        return Leaders(*merged)

    def joined_by(self, value: np.ndarray, image: np.ndarray, position: np.ndarray) -> Leaders:
        """Let images compete.

        Parameters
        ----------
        value, position : numpy.ndarray
            ``(image, channel)``. Not-a-number and -inf compete for nothing.
        image : numpy.ndarray
            ``(image,)``: their indices.
        """
        competing = value > -np.inf
        return self.merge(
            Leaders(
                np.where(competing, value, np.float32(-np.inf)),
                np.where(competing, image[:, None], _NOBODY),
                position,
            )
        )
