"""One unit taken apart: the patch, the kernel, the products, the sum."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from convscope.analysis.arithmetic import Evaluated, evaluate, tolerance_of
from convscope.analysis.functions import activated, softmax_parts
from convscope.analysis.operations import MERGES, rearranged
from convscope.analysis.windows import reach
from convscope.networks.computation import ELEMENTWISE, Computation
from convscope.networks.geometry import Geometry

__all__ = ["Parts", "take_apart"]


@dataclass(frozen=True, eq=False)
class Parts:
    """One unit taken apart, all numbers float64.

    Attributes
    ----------
    patch : numpy.ndarray
        What the unit looks at, ``(channel, *space)``; NaN where there is no input (padding). For a
        merge ``(term,)``: one value an input.
    kernel : numpy.ndarray or None
        By what the patch is multiplied, of the same shape.
    terms : numpy.ndarray
        What is put together: ``(channel,)``, the products of each input channel, for a
        convolution or dense layer; ``(term,)``, one value an input, for a merge; ``(*space)``, the
        values of the window, for a pooling or upsampling.
    source : int
        Which input the patch is from.
    channels : numpy.ndarray
        ``(channel,)``: which channels of that input.
    positions : tuple of numpy.ndarray
        One entry a spatial axis: at which positions of that input, beyond its ends in the padding.
    bias, sum, value, scale : float
        What is added; what comes before the activation function; what the unit should hold; to
        what an error is relative.
    winner : tuple of int or None
        Position in the input of the largest value of a maximum pooling.
    details : mapping of str to float
        Other numbers that enter: the mean of a normalisation, the denominator of a softmax.
    """

    patch: np.ndarray
    terms: np.ndarray
    sum: float
    value: float
    scale: float
    kernel: np.ndarray | None = None
    source: int = 0
    channels: np.ndarray = field(default_factory=lambda: np.zeros(0, np.intp))
    positions: tuple[np.ndarray, ...] = ()
    bias: float = 0.0
    winner: tuple[int, ...] | None = None
    details: Mapping[str, float] = field(default_factory=dict)


_Inputs = Sequence[np.ndarray]
_Unit = tuple[int, ...]


def take_apart(computation: Computation, inputs: _Inputs, channel: int, unit: _Unit) -> Parts:
    """Take one unit apart.

    Parameters
    ----------
    computation : Computation
    inputs : sequence of numpy.ndarray
        What the layer was given for one image: ``(channel, *space)`` each.
    channel : int
    unit : tuple of int
        Position in the map: ``(y, x)``, ``(x,)``, ``()``.
    """
    with np.errstate(all="ignore"):
        return _DISSECTIONS.get(computation.operation, _pointwise)(
            computation, inputs, channel, unit
        )


def _linear(computation: Computation, inputs: _Inputs, channel: int, unit: _Unit) -> Parts:
    """Take a sum of products apart; only the kernel of this channel is touched."""
    assert computation.geometry is not None
    kernel, sizes, first = _own_kernel(computation, channel)
    source = inputs[0][first : first + len(kernel)]
    patch, inside, taps, positions = _patch(source, computation.geometry, unit)
    tapped = np.ix_(np.arange(len(kernel)), *taps)
    own = kernel[tapped].astype(np.float64)
    products = np.where(inside, patch * own, 0.0)
    absolute = np.where(inside, np.abs(patch) * sizes[tapped], 0.0)
    terms = products.reshape(len(own), -1).sum(axis=1)
    bias = float(computation.weights["bias"][channel]) if "bias" in computation.weights else 0.0
    total = float(terms.sum()) + bias
    size = float(absolute.sum()) + abs(bias)
    value, scale, details = _through(computation, inputs, channel, unit, (total, size))
    return Parts(
        patch=np.where(inside, patch, np.nan),
        terms=terms,
        sum=total,
        value=value,
        scale=scale,
        kernel=own,
        channels=first + np.arange(len(kernel)),
        positions=positions,
        bias=bias,
        details=details,
    )


def _own_kernel(computation: Computation, channel: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Give the kernel of one channel, ``(channel, *space)``, its sizes, its first input channel.

    The two kernels of a separable convolution make one: the sum over the maps between them, which
    may cancel, so that its sizes are summed by themselves.
    """
    kernel, groups = computation.weights["kernel"], computation.options["groups"]
    pointwise = computation.weights.get("pointwise")
    if pointwise is None:
        first = channel // (len(kernel) // groups) * kernel.shape[1]
        return kernel[channel], np.abs(kernel[channel]), first
    space = kernel.shape[2:]
    deep = kernel.astype(np.float64).reshape(groups, -1, *space)
    mixed = pointwise[channel].reshape(groups, -1, *(1,) * len(space))
    return (deep * mixed).sum(axis=1), np.abs(deep * mixed).sum(axis=1), 0


