"""Rows: how many versions of an image pass through a network at once."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np

from convscope.networks import Layer, Network

__all__ = ["MOST", "pieces", "rows_at_once"]

MOST = 64
"""Rows at once; more save no time."""

# Activations that may lie in memory at one moment.
_BYTES = 512 * 2**20
# A forward pass holds a layer's input and its output, and the framework's working copies of them.
_ALIVE = 4


def rows_at_once(network: Network, size: tuple[int, int], *, backward: bool) -> int:
    """Say how many images of a size may pass through a network together.

    A forward pass keeps few activations at a time, a backward pass keeps all of them.

    Parameters
    ----------
    network : Network
    size : (int, int)
        Height and width of the input, for layers whose size depends on it.
    backward : bool
        Whether the network is differentiated.

    Returns
    -------
    int
        1 to 64.
    """
    bytes_each = [_bytes(layer, size) for layer in network.layers.values()]
    row = sum(bytes_each) if backward else _ALIVE * max(bytes_each, default=0)
    return max(1, min(MOST, _BYTES // max(row, 1)))


def _bytes(layer: Layer, size: tuple[int, int]) -> int:
    # A size that is not known before is taken to be the input's, which is more than it is.
    return 4 * prod(max(size) if length is None else length for length in layer.shape)


def pieces(count: int, most: int) -> Iterator[np.ndarray]:
    """Divide the numbers 0 to count - 1 into pieces of one length.

    A network is compiled for every length anew, so the last piece is filled up with the last
    number.

    Parameters
    ----------
    count : int
        At least 1.
    most : int
        How long a piece may be.

    Yields
    ------
    numpy.ndarray
        Ascending numbers.
    """
    several = -(-count // most)
    length = -(-count // several)
    for start in range(0, count, length):
        yield np.minimum(np.arange(start, start + length), count - 1)
