"""The images that lead each channel: the k with the highest values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["NOBODY", "Leaders"]

NOBODY = np.iinfo(np.int64).max
"""The index of no image."""


@dataclass(frozen=True, eq=False)
class Leaders:
    """The k best images of every channel, the best first; of equals the lower index.

    Attributes
    ----------
    value : numpy.ndarray
        ``(channel, rank)``, float32; -inf where there are fewer images.
    image : numpy.ndarray
        ``(channel, rank)``, int64: the image's index in the dataset.
    position : numpy.ndarray
        ``(channel, rank)``, int32: where the peak is in the map.
    """

    value: np.ndarray
    image: np.ndarray
    position: np.ndarray

    @classmethod
    def none(cls, channels: int, k: int) -> Leaders:
        """Give places that nobody has taken."""
        return cls(
            np.full((channels, k), -np.inf, np.float32),
            np.full((channels, k), NOBODY, np.int64),
            np.full((channels, k), -1, np.int32),
        )

    @property
    def bar(self) -> np.ndarray:
        """What an image must reach to be among the leaders, ``(channel,)``."""
        return np.array(self.value[:, -1])

    @property
    def taken(self) -> np.ndarray:
        """Which places an image has taken, ``(channel, rank)``."""
        return np.asarray(self.image != NOBODY)

    def merge(self, other: Leaders) -> Leaders:
        """Give the best of both; no image may be in both."""
        merged = Leaders(self.value.copy(), self.image.copy(), self.position.copy())
        merged._admit(other.value.T, other.image.T, other.position.T)
        return merged

    def admit(self, value: np.ndarray, image: np.ndarray, position: np.ndarray) -> None:
        """Let images compete, in place.

        Parameters
        ----------
        value, position : numpy.ndarray
            ``(image, channel)``, float32 and int32. Not-a-number and -inf compete for nothing.
        image : numpy.ndarray
            ``(image,)``: their indices.
        """
        self._admit(value, np.broadcast_to(image[:, None], value.shape), position)

    def _admit(self, value: np.ndarray, image: np.ndarray, position: np.ndarray) -> None:
        from convscope.surveys.adding import admit

        admit(self.value, self.image, self.position, value, image, position)
