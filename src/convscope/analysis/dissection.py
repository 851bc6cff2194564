"""Taking a unit apart, whatever its layer computes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from convscope.analysis.operations import MERGES, rearranged
from convscope.analysis.parts import Inputs, Parts, Unit, one_value, through_activation, whole_unit
from convscope.analysis.patches import linear_parts, padding_parts, pooling_parts, upsampling_parts
from convscope.networks.computation import Computation

__all__ = ["take_apart"]


def take_apart(computation: Computation, inputs: Inputs, channel: int, unit: Unit) -> Parts:
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


def _merge(computation: Computation, inputs: Inputs, channel: int, unit: Unit) -> Parts:
    rank = max(values.ndim for values in inputs)
    terms = np.array([_broadcast(values, rank, channel, unit) for values in inputs], np.float64)
    return replace(whole_unit(computation, inputs, channel, unit), patch=terms, terms=terms)


def _affine(computation: Computation, inputs: Inputs, channel: int, unit: Unit) -> Parts:
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


def _normalisation(computation: Computation, inputs: Inputs, channel: int, unit: Unit) -> Parts:
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


def _activation(computation: Computation, inputs: Inputs, channel: int, unit: Unit) -> Parts:
    parts = _pointwise(computation, inputs, channel, unit)
    slope = computation.weights.get("slope")
    if slope is not None:
        details = {"slope": _broadcast(slope, inputs[0].ndim, channel, unit)}
    else:
        known = (parts.sum, abs(parts.sum))
        details = through_activation(computation, inputs, channel, unit, known)[2]
    return replace(parts, details=details)


def _concatenation(computation: Computation, inputs: Inputs, channel: int, unit: Unit) -> Parts:
    axis = computation.options["axis"]
    place, source = [channel, *unit], 0
    while place[axis] >= inputs[source].shape[axis]:
        place[axis] -= inputs[source].shape[axis]
        source += 1
    return one_value(computation, inputs, channel, unit, source, tuple(place))


def _rearrangement(computation: Computation, inputs: Inputs, channel: int, unit: Unit) -> Parts:
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
    return one_value(computation, inputs, channel, unit, 0, tuple(origin))


def _pointwise(computation: Computation, inputs: Inputs, channel: int, unit: Unit) -> Parts:
    return one_value(computation, inputs, channel, unit, 0, (channel, *unit))


def _broadcast(values: np.ndarray, rank: int, channel: int, unit: Unit) -> float:
    wide = values.reshape(len(values), *(1,) * (rank - values.ndim), *values.shape[1:])
    place = tuple(
        0 if size == 1 else at for at, size in zip((channel, *unit), wide.shape, strict=True)
    )
    return float(wide[place])


_Dissection = Callable[[Computation, Inputs, int, Unit], Parts]
_DISSECTIONS: dict[str, _Dissection] = {
    **dict.fromkeys(
        ("convolution", "transposed convolution", "separable convolution", "dense"), linear_parts
    ),
    **dict.fromkeys(("maximum pooling", "average pooling"), pooling_parts),
    **dict.fromkeys(MERGES, _merge),
    "affine": _affine,
    "normalisation": _normalisation,
    "activation": _activation,
    "concatenation": _concatenation,
    "padding": padding_parts,
    "upsampling": upsampling_parts,
    "rearrangement": _rearrangement,
}
