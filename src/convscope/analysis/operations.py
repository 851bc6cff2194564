"""What each operation gives out before the activation function, computed in NumPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np

from convscope.analysis.functions import FUNCTIONS
from convscope.analysis.windows import at, gather, rows
from convscope.networks.computation import Computation

__all__ = ["AT_ONCE", "MERGES", "operate", "rearranged"]

AT_ONCE = 1 << 22
"""Numbers gathered at once: 32 MB of float64, which is where BLAS has enough to do."""

_ROWS = 1 << 17

_Pair = tuple[np.ndarray, np.ndarray]
_Operation = Callable[[Computation, Sequence[np.ndarray], np.ndarray], _Pair]


def operate(
    computation: Computation, inputs: Sequence[np.ndarray], positions: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Compute all channels of a layer at some positions, before the activation function.

    Parameters
    ----------
    computation : Computation
    inputs : sequence of numpy.ndarray
        What the layer was given for one image: ``(channel, *space)`` each.
    positions : numpy.ndarray
        ``(position, axis)``, int: positions of the layer's map.

    Returns
    -------
    values, scale : numpy.ndarray
        ``(position, channel)``, float64: the sums, and to what a rounding error is relative.
    """
    return _OPERATIONS[computation.operation](computation, inputs, positions)


def _convolution(
    computation: Computation, inputs: Sequence[np.ndarray], positions: np.ndarray
) -> _Pair:
    assert computation.geometry is not None
    patches, _ = gather(inputs[0], computation.geometry, positions)
    values, scale = _products(patches, computation.weights["kernel"], computation.options["groups"])
    pointwise = computation.weights.get("pointwise")
    if pointwise is not None:
        wide = pointwise.T.astype(np.float64)
        values, scale = values @ wide, scale @ np.abs(wide)
    bias = computation.weights.get("bias")
    if bias is not None:
        wide = bias.astype(np.float64)
        values, scale = values + wide, scale + np.abs(wide)
    return values, scale


