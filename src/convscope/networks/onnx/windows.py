"""Which positions of its input a unit of an ONNX layer looks at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from convscope.networks.geometry import Geometry, same_padding, sliced, space_of
from convscope.networks.onnx.calls import Call
from convscope.networks.onnx.constants import Constants
from convscope.networks.onnx.kinds import ALONE, POINTWISE, WHOLE

__all__ = ["Sized", "axes_of", "geometry_of", "interpolation_of", "joined_axis", "sees_everything"]

# A size that is free: what depends on it is fitted later.
_ANY = 224


@dataclass(frozen=True)
class Sized:
    """A call with the sizes of what it is given first and gives out.

    Attributes
    ----------
    call : Call
    kind : str
    given, out : tuple of (int or None)
        Whole shapes, in the graph's own order of axes.
    first : bool
        Whether the value given has its channels before space.
    constants : Constants
    """

    call: Call
    kind: str
    given: tuple[int | None, ...]
    out: tuple[int | None, ...]
    first: bool
    constants: Constants

    @property
    def space(self) -> tuple[int, ...]:
        """Size of the map that is given; any where it is free."""
        return tuple(size or _ANY for size in space_of(self.given, self.first))

    @property
    def channel(self) -> int:
        """The axis of the channels."""
        return 1 if self.first else len(self.given) - 1

    def numbers(self, name: str, place: int = -1) -> list[int] | None:
        """Give whole numbers that are an attribute, or the constant of an input."""
        value = self.call.attributes.get(name)
        if value is None and place >= 0 and self.call.input(place):
            value = self.constants.value(self.call.input(place))
        if value is None:
            return None
        return [int(number) for number in np.asarray(value).reshape(-1)]


def joined_axis(call: Call, rank: int, first: bool) -> int | None:
    """Give the spatial axis along which a Concat lays its inputs end to end."""
    if call.function != "Concat":
        return None
    axis = int(call.attributes.get("axis", 1)) % rank - (2 if first else 1)
    return axis if 0 <= axis < rank - 2 else None


def axes_of(sized: Sized) -> tuple[int, ...]:
    """Give the axes that a reduction or normalisation takes together."""
    rank, call = len(sized.given), sized.call
    place = 1 if sized.kind == "reduction" and call.function not in {"ArgMax", "ArgMin"} else -1
    found = sized.numbers("axes", place)
    if found is None and "axis" in call.attributes:
        found = [int(call.attributes["axis"])]
    if found is None:
        if call.function == "MeanVarianceNormalization":
            return (0, 2, 3)
        return () if call.attributes.get("noop_with_empty_axes") else tuple(range(rank))
    if call.function in {"LayerNormalization", "RMSNormalization"}:
        found = list(range(found[0] % rank, rank))
    return tuple(sorted(axis % rank for axis in found))


def sees_everything(sized: Sized) -> bool:
    """Tell whether every unit sees all positions of what the call is given."""
    call, rank = sized.call, len(sized.given)
    if sized.kind in WHOLE:
        return True
    if sized.kind == "dense":
        plain = call.function == "MatMul" and len(call.data) == 1 and call.data[0] == 0
        return rank == 2 or not plain or sized.first
    if rank <= 2:
        return False
    space = set(range(2, rank)) if sized.first else set(range(1, rank - 1))
    if call.function.startswith("Global"):
        return True
    if sized.kind == "reduction" and call.function != "TopK":
        return space <= set(axes_of(sized))
    if call.function in {"InstanceNormalization", "GroupNormalization", "GroupNorm"}:
        return True
    if call.function in {"LayerNormalization", "RMSNormalization", "MeanVarianceNormalization"}:
        if call.function != "MeanVarianceNormalization" and "axis" not in call.attributes:
            return sized.first
        return bool(space & set(axes_of(sized)))
    if call.function in {"Softmax", "LogSoftmax", "Hardmax"}:
        return bool(space & set(_softmax_axes(sized))) and set(sized.space) != {1}
    return False


def _softmax_axes(sized: Sized) -> tuple[int, ...]:
    """Give the axes of a softmax: before opset 13 it took all from one axis on together."""
    rank = len(sized.given)
    new = sized.call.version >= 13
    axis = int(sized.call.attributes.get("axis", -1 if new else 1)) % rank
    return (axis,) if new else tuple(range(axis, rank))


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
            return _padded(sized, rank)
        case "upsampling":
            return _resized(sized, rank)
        case "reshape":
            return _part(sized)
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


def _padded(sized: Sized, rank: int) -> Geometry | None:
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


def interpolation_of(sized: Sized) -> str | None:
    """Name the interpolation of an enlarging; None where it is none that is understood.

    The nearest position must be that of the input which a unit lies on; the linear one must lie
    between the centres of the inputs.
    """
    attributes = sized.call.attributes
    mode = str(attributes.get("mode", "nearest"))
    old = sized.call.function == "Upsample" or sized.call.version < 11
    where = "asymmetric" if old else str(
        attributes.get("coordinate_transformation_mode", "half_pixel")
    )  # fmt: skip
    if attributes.get("antialias"):
        return None
    if mode == "nearest":
        how = "floor" if old else str(attributes.get("nearest_mode", "round_prefer_floor"))
        factors = _factors(sized)
        plain = factors is not None and all(_repeats(factor, where, how) for factor in factors)
        return "nearest" if plain else None
    longer = min(sized.space) > 1 or where == "half_pixel"
    if mode == "linear" and where in {"half_pixel", "pytorch_half_pixel"} and longer:
        return "bilinear"
    return None


def _repeats(factor: int, where: str, how: str) -> bool:
    """Tell whether unit u is the input u // factor, as ONNX's reference computes it."""
    units = np.arange(4 * factor, dtype=np.float64)
    match where:
        case "asymmetric":
            places = units / factor
        case "half_pixel" | "pytorch_half_pixel":
            places = (units + 0.5) / factor - 0.5
        case "tf_half_pixel_for_nn":
            places = (units + 0.5) / factor
        case _:
            return False
    match how:
        case "floor":
            found = np.floor(places)
        case "ceil":
            found = np.ceil(places)
        case "round_prefer_floor":
            found = np.ceil(places - 0.5)
        case _:
            found = np.floor(places + 0.5)
    found = np.clip(found, 0, 3)
    return bool((found == units // factor).all())


def _factors(sized: Sized) -> tuple[int, ...] | None:
    """Give by how much each axis of space grows; None where that is no whole number."""
    factors: list[float] = []
    scales = _scales(sized)
    for size, out, scale in zip(sized.given, sized.out, scales, strict=True):
        if size and out:
            factors.append(out / size)
        elif scale is not None:
            factors.append(scale)
        else:
            return None
    if factors[0] != 1 or factors[sized.channel] != 1:
        return None
    inner = factors[2:] if sized.first else factors[1:-1]
    if any(factor < 1 or factor != int(factor) for factor in inner):
        return None
    return tuple(int(factor) for factor in inner)


def _scales(sized: Sized) -> list[float | None]:
    call = sized.call
    rank = len(sized.given)
    given: Any = call.attributes.get("scales")
    place = 1 if call.function == "Upsample" or call.version < 11 else 2
    if given is None and call.input(place):
        given = sized.constants.value(call.input(place))
    if given is None or len(np.asarray(given).reshape(-1)) != rank:
        # Images are as many as before.
        return [1.0, *[None] * (rank - 1)]
    return [float(scale) for scale in np.asarray(given).reshape(-1)]


def _resized(sized: Sized, rank: int) -> Geometry | None:
    interpolation, factors = interpolation_of(sized), _factors(sized)
    if interpolation is None or factors is None or sized.call.function not in {
        "Resize", "Upsample"
    }:  # fmt: skip
        return None
    ones = (1,) * rank
    if interpolation == "nearest":
        return Geometry(factors, factors, ones, ((0, 0),) * rank, transposed=True)
    # An input reaches the units less than one input from its centre.
    kernel = tuple(2 * factor - factor % 2 for factor in factors)
    padding = tuple((factor // 2,) * 2 for factor in factors)
    return Geometry(kernel, factors, ones, padding, transposed=True)


def _part(sized: Sized) -> Geometry | None:
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
