"""From the order of a framework's axes to the order of the dims."""

from __future__ import annotations

from typing import Any

import numpy as np

from convscope.networks.given import Given

__all__ = [
    "channels_before",
    "depthwise_kernel",
    "dims_axis",
    "dims_order",
    "framework_order",
    "placed",
    "widened",
]


def dims_axis(axis: int, rank: int, channels_first: bool) -> int | None:
    """Give the place among `rank` dims, without images, of an axis of the framework."""
    place = axis % (rank + 1)
    return None if place == 0 else framework_order(rank, channels_first)[place - 1]


def framework_order(rank: int, channels_first: bool) -> tuple[int, ...]:
    """Give the permutation that brings an array from the dims' order to the framework's."""
    axes = tuple(range(rank))
    return axes if channels_first else (*axes[1:], 0)


def dims_order(rank: int, channels_first: bool) -> tuple[int, ...]:
    """Give the permutation that brings an array from the framework's order to the dims'."""
    axes = tuple(range(rank))
    return axes if channels_first else (rank - 1, *axes[:-1])


def widened(weight: np.ndarray, axes: tuple[int, ...], rank: int) -> np.ndarray:
    """Give a weight of the axes chosen the rank of the input.

    The axes come in the framework's order, which may have the channels last.
    """
    order = np.argsort(axes)
    shape = [1] * rank
    for axis, size in zip(axes, weight.shape, strict=True):
        shape[axis] = size
    return weight.transpose(order).reshape(shape)


def placed(array: Any, given: Given) -> np.ndarray | None:
    """Bring what broadcasts against the framework's array into the order of the dims.

    None where it is of more axes, or unlike for each image.
    """
    array, rank = np.asarray(array), len(given.dims)
    if array.ndim > rank + 1 or (array.ndim == rank + 1 and len(array) != 1):
        return None
    wide = array.reshape((1,) * (rank + 1 - array.ndim) + array.shape)[0]
    return np.asarray(wide.transpose(dims_order(rank, given.channels_first)))


def channels_before(kernel: np.ndarray) -> np.ndarray:
    """Bring (*space, in, out) into the order (out, in, *space)."""
    return np.moveaxis(kernel, (-1, -2), (0, 1))


def depthwise_kernel(kernel: np.ndarray) -> np.ndarray:
    """Bring (*space, in, multiplier) into (in x multiplier, 1, *space)."""
    joined = kernel.reshape(*kernel.shape[:-2], -1)
    return np.moveaxis(joined, -1, 0)[:, None]
