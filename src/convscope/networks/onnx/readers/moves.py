"""What leaves every value as it is, in its place or in another; padding and enlarging."""

from __future__ import annotations

from math import prod

from convscope.networks.axes import dims_order, framework_order
from convscope.networks.onnx.readers.reading import Reading, Taken
from convscope.networks.onnx.resizing import interpolation_of

__all__ = ["identity", "padding", "permuting", "reshaping", "slicing", "upsampling"]


def identity(reading: Reading) -> Taken | None:
    """Read what does nothing in inference."""
    training = reading.constant(2) if reading.call.function == "Dropout" else None
    trained = reading.call.function == "Dropout" and reading.call.input(2) and (
        training is None or bool(training.any())
    )  # fmt: skip
    return None if trained else Taken("identity")


def reshaping(reading: Reading) -> Taken | None:
    """Read what gives the same values, in the same order of memory, another shape."""
    one, out = reading.given[0], reading.out
    before = framework_order(len(one.dims), one.channels_first)
    after = dims_order(len(out.dims), out.channels_first)
    sizes = [out.shape[axis] for axis in framework_order(len(out.dims), out.channels_first)]
    known = None not in sizes and None not in one.shape
    if sizes.count(None) > 1 or (known and prod(sizes) != prod(one.shape)):  # type: ignore[arg-type]
        return None
    shape = tuple(-1 if size is None else size for size in sizes)
    return Taken("rearrangement", options={"before": before, "shape": shape, "after": after})


def permuting(reading: Reading) -> Taken | None:
    """Read Transpose where the images stay first."""
    one, out = reading.given[0], reading.out
    rank = len(one.dims) + 1
    order = [int(axis) for axis in reading.number("perm", range(rank)[::-1])]
    if order[:1] != [0] or len(order) != rank:
        return None
    own = framework_order(rank - 1, one.channels_first)
    before = tuple(own[axis - 1] for axis in order[1:])
    after = dims_order(rank - 1, out.channels_first)
    return Taken("rearrangement", options={"before": before, "shape": None, "after": after})


def padding(reading: Reading) -> Taken | None:
    """Read Pad with zeros."""
    value = reading.number("value", 0.0)
    given = reading.constant(2)
    if reading.hidden(2) or (given is not None and given.any()) or value:
        return None
    return None if reading.geometry is None else Taken("padding", reading.geometry)


def slicing(reading: Reading) -> Taken | None:
    """Read Slice where it takes a rectangle of every map."""
    one, out = reading.given[0], reading.out
    if reading.geometry is None or one.shape[0] is None or one.shape[0] != out.shape[0]:
        return None
    return Taken("padding", reading.geometry)


def upsampling(reading: Reading) -> Taken | None:
    """Read Resize and Upsample where they repeat or interpolate linearly."""
    interpolation = interpolation_of(reading.sized)
    if interpolation is None or reading.geometry is None:
        return None
    return Taken("upsampling", reading.geometry, {"interpolation": interpolation})
