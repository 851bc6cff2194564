"""Keras's activation functions, by the names of `Computation`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import keras

from convscope.networks.axes import dims_axis
from convscope.networks.computation import ACTIVATIONS, ELEMENTWISE, Activation
from convscope.networks.layer import Layer

__all__ = ["ACTIVATION_OPERATIONS", "activation_of", "is_keras_s_own"]

layers = keras.layers

ACTIVATION_OPERATIONS = frozenset(
    {
        "Relu", "Relu6", "ReLU", "LeakyRelu", "Elu", "Selu", "Celu", "Gelu", "Silu", "HardSilu",
        "Mish", "Sigmoid", "HardSigmoid", "SparseSigmoid", "LogSigmoid", "Tanh", "HardTanh",
        "TanhShrink", "SoftShrink", "HardShrink", "Softplus", "SparsePlus", "Squareplus",
        "Softsign", "Exp", "Softmax", "LogSoftmax",
    }
)  # fmt: skip
"""Operations of `keras.ops` that are activation functions."""

_LAYERS = (layers.ReLU, layers.LeakyReLU, layers.ELU, layers.Softmax)


def is_keras_s_own(operation: Any) -> bool:
    """Tell whether an operation that is no layer is one of `keras.ops`."""
    module = type(operation).__module__
    return module.startswith(("keras.src.ops.", "keras.src.activations."))


# Which parameters of a function count, and what is called otherwise here.
_PARAMETERS = ("negative_slope", "max_value", "threshold", "alpha", "approximate", "b")
_NAMES = {"exp": "exponential", "re_lu": "relu", "leaky_re_lu": "leaky_relu"}


def activation_of(function: Any, out: Layer) -> Activation | None:
    """Name an activation function; None where it is not one of Keras's own.

    Parameters
    ----------
    function : callable, keras.Operation or None
    out : Layer
        What it gives out: a softmax must be over its channels.
    """
    if function is None:
        return Activation()
    if isinstance(function, layers.Activation):
        return activation_of(function.activation, out)
    if isinstance(function, keras.Operation):
        if not _is_activation(function):
            return None
        source = vars(function)
        name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(function).__name__).lower()
        name = _NAMES.get(name, name)
    else:
        name = str(getattr(function, "__name__", ""))
        own = getattr(keras.activations, name, None)
        if own is None or own is not function:
            return None
        source = _defaults(own)
    if name not in ACTIVATIONS:
        return None
    if name not in ELEMENTWISE and not _over_channels(source.get("axis", -1), out):
        return None
    return Activation(name, {key: _number(source[key]) for key in _PARAMETERS if key in source})


@lru_cache
def _defaults(function: Callable[..., Any]) -> dict[str, Any]:
    return {key: entry.default for key, entry in inspect.signature(function).parameters.items()}


def _is_activation(operation: Any) -> bool:
    if isinstance(operation, keras.Layer):
        return any(
            isinstance(operation, cls) and type(operation).call is cls.call for cls in _LAYERS
        )
    return is_keras_s_own(operation) and type(operation).__name__ in ACTIVATION_OPERATIONS


def _number(value: Any) -> float | bool | None:
    return value if value is None or isinstance(value, bool) else float(value)


def _over_channels(axis: Any, out: Layer) -> bool:
    """Tell whether an axis of the framework is the channel axis."""
    if isinstance(axis, list | tuple):
        axis = axis[0] if len(axis) == 1 else None
    return isinstance(axis, int) and dims_axis(axis, len(out.dims), out.channels_first) == 0
