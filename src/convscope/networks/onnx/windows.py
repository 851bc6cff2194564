"""Which positions of its input a unit of an ONNX layer looks at."""

from __future__ import annotations

from collections.abc import Sequence

from convscope.networks.geometry import Geometry, same_padding, space_of
from convscope.networks.onnx.kinds import ALONE, POINTWISE
from convscope.networks.onnx.parts import padded, part
from convscope.networks.onnx.resizing import resized
from convscope.networks.onnx.sized import Sized, axes_of, joined_axis, sees_everything

__all__ = ["geometry_of"]


def geometry_of(sized: Sized) -> Geometry | None:
    """Say which positions a unit looks at; None where no window holds for all units."""
    call, kind = sized.call, sized.kind
    rank = len(sized.given) - 2
    if rank < 1 or sees_everything(sized) or joined_axis(call, rank + 2, sized.first) is not None:
        return None
    if kind in POINTWISE or call.function in ALONE or kind == "dense":
        return Geometry.pointwise(rank) if _same_space(sized) or kind == "dense" else None
    if len(sized.out) != len(sized.given):
        return None
    match kind:
        case "conv" if call.function != "DeformConv":
            return _convolution(sized, rank)
        case "pool" if "Roi" not in call.function:
            return _window(sized, sized.numbers("kernel_shape"), rank)
        case "padding" if call.function == "Pad":
            return padded(sized, rank)
        case "upsampling":
            return resized(sized, rank)
        case "reshape":
            return part(sized)
        case "reduction" if set(axes_of(sized)) == {sized.channel}:
            return Geometry.pointwise(rank)
    return None


def _same_space(sized: Sized) -> bool:
    before, after = (
        space_of(tuple(size or 0 for size in shape), sized.first)
        for shape in (sized.given, sized.out)
    )
    return len(sized.out) == len(sized.given) and before == after


def _convolution(sized: Sized, rank: int) -> Geometry | None:
    kernel = sized.numbers("kernel_shape")
    if kernel is None:
        place = 3 if sized.call.function == "QLinearConv" else 1
        weight = sized.constants.value(sized.call.input(place))
        kernel = None if weight is None else list(weight.shape[2:])
    if sized.call.function.startswith("ConvTranspose"):
        return _transposed(sized, kernel, rank)
    return _window(sized, kernel, rank)


def _window(sized: Sized, kernel: Sequence[int] | None, rank: int) -> Geometry | None:
    if kernel is None or len(kernel) != rank or not sized.first:
        return None
    steps, dilation = _ones(sized, "strides", rank), _ones(sized, "dilations", rank)
    auto = str(sized.call.attributes.get("auto_pad", "NOTSET"))
    pads = sized.numbers("pads") or [0] * 2 * rank
    if len(pads) != 2 * rank or min(*steps, *dilation, *kernel) < 1:
        return None
    pairs, name = list(zip(pads[:rank], pads[rank:], strict=True)), ""
    if auto == "VALID":
        pairs = [(0, 0)] * rank
    elif auto.startswith("SAME"):
        same = [
            same_padding(*axis) for axis in zip(sized.space, kernel, steps, dilation, strict=True)
        ]
        if auto == "SAME_UPPER":
            pairs, name = same, "same"
        elif None in sized.given[2:] and set(steps) != {1}:
            return None
        else:
            pairs = [(after, before) for before, after in same]
    elif sized.call.attributes.get("ceil_mode") and None not in (*sized.given[1:], *sized.out[1:]):
        pairs = [
            _reached(sized, axis, kernel[axis], steps[axis], dilation[axis], pair)
            for axis, pair in enumerate(pairs)
        ]
    return Geometry(tuple(kernel), steps, dilation, tuple(pairs), padding_name=name)


def _reached(
    sized: Sized, axis: int, kernel: int, step: int, dilation: int, pair: tuple[int, int]
) -> tuple[int, int]:
    """Where sizes are rounded up, the last windows stand over the border."""
    reach = (kernel - 1) * dilation + 1
    used = ((sized.out[axis + 2] or 1) - 1) * step + reach - sized.space[axis] - pair[0]
    return pair[0], max(pair[1], used)


def _transposed(sized: Sized, kernel: Sequence[int] | None, rank: int) -> Geometry | None:
    """Give the geometry of a transposed convolution, whose padding may follow from its output."""
    if kernel is None or len(kernel) != rank or not sized.first:
        return None
    steps, dilation = _ones(sized, "strides", rank), _ones(sized, "dilations", rank)
    extra = sized.numbers("output_padding") or [0] * rank
    auto = str(sized.call.attributes.get("auto_pad", "NOTSET"))
    wanted = sized.numbers("output_shape")
    pads = sized.numbers("pads") or [0] * 2 * rank
    if len(pads) != 2 * rank or len(extra) != rank or min(*steps, *dilation, *kernel) < 1:
        return None
    pairs = []
    for axis in range(rank):
        before, after = pads[axis], pads[rank + axis]
        extent = (kernel[axis] - 1) * dilation[axis] + 1
        total = None
        if wanted is not None:
            if sized.given[axis + 2] is None:
                return None
            whole = steps[axis] * (sized.space[axis] - 1) + extra[axis] + extent
            total = max(whole - wanted[axis - rank], 0)
        elif auto.startswith("SAME"):
            total = max(extent - steps[axis] + extra[axis], 0)
        elif auto == "VALID":
            before = after = 0
        if total is not None:
            before = total // 2 if auto == "SAME_UPPER" else total - total // 2
            after = total - before
        pairs.append((before, after - extra[axis]))
    return Geometry(tuple(kernel), steps, dilation, tuple(pairs), transposed=True)


def _ones(sized: Sized, name: str, rank: int) -> tuple[int, ...]:
    found = sized.numbers(name)
    return tuple(found) if found and len(found) == rank else (1,) * rank
