"""How much the maps that a layer takes put into the maps that it gives, in NumPy alone.

A share is summed over the map: the sum, over all positions, of patch times kernel for one input
channel. It is in the units of the value before the activation function. For whatever multiplies
nothing it is what that input brings to the sum of the map.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.analysis.operations import MERGES, rearranged
from convscope.analysis.patches import own_kernel
from convscope.analysis.windows import reach
from convscope.networks.computation import Computation

__all__ = ["SUMS", "Shares", "given_on", "origins", "taken_in"]

SUMS = ("convolution", "transposed convolution", "separable convolution", "dense")
"""Operations that sum products over input channels."""


@dataclass(frozen=True, eq=False)
class Shares:
    """Channels, and the share of each.

    Attributes
    ----------
    channels : numpy.ndarray
        ``(channel,)``, int.
    shares : numpy.ndarray
        ``(channel,)``, float64, signed.
    """

    channels: np.ndarray
    shares: np.ndarray


def taken_in(
    computation: Computation, inputs: Sequence[np.ndarray], recorded: np.ndarray, channel: int
) -> list[Shares]:
    """Say what each input channel puts into one map.

    Parameters
    ----------
    computation : Computation
    inputs : sequence of numpy.ndarray
        What the layer was given for one image: ``(channel, *space)`` each.
    recorded : numpy.ndarray
        What it gave, ``(channel, *space)``.
    channel : int
        Which of its maps.

    Returns
    -------
    list of Shares
        One an input. For a sum of products they add up to the sum of the map before the activation
        function less the bias of every unit.
    """
    with np.errstate(all="ignore"):
        if computation.operation in SUMS:
            kernel, _, first = own_kernel(computation, channel)
            own = inputs[0][first : first + len(kernel)]
            products = kernel * _under_taps(computation, own, recorded.shape[1:])
            shares = products.reshape(len(kernel), -1).sum(axis=1)
            return [Shares(first + np.arange(len(kernel)), shares)]
        if computation.operation == "rearrangement":
            return [_brought(origins(computation, inputs[0])[channel], recorded[channel])]
        return _passed(computation, inputs, recorded, channel)


def given_on(
    computation: Computation,
    inputs: Sequence[np.ndarray],
    recorded: np.ndarray,
    source: int,
    channel: int,
) -> Shares:
    """Say what one input channel puts into each map that it reaches.

    Parameters
    ----------
    computation, inputs, recorded
        As for `taken_in`.
    source : int
        Which of the inputs.
    channel : int
        Which of its channels.
    """
    with np.errstate(all="ignore"):
        if computation.operation in SUMS:
            return _spread(computation, inputs[source], recorded.shape[1:], channel)
        if computation.operation == "rearrangement":
            inside = origins(computation, inputs[0]) == channel
            flat = np.where(inside, recorded, 0).reshape(len(recorded), -1)
            reached = np.flatnonzero(inside.reshape(len(recorded), -1).any(axis=1))
            return Shares(reached, flat.sum(axis=1, dtype=np.float64)[reached])
        reached = _reached(computation, inputs, recorded, source, channel)
        shares = [
            float(_passed(computation, inputs, recorded, int(one))[source].shares.sum())
            for one in reached
        ]
        return Shares(reached, np.array(shares, np.float64))


def _spread(
    computation: Computation, values: np.ndarray, space: Sequence[int], channel: int
) -> Shares:
    """Give what an input channel puts into the maps of its group."""
    kernel, groups = computation.weights["kernel"], int(computation.options["groups"])
    sums = _under_taps(computation, values[channel : channel + 1], space)[0]
    inner, each = kernel.shape[1], len(kernel) // groups
    group, place = divmod(channel, inner)
    outs = np.arange(group * each, (group + 1) * each)
    products = kernel[outs, place] * sums
    shares = products.reshape(len(outs), -1).sum(axis=1, dtype=np.float64)
    pointwise = computation.weights.get("pointwise")
    if pointwise is None:
        return Shares(outs, shares)
    return Shares(np.arange(len(pointwise)), pointwise[:, outs].astype(np.float64) @ shares)


def _under_taps(computation: Computation, values: np.ndarray, space: Sequence[int]) -> np.ndarray:
    """Sum what lies under each tap of a kernel over all positions: ``(channel, *tap)``, float64."""
    assert computation.geometry is not None
    fitted = computation.geometry.fitted(values.shape[1:])
    sums = values
    for axis, count in enumerate(space):
        size = values.shape[axis + 1]
        places, inside = reach(fitted, axis, np.arange(count), size)
        parts = [
            sums[:, _places(places[inside[:, tap], tap])].sum(axis=1, dtype=np.float64)
            for tap in range(places.shape[1])
        ]
        sums = np.stack(parts, axis=-1)
    return np.asarray(sums, np.float64)


def _places(rising: np.ndarray) -> slice | np.ndarray:
    """Give evenly spaced places as a slice, which needs no copy."""
    if len(rising) < 2:
        return rising
    step = int(rising[1] - rising[0])
    if (np.diff(rising) == step).all():
        return slice(int(rising[0]), int(rising[-1]) + 1, step)
    return rising


def origins(computation: Computation, values: np.ndarray) -> np.ndarray:
    """Say from which channel each unit of a rearrangement comes: ``(channel, *space)``."""
    channels = np.arange(len(values)).reshape(-1, *(1,) * (values.ndim - 1))
    return rearranged(computation, np.broadcast_to(channels, values.shape))


def _brought(comes_from: np.ndarray, values: np.ndarray) -> Shares:
    channels, place = np.unique(comes_from.ravel(), return_inverse=True)
    return Shares(channels, np.bincount(place.ravel(), values.ravel().astype(np.float64)))


def _passed(
    computation: Computation, inputs: Sequence[np.ndarray], recorded: np.ndarray, channel: int
) -> list[Shares]:
    """Give the shares of operations that keep to a channel; none of an input that has no part."""
    own = recorded[channel].astype(np.float64)
    match computation.operation:
        case "affine":
            centre, factor = (_own(computation.weights[name], channel) for name in _SCALED)
            return [_one(channel, (inputs[0][channel].astype(np.float64) - centre) * factor)]
        case "normalisation":
            offset = computation.weights.get("offset")
            return [_one(channel, own if offset is None else own - _own(offset, channel))]
        case "activation":
            return [_one(channel, inputs[0][channel])]
        case "concatenation":
            return _joined(computation, inputs, channel)
        case operation if operation in MERGES:
            return _merged(operation, inputs, own, channel)
        case _:
            return [_one(channel, own)]


_SCALED = ("centre", "factor")


def _one(channel: int, values: np.ndarray) -> Shares:
    return Shares(np.array([channel]), np.array([values.sum(dtype=np.float64)]))


def _own(weight: np.ndarray, channel: int) -> np.ndarray:
    return np.asarray(weight[channel if len(weight) > 1 else 0], np.float64)


def _joined(computation: Computation, inputs: Sequence[np.ndarray], channel: int) -> list[Shares]:
    if computation.options["axis"]:
        return [_one(channel, values[channel]) for values in inputs]
    found, nothing = [], Shares(np.zeros(0, np.intp), np.zeros(0))
    for values in inputs:
        inside = 0 <= channel < len(values)
        found.append(_one(channel, values[channel]) if inside else nothing)
        channel -= len(values)
    return found


def _merged(
    operation: str, inputs: Sequence[np.ndarray], own: np.ndarray, channel: int
) -> list[Shares]:
    """Give what each input brings; of a product or quotient, every input brings all of it."""
    rank = own.ndim + 1
    channels = [channel if len(values) > 1 else 0 for values in inputs]
    terms = np.stack(
        [
            np.broadcast_to(
                values[at].reshape(*(1,) * (rank - values.ndim), *values.shape[1:]), own.shape
            ).astype(np.float64)
            for values, at in zip(inputs, channels, strict=True)
        ]
    )
    match operation:
        case "mean":
            terms /= len(terms)
        case "difference":
            terms[1:] *= -1
        case "maximum" | "minimum":
            winner = (np.argmax if operation == "maximum" else np.argmin)(terms, axis=0)
            places = np.arange(len(terms)).reshape(-1, *(1,) * own.ndim)
            terms = np.where(winner == places, terms, 0)
        case "product" | "quotient":
            terms = np.broadcast_to(own, terms.shape)
    return [_one(at, term) for at, term in zip(channels, terms, strict=True)]


def _reached(
    computation: Computation,
    inputs: Sequence[np.ndarray],
    recorded: np.ndarray,
    source: int,
    channel: int,
) -> np.ndarray:
    """Give the maps that an input channel reaches, where operations keep to a channel."""
    if computation.operation == "concatenation" and not computation.options["axis"]:
        return np.array([channel + sum(len(values) for values in inputs[:source])])
    alone = computation.operation in MERGES and len(inputs[source]) == 1
    return np.arange(len(recorded)) if alone else np.array([channel])
