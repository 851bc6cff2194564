"""What a layer gives where its input says nothing."""

from __future__ import annotations

import numpy as np

from convscope.analysis.functions import activated
from convscope.networks import Computation, Network
from convscope.networks.selection import named_layer

__all__ = ["bias_alone"]

_SUMS = {"convolution", "transposed convolution", "separable convolution", "dense"}
# Only how far an error spreads depends on it, which is not asked for here.
_TINY = 1e-6
_FOLLOWING = {"affine", "activation", "maximum pooling", "average pooling", "identity"}


def bias_alone(network: Network, layer: str) -> np.ndarray | None:
    """Give the value that the bias alone gives every channel of a layer.

    A sum of products without its products: the bias through the activation function. Batch norm,
    activation functions and pooling pass on what the bias of the layer before them alone gives.

    Parameters
    ----------
    network : Network
    layer : str

    Returns
    -------
    numpy.ndarray or None
        ``(channel,)``, float64; None where that is not known.
    """
    entry = named_layer(network.layers, layer)
    computation, channels = network.computation(layer), entry.channels
    if computation is None or channels is None:
        return None
    if computation.operation in _SUMS:
        bias = computation.weights.get("bias")
        return _through(computation, np.zeros(channels) if bias is None else bias.reshape(-1))
    before = entry.inputs
    if computation.operation not in _FOLLOWING or not before or before[0] not in network.layers:
        return None
    if "slope" in computation.weights:
        return None
    given = bias_alone(network, before[0])
    if given is None or len(given) != channels:
        return None
    if computation.operation == "affine":
        centre, factor, offset = (
            computation.weights[name].reshape(-1) for name in ("centre", "factor", "offset")
        )
        if any(part.size not in {1, channels} for part in (centre, factor, offset)):
            return None
        given = (given - centre) * factor + offset
    return _through(computation, given)


def _through(computation: Computation, sums: np.ndarray) -> np.ndarray:
    sums = np.asarray(sums, np.float64)[None]
    return np.asarray(activated(computation.activation, sums, np.ones_like(sums), _TINY)[0][0])
