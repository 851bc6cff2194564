"""The images that lead each channel: the k with the highest values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Leaders"]

_NOBODY = np.iinfo(np.int64).max


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
            np.full((channels, k), _NOBODY, np.int64),
            np.full((channels, k), -1, np.int32),
        )

    @property
    def bar(self) -> np.ndarray:
        """What an image must reach to be among the leaders, ``(channel,)``."""
        return np.array(self.value[:, -1])

    @property
    def taken(self) -> np.ndarray:
        """Which places an image has taken, ``(channel, rank)``."""
        return np.asarray(self.image != _NOBODY)

    def merge(self, other: Leaders) -> Leaders:
        """Give the best of both; no image may be in both."""
        merged = Leaders(self.value.copy(), self.image.copy(), self.position.copy())
        channel, rank = np.nonzero((other.value >= self.value[:, -1:]) & other.taken)
        merged._admit(
            channel,
            other.value[channel, rank],
            other.image[channel, rank],
            other.position[channel, rank],
        )
        return merged

    def admit(self, value: np.ndarray, image: np.ndarray, position: np.ndarray) -> None:
        """Let images compete, in place.

        Parameters
        ----------
        value, position : numpy.ndarray
            ``(image, channel)``. Not-a-number and -inf compete for nothing.
        image : numpy.ndarray
            ``(image,)``: their indices.
        """
        # NaN reaches no bar.
        row, channel = np.nonzero((value >= self.value[:, -1]) & (value > -np.inf))
        order = np.argsort(channel, kind="stable")
        row, channel = row[order], channel[order]
        self._admit(channel, value[row, channel], image[row], position[row, channel])

    def _admit(
        self, channel: np.ndarray, value: np.ndarray, image: np.ndarray, position: np.ndarray
    ) -> None:
        """Let those compete that reach the bar, given by rising channel."""
        if not len(channel):
            return
        k = self.value.shape[1]
        columns, start, count = np.unique(channel, return_index=True, return_counts=True)
        row = np.repeat(np.arange(len(columns)), count)
        place = k + np.arange(len(channel)) - np.repeat(start, count)
        shape = (len(columns), k + int(count.max()))
        values = np.full(shape, -np.inf, np.float32)
        images = np.full(shape, _NOBODY, np.int64)
        positions = np.full(shape, -1, np.int32)
        for whole, own, given in (
            (values, self.value, value),
            (images, self.image, image),
            (positions, self.position, position),
        ):
            whole[:, :k] = own[columns]
            whole[row, place] = given
        best = np.lexsort((images, -values), axis=1)[:, :k]
        self.value[columns] = np.take_along_axis(values, best, axis=1)
        self.image[columns] = np.take_along_axis(images, best, axis=1)
        self.position[columns] = np.take_along_axis(positions, best, axis=1)
