"""Which activation function a call computes."""

from __future__ import annotations

import numpy as np

from convscope.networks.axes import widened
from convscope.networks.computation import Activation
from convscope.networks.torch.reading import Reading, Taken

__all__ = ["SAME", "activation", "prelu"]


def activation(reading: Reading) -> Taken | None:
    """Read an activation function."""
    found = activation_of(reading)
    return None if found is None else Taken("activation", activation=found)


SAME = {
    "relu": "relu", "relu6": "relu6", "selu": "selu", "silu": "silu", "mish": "mish",
    "sigmoid": "sigmoid", "hardsigmoid": "hard_sigmoid", "hardswish": "hard_silu",
    "logsigmoid": "log_sigmoid", "log_sigmoid": "log_sigmoid", "tanh": "tanh",
    "tanhshrink": "tanh_shrink", "softsign": "softsign", "exp": "exponential",
}  # fmt: skip


def activation_of(reading: Reading) -> Activation | None:
    """Name an activation function; None where it has no name here."""
    name = reading.call.function
    if name in SAME:
        return Activation(SAME[name])
    match name:
        case "leaky_relu":
            slope = float(reading.number("negative_slope", 0.01))
            return Activation("leaky_relu", {"negative_slope": slope})
        case "elu":
            plain = reading.number("scale", 1) == reading.number("input_scale", 1) == 1
            alpha = float(reading.number("alpha", 1.0))
            return Activation("elu", {"alpha": alpha}) if plain else None
        case "celu":
            return Activation("celu", {"alpha": float(reading.number("alpha", 1.0))})
        case "gelu":
            rough = reading.number("approximate", "none") == "tanh"
            return Activation("gelu", {"approximate": rough})
        case "softshrink" | "hardshrink":
            threshold = float(reading.number("lambd", 0.5))
            return Activation(f"{name[:4]}_shrink", {"threshold": threshold})
        case "softplus":
            return Activation("softplus") if reading.number("beta", 1) == 1 else None
        case "softmax" | "log_softmax":
            dim = reading.number("dim", None)
            over = isinstance(dim, int) and dim % (reading.space + 2) == 1
            return Activation(name) if over else None
        case "hardtanh":
            low, high = (float(reading.number(key, default))
                         for key, default in (("min_val", -1), ("max_val", 1)))  # fmt: skip
            return _clipped(low, high)
        case "clamp" | "clamp_min":
            low, high = reading.number("min", None), reading.number("max", None)
            numbers = all(value is None or isinstance(value, int | float) for value in (low, high))
            return _clipped(low, high) if numbers else None
    return None


def _clipped(low: float | None, high: float | None) -> Activation | None:
    if (low, high) == (-1, 1):
        return Activation("hard_tanh")
    if low == 0:
        return Activation("relu", {"max_value": None if high is None else float(high)})
    return None


def prelu(reading: Reading) -> Taken | None:
    """Read a rectifier whose slope below zero is a weight."""
    slope = reading.weight("weight")
    if slope is None:
        return None
    if slope.size == 1:
        slope = np.full(reading.given[0].shape[0] or 1, slope.reshape(-1)[0], np.float32)
    wide = widened(slope.reshape(-1), (0,), reading.space + 1)
    return Taken("activation", weights={"slope": wide})