def _products(patches: np.ndarray, kernel: np.ndarray, groups: int) -> _Pair:
    """Sum the products of patches ``(position, tap, channel)`` and a kernel, and their sizes."""
    count, taps, _ = patches.shape
    out, inner = kernel.shape[:2]
    # The framework's own memory order, mostly: a view.
    flat = np.moveaxis(kernel, (0, 1), (-1, -2)).reshape(taps, inner, out)
    if inner == 1:
        return _depthwise(patches, flat.reshape(taps, groups, out // groups))
    values, scale = np.zeros((count, out)), np.zeros((count, out))
    each = out // groups
    # The kernel of a dense layer can be larger than all activations: no whole copy of it. For few
    # patches the rows taken at once stay in the processor's cache.
    step = max(64, (_ROWS if count < 64 else AT_ONCE) // each)
    for group in range(groups):
        own = patches[:, :, group * inner : (group + 1) * inner].reshape(count, -1)
        chosen = slice(group * each, (group + 1) * each)
        wanted = flat[:, :, chosen].reshape(taps * inner, each)
        for start in range(0, taps * inner, step):
            some, part = own[:, start : start + step], wanted[start : start + step]
            values[:, chosen] += some.astype(np.float64) @ part.astype(np.float64)
            # A scale need not be exact.
            scale[:, chosen] += np.abs(some) @ np.abs(part)
    return values, scale


def _depthwise(patches: np.ndarray, kernel: np.ndarray) -> _Pair:
    """Sum the products where each channel ``c`` of the input has ``m`` kernels of its own."""
    shape = (len(patches), -1)
    wide = kernel.astype(np.float64)
    values = np.einsum("ntc,tcm->ncm", patches.astype(np.float64), wide)
    scale = np.einsum("ntc,tcm->ncm", np.abs(patches), np.abs(kernel))
    return values.reshape(shape), scale.reshape(shape).astype(np.float64)


def _affine(computation: Computation, inputs: Sequence[np.ndarray], positions: np.ndarray) -> _Pair:
    x = at(inputs[0], positions)
    centre, factor, offset = (
        at(computation.weights[name], positions) for name in ("centre", "factor", "offset")
    )
    scale = (np.abs(x) + np.abs(centre)) * np.abs(factor) + np.abs(offset)
    return (x - centre) * factor + offset, scale


def _normalisation(
    computation: Computation, inputs: Sequence[np.ndarray], positions: np.ndarray
) -> _Pair:
    """Ba, Kiros and Hinton, *Layer Normalization* (2016); Wu and He, *Group Normalization* (2018).

    Without the mean: Zhang and Sennrich, *Root Mean Square Layer Normalization* (2019).
    """
    options, x = computation.options, inputs[0]
    axes = options["axes"]
    local = axes == (0,)
    # Where all statistics are of one position, no other is needed.
    x = at(x, positions).T if local else np.asarray(x, np.float64)
    grouped = x.reshape(options["groups"], -1, *x.shape[1:])
    over = tuple(axis + 1 for axis in axes)
    mean = grouped.mean(axis=over, keepdims=True) if options["centred"] else 0.0
    size = (grouped**2).mean(axis=over, keepdims=True) + options["epsilon"]
    variance = ((grouped - mean) ** 2).mean(axis=over, keepdims=True) + options["epsilon"]
    values = (grouped - mean) / np.sqrt(variance)
    absolute = np.abs(grouped)
    # Frameworks may compute the variance as a difference of two means of the size of `size`.
    scale = (absolute + absolute.mean(axis=over, keepdims=True)) / np.sqrt(variance)
    scale += np.abs(values) * size / variance
    pair = values.reshape(x.shape), scale.reshape(x.shape)
    values, scale = (array.T if local else at(array, positions) for array in pair)
    factor, offset = computation.weights.get("factor"), computation.weights.get("offset")
    if factor is not None:
        gain = at(factor, positions)
        values, scale = values * gain, scale * np.abs(gain)
    if offset is not None:
        added = at(offset, positions)
        values, scale = values + added, scale + np.abs(added)
    return values, scale


def _pooling(
    computation: Computation, inputs: Sequence[np.ndarray], positions: np.ndarray
) -> _Pair:
    largest = computation.operation == "maximum pooling"
    if computation.geometry is None:
        known = rows(inputs[0]).astype(np.float64)
        if largest:
            values = known.max(axis=0)
            return _exact(np.repeat(values[None], len(positions), axis=0))
        pair = known.mean(axis=0), np.abs(known).mean(axis=0)
        return np.tile(pair[0], (len(positions), 1)), np.tile(pair[1], (len(positions), 1))
    outside = -np.inf if largest else 0.0
    patches, inside = gather(inputs[0], computation.geometry, positions, outside=outside)
    if largest:
        return _exact(patches.max(axis=1).astype(np.float64))
    # The padding counts neither in the sum nor in the number of values.
    wide, count = patches.astype(np.float64), inside.sum(axis=1)[:, None]
    return wide.sum(axis=1) / count, np.abs(wide).sum(axis=1) / count


def _activation(
    computation: Computation, inputs: Sequence[np.ndarray], positions: np.ndarray
) -> _Pair:
    x = at(inputs[0], positions)
    slope = computation.weights.get("slope")
    if slope is None:
        return _exact(x)
    # The slopes of a PReLU are weights; the function that follows is then the identity.
    return _exact(FUNCTIONS["leaky_relu"](x, negative_slope=at(slope, positions)))


def _terms(inputs: Sequence[np.ndarray], positions: np.ndarray) -> list[np.ndarray]:
    """Give the values that a merge puts together; missing axes come behind the channel."""
    rank = max(values.ndim for values in inputs)
    return [
        at(values.reshape(len(values), *(1,) * (rank - values.ndim), *values.shape[1:]), positions)
        for values in inputs
    ]


def _merge(computation: Computation, inputs: Sequence[np.ndarray], positions: np.ndarray) -> _Pair:
    terms = np.stack(np.broadcast_arrays(*_terms(inputs, positions)))
    match computation.operation:
        case "sum":
            return terms.sum(axis=0), np.abs(terms).sum(axis=0)
        case "mean":
            return terms.mean(axis=0), np.abs(terms).mean(axis=0)
        case "difference":
            return terms[0] - terms[1:].sum(axis=0), np.abs(terms).sum(axis=0)
        case "product":
            return _exact(terms.prod(axis=0))
        case "quotient":
            return _exact(terms[0] / terms[1])
        case "maximum":
            return _exact(terms.max(axis=0))
        case _:
            return _exact(terms.min(axis=0))


def _concatenation(
    computation: Computation, inputs: Sequence[np.ndarray], positions: np.ndarray
) -> _Pair:
    axis = computation.options["axis"]
    if axis == 0:
        return _exact(np.concatenate([at(values, positions) for values in inputs], axis=1))
    joined = np.empty((len(positions), len(inputs[0])))
    along, start = positions[:, axis - 1], 0
    for values in inputs:
        size = values.shape[axis]
        own = (along >= start) & (along < start + size)
        moved = positions[own].copy()
        moved[:, axis - 1] -= start
        joined[own] = at(values, moved)
        start += size
    return _exact(joined)


def _padding(
    computation: Computation, inputs: Sequence[np.ndarray], positions: np.ndarray
) -> _Pair:
    assert computation.geometry is not None
    patches, _ = gather(inputs[0], computation.geometry, positions)
    return _exact(patches[:, 0].astype(np.float64))


def _upsampling(
    computation: Computation, inputs: Sequence[np.ndarray], positions: np.ndarray
) -> _Pair:
    assert computation.geometry is not None
    factors = np.asarray(computation.geometry.stride)
    x = inputs[0]
    if computation.options["interpolation"] == "nearest":
        return _exact(at(x, positions // factors))
    # Between the centres of the two nearest inputs; at the border the last one alone.
    centres = (positions + 0.5) / factors - 0.5
    low = np.floor(centres).astype(np.intp)
    share = centres - low
    values = np.zeros((len(positions), len(x)))
    scale = np.zeros_like(values)
    last = np.asarray(x.shape[1:]) - 1
    for corner in product((0, 1), repeat=len(factors)):
        weight = np.where(corner, share, 1.0 - share).prod(axis=1)[:, None]
        term = weight * at(x, np.clip(low + corner, 0, last))
        values += term
        scale += np.abs(term)
    return values, scale


def _rearrangement(
    computation: Computation, inputs: Sequence[np.ndarray], positions: np.ndarray
) -> _Pair:
    return _exact(at(rearranged(computation, inputs[0]), positions))


def rearranged(computation: Computation, values: np.ndarray) -> np.ndarray:
    """Move values as a rearrangement does: ``(channel, *space)`` in, the same out."""
    options = computation.options
    moved = values.transpose(options["before"])
    if options["shape"] is not None:
        moved = moved.reshape(options["shape"])
    return moved.transpose(options["after"])


def _identity(
    computation: Computation, inputs: Sequence[np.ndarray], positions: np.ndarray
) -> _Pair:
    return _exact(at(inputs[0], positions))


def _exact(values: np.ndarray) -> _Pair:
    """Give values that are not summed: any error is relative to themselves."""
    return values, np.abs(values)


MERGES = ("sum", "difference", "product", "quotient", "mean", "maximum", "minimum")
"""Operations that join several inputs unit by unit."""

_OPERATIONS: dict[str, _Operation] = {
    **dict.fromkeys(
        ("convolution", "transposed convolution", "separable convolution", "dense"), _convolution
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
    "identity": _identity,
}
