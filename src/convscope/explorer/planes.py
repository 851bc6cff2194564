"""Maps as the page knows them: every one a plane of rows and columns."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, prod

import numpy as np

from convscope.networks import Layer
from convscope.views.look import drawable

__all__ = [
    "MAXIMUM",
    "MIDDLE",
    "Depth",
    "depth_named",
    "depth_words",
    "flattened",
    "is_deep",
    "on_plane",
    "planes",
    "position",
    "shape_of",
    "slice_at",
    "space_of",
]

Depth = float | str
"""Where volumes are looked at: a share of their depth, 0 to 1, or `MAXIMUM`."""

MIDDLE: Depth = 0.5
MAXIMUM = "maximum"
"""The largest value along the depth, wherever that is."""


def planes(values: np.ndarray, layer: Layer, depth: Depth = MIDDLE) -> np.ndarray:
    """Give a layer's value as ``(channel, y, x)``.

    A vector has maps of one unit, a signal maps of one row; of a volume it is one slice, or the
    largest value along its depth.
    """
    drawn, _ = drawable(values, layer)
    if drawn.ndim == 4:
        return flattened(drawn, drawn, depth)
    return drawn.reshape(_plane(drawn.shape))


def flattened(volume: np.ndarray, values: np.ndarray, depth: Depth) -> np.ndarray:
    """Give ``(channel, y, x)`` of a volume where others are looked at.

    Parameters
    ----------
    volume : numpy.ndarray, (channel, z, y, x)
        What is given.
    values : numpy.ndarray, (channel, z, y, x)
        Whose largest value decides which slice is meant.
    depth : Depth
    """
    if depth != MAXIMUM:
        return volume[:, slice_at(depth, volume.shape[1])]
    if volume is values:
        return np.asarray(volume.max(axis=1))
    places = values.argmax(axis=1)[:, None]
    return np.asarray(np.take_along_axis(volume, places, axis=1)[:, 0])


def depth_named(text: str) -> Depth:
    """Read what stands behind the stroke in the name of a run; the middle for nonsense."""
    if text == MAXIMUM:
        return MAXIMUM
    try:
        depth = float(text)
    except ValueError:
        return MIDDLE
    return depth if 0 <= depth <= 1 else MIDDLE


def slice_at(depth: Depth, slices: int) -> int:
    """Give the slice at a share of the depth, halves rounded up as the page rounds them."""
    return floor(float(depth) * (slices - 1) + 0.5)


def is_deep(space: Sequence[object]) -> bool:
    """Tell whether maps of such a size have depth."""
    return len(space) == 3


def depth_words(depth: Depth, space: Sequence[int]) -> dict[str, int | None] | None:
    """Say which slice of how many is shown, none of a projection; None for maps without depth."""
    if not is_deep(space):
        return None
    at = None if depth == MAXIMUM else slice_at(depth, space[0])
    return {"slices": int(space[0]), "slice": at}


def shape_of(layer: Layer) -> tuple[int, int, int] | None:
    """Give the shape of a layer's planes; None where it depends on the input."""
    if None in layer.shape:
        return None
    sizes = [int(size or 0) for size in layer.shape]
    if layer.dims[:1] == ("channel",):
        return _plane(sizes)
    if len(sizes) < 2:
        return prod(sizes), 1, 1
    return sizes[0], prod(sizes[1:-1]), sizes[-1]


def space_of(values: np.ndarray, layer: Layer) -> tuple[int, ...]:
    """Give the true size of a layer's maps, in the order of its dims."""
    return tuple(drawable(values, layer)[0].shape[1:])


def position(unit: Sequence[int], space: Sequence[int], z: int = 0) -> tuple[int, ...]:
    """Turn a place ``(y, x)`` on a plane into a unit's true position, `z` along the depth."""
    row, column = unit
    match len(space):
        case 0:
            return ()
        case 1:
            return (column,)
        case 2:
            return row, column
        case _:
            return z, row, column


def on_plane(box: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Give the ends of a box along rows and columns, ``[[y0, y1], [x0, x1]]``.

    Of a volume that is the row of the first slice to that of the last.
    """
    ends = [list(along) for along in box]
    return [[0, 1]] * (2 - len(ends)) + ends[-2:]


def _plane(shape: Sequence[int]) -> tuple[int, int, int]:
    channels, *space = shape
    if not space:
        return channels, 1, 1
    if is_deep(space):
        return channels, space[1], space[2]
    return channels, prod(space[:-1]), space[-1]
