"""The positions of the input that a unit needs, traced back through the graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from convscope.networks import Layer, Network
from convscope.networks.selection import named_layer

__all__ = ["Reach", "reach"]

Positions = tuple[np.ndarray, ...]
"""Along each spatial axis the positions needed: rising, int64."""

Sizes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, eq=False)
class Reach:
    """What of one input a unit needs.

    Attributes
    ----------
    positions : tuple of numpy.ndarray, or None
        Along each spatial axis; empty arrays where the unit needs nothing of this input. None
        where all positions are needed (`whole`), or where what is needed is not known.
    whole : bool
        Whether a layer on the way brings all positions together.
    because : str
        That layer, or the one before which hand-written code hides what it needs.
    """

    positions: Positions | None
    whole: bool = False
    because: str = ""


@dataclass
class _Demand:
    """What is needed of every value, while the graph is walked from the unit to the inputs."""

    positions: dict[str, Positions] = field(default_factory=dict)
    whole: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, positions: Positions) -> None:
        if any(len(along) == 0 for along in positions):
            return
        known = self.positions.get(name)
        if known is not None:
            positions = tuple(map(np.union1d, known, positions))
        self.positions[name] = positions


def reach(
    network: Network,
    layer: Layer,
    unit: tuple[int, ...],
    sizes: Sizes,
    entry: str,
    *,
    clip: bool,
) -> Reach:
    """Trace back what one unit needs.

    Every layer turns the positions needed of its value into those needed of its inputs, from the
    unit's layer to the first; where branches meet, both are needed. So the positions themselves
    are followed, not only their ends, and gaps of dilation and strides stay gaps.

    Parameters
    ----------
    network : Network
    layer : Layer
    unit : tuple of int
    sizes : mapping of str to tuple of int
        Size of the maps of every layer and input on the way.
    entry : str
        The input that is asked about.
    clip : bool
        Whether positions outside of a layer's input are dropped there, since they lie in the
        padding. Without, the input goes on beyond its edges.
    """
    demand = _Demand()
    if layer.space:
        demand.positions[layer.name] = tuple(np.array([at], np.int64) for at in unit)
    else:
        demand.whole[layer.name] = layer.name
    unknown = ""
    for name in _backwards(network, layer):
        record = named_layer(network.layers, name)
        if name in demand.whole and record.inputs is not None:
            for source in record.inputs:
                # Told is the layer that takes a map and gives none, not those after it.
                loses = not sizes[name] and sizes[source]
                demand.whole.setdefault(source, name if loses else demand.whole[name])
        elif name in demand.whole or (name in demand.positions and record.inputs is None):
            unknown = unknown or name
        elif name in demand.positions:
            _pass_back(demand, record, sizes, clip)
    if entry in demand.whole:
        return Reach(None, True, demand.whole[entry])
    if unknown:
        return Reach(None, False, unknown)
    nothing = tuple(np.empty(0, np.int64) for _ in sizes[entry])
    return Reach(demand.positions.get(entry, nothing))


def _backwards(network: Network, layer: Layer) -> Iterator[str]:
    """Give the layer, and then all before it, the last first."""
    yield layer.name
    before = [other.name for other in network.layers.values() if other.index < layer.index]
    yield from reversed(before)


def _pass_back(demand: _Demand, layer: Layer, sizes: Sizes, clip: bool) -> None:
    """Turn what is needed of a layer's value into what is needed of its inputs."""
    wanted = demand.positions[layer.name]
    start = 0
    for name in layer.inputs or ():
        size = sizes[name]
        if layer.joined is not None:
            demand.add(name, _portion(wanted, layer.joined, start, size[layer.joined]))
            start += size[layer.joined]
        elif layer.geometry is None or len(size) != len(wanted):
            demand.whole.setdefault(name, layer.name)
        elif layer.geometry.is_pointwise:
            spread = _spread(wanted, size, sizes[layer.name])
            demand.add(name, _clipped(spread, size) if clip else spread)
        else:
            geometry = layer.geometry.fitted(size)
            seen = tuple(geometry.looks_at(along, axis) for axis, along in enumerate(wanted))
            demand.add(name, _clipped(seen, size) if clip else seen)


def _portion(wanted: Positions, axis: int, start: int, size: int) -> Positions:
    """Give what is needed of one of several inputs that lie end to end."""
    own = wanted[axis][(wanted[axis] >= start) & (wanted[axis] < start + size)] - start
    return (*wanted[:axis], own, *wanted[axis + 1 :])


def _spread(wanted: Positions, given: tuple[int, ...], own: tuple[int, ...]) -> Positions:
    """Needed of an input whose single position goes to all along an axis: that position."""
    return tuple(
        np.zeros(1, np.int64) if size == 1 and size != whole else along
        for along, size, whole in zip(wanted, given, own, strict=True)
    )


def _clipped(positions: Positions, size: tuple[int, ...]) -> Positions:
    return tuple(
        along[(along >= 0) & (along < end)] for along, end in zip(positions, size, strict=True)
    )
