"""What one layer call computes, in words and numbers that belong to no framework."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from convscope.networks.geometry import Geometry

__all__ = ["ACTIVATIONS", "ELEMENTWISE", "OPERATIONS", "Activation", "Computation"]

ELEMENTWISE = frozenset(
    {
        "linear", "relu", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "mish",
        "sigmoid", "hard_sigmoid", "log_sigmoid", "sparse_sigmoid", "hard_silu", "tanh",
        "hard_tanh", "tanh_shrink", "soft_shrink", "hard_shrink", "softplus", "sparse_plus",
        "squareplus", "softsign", "exponential",
    }
)  # fmt: skip
"""Activation functions that look at one unit alone."""

ACTIVATIONS = ELEMENTWISE | {"softmax", "log_softmax"}
"""All activation functions; the other two look at all channels of a position."""

OPERATIONS = frozenset(
    {
        "convolution", "transposed convolution", "separable convolution", "dense", "affine",
        "normalisation", "maximum pooling", "average pooling", "activation", "sum", "difference",
        "product", "quotient", "mean", "maximum", "minimum", "concatenation", "padding",
        "upsampling", "rearrangement", "identity",
    }
)  # fmt: skip
"""What a layer can compute."""


@dataclass(frozen=True)
class Activation:
    """An activation function.

    Attributes
    ----------
    name : str
        One of `ACTIVATIONS`.
    parameters : mapping of str to (float, bool or None)
        ``negative_slope``, ``max_value``, ``threshold``, ``alpha``, ``approximate``, ``b``; what
        is left out has the value that Keras gives it.
    """

    name: str = "linear"
    parameters: Mapping[str, float | bool | None] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Computation:
    """What one layer call computes.

    All axes are in the order of the dims, without images: channels before space. A window that
    depends on the size of the input (``same`` padding) is fitted with `Geometry.fitted`.

    Attributes
    ----------
    operation : str
        One of `OPERATIONS`.
    inputs : tuple of str
        The values that it takes, under names that `Network.run` records: ``conv2d:input:0``.
    geometry : Geometry or None
        The window of a convolution, pooling, padding or upsampling; None for a pooling over the
        whole map and for whatever has no window.
    options : mapping of str to object
        ``groups`` of a convolution or normalisation; ``axis`` of a concatenation (0 is channel);
        ``interpolation`` of an upsampling (``nearest``, ``bilinear``); ``before``, ``shape`` and
        ``after`` of a rearrangement: the axes are permuted, then reshaped (None: not at all), then
        permuted; ``axes``, ``epsilon`` and ``centred`` of a normalisation: over which axes mean
        and variance are taken, and whether the mean is subtracted.
    weights : mapping of str to numpy.ndarray
        ``kernel`` (out channel, in channel of the group, *space) and ``bias`` (out channel);
        ``pointwise`` (out channel, in channel) after the depthwise kernel of a separable
        convolution; ``centre``, ``factor`` and ``offset`` of an affine operation,
        ``(x - centre) factor + offset``, and of these the last two for a normalisation; ``slope``
        of the negative side of an activation. The last four have the rank of the input.
    activation : Activation
        The activation function applied at the end.
    dtype : str
        The coarsest floating-point type that the framework uses on the way.
    """

    operation: str
    inputs: tuple[str, ...]
    geometry: Geometry | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    weights: Mapping[str, np.ndarray] = field(default_factory=dict)
    activation: Activation = Activation()
    dtype: str = "float32"