def _patch(
    values: np.ndarray, geometry: Geometry, unit: _Unit
) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
    """Give the patch under a unit, where there is input, and the taps and positions by axis.

    The taps that fall between the inputs of a transposed convolution are left out.
    """
    fitted = geometry.fitted(values.shape[1:])
    inside = np.ones((1,) * values.ndim, bool)
    taps, positions, clipped = [], [], []
    for axis, (place, size) in enumerate(zip(unit, values.shape[1:], strict=True)):
        places, within = (found[0] for found in reach(fitted, axis, np.array([place]), size))
        kept = np.flatnonzero(within) if fitted.transposed else np.arange(len(places))
        kept = kept[np.argsort(places[kept])]
        taps.append(kept)
        positions.append(places[kept])
        clipped.append(np.clip(places[kept], 0, size - 1))
        along = [1] * values.ndim
        along[axis + 1] = len(kept)
        inside = inside & within[kept].reshape(along)
    patch = values[np.ix_(np.arange(len(values)), *clipped)].astype(np.float64)
    return patch, np.broadcast_to(inside, patch.shape), tuple(taps), tuple(positions)


def _through(
    computation: Computation,
    inputs: _Inputs,
    channel: int,
    unit: _Unit,
    known: tuple[float, float],
) -> tuple[float, float, dict[str, float]]:
    """Apply the activation function to a sum; a softmax needs those of all channels."""
    activation = computation.activation
    if activation.name in ELEMENTWISE:
        total, size = (np.array([[number]]) for number in known)
        value, scale = activated(activation, total, size, tolerance_of(computation))
        return value.item(), scale.item(), {}
    found = _evaluated(computation, inputs, unit)
    largest, _, total = softmax_parts(found.sums)
    details = {"largest logit": largest.item(), "denominator": total.item()}
    return float(found.values[0, channel]), float(found.scale[0, channel]), details


def _pooling(computation: Computation, inputs: _Inputs, channel: int, unit: _Unit) -> Parts:
    source = inputs[0][channel : channel + 1]
    positions: tuple[np.ndarray, ...]
    if computation.geometry is None:
        patch = source.astype(np.float64)
        positions, inside = tuple(map(np.arange, patch.shape[1:])), np.ones(patch.shape, bool)
    else:
        patch, inside, _, positions = _patch(source, computation.geometry, unit)
    winner, kernel = None, None
    if computation.operation == "maximum pooling":
        place = np.unravel_index(np.argmax(np.where(inside, patch, -np.inf)), patch.shape)[1:]
        winner = tuple(int(along[at]) for along, at in zip(positions, place, strict=True))
    else:
        kernel = np.where(inside, 1.0 / inside.sum(), 0.0)
    shown = np.where(inside, patch, np.nan)
    whole = _whole(computation, inputs, channel, unit)
    terms = (shown if kernel is None else shown * kernel)[0]
    return replace(
        whole,
        patch=shown,
        terms=terms,
        kernel=kernel,
        channels=np.array([channel]),
        positions=positions,
        winner=winner,
        details={"values in the window": float(inside.sum())},
    )


