"""What all units of all layers see, each layer's composed from those of its inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from convscope.networks import Geometry, Layer, Network

__all__ = ["Ends", "boxes", "seeing_all"]

Ends = tuple[NDArray[np.int64], NDArray[np.int64]]
"""For every position along one axis, where the box on the input starts and where it stops."""

_Found = dict[str, tuple[Ends, ...] | None]


def boxes(
    network: Network, sizes: Mapping[str, tuple[int, ...]], entry: str
) -> Mapping[str, Sequence[Ends]]:
    """Find what every position of every layer sees of an input, in one walk through the graph.

    Parameters
    ----------
    network : Network
    sizes : mapping of str to tuple of int
        Size of the maps of layers and inputs.
    entry : str
        The input that is asked about.

    Returns
    -------
    mapping of str to sequence of Ends
        By layer, one a spatial axis: the same as `box_of` says unit by unit; ``(0, 0)`` for
        positions that see padding alone. Without layers where what is seen along one axis depends
        on the others, or is not known: those that bring all positions together or lay maps end to
        end, merges of maps of which some see padding alone, and what follows on them.
    """
    found: _Found = {one.name: None for one in network.inputs}
    found[entry] = tuple((np.arange(size), np.arange(1, size + 1)) for size in sizes[entry])
    for layer in network.layers.values():
        own = _composed(layer, sizes, found) if layer.name in sizes else None
        if own:
            found[layer.name] = own
    return {
        name: [(np.where(stops < 0, 0, starts), np.maximum(stops, 0)) for starts, stops in ends]
        for name, ends in found.items()
        if ends is not None and name != entry
    }


def seeing_all(
    network: Network, sizes: Mapping[str, tuple[int, ...]], entry: str
) -> frozenset[str]:
    """Find the layers of which every unit needs the whole input, in one walk through the graph.

    They bring all positions together, or follow on such a layer: after a squeeze-and-excitation
    (Hu, Shen and Sun 2018) that is all the rest of the network.

    Parameters
    ----------
    network, sizes, entry
        As for `boxes`.

    Returns
    -------
    frozenset of str
        Names of layers; without some whose units need the whole input and where that does not
        follow from the layers before alone.
    """
    leading, found = {entry}, set[str]()
    for layer in network.layers.values():
        sources = [name for name in layer.inputs or () if name in leading]
        if not sources or layer.name not in sizes:
            continue
        leading.add(layer.name)
        if not layer.space or any(_needs_all(layer, name, sizes, found) for name in sources):
            found.add(layer.name)
    return frozenset(found)


def _needs_all(
    layer: Layer, source: str, sizes: Mapping[str, tuple[int, ...]], found: set[str]
) -> bool:
    given, own = sizes[source], sizes[layer.name]
    if layer.joined is not None:
        return False
    if layer.geometry is None or len(given) != len(own):
        return True
    if source not in found:
        return False
    anything = tuple((np.zeros(size, np.int64), np.ones(size, np.int64)) for size in given)
    ends = _through(layer.geometry, given, own, anything)
    return all((stops > 0).all() for _, stops in ends)


def _composed(
    layer: Layer, sizes: Mapping[str, tuple[int, ...]], found: _Found
) -> tuple[Ends, ...] | None:
    """Join what the inputs of a layer see; None where that does not follow along each axis."""
    if layer.joined is not None or layer.geometry is None or not layer.space:
        return None
    if not layer.inputs or any(name not in found for name in layer.inputs):
        return None
    parts: list[tuple[Ends, ...]] = []
    for name in layer.inputs:
        before = found[name]
        if before is None:
            continue
        if len(sizes[name]) != len(sizes[layer.name]):
            return None
        parts.append(_through(layer.geometry, sizes[name], sizes[layer.name], before))
    blind = any((stops < 0).any() for part in parts for _, stops in part)
    if not parts or (blind and len(parts) > 1):
        return None
    return tuple(
        (np.minimum.reduce([ends[0] for ends in axis]), np.maximum.reduce([e[1] for e in axis]))
        for axis in zip(*parts, strict=True)
    )


# No box starts later, and none stops earlier.
_NEVER = np.iinfo(np.int64).max


def _through(
    geometry: Geometry, given: tuple[int, ...], own: tuple[int, ...], before: tuple[Ends, ...]
) -> tuple[Ends, ...]:
    """See through a layer; a unit that looks at padding alone starts `_NEVER` and stops at -1."""
    fitted = geometry.fitted(given)
    axes: list[Ends] = []
    for axis, (starts, stops) in enumerate(before):
        units = np.arange(own[axis])
        if geometry.is_pointwise and given[axis] == 1 != own[axis]:
            units = np.zeros_like(units)
        seen, valid = _taps(fitted, units, axis)
        valid &= (seen >= 0) & (seen < given[axis])
        seen = np.where(valid, seen, 0)
        first = np.where(valid, starts[seen], _NEVER).min(axis=1)
        axes.append((first, np.where(valid, stops[seen], -1).max(axis=1)))
    return tuple(axes)


def _taps(
    geometry: Geometry, units: NDArray[np.int64], axis: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Give what each unit looks at, ``(unit, tap)``, and which of these there are."""
    stride, before = geometry.stride[axis], geometry.padding[axis][0]
    taps = np.arange(geometry.kernel[axis]) * geometry.dilation[axis]
    if not geometry.transposed:
        seen = units[:, None] * stride - before + taps
        return seen, np.ones(seen.shape, bool)
    sources, rest = np.divmod(units[:, None] + before - taps, stride)
    return sources, rest == 0
