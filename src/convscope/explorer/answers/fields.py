"""What every position of a layer's maps sees of the input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from convscope.analysis.boxes import boxes
from convscope.analysis.receptive_field import box_of, sizes_of
from convscope.explorer.arrays import Arrays
from convscope.explorer.message import Message
from convscope.explorer.opened import Opened
from convscope.explorer.recorded import Recorded
from convscope.networks import Layer, Network

__all__ = ["fields"]

_Sizes = Mapping[str, tuple[int, ...]]


def fields(
    opened: Opened, run: Recorded | None, message: Message, arrays: Arrays
) -> dict[str, Any]:
    """Give the ends of the box on the input, along each axis for every position along it.

    The lists are one a spatial axis of the layer, in the order of its dims.
    """
    one = opened.layer(message.layer())
    sizes = run.sizes if run is not None else sizes_of(opened.network, one, [])
    key = ("fields", one.name, tuple(sizes.items()))
    return opened.once(key, lambda: _fields(opened, one, sizes))


def _fields(opened: Opened, one: Layer, sizes: _Sizes) -> dict[str, Any]:
    network = opened.network
    entry = network.inputs[0].name
    key = ("boxes", tuple(sizes.items()))
    known = opened.once(key, lambda: boxes(network, sizes, entry)).get(one.name)
    seen = one.receptive_field
    reply: dict[str, Any] = {
        "layer": one.name,
        "starts": None,
        "stops": None,
        "whole": False,
        "because": "",
        "size": None if seen is None else list(seen),
    }
    if known is not None:
        reply["starts"] = [starts.tolist() for starts, _ in known]
        reply["stops"] = [stops.tolist() for _, stops in known]
        return reply
    return reply | _unit_by_unit(network, one, sizes, entry)


def _unit_by_unit(network: Network, one: Layer, sizes: _Sizes, entry: str) -> dict[str, Any]:
    space = sizes[one.name]
    middle = tuple(size // 2 for size in space)
    box, found = box_of(network, one, middle, sizes, entry)
    reply: dict[str, Any] = {"whole": found.whole, "because": found.because}
    if box is None or found.whole or len(box) != len(space):
        return reply
    starts = [np.zeros(size, np.int64) for size in space]
    stops = [np.zeros(size, np.int64) for size in space]
    for at in range(max(space, default=0)):
        # Along the diagonal, all axes at once: what is needed along one does not depend on where
        # the unit is along another, unless there it sees nothing at all.
        place = tuple(min(at, size - 1) for size in space)
        along = box_of(network, one, place, sizes, entry)[0] or ()
        nothing = any(start == stop for start, stop in along)
        for axis, size in enumerate(space):
            if at >= size:
                continue
            if nothing:
                place = tuple(at if other == axis else middle[other] for other in range(len(space)))
                along = box_of(network, one, place, sizes, entry)[0] or ()
            starts[axis][at], stops[axis][at] = along[axis]
    reply["starts"] = [along.tolist() for along in starts]
    reply["stops"] = [along.tolist() for along in stops]
    return reply
