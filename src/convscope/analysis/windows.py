"""The input values that units look at."""

from __future__ import annotations

from math import prod

import numpy as np

from convscope.networks.geometry import Geometry

__all__ = ["at", "gather", "reach", "rows"]


def rows(values: np.ndarray) -> np.ndarray:
    """Give ``(channel, *space)`` as ``(position, channel)``: a view where channels come last."""
    return np.moveaxis(values, 0, -1).reshape(-1, len(values))


def at(values: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Give all channels at some positions; an axis of one unit stands for every position.

    Parameters
    ----------
    values : numpy.ndarray
        ``(channel, *space)``.
    positions : numpy.ndarray
        ``(position, axis)``, int.

    Returns
    -------
    numpy.ndarray
        ``(position, channel)``, float64.
    """
    place = np.zeros(len(positions), np.intp)
    for axis, size in enumerate(values.shape[1:]):
        place *= size
        if size > 1:
            place += positions[:, axis]
    return rows(values)[place].astype(np.float64)


def reach(
    geometry: Geometry, axis: int, units: np.ndarray, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Find the input positions that units look at along one axis.

    Parameters
    ----------
    geometry : Geometry
        Fitted to the input.
    axis : int
    units : numpy.ndarray
        ``(position,)``: where the units are.
    size : int
        Of the input along this axis.

    Returns
    -------
    places, inside : numpy.ndarray
        ``(position, tap)``: the input position under each tap of the kernel, and whether there is
        one: not in the padding, nor between the inputs of a transposed convolution.

    Notes
    -----
    The relations are those of `Geometry`; the second is (13) of Dumoulin and Visin, *A guide to
    convolution arithmetic for deep learning* (2016), seen from the output.
    """
    taps = np.arange(geometry.kernel[axis]) * geometry.dilation[axis]
    stride, before = geometry.stride[axis], geometry.padding[axis][0]
    if not geometry.transposed:
        places = units[:, None] * stride - before + taps
        return places, (places >= 0) & (places < size)
    places, rest = np.divmod(units[:, None] + before - taps, stride)
    return places, (rest == 0) & (places >= 0) & (places < size)


def gather(
    values: np.ndarray, geometry: Geometry, positions: np.ndarray, *, outside: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Give the patch of input values that each unit looks at.

    Parameters
    ----------
    values : numpy.ndarray
        The input, ``(channel, *space)``.
    geometry : Geometry
    positions : numpy.ndarray
        ``(position, axis)``, int: where the units are.
    outside : float
        Stands where there is no input.

    Returns
    -------
    patches : numpy.ndarray
        ``(position, tap, channel)``, the taps of the kernel in the order of its memory.
    inside : numpy.ndarray
        ``(position, tap)``: whether there is an input.
    """
    sizes = values.shape[1:]
    fitted = geometry.fitted(sizes)
    count = len(positions)
    place = np.zeros((count, 1), np.intp)
    inside = np.ones((count, 1), bool)
    for axis, size in enumerate(sizes):
        places, within = reach(fitted, axis, positions[:, axis], size)
        place = (place[:, :, None] * size + places[:, None, :]).reshape(count, -1)
        inside = (inside[:, :, None] & within[:, None, :]).reshape(count, -1)
    known = rows(values)
    if inside.all():
        return known[place], inside
    if prod(sizes) == 0:
        return np.full((*inside.shape, len(values)), outside, values.dtype), inside
    patches = known[np.where(inside, place, 0)]
    patches[~inside] = outside
    return patches, inside
