"""The kernels of layers, a part a channel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from convscope.networks import Layer, Network

__all__ = ["kernels_of"]

_WITH_KERNELS = ("conv", "dense")


def kernels_of(network: Network, layers: Sequence[Layer]) -> dict[str, np.ndarray]:
    """Give the kernels of layers that have one a channel, ``(channel, ...)``, float32.

    Of a separable convolution it is the pointwise kernel, which has its output channels.
    """
    found = {}
    for layer in layers:
        computation = network.computation(layer.name) if layer.kind in _WITH_KERNELS else None
        weights = {} if computation is None else computation.weights
        kernel = weights.get("pointwise", weights.get("kernel"))
        if kernel is not None and len(kernel) == layer.channels:
            # A copy: on some backends it is the weights' own memory.
            found[layer.name] = np.array(kernel, np.float32)
    return found