def _merge(computation: Computation, inputs: _Inputs, channel: int, unit: _Unit) -> Parts:
    rank = max(values.ndim for values in inputs)
    terms = np.array([_broadcast(values, rank, channel, unit) for values in inputs], np.float64)
    return replace(_whole(computation, inputs, channel, unit), patch=terms, terms=terms)


def _broadcast(values: np.ndarray, rank: int, channel: int, unit: _Unit) -> float:
    wide = values.reshape(len(values), *(1,) * (rank - values.ndim), *values.shape[1:])
    place = tuple(
        0 if size == 1 else at for at, size in zip((channel, *unit), wide.shape, strict=True)
    )
    return float(wide[place])


def _affine(computation: Computation, inputs: _Inputs, channel: int, unit: _Unit) -> Parts:
    rank = inputs[0].ndim
    centre, factor, offset = (
        _broadcast(computation.weights[name], rank, channel, unit)
        for name in ("centre", "factor", "offset")
    )
    parts = _pointwise(computation, inputs, channel, unit)
    return replace(
        parts,
        terms=(parts.patch.ravel() - centre) * factor,
        kernel=np.full(parts.patch.shape, factor),
        bias=offset,
        details={"centre": centre, "factor": factor, "offset": offset},
    )


def _normalisation(computation: Computation, inputs: _Inputs, channel: int, unit: _Unit) -> Parts:
    """Show the mean and the deviation that the unit is measured by."""
    options, x = computation.options, np.asarray(inputs[0], np.float64)
    over = options["axes"]
    each = len(x) // options["groups"]
    start = channel // each * each if 0 in over else channel
    own = x[start : start + each] if 0 in over else x[channel : channel + 1]
    place = tuple(
        slice(None) if axis + 1 in over else slice(at, at + 1) for axis, at in enumerate(unit)
    )
    seen = own[(slice(None), *place)]
    mean = float(seen.mean()) if options["centred"] else 0.0
    deviation = float(np.sqrt(((seen - mean) ** 2).mean() + options["epsilon"]))
    details = {"mean": mean, "deviation": deviation}
    for name in ("factor", "offset"):
        if name in computation.weights:
            details[name] = _broadcast(computation.weights[name], x.ndim, channel, unit)
    return replace(_pointwise(computation, inputs, channel, unit), details=details)


def _activation(computation: Computation, inputs: _Inputs, channel: int, unit: _Unit) -> Parts:
    parts = _pointwise(computation, inputs, channel, unit)
    slope = computation.weights.get("slope")
    if slope is not None:
        details = {"slope": _broadcast(slope, inputs[0].ndim, channel, unit)}
    else:
        known = (parts.sum, abs(parts.sum))
        details = _through(computation, inputs, channel, unit, known)[2]
    return replace(parts, details=details)


def _concatenation(computation: Computation, inputs: _Inputs, channel: int, unit: _Unit) -> Parts:
    axis = computation.options["axis"]
    place, source = [channel, *unit], 0
    while place[axis] >= inputs[source].shape[axis]:
        place[axis] -= inputs[source].shape[axis]
        source += 1
    return _taken(computation, inputs, channel, unit, source, tuple(place))


def _padding(computation: Computation, inputs: _Inputs, channel: int, unit: _Unit) -> Parts:
    assert computation.geometry is not None
    source = inputs[0][channel : channel + 1]
    patch, inside, _, positions = _patch(source, computation.geometry, unit)
    return replace(
        _whole(computation, inputs, channel, unit),
        patch=np.where(inside, patch, np.nan),
        terms=np.where(inside, patch, 0.0).ravel(),
        channels=np.array([channel]),
        positions=positions,
    )


