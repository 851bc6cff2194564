"""Activation functions, by the names of `Computation`."""

from __future__ import annotations

import numpy as np

from convscope.networks.axes import placed
from convscope.networks.computation import Activation
from convscope.networks.onnx.kinds import clip_ends
from convscope.networks.onnx.readers.reading import Reading, Taken

__all__ = ["activating", "prelu"]

_SAME = {
    "Relu": "relu", "Sigmoid": "sigmoid", "Tanh": "tanh", "Softplus": "softplus",
    "Softsign": "softsign", "HardSwish": "hard_silu", "Mish": "mish", "Exp": "exponential",
}  # fmt: skip


def activating(reading: Reading) -> Taken | None:
    """Read an activation function."""
    activation = _activation(reading)
    return None if activation is None else Taken("activation", activation=activation)


def prelu(reading: Reading) -> Taken | None:
    """Read PRelu, the slopes of which are weights."""
    slope = reading.weight(1)
    wide = None if slope is None else placed(slope, reading.given[0])
    if wide is None or reading.call.data != (0,):
        return None
    channels = reading.given[0].shape[0]
    if channels is not None and wide.shape[0] == 1:
        wide = np.repeat(wide, channels, axis=0)
    return Taken("activation", weights={"slope": wide})


def _activation(reading: Reading) -> Activation | None:
    name = reading.call.function
    if name in _SAME:
        return Activation(_SAME[name])
    match name:
        case "LeakyRelu":
            slope = float(reading.number("alpha", 0.01))
            return Activation("leaky_relu", {"negative_slope": slope})
        case "Elu" | "Celu":
            return Activation(name.lower(), {"alpha": float(reading.number("alpha", 1.0))})
        case "Selu":
            alpha = float(reading.number("alpha", 1.6732632))
            gamma = float(reading.number("gamma", 1.050701))
            plain = abs(alpha - 1.6732632) < 1e-6 and abs(gamma - 1.050701) < 1e-6
            return Activation("selu") if plain else None
        case "Gelu":
            rough = str(reading.number("approximate", "none")) == "tanh"
            return Activation("gelu", {"approximate": rough})
        case "HardSigmoid":
            slope, middle = (float(reading.number(key, default))
                             for key, default in (("alpha", 0.2), ("beta", 0.5)))  # fmt: skip
            plain = abs(slope - 1 / 6) < 1e-6 and middle == 0.5
            return Activation("hard_sigmoid") if plain else None
        case "Swish":
            return Activation("silu") if reading.number("alpha", 1.0) == 1 else None
        case "ThresholdedRelu":
            return Activation("relu", {"threshold": float(reading.number("alpha", 1.0))})
        case "Clip":
            return _clipped(reading)
        case "Softmax" | "LogSoftmax":
            word = "softmax" if name == "Softmax" else "log_softmax"
            return Activation(word) if _over_channels(reading) else None
    return None


def _clipped(reading: Reading) -> Activation | None:
    ends = clip_ends(reading.call, reading.constants)
    if ends == (-1, 1):
        return Activation("hard_tanh")
    if ends is None or ends[0] != 0:
        return None
    return Activation("relu", {"max_value": ends[1]})


def _over_channels(reading: Reading) -> bool:
    """Tell whether a softmax is over the channels alone; space of one unit does not count."""
    rank, new = reading.space + 2, reading.call.version >= 13
    axis = int(reading.number("axis", -1 if new else 1)) % rank
    axes = [reading.axis(one) for one in ([axis] if new else range(axis, rank))]
    space = reading.given[0].shape[1:]
    wide = [one for one in axes if one is None or (one and space[one - 1] != 1)]
    return 0 in axes and not wide
