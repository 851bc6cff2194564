"""Layers with a window and no weights."""

from __future__ import annotations

from math import prod

import numpy as np

from convscope.networks.onnx.readers.reading import Reading, Taken
from convscope.networks.onnx.sized import axes_of

__all__ = ["average_pooling", "global_pooling", "maximum_pooling", "reduction"]


def maximum_pooling(reading: Reading) -> Taken | None:
    """Read MaxPool."""
    return None if reading.geometry is None else Taken("maximum pooling", reading.geometry)


def average_pooling(reading: Reading) -> Taken | None:
    """Read AveragePool; where the zeros of the padding count it is a convolution."""
    geometry, channels = reading.geometry, reading.given[0].shape[0]
    if geometry is None:
        return None
    padded = any(map(any, geometry.padding))
    if not padded or not reading.number("count_include_pad", 0):
        return Taken("average pooling", geometry)
    if channels is None or reading.number("ceil_mode", 0):
        return None
    kernel = np.full((channels, 1, *geometry.kernel), 1.0 / prod(geometry.kernel), np.float32)
    return Taken("convolution", geometry, {"groups": channels}, {"kernel": kernel})


def global_pooling(reading: Reading) -> Taken | None:
    """Read GlobalMaxPool and GlobalAveragePool."""
    word = "maximum" if reading.call.function == "GlobalMaxPool" else "average"
    return Taken(f"{word} pooling")


def reduction(reading: Reading) -> Taken | None:
    """Read a mean or maximum over all of every map."""
    axes = {reading.axis(axis) for axis in axes_of(reading.sized)}
    if not reading.space or axes != set(range(1, reading.space + 1)):
        return None
    word = "maximum" if reading.call.function == "ReduceMax" else "average"
    return Taken(f"{word} pooling")