def _upsampling(computation: Computation, inputs: _Inputs, channel: int, unit: _Unit) -> Parts:
    assert computation.geometry is not None
    factors, sizes = computation.geometry.stride, inputs[0].shape[1:]
    if computation.options["interpolation"] == "nearest":
        place = (channel, *(at // factor for at, factor in zip(unit, factors, strict=True)))
        return _taken(computation, inputs, channel, unit, 0, place)
    positions, kernel = [], np.ones((1,))
    for at, factor, size in zip(unit, factors, sizes, strict=True):
        centre = (at + 0.5) / factor - 0.5
        low = int(np.floor(centre))
        positions.append(np.clip([low, low + 1], 0, size - 1))
        kernel = np.multiply.outer(kernel, [1.0 - (centre - low), centre - low])
    patch = inputs[0][np.ix_(np.array([channel]), *positions)].astype(np.float64)
    return replace(
        _whole(computation, inputs, channel, unit),
        patch=patch,
        terms=(patch * kernel)[0],
        kernel=kernel,
        channels=np.array([channel]),
        positions=tuple(positions),
    )


def _rearrangement(computation: Computation, inputs: _Inputs, channel: int, unit: _Unit) -> Parts:
    """Find where the value was before: its place in the framework's memory says so."""
    options, shape = computation.options, inputs[0].shape
    before = options["before"]
    moved = np.transpose(np.empty(shape, bool), before).shape
    out = rearranged(computation, np.broadcast_to(np.zeros((), bool), shape)).shape
    after = np.argsort(options["after"])
    place = tuple(np.array((channel, *unit))[after])
    if options["shape"] is not None:
        framework = tuple(np.array(out)[after])
        place = np.unravel_index(np.ravel_multi_index(place, framework), moved)
    origin = [0] * len(shape)
    for axis, at in zip(before, place, strict=True):
        origin[axis] = int(at)
    return _taken(computation, inputs, channel, unit, 0, tuple(origin))


def _pointwise(computation: Computation, inputs: _Inputs, channel: int, unit: _Unit) -> Parts:
    return _taken(computation, inputs, channel, unit, 0, (channel, *unit))


def _taken(
    computation: Computation,
    inputs: _Inputs,
    channel: int,
    unit: _Unit,
    source: int,
    place: tuple[int, ...],
) -> Parts:
    """Show the one value that a unit is made from: its input, channel and position."""
    value = inputs[source][place]
    patch = np.full((1,) * len(place), value, np.float64)
    return replace(
        _whole(computation, inputs, channel, unit),
        patch=patch,
        terms=patch.ravel(),
        source=source,
        channels=np.array([place[0]]),
        positions=tuple(np.array([at]) for at in place[1:]),
    )


def _whole(computation: Computation, inputs: _Inputs, channel: int, unit: _Unit) -> Parts:
    """Compute the unit before and behind its activation function."""
    found = _evaluated(computation, inputs, unit)
    nothing = np.zeros(0)
    return Parts(
        patch=nothing,
        terms=nothing,
        sum=float(found.sums[0, channel]),
        value=float(found.values[0, channel]),
        scale=float(found.scale[0, channel]),
    )


def _evaluated(computation: Computation, inputs: _Inputs, unit: _Unit) -> Evaluated:
    """Compute all channels of one position."""
    return evaluate(computation, inputs, np.array([unit], np.intp).reshape(1, -1))


_Dissection = Callable[[Computation, _Inputs, int, _Unit], Parts]
_DISSECTIONS: dict[str, _Dissection] = {
    **dict.fromkeys(
        ("convolution", "transposed convolution", "separable convolution", "dense"), _linear
    ),
    **dict.fromkeys(("maximum pooling", "average pooling"), _pooling),
    **dict.fromkeys(MERGES, _merge),
    "affine": _affine,
    "normalisation": _normalisation,
    "activation": _activation,
    "concatenation": _concatenation,
    "padding": _padding,
    "upsampling": _upsampling,
    "rearrangement": _rearrangement,
}
