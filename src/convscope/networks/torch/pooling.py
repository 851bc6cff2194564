"""What poolings compute."""

from __future__ import annotations

from math import prod

import numpy as np

from convscope.networks.torch.kinds import axes_of
from convscope.networks.torch.reading import Reading, Taken

__all__ = ["average_pool", "max_pool", "mean"]


def max_pool(reading: Reading) -> Taken | None:
    """Read a maximum pooling."""
    return _pool(reading, "maximum pooling")


def _pool(reading: Reading, word: str) -> Taken | None:
    geometry = reading.geometry
    adaptive = reading.call.function.startswith("adaptive")
    if geometry is None or (adaptive and None in reading.given[0].shape):
        return Taken(word) if set(reading.out.space) == {1} and adaptive else None
    return Taken(word, geometry)


def average_pool(reading: Reading) -> Taken | None:
    """Read an average pooling."""
    geometry, channels = reading.geometry, reading.given[0].shape[0]
    padded = geometry is not None and any(map(any, geometry.padding))
    divisor = reading.number("divisor_override", None)
    counted = padded and bool(reading.number("count_include_pad", True))
    if geometry is None or not (counted or divisor):
        return _pool(reading, "average pooling")
    if channels is None or bool(reading.number("ceil_mode", False)):
        return None
    # The zeros of the padding count, so that this is a convolution of equal weights.
    weight = 1.0 / float(divisor or prod(geometry.kernel))
    kernel = np.full((channels, 1, *geometry.kernel), weight, np.float32)
    return Taken("convolution", geometry, {"groups": channels}, {"kernel": kernel})


def mean(reading: Reading) -> Taken | None:
    """Read a mean or maximum over all of every map."""
    axes = axes_of(reading.call)
    if not reading.space or axes != tuple(range(2, reading.space + 2)):
        return None
    word = "average pooling" if reading.call.function == "mean" else "maximum pooling"
    return Taken(word)
