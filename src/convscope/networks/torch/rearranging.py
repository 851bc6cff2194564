"""What moves values, and what leaves them alone."""

from __future__ import annotations

from math import prod

from convscope.networks.torch.kinds import interpolation_of
from convscope.networks.torch.reading import Reading, Taken

__all__ = ["identity", "padding", "permuting", "reshaping", "upsampling"]


def reshaping(reading: Reading) -> Taken | None:
    """Read what gives the same values, in the same order of memory, another shape."""
    sizes = reading.out.shape
    if sizes.count(None) > 1 or len(reading.given) != 1:
        return None
    given = reading.given[0].shape
    after, before = ([size for size in some if size is not None] for some in (sizes, given))
    known = len(after) == len(sizes) and len(before) == len(given)
    if known and prod(after) != prod(before):
        return None
    return Taken(
        "rearrangement",
        options={
            "before": tuple(range(len(given))),
            "shape": tuple(-1 if size is None else size for size in sizes),
            "after": tuple(range(len(sizes))),
        },
    )


def permuting(reading: Reading) -> Taken | None:
    """Read what changes the order of the axes."""
    rank = reading.space + 2
    order = list(range(rank))
    if reading.call.function in {"transpose", "swapaxes"}:
        ends = [reading.number(name, reading.number(other)) for name, other in
                (("dim0", "axis0"), ("dim1", "axis1"))]  # fmt: skip
        if not all(isinstance(end, int) for end in ends):
            return None
        one, two = (end % rank for end in ends)
        order[one], order[two] = order[two], order[one]
    else:
        dims = reading.number("dims", None)
        if dims is None:
            return None
        order = [int(dim) % rank for dim in dims]
    if order[0] != 0:
        return None
    before = tuple(axis - 1 for axis in order[1:])
    after = tuple(range(rank - 1))
    return Taken("rearrangement", options={"before": before, "shape": None, "after": after})


def padding(reading: Reading) -> Taken | None:
    """Read padding with zeros."""
    value = reading.number("value", 0)
    return None if value or reading.geometry is None else Taken("padding", reading.geometry)


def upsampling(reading: Reading) -> Taken | None:
    """Read an enlargement."""
    interpolation = interpolation_of(reading.call)
    if interpolation is None or reading.geometry is None:
        return None
    return Taken("upsampling", reading.geometry, {"interpolation": interpolation})


def identity(reading: Reading) -> Taken | None:
    """Read what gives out what it is given."""
    training = reading.number("training", reading.number("train", False))
    return Taken("identity") if len(reading.given) == 1 and not training else None
