"""Which positions a unit looks at in a map that is padded, cut, or laid out anew."""

from __future__ import annotations

from convscope.networks.geometry import Geometry, sliced
from convscope.networks.onnx.calls import Call
from convscope.networks.onnx.sized import Sized

__all__ = ["padded", "part"]


def padded(sized: Sized, rank: int) -> Geometry | None:
    """Give the geometry of padding with one number; other modes repeat positions."""
    pads = sized.numbers("pads", 1) or sized.numbers("paddings")
    if pads is None or str(sized.call.attributes.get("mode", "constant")) != "constant":
        return None
    axes = sized.numbers("axes", 3) or list(range(rank + 2))
    if len(pads) != 2 * len(axes):
        return None
    pairs = [(0, 0)] * (rank + 2)
    for place, axis in enumerate(axes):
        pairs[axis % (rank + 2)] = (pads[place], pads[len(axes) + place])
    if pairs[0] != (0, 0) or pairs[sized.channel] != (0, 0):
        return None
    ones = (1,) * rank
    inner = pairs[2:] if sized.first else pairs[1:-1]
    return Geometry(ones, ones, ones, tuple(inner))


def part(sized: Sized) -> Geometry | None:
    """Give the geometry of what takes some channels, or a rectangle of every map."""
    call, rank = sized.call, len(sized.given)
    if call.function in {"Split", "Gather"}:
        axis = int(call.attributes.get("axis", 0)) % rank
        return Geometry.pointwise(rank - 2) if axis == sized.channel else None
    if call.function == "Transpose":
        return Geometry.pointwise(rank - 2) if _turns_layout(call, rank) else None
    if call.function != "Slice":
        return None
    starts, ends = sized.numbers("starts", 1), sized.numbers("ends", 2)
    if starts is None or ends is None:
        return None
    axes = sized.numbers("axes", 3) or list(range(len(starts)))
    steps = sized.numbers("steps", 4) or [1] * len(starts)
    open_ = None in (*sized.given[1:], *sized.out[1:])
    if open_ or not len(starts) == len(axes) == len(steps):
        return None
    key: list[slice] = [slice(None)] * rank
    for start, step, axis in zip(starts, steps, axes, strict=True):
        size = sized.given[axis] or 1
        key[axis] = slice(start if start >= 0 else max(start + size, 0), None, step)
    whole = [tuple(size or 1 for size in shape) for shape in (sized.given, sized.out)]
    return sliced(key, whole[0], whole[1], sized.first)


def _turns_layout(call: Call, rank: int) -> bool:
    """Tell whether a Transpose only brings the channels before space, or behind it."""
    order = [int(axis) for axis in call.attributes.get("perm", ())]
    return order in ([0, *range(2, rank), 1], [0, rank - 1, *range(1, rank - 1)])
