"""Units that look at a patch: sums of products, poolings, paddings, upsamplings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from convscope.analysis.parts import Inputs, Parts, Unit, one_value, through_activation, whole_unit
from convscope.analysis.windows import reach
from convscope.networks.computation import Computation
from convscope.networks.geometry import Geometry

__all__ = ["linear_parts", "own_kernel", "padding_parts", "pooling_parts", "upsampling_parts"]


def linear_parts(computation: Computation, inputs: Inputs, channel: int, unit: Unit) -> Parts:
    """Take a sum of products apart; only the kernel of this channel is touched."""
    assert computation.geometry is not None
    kernel, sizes, first = own_kernel(computation, channel)
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
    value, scale, details = through_activation(computation, inputs, channel, unit, (total, size))
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


def own_kernel(computation: Computation, channel: int) -> tuple[np.ndarray, np.ndarray, int]:
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


def pooling_parts(computation: Computation, inputs: Inputs, channel: int, unit: Unit) -> Parts:
    """Take a pooling apart: the window, and the largest value of it or the share of each."""
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
    whole = whole_unit(computation, inputs, channel, unit)
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


def padding_parts(computation: Computation, inputs: Inputs, channel: int, unit: Unit) -> Parts:
    """Take a padding or cropping apart: the one value, or that there is none."""
    assert computation.geometry is not None
    source = inputs[0][channel : channel + 1]
    patch, inside, _, positions = _patch(source, computation.geometry, unit)
    return replace(
        whole_unit(computation, inputs, channel, unit),
        patch=np.where(inside, patch, np.nan),
        terms=np.where(inside, patch, 0.0).ravel(),
        channels=np.array([channel]),
        positions=positions,
    )


def upsampling_parts(computation: Computation, inputs: Inputs, channel: int, unit: Unit) -> Parts:
    """Take an upsampling apart: the one value, or those between which it interpolates."""
    assert computation.geometry is not None
    factors, sizes = computation.geometry.stride, inputs[0].shape[1:]
    if computation.options["interpolation"] == "nearest":
        place = (channel, *(at // factor for at, factor in zip(unit, factors, strict=True)))
        return one_value(computation, inputs, channel, unit, 0, place)
    positions, kernel = [], np.ones((1,))
    for at, factor, size in zip(unit, factors, sizes, strict=True):
        centre = (at + 0.5) / factor - 0.5
        low = int(np.floor(centre))
        positions.append(np.clip([low, low + 1], 0, size - 1))
        kernel = np.multiply.outer(kernel, [1.0 - (centre - low), centre - low])
    patch = inputs[0][np.ix_(np.array([channel]), *positions)].astype(np.float64)
    return replace(
        whole_unit(computation, inputs, channel, unit),
        patch=patch,
        terms=(patch * kernel)[0],
        kernel=kernel,
        channels=np.array([channel]),
        positions=tuple(positions),
    )


def _patch(
    values: np.ndarray, geometry: Geometry, unit: Unit
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
