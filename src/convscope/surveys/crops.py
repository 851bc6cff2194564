"""The part of an image that the unit of a peak sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from convscope.analysis.boxes import Ends, boxes, seeing_all
from convscope.analysis.receptive_field import box_of, sizes_of
from convscope.errors import InputError
from convscope.networks import Layer, Network
from convscope.surveys.shapes import blank

__all__ = ["crops_of"]

_NOTHING = (0, 0)

_Sizes = Mapping[str, tuple[int, ...]]


def crops_of(
    network: Network, layers: Sequence[Layer], units: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """Find what units of layers see of the network's first input.

    Parameters
    ----------
    network : Network
        Of a fixed size.
    layers : sequence of Layer
    units : sequence of numpy.ndarray
        Of each layer, in any shape: indices of units in a map, row by row; -1 for none.

    Returns
    -------
    list of numpy.ndarray
        Of each layer, int32, the shape of its units and then ``(axis, end)``: start and stop on the
        prepared image, stop excluded; -1 where it is not known.

    Raises
    ------
    InputError
        When a unit lies outside its map.
    """
    entry = network.inputs[0].name
    every = list(network.layers.values())[-1]
    sizes = sizes_of(network, every, blank(network))
    if len(sizes[entry]) != 2:
        return [np.full((*own.shape, len(sizes[entry]), 2), -1, np.int32) for own in units]
    seen, whole = boxes(network, sizes, entry), seeing_all(network, sizes, entry)
    return [
        _whole(own, sizes[entry])
        if layer.name in whole and len(layer.space) in {0, 2}
        else _crops(network, layer, own, sizes, entry, seen.get(layer.name))
        for layer, own in zip(layers, units, strict=True)
    ]


def _whole(units: np.ndarray, space: tuple[int, ...]) -> np.ndarray:
    found = np.empty((*units.shape, 2, 2), np.int32)
    found[:] = [(0, size) for size in space]
    found[units < 0] = -1
    return found


def _crops(
    network: Network,
    layer: Layer,
    units: np.ndarray,
    sizes: _Sizes,
    entry: str,
    seen: Sequence[Ends] | None,
) -> np.ndarray:
    if not layer.space:
        return _whole(units, sizes[entry])
    if len(layer.space) != 2:
        return np.full((*units.shape, 2, 2), -1, np.int32)
    # A box is the product of what is seen along each axis.
    rows, columns = (
        _walked(network, layer, sizes, entry)
        if seen is None
        else [np.stack(ends, axis=1).astype(np.int32) for ends in seen]
    )
    height, width = sizes[layer.name]
    if units.max(initial=-1) >= height * width:
        raise InputError(
            f"a summary in the store names unit {units.max()} of {layer.name}, whose maps are "
            f"{height} x {width}: delete the store, and survey again"
        )
    y, x = np.divmod(np.maximum(units, 0), width)
    found = np.stack([rows[y], columns[x]], axis=-2)
    found[(found == _NOTHING).all(axis=-1).any(axis=-1)] = _NOTHING
    found[units < 0] = -1
    return found


def _walked(network: Network, layer: Layer, sizes: _Sizes, entry: str) -> list[np.ndarray]:
    """Follow units back one by one, where their boxes are not composed from those before.

    The units on the diagonal tell those of all.
    """
    height, width = sizes[layer.name]

    def seen(y: int, x: int) -> tuple[tuple[int, int], ...]:
        unit = (min(y, height - 1), min(x, width - 1))
        return box_of(network, layer, unit, sizes, entry)[0] or ((-1, -1), (-1, -1))

    ends = []
    for place in range(max(height, width)):
        both = seen(place, place)
        if _NOTHING in both:
            # In the padding along one axis: beside the middle of the other, which axis shows.
            both = seen(place, width // 2)[0], seen(height // 2, place)[1]
        ends.append(both)
    table = np.array(ends, np.int32)
    return [table[:, 0], table[:, 1]]
