"""What leaves every value as it is, in its place or in another."""

from __future__ import annotations

import keras

from convscope.networks.axes import dims_order, framework_order
from convscope.networks.keras.readers.reading import Reading, Taken

__all__ = ["identity", "reshaping"]

layers = keras.layers


def identity(reading: Reading) -> Taken | None:
    """Read what does nothing in inference."""
    return Taken("identity") if reading.one else None


def reshaping(reading: Reading) -> Taken | None:
    """Read what only moves values: the framework's axes before, its shape, its axes after."""
    if reading.one is None:
        return None
    operation = reading.operation
    before = framework_order(len(reading.one.dims), reading.one.channels_first)
    after = dims_order(len(reading.out.dims), reading.out.channels_first)
    shape: tuple[int, ...] | None = None
    if isinstance(operation, layers.Permute):
        before = tuple(before[axis - 1] for axis in operation.dims)
    else:
        if isinstance(operation, layers.Flatten) and operation.data_format == "channels_first":
            before = (*before[1:], before[0])
        order = framework_order(len(reading.out.dims), reading.out.channels_first)
        sizes = [reading.out.shape[axis] for axis in order]
        if sizes.count(None) > 1:
            return None
        shape = tuple(-1 if size is None else size for size in sizes)
    return Taken("rearrangement", options={"before": before, "shape": shape, "after": after})
