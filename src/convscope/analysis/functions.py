"""Activation functions in NumPy, and how far they spread an error."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from convscope.networks.computation import Activation

__all__ = ["FUNCTIONS", "activated", "softmax_parts"]


def activated(
    activation: Activation, sums: np.ndarray, scale: np.ndarray, tolerance: float
) -> tuple[np.ndarray, np.ndarray]:
    """Apply an activation function to values and to the scale of their error.

    Parameters
    ----------
    activation : Activation
    sums, scale : numpy.ndarray
        ``(position, channel)``, float64.
    tolerance : float
        How far off the sums may be, relative to their scale.

    Returns
    -------
    values, scale : numpy.ndarray
        The scale is multiplied by how much the function spreads what is within the tolerance: a
        flat sigmoid forgives what a steep one shows, and a rectifier opens just above zero.
    """
    if activation.name == "linear":
        return sums, scale
    if activation.name in {"softmax", "log_softmax"}:
        return _over_channels(activation.name, sums, scale)
    function = FUNCTIONS[activation.name]
    values = function(sums, **activation.parameters)
    aside = tolerance * scale
    spread = np.maximum(
        np.abs(function(sums + aside, **activation.parameters) - values),
        np.abs(function(sums - aside, **activation.parameters) - values),
    )
    spread = spread / tolerance + np.abs(values)
    if activation.name in _CANCELLING:
        spread += np.abs(sums)
    if activation.name in _FROM_ONE:
        # exp(x) - 1 is a difference of numbers of the size of one.
        height = float(activation.parameters.get("alpha") or _FROM_ONE[activation.name])
        spread += np.where(sums < 0, height, 0.0)
    return values, spread


def softmax_parts(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give the largest logit, ``exp(logit - largest)`` and the sum of these, over the last axis."""
    largest = logits.max(axis=-1, keepdims=True)
    powers = np.exp(logits - largest)
    return largest, powers, powers.sum(axis=-1, keepdims=True)


def _over_channels(
    name: str, logits: np.ndarray, scale: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Apply a softmax: ``d p_i = p_i (d z_i - sum_j p_j d z_j)``."""
    largest, powers, total = softmax_parts(logits)
    shares = powers / total
    error = scale + (shares * scale).sum(axis=-1, keepdims=True)
    if name == "softmax":
        return shares, shares * (1.0 + np.abs(logits - largest) + error)
    below = largest + np.log(total)
    return logits - below, error + np.abs(logits) + np.abs(below)


def _relu(
    x: np.ndarray,
    negative_slope: float = 0.0,
    max_value: float | None = None,
    threshold: float = 0.0,
) -> np.ndarray:
    # Adding zero makes -0 a 0.
    values = np.where(x >= threshold, x, negative_slope * (x - threshold)) + 0.0
    return values if max_value is None else np.minimum(values, max_value)


def _leaky_relu(x: np.ndarray, negative_slope: Any = 0.2) -> np.ndarray:
    return np.where(x >= 0, x, negative_slope * x)


def _elu(x: np.ndarray, alpha: float = 1.0) -> np.ndarray:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _selu(x: np.ndarray) -> np.ndarray:
    """Klambauer et al., *Self-Normalizing Neural Networks* (2017)."""
    return 1.0507009873554805 * _elu(x, 1.6732632423543772)


def _celu(x: np.ndarray, alpha: float = 1.0) -> np.ndarray:
    below: np.ndarray = alpha * np.expm1(np.minimum(x, 0) / alpha)
    return np.asarray(np.maximum(x, 0) + below)


_erf = np.frompyfunc(math.erf, 1, 1)


def _gelu(x: np.ndarray, approximate: bool = False) -> np.ndarray:
    """Hendrycks and Gimpel, *Gaussian Error Linear Units* (2016)."""
    if approximate:
        return 0.5 * x * (1.0 + np.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3)))
    return 0.5 * x * (1.0 + np.asarray(_erf(x / math.sqrt(2.0)), dtype=np.float64))


def _sigmoid(x: np.ndarray) -> np.ndarray:
    small = np.exp(-np.abs(x))
    shares: np.ndarray = np.where(x >= 0, 1.0, small) / (1.0 + small)
    return shares


def _softplus(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.logaddexp(x, 0.0))


def _hard_sigmoid(x: np.ndarray) -> np.ndarray:
    return np.clip(x / 6.0 + 0.5, 0.0, 1.0)


def _soft_shrink(x: np.ndarray, threshold: float = 0.5) -> np.ndarray:
    return np.asarray(np.sign(x) * np.maximum(np.abs(x) - threshold, 0.0))


def _sparse_plus(x: np.ndarray) -> np.ndarray:
    return np.where(x <= -1, 0.0, np.where(x < 1, 0.25 * (x + 1.0) ** 2, x))


def _squareplus(x: np.ndarray, b: float = 4.0) -> np.ndarray:
    return (x + np.sqrt(x**2 + b)) / 2.0


FUNCTIONS: dict[str, Callable[..., np.ndarray]] = {
    "linear": lambda x: x,
    "relu": _relu,
    "relu6": lambda x: np.clip(x, 0.0, 6.0),
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "selu": _selu,
    "celu": _celu,
    "gelu": _gelu,
    "silu": lambda x: x * _sigmoid(x),
    "mish": lambda x: x * np.tanh(_softplus(x)),
    "sigmoid": _sigmoid,
    "hard_sigmoid": _hard_sigmoid,
    "log_sigmoid": lambda x: -_softplus(-x),
    "sparse_sigmoid": lambda x: np.clip(0.5 * (x + 1.0), 0.0, 1.0),
    "hard_silu": lambda x: x * _hard_sigmoid(x),
    "tanh": np.tanh,
    "hard_tanh": lambda x: np.clip(x, -1.0, 1.0),
    "tanh_shrink": lambda x: x - np.tanh(x),
    "soft_shrink": _soft_shrink,
    "hard_shrink": lambda x, threshold=0.5: np.where(np.abs(x) > threshold, x, 0.0),
    "softplus": _softplus,
    "sparse_plus": _sparse_plus,
    "squareplus": _squareplus,
    "softsign": lambda x: x / (1.0 + np.abs(x)),
    "exponential": np.exp,
}
"""Functions of one unit, by their names in `ELEMENTWISE`."""

# These may be computed as exp(x) - 1 below zero, times this unless a parameter says otherwise.
_FROM_ONE = {"elu": 1.0, "selu": 1.76, "celu": 1.0}

# These subtract numbers of the size of their argument on the way to a small value.
_CANCELLING = {"gelu", "hard_sigmoid", "hard_silu", "sparse_sigmoid", "sparse_plus", "tanh_shrink",
               "soft_shrink", "squareplus"}  # fmt: skip
