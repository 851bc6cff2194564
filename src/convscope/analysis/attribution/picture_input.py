"""The input that takes the picture: where its axes lie, and what black and grey are for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convscope.errors import InputError
from convscope.inputs.preparation import Preparation
from convscope.networks import Batch, Network

__all__ = ["PictureInput", "picture_input"]


@dataclass(frozen=True)
class PictureInput:
    """An input with y and x, in the network's own axis order.

    Attributes
    ----------
    name : str
    channel : int or None
        The axis of the channels, the image axis counted; None for an input ``(image, y, x)``.
    preparation : Preparation or None
        What is done to images; None when the network takes only arrays.
    """

    name: str
    channel: int | None
    preparation: Preparation | None

    def array(self, batch: Batch) -> np.ndarray:
        """Give what the network is fed."""
        return np.asarray(batch.arrays[self.name])

    def size(self, batch: Batch) -> tuple[int, int]:
        """Give height and width of the images of a batch."""
        height, width = (
            size
            for axis, size in enumerate(self.array(batch).shape)
            if axis not in {0, self.channel}
        )
        return height, width

    def over_channels(self, maps: np.ndarray) -> np.ndarray:
        """Give ``(row, y, x)`` the axes of the input, so that they multiply with it."""
        return maps if self.channel is None else np.expand_dims(maps, self.channel)

    def largest(self, values: np.ndarray) -> np.ndarray:
        """Bring values of the input's shape to ``(row, y, x)``: the largest over the channels."""
        return values if self.channel is None else np.asarray(values.max(axis=self.channel))

    def total(self, values: np.ndarray) -> np.ndarray:
        """Bring values of the input's shape to ``(row, y, x)``: the sum over the channels."""
        return values if self.channel is None else np.asarray(values.sum(axis=self.channel))

    def shade(self, share: float) -> np.ndarray:
        """Give what a pixel becomes that is black (0), white (1) or between.

        Returns
        -------
        numpy.ndarray
            Float32, of a shape that multiplies with the input. Zero where it is not known how
            images are prepared.
        """
        known = self.preparation
        if known is None:
            return np.zeros((), np.float32)
        value = known.low + share * (known.high - known.low)
        prepared = (value - np.asarray(known.mean or (0.0,))) / np.asarray(known.std or (1.0,))
        if self.channel is None or len(prepared) == 1:
            return np.asarray(prepared[0], np.float32)
        shape = (-1, 1, 1) if self.channel == 1 else (-1,)
        return np.asarray(prepared, np.float32).reshape(shape)


def picture_input(network: Network) -> PictureInput:
    """Find the first input with y and x.

    Raises
    ------
    InputError
        When there is none: signals, volumes and vectors have no picture to lay a heat map over.
    """
    for entry in network.inputs:
        if len(entry.shape) == 3:
            return PictureInput(entry.name, 1 if entry.channels_first else 3, network.preparation)
        if len(entry.shape) == 2 and network.preparation is not None:
            return PictureInput(entry.name, None, network.preparation)
    taken = ", ".join(f"{entry.name!r} of shape {entry}" for entry in network.inputs)
    raise InputError(
        f"a heat map lies over a picture (y, x), and {network.name} takes {taken}: for signals and "
        "volumes look at the layers themselves with maps"
    )
