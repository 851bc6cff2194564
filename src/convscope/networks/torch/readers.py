"""What PyTorch's functions compute, one reader for each sort."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
import torch

from convscope.networks.axes import placed, widened
from convscope.networks.computation import Activation
from convscope.networks.geometry import Geometry
from convscope.networks.given import Given
from convscope.networks.layer import Layer
from convscope.networks.torch.execution import float32
from convscope.networks.torch.kinds import (
    axes_of,
    geometry_of,
    interpolation_of,
    is_transposed,
    kind_of,
    number,
)
from convscope.networks.torch.trace import TENSOR, Call

__all__ = ["READERS", "Reader", "Reading", "Taken"]


@dataclass(frozen=True)
class Reading:
    """A call that is being read.

    Attributes
    ----------
    call : Call
    given : sequence of Given
        What it was given.
    out : Layer
        What it gives out.
    """

    call: Call
    given: Sequence[Given]
    out: Layer

    @property
    def space(self) -> int:
        """Number of spatial axes of the first input."""
        return len(self.given[0].dims) - 1

    @property
    def geometry(self) -> Geometry | None:
        """The window of a unit; None where none holds for every unit."""
        return geometry_of(self.call, kind_of(self.call))

    def number(self, name: str, default: Any = None) -> Any:
        """Give an argument by name."""
        return number(self.call, name, default)

    def weight(self, name: str) -> np.ndarray | None:
        """Give a weight by name; None where there is none."""
        value = self.call.arguments.get(name)
        return float32(value) if isinstance(value, torch.Tensor) else None

    def hidden(self, *names: str) -> bool:
        """Tell whether what should be a weight is a value of the pass."""
        return any(
            isinstance(self.call.arguments.get(name), str) and self.call.arguments[name] == TENSOR
            for name in names
        )


@dataclass(frozen=True)
class Taken:
    """What a reader found out: the entries of `Computation` of the same names."""

    operation: str
    geometry: Geometry | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    weights: Mapping[str, np.ndarray | None] = field(default_factory=dict)
    activation: Activation = field(default_factory=Activation)


Reader = Callable[[Reading], Taken | None]
"""Says what a call computes; None where it does not understand it."""


def _convolution(reading: Reading) -> Taken | None:
    kernel, geometry = reading.weight("weight"), reading.geometry
    if kernel is None or geometry is None or reading.hidden("weight", "bias"):
        return None
    groups = int(reading.number("groups", 1))
    weights = {"kernel": kernel, "bias": reading.weight("bias")}
    if not is_transposed(reading.call):
        return Taken("convolution", geometry, {"groups": groups}, weights)
    # PyTorch's own order is (in, out of the group, *space).
    inner, outer = kernel.shape[0] // groups, kernel.shape[1]
    apart = kernel.reshape(groups, inner, outer, *kernel.shape[2:]).swapaxes(1, 2)
    weights["kernel"] = apart.reshape(groups * outer, inner, *kernel.shape[2:])
    return Taken("transposed convolution", geometry, {"groups": groups}, weights)


def _dense(reading: Reading) -> Taken | None:
    kernel = reading.weight("weight")
    if kernel is None or reading.space or reading.hidden("weight", "bias"):
        return None
    weights = {"kernel": kernel, "bias": reading.weight("bias")}
    return Taken("dense", Geometry.pointwise(0), {"groups": 1}, weights)


def _addmm(reading: Reading) -> Taken | None:
    """Read bias + x kernel, into which exported programs may take a dense layer apart."""
    kernel, bias = reading.weight("mat2"), reading.weight("input")
    plain = reading.number("alpha", 1) == reading.number("beta", 1) == 1
    if kernel is None or bias is None or reading.space or not plain:
        return None
    weights = {"kernel": kernel.T, "bias": bias}
    return Taken("dense", Geometry.pointwise(0), {"groups": 1}, weights)


def _batch_norm(reading: Reading) -> Taken | None:
    mean, variance = reading.weight("running_mean"), reading.weight("running_var")
    training = reading.number("training", False)
    if mean is None or variance is None or training:
        return None
    eps = float(reading.number("eps", 1e-5))
    factor = 1.0 / np.sqrt(variance.astype(np.float64) + eps)
    scale, offset = reading.weight("weight"), reading.weight("bias")
    if scale is not None:
        factor = factor * scale
    parts = {
        "centre": mean,
        "factor": factor,
        "offset": np.zeros_like(factor) if offset is None else offset,
    }
    return Taken(
        "affine",
        weights={name: widened(part, (0,), reading.space + 1) for name, part in parts.items()},
    )


def _layer_norm(reading: Reading) -> Taken | None:
    count = len(list(reading.number("normalized_shape", ())))
    rank = reading.space + 1
    if not 0 < count <= rank:
        return None
    return _normalised(reading, tuple(range(rank - count, rank)), tuple(range(rank - count, rank)))


def _group_norm(reading: Reading) -> Taken | None:
    axes = tuple(range(reading.space + 1))
    groups = int(reading.number("num_groups", reading.number("group", 1)))
    return _normalised(reading, axes, (0,), groups)


def _instance_norm(reading: Reading) -> Taken | None:
    if not reading.number("use_input_stats", True):
        return _batch_norm(reading)
    channels = reading.given[0].shape[0]
    axes = tuple(range(reading.space + 1))
    return None if channels is None else _normalised(reading, axes, (0,), channels)


def _normalised(
    reading: Reading, over: tuple[int, ...], along: tuple[int, ...], groups: int = 1
) -> Taken:
    epsilon = float(reading.number("eps", 1e-5))
    options = {"axes": over, "groups": groups, "epsilon": epsilon, "centred": True}
    weights = {"factor": reading.weight("weight"), "offset": reading.weight("bias")}
    return Taken(
        "normalisation",
        options=options,
        weights={
            name: None if weight is None else widened(weight, along, reading.space + 1)
            for name, weight in weights.items()
        },
    )


def _max_pool(reading: Reading) -> Taken | None:
    return _pool(reading, "maximum pooling")


def _pool(reading: Reading, word: str) -> Taken | None:
    geometry = reading.geometry
    adaptive = reading.call.function.startswith("adaptive")
    if geometry is None or (adaptive and None in reading.given[0].shape):
        return Taken(word) if set(reading.out.space) == {1} and adaptive else None
    return Taken(word, geometry)


def _average_pool(reading: Reading) -> Taken | None:
    geometry, channels = reading.geometry, reading.given[0].shape[0]
    padded = geometry is not None and any(map(any, geometry.padding))
    divisor = reading.number("divisor_override", None)
    counted = padded and bool(reading.number("count_include_pad", True))
    if geometry is None or not (counted or divisor):
        return _pool(reading, "average pooling")
    if channels is None or bool(reading.number("ceil_mode", False)):
        return None
    # The zeros of the padding count, so that this is a convolution of equal weights.
    weight = 1.0 / float(divisor or prod(geometry.kernel))
    kernel = np.full((channels, 1, *geometry.kernel), weight, np.float32)
    return Taken("convolution", geometry, {"groups": channels}, {"kernel": kernel})


def _mean(reading: Reading) -> Taken | None:
    """Read a mean or maximum over all of every map."""
    axes = axes_of(reading.call)
    if not reading.space or axes != tuple(range(2, reading.space + 2)):
        return None
    word = "average pooling" if reading.call.function == "mean" else "maximum pooling"
    return Taken(word)


def _activation(reading: Reading) -> Taken | None:
    activation = activation_of(reading)
    return None if activation is None else Taken("activation", activation=activation)


_SAME = {
    "relu": "relu", "relu6": "relu6", "selu": "selu", "silu": "silu", "mish": "mish",
    "sigmoid": "sigmoid", "hardsigmoid": "hard_sigmoid", "hardswish": "hard_silu",
    "logsigmoid": "log_sigmoid", "log_sigmoid": "log_sigmoid", "tanh": "tanh",
    "tanhshrink": "tanh_shrink", "softsign": "softsign", "exp": "exponential",
}  # fmt: skip


def activation_of(reading: Reading) -> Activation | None:
    """Name an activation function; None where it has no name here."""
    name = reading.call.function
    if name in _SAME:
        return Activation(_SAME[name])
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


def _prelu(reading: Reading) -> Taken | None:
    slope = reading.weight("weight")
    if slope is None:
        return None
    if slope.size == 1:
        slope = np.full(reading.given[0].shape[0] or 1, slope.reshape(-1)[0], np.float32)
    wide = widened(slope.reshape(-1), (0,), reading.space + 1)
    return Taken("activation", weights={"slope": wide})


def _merging(word: str) -> Reader:
    """Read what joins two values, or a value and a number or weight."""

    def read(reading: Reading) -> Taken | None:
        if reading.number("alpha", 1) != 1 or reading.number("rounding_mode", None):
            return None
        if len(reading.given) == 1:
            return _with_number(reading, word)
        ranks = {len(value.dims) for value in reading.given}
        return Taken(word) if len(reading.given) == 2 and len(ranks) == 1 else None

    return read


def _with_number(reading: Reading, word: str) -> Taken | None:
    operands = [reading.call.arguments.get(name) for name in ("input", "other")]
    if reading.call.function.startswith("r"):
        operands.reverse()
    marked = [isinstance(value, str) and value == TENSOR for value in operands]
    if sum(marked) == 2:
        # Both are the same kind of value, and yet one was given: the value with itself.
        return None
    if sum(marked) != 1:
        return None
    first = marked[0]
    other = operands[1 if first else 0]
    if not isinstance(other, int | float | torch.Tensor):
        return None
    array = float32(other).astype(np.float64) if isinstance(other, torch.Tensor) else float(other)
    match word:
        case "sum":
            parts = {"offset": array}
        case "difference":
            parts = {"offset": -array} if first else {"factor": -1.0, "offset": array}
        case "product":
            parts = {"factor": array}
        case "quotient" if first:
            parts = {"factor": 1.0 / array}
        case _:
            return None
    whole = {"centre": 0.0, "factor": 1.0, "offset": 0.0, **parts}
    weights = {name: placed(part, reading.given[0]) for name, part in whole.items()}
    if any(weight is None for weight in weights.values()):
        return None
    return Taken("affine", weights=weights)


def _concatenation(reading: Reading) -> Taken | None:
    rank = reading.space + 2
    axis = int(reading.number("dim", 0)) % rank - 1
    whole = all(part == TENSOR for part in reading.call.arguments.get("tensors", ())
                if isinstance(part, str))  # fmt: skip
    count = len(reading.call.arguments.get("tensors", ()))
    if axis < 0 or not whole or count != len(reading.given):
        return None
    return Taken("concatenation", options={"axis": axis})


def _reshaping(reading: Reading) -> Taken | None:
    """Read what gives the same values, in the same order of memory, another shape."""
    sizes = reading.out.shape
    if sizes.count(None) > 1 or len(reading.given) != 1:
        return None
    given = reading.given[0].shape
    after, before = ([size for size in some if size is not None] for some in (sizes, given))
    known = len(after) == len(sizes) and len(before) == len(given)
    if known and prod(after) != prod(before):
        return None
    return Taken(
        "rearrangement",
        options={
            "before": tuple(range(len(given))),
            "shape": tuple(-1 if size is None else size for size in sizes),
            "after": tuple(range(len(sizes))),
        },
    )


def _permuting(reading: Reading) -> Taken | None:
    rank = reading.space + 2
    order = list(range(rank))
    if reading.call.function in {"transpose", "swapaxes"}:
        ends = [reading.number(name, reading.number(other)) for name, other in
                (("dim0", "axis0"), ("dim1", "axis1"))]  # fmt: skip
        if not all(isinstance(end, int) for end in ends):
            return None
        one, two = (end % rank for end in ends)
        order[one], order[two] = order[two], order[one]
    else:
        dims = reading.number("dims", None)
        if dims is None:
            return None
        order = [int(dim) % rank for dim in dims]
    if order[0] != 0:
        return None
    before = tuple(axis - 1 for axis in order[1:])
    after = tuple(range(rank - 1))
    return Taken("rearrangement", options={"before": before, "shape": None, "after": after})


def _padding(reading: Reading) -> Taken | None:
    value = reading.number("value", 0)
    return None if value or reading.geometry is None else Taken("padding", reading.geometry)


def _upsampling(reading: Reading) -> Taken | None:
    interpolation = interpolation_of(reading.call)
    if interpolation is None or reading.geometry is None:
        return None
    return Taken("upsampling", reading.geometry, {"interpolation": interpolation})


def _identity(reading: Reading) -> Taken | None:
    training = reading.number("training", reading.number("train", False))
    return Taken("identity") if len(reading.given) == 1 and not training else None


READERS: dict[str, Reader] = {
    **dict.fromkeys(
        ("conv1d", "conv2d", "conv3d", "convolution", "conv_transpose1d", "conv_transpose2d",
         "conv_transpose3d"),
        _convolution,
    ),
    "linear": _dense,
    "addmm": _addmm,
    **dict.fromkeys(("batch_norm", "native_batch_norm_legit_no_training"), _batch_norm),
    "layer_norm": _layer_norm,
    **dict.fromkeys(("group_norm", "native_group_norm"), _group_norm),
    "instance_norm": _instance_norm,
    **dict.fromkeys(
        [f"{prefix}max_pool{rank}d{suffix}" for rank in (1, 2, 3)
         for prefix, suffix in (("", ""), ("", "_with_indices"), ("adaptive_", ""))],
        _max_pool,
    ),
    **dict.fromkeys(
        [f"{prefix}avg_pool{rank}d" for rank in (1, 2, 3) for prefix in ("", "adaptive_")],
        _average_pool,
    ),
    **dict.fromkeys(("mean", "amax"), _mean),
    **dict.fromkeys(
        (*_SAME, "leaky_relu", "elu", "celu", "gelu", "softshrink", "hardshrink", "softplus",
         "softmax", "log_softmax", "hardtanh", "clamp", "clamp_min"),
        _activation,
    ),
    "prelu": _prelu,
    "add": _merging("sum"),
    **dict.fromkeys(("sub", "rsub"), _merging("difference")),
    "mul": _merging("product"),
    **dict.fromkeys(("div", "rtruediv"), _merging("quotient")),
    "maximum": _merging("maximum"),
    "minimum": _merging("minimum"),
    "cat": _concatenation,
    **dict.fromkeys(
        ("flatten", "view", "reshape", "squeeze", "unsqueeze", "unflatten", "view_as",
         "reshape_as", "unsafe_view"),
        _reshaping,
    ),
    **dict.fromkeys(("permute", "transpose", "swapaxes"), _permuting),
    **dict.fromkeys(("pad", "constant_pad_nd"), _padding),
    **dict.fromkeys(
        ("interpolate", "upsample", "upsample_nearest1d", "upsample_nearest2d",
         "upsample_nearest3d", "upsample_bilinear2d", "upsample_linear1d", "upsample_trilinear3d"),
        _upsampling,
    ),
    **dict.fromkeys(
        ("dropout", "dropout1d", "dropout2d", "dropout3d", "feature_dropout", "alpha_dropout",
         "identity"),
        _identity,
    ),
}  # fmt: skip
