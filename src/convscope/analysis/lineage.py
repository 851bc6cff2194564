"""Which maps fed a map most, and which maps it feeds most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convscope.analysis.muting import MutedNetwork, muted_channels
from convscope.analysis.shares import SUMS, Shares, given_on, origins, taken_in
from convscope.analysis.units import channels_of
from convscope.networks import Computation, Layer, Network

__all__ = ["Kin", "Lineage", "lineage"]

Values = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Kin:
    """A map that feeds another, or is fed by it.

    Attributes
    ----------
    layer : str
        A layer, or an input of the network.
    channel : int
    share : float
        Signed, summed over the fed map, in the units of its value before the activation function.
    """

    layer: str
    channel: int
    share: float


@dataclass(frozen=True)
class Lineage:
    """Where a map comes from and where it goes.

    Attributes
    ----------
    fed_by, feeds : tuple of Kin
        Largest absolute share first.
    bias : float
        What the bias adds to the map, summed over its units. For a sum of products, this and the
        shares in `fed_by` add up to the sum of the map before the activation function.
    reasons : tuple of str
        Why a side is empty, or may lack some; none where all is told.
    """

    fed_by: tuple[Kin, ...]
    feeds: tuple[Kin, ...]
    bias: float
    reasons: tuple[str, ...]


def lineage(network: Network, values: Values, layer: Layer, channel: int) -> Lineage:
    """Trace a map one layer back and one layer on.

    What a layer sums has a share for each input channel: patch times kernel, over all positions.
    What passes a map on keeps its channel. A dense layer behind a reshape to a vector is seen as
    fed by the maps before it: the shares of all units of a map add up.

    Parameters
    ----------
    network : Network
    values : mapping of str to numpy.ndarray
        For one image, without the image axis: the layers' values, and what they were given under
        the names of `Computation.inputs`.
    layer : Layer
    channel : int

    Raises
    ------
    SelectionError
        When the layer has no such channel.
    """
    channels_of(layer, len(values[layer.name]), [channel])
    whole = network.whole if isinstance(network, MutedNetwork) else network
    if channel in muted_channels(network, layer.name):
        return Lineage((), (), 0.0, ("this map is muted",))
    fed, bias, before = _fed_by(whole, values, layer, channel)
    silent = {name: muted_channels(network, name) for name in whole.layers}
    feeds, after = _feeds(whole, values, layer, channel)
    feeds = [kin for kin in feeds if kin.channel not in silent[kin.layer]]
    return Lineage(
        _ranked(fed), _ranked(feeds), bias, tuple(told for told in (before, after) if told)
    )


def _ranked(kin: Sequence[Kin]) -> tuple[Kin, ...]:
    # Shares that are not a number come last.
    return tuple(sorted(kin, key=lambda one: -abs(one.share) if one.share == one.share else 1.0))


def _kin(layer: str, shares: Shares) -> list[Kin]:
    pairs = zip(shares.channels.tolist(), shares.shares.tolist(), strict=True)
    return [Kin(layer, channel, share) for channel, share in pairs]


def _fed_by(
    network: Network, values: Values, layer: Layer, channel: int
) -> tuple[list[Kin], float, str]:
    computation = network.computation(layer.name)
    if computation is None:
        return [], 0.0, f"what {layer.name} computes is not understood ({layer.operation})"
    if layer.inputs is None:
        return [], 0.0, f"hand-written code hides what {layer.name} is made of"
    recorded = values[layer.name]
    given = [values[name] for name in computation.inputs]
    found: list[Kin] = []
    for name, shares in zip(
        layer.inputs, taken_in(computation, given, recorded, channel), strict=True
    ):
        folded = _before_flat(network, values, name) if computation.operation in SUMS else None
        if folded is None:
            found += _kin(name, shares)
            continue
        origin, comes_from = folded
        sums = np.bincount(comes_from[shares.channels], shares.shares)
        found += _kin(origin, Shares(np.arange(len(sums)), sums))
    bias = computation.weights.get("bias") if computation.operation in SUMS else None
    units = recorded[channel].size
    return found, 0.0 if bias is None else float(bias.reshape(-1)[channel]) * units, ""


def _feeds(network: Network, values: Values, layer: Layer, channel: int) -> tuple[list[Kin], str]:
    found: list[Kin] = []
    users = list(_users(network, layer.name))
    unknown = ""
    for user in users:
        computation = network.computation(user.name)
        if computation is None:
            unknown = unknown or f"what {user.name} makes of it is not understood"
            continue
        given = [values[name] for name in computation.inputs]
        flat = _behind_flat(network, user) if _is_flattening(user, computation) else []
        for place, name in enumerate(user.inputs or ()):
            if name != layer.name:
                continue
            shares = given_on(computation, given, values[user.name], place, channel)
            for dense in flat:
                found += _kin(dense.name, _through_flat(network, values, dense, shares))
            if not flat:
                found += _kin(user.name, shares)
    if users:
        return found, unknown
    hidden = any(other.inputs is None and other.index > layer.index for other in _all(network))
    return found, "" if hidden else f"no layer takes what {layer.name} gives"


def _all(network: Network) -> Sequence[Layer]:
    return list(network.layers.values())


def _users(network: Network, name: str) -> Iterator[Layer]:
    return (layer for layer in _all(network) if name in (layer.inputs or ()))


def _is_flattening(layer: Layer, computation: Computation) -> bool:
    return computation.operation == "rearrangement" and layer.dims == ("channel",)


def _before_flat(network: Network, values: Values, name: str) -> tuple[str, np.ndarray] | None:
    """Give the layer before a reshape to a vector, and the channel that each place comes from."""
    while name in network.layers:
        layer, computation = network.layers[name], network.computation(name)
        if computation is None or not layer.inputs or layer.dims != ("channel",):
            return None
        if computation.operation == "rearrangement":
            return layer.inputs[0], origins(computation, values[computation.inputs[0]])
        if computation.operation != "identity":
            return None
        name = layer.inputs[0]
    return None


def _behind_flat(network: Network, layer: Layer) -> list[Layer]:
    """Give the dense layers that take a vector; none where another layer takes it as well."""
    found: list[Layer] = []
    for user in _users(network, layer.name):
        computation = network.computation(user.name)
        if computation is not None and computation.operation == "identity":
            behind = _behind_flat(network, user)
            if not behind:
                return []
            found += behind
        elif computation is not None and computation.operation == "dense":
            found.append(user)
        else:
            return []
    return found


def _through_flat(network: Network, values: Values, dense: Layer, shares: Shares) -> Shares:
    """Multiply some units of a vector by the weights of a dense layer."""
    computation = network.computation(dense.name)
    assert computation is not None
    kernel = computation.weights["kernel"].reshape(len(values[dense.name]), -1)
    sums = kernel[:, shares.channels].astype(np.float64) @ shares.shares
    return Shares(np.arange(len(sums)), sums)
