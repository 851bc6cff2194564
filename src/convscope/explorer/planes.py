"""Maps as the page knows them: every one a plane of rows and columns."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from convscope.networks import Layer
from convscope.views.look import drawable

__all__ = ["on_plane", "planes", "position", "shape_of", "space_of"]


def planes(values: np.ndarray, layer: Layer) -> np.ndarray:
    """Give a layer's value as ``(channel, y, x)``.

    A vector has maps of one unit, a signal maps of one row; the slices of a volume are stacked,
    so that its maps have ``z * y`` rows.
    """
    drawn, _ = drawable(values, layer)
    return drawn.reshape(_plane(drawn.shape))


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


def position(unit: Sequence[int], space: Sequence[int]) -> tuple[int, ...]:
    """Turn a place ``(y, x)`` on a plane into the true position of the unit."""
    row, column = unit
    match len(space):
        case 0:
            return ()
        case 1:
            return (column,)
        case 2:
            return row, column
        case _:
            return *divmod(row, max(1, space[1])), column


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
    return channels, prod(space[:-1]), space[-1]
