"""The part of an image that the unit of a peak sees."""

from __future__ import annotations

import numpy as np

from convscope.analysis.receptive_field import box_of, sizes_of
from convscope.networks import Layer, Network
from convscope.surveys.shapes import blank

__all__ = ["crops_of"]

_NOTHING = (0, 0)


def crops_of(network: Network, layer: Layer, units: np.ndarray) -> np.ndarray:
    """Find what units of a layer see of the network's first input.

    Parameters
    ----------
    network : Network
        Of a fixed size.
    layer : Layer
    units : numpy.ndarray
        Any shape, indices of units in a map, row by row; -1 for none.

    Returns
    -------
    numpy.ndarray
        int32, the shape of `units` and then ``(axis, end)``: start and stop on the prepared image,
        stop excluded; -1 where it is not known.
    """
    entry = network.inputs[0]
    every = list(network.layers.values())[-1]
    sizes = sizes_of(network, every, blank(network))
    space = sizes[entry.name]
    known = len(space) == 2 and len(layer.space) in {0, 2}
    if not known:
        return np.full((*units.shape, len(space), 2), -1, np.int32)
    if not layer.space:
        whole = np.array([(0, size) for size in space], np.int32)
        found = np.broadcast_to(whole, (*units.shape, 2, 2)).copy()
    else:
        # A box is the product of what is seen along each axis, so that the units on the diagonal
        # tell those of all.
        height, width = sizes[layer.name]

        def seen(y: int, x: int) -> tuple[tuple[int, int], ...]:
            unit = (min(y, height - 1), min(x, width - 1))
            return box_of(network, layer, unit, sizes, entry.name)[0] or ((-1, -1), (-1, -1))

        ends = []
        for place in range(max(height, width)):
            both = seen(place, place)
            if _NOTHING in both:
                # In the padding along one axis: beside the middle of the other, which axis shows.
                both = seen(place, width // 2)[0], seen(height // 2, place)[1]
            ends.append(both)
        table = np.array(ends, np.int32)
        y, x = np.divmod(np.maximum(units, 0), width)
        found = np.stack([table[y, 0], table[x, 1]], axis=-2)
        found[(found == _NOTHING).all(axis=-1).any(axis=-1)] = _NOTHING
    found[units < 0] = -1
    return found
