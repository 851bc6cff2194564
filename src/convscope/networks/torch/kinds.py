"""What a PyTorch function does: its kind, its bounds, and its geometry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convscope.networks.geometry import Geometry, sliced
from convscope.networks.torch.call import Call

__all__ = ["bounds_of", "geometry_of", "joined_axis", "kind_of", "per_axis", "sees_everything"]

_KINDS = {
    "conv": ("conv1d", "conv2d", "conv3d", "convolution", "conv_transpose1d", "conv_transpose2d",
             "conv_transpose3d"),
    "pool": ("max_pool1d", "max_pool2d", "max_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d",
             "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d",
             "adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d",
             "max_pool1d_with_indices", "max_pool2d_with_indices", "max_pool3d_with_indices",
             "lp_pool1d", "lp_pool2d", "fractional_max_pool2d"),
    "dense": ("linear", "addmm", "matmul", "mm", "bmm", "baddbmm", "einsum", "bilinear"),
    "normalization": ("batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm",
                      "local_response_norm", "normalize", "native_batch_norm",
                      "native_batch_norm_legit_no_training", "native_layer_norm",
                      "native_group_norm", "cudnn_batch_norm"),
    "activation": ("relu", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "mish",
                   "sigmoid", "hardsigmoid", "logsigmoid", "log_sigmoid", "hardswish", "tanh",
                   "hardtanh", "tanhshrink", "softshrink", "hardshrink", "softplus", "softsign",
                   "exp", "softmax", "log_softmax", "prelu", "rrelu", "threshold", "glu",
                   "softmin", "clamp", "clamp_min", "clamp_max"),
    "merge": ("add", "sub", "rsub", "mul", "div", "rtruediv", "cat", "stack", "maximum", "minimum",
              "addcmul", "addcdiv", "lerp", "where", "dot"),
    "reshape": ("flatten", "view", "reshape", "permute", "transpose", "squeeze", "unsqueeze",
                "chunk", "split", "split_with_sizes", "getitem", "unbind", "narrow", "select",
                "slice", "t", "movedim", "moveaxis", "swapaxes", "unflatten", "expand", "repeat",
                "expand_as", "view_as", "reshape_as", "pixel_shuffle", "pixel_unshuffle",
                "channel_shuffle", "tile", "roll", "flip", "unfold", "fold", "tensor_split",
                "index_select", "gather", "setitem", "unsafe_view"),
    "padding": ("pad", "constant_pad_nd", "reflection_pad1d", "reflection_pad2d",
                "replication_pad1d", "replication_pad2d"),
    "upsampling": ("interpolate", "upsample", "upsample_nearest1d", "upsample_nearest2d",
                   "upsample_nearest3d", "upsample_bilinear2d", "upsample_bicubic2d",
                   "upsample_linear1d", "upsample_trilinear3d", "grid_sample"),
    "dropout": ("dropout", "dropout1d", "dropout2d", "dropout3d", "feature_dropout",
                "alpha_dropout", "feature_alpha_dropout", "identity"),
    "recurrent": ("lstm", "gru", "rnn_tanh", "rnn_relu", "lstm_cell", "gru_cell"),
    "attention": ("multi_head_attention_forward", "scaled_dot_product_attention",
                  "transformer_encoder_layer_fwd", "native_multi_head_attention"),
    "embedding": ("embedding", "embedding_bag"),
    "reduction": ("mean", "sum", "amax", "amin", "max", "min", "norm", "std", "var", "logsumexp",
                  "argmax", "argmin", "prod", "cumsum", "linalg_vector_norm", "std_mean",
                  "var_mean"),
}  # fmt: skip
_KIND_OF = {name: kind for kind, names in _KINDS.items() for name in names}

_POINTWISE = {"activation", "dropout", "normalization", "merge"}
_WHOLE = {"recurrent", "attention"}
_ALONE = {"pow", "sqrt", "rsqrt", "neg", "abs", "log", "square", "sin", "cos", "erf", "reciprocal",
          "log1p", "expm1", "sign", "round", "floor", "ceil", "gt", "lt", "ge", "le", "eq", "ne",
          "logical_not", "rpow", "masked_fill", "nan_to_num"}  # fmt: skip


def kind_of(call: Call) -> str:
    """Say in one word, the same for all frameworks, what a call does; else ``other``."""
    if call.function == "module":
        return "composite" if call.composite else "other"
    return _KIND_OF.get(call.function, "other")


_BOUNDS: dict[str, tuple[float | None, float | None]] = {
    "sigmoid": (0.0, 1.0),
    "hardsigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
    "relu6": (None, 6.0),
}


def bounds_of(call: Call) -> tuple[float | None, float | None]:
    """Give the values that an activation function never leaves; None where it has none."""
    if call.function in {"hardtanh", "clamp"}:
        low = number(call, "min_val", number(call, "min", None, "1"), "1")
        high = number(call, "max_val", number(call, "max", None, "2"), "2")
        if call.function == "hardtanh":
            low, high = -1.0 if low is None else low, 1.0 if high is None else high
        return None if low == 0 else low, high
    return _BOUNDS.get(call.function, (None, None))


def number(call: Call, name: str, default: Any = None, place: str = "") -> Any:
    """Give an argument of a call by its name, or by its place where it has none."""
    found = call.arguments.get(name, call.arguments.get(place, default))
    return default if found is None else found


def shape_of(call: Call, place: int = 0) -> tuple[int, ...]:
    """Give the shape of a value that a call was given."""
    return call.inputs[place][1] if len(call.inputs) > place else ()


def joined_axis(call: Call) -> int | None:
    """Give the spatial axis along which a concatenation lays its inputs end to end."""
    if call.function != "cat":
        return None
    rank = len(call.outputs[0].shape)
    axis = int(number(call, "dim", 0)) % rank - 2
    return axis if 0 <= axis < rank - 2 else None


def axes_of(call: Call) -> tuple[int, ...] | None:
    """Give the axes that a reduction takes together; None where that is unknown."""
    rank = len(shape_of(call))
    dims = number(call, "dim", None)
    if dims is None:
        known = set(call.arguments) <= {"input", "keepdim", "dtype"}
        return tuple(range(rank)) if known else None
    several = [dims] if isinstance(dims, int) else list(dims)
    return tuple(sorted(int(dim) % rank for dim in several))


def sees_everything(call: Call, kind: str) -> bool:
    """Tell whether every unit sees all positions of what the call is given."""
    shape = shape_of(call)
    rank, name = len(shape), call.function
    if kind in _WHOLE:
        return True
    if kind == "dense":
        # On more than two axes, a dense layer goes along the last one, which is space.
        return rank >= 2
    if rank <= 2:
        return False
    if name.startswith("adaptive"):
        return set(call.outputs[0].shape[2:]) == {1}
    if kind == "reduction":
        axes = axes_of(call)
        return axes is not None and set(range(2, rank)) <= set(axes)
    if kind == "normalization":
        return name in {"layer_norm", "group_norm", "instance_norm", "native_layer_norm",
                        "native_group_norm", "rms_norm"}  # fmt: skip
    if name in {"softmax", "log_softmax", "softmin"}:
        return int(number(call, "dim", 1)) % rank not in {0, 1}
    return False


def geometry_of(call: Call, kind: str) -> Geometry | None:
    """Say which positions of its input a unit looks at; None where no window holds for all."""
    given = shape_of(call)
    rank = len(given) - 2
    if rank < 1 or call.function == "module" or sees_everything(call, kind):
        return None
    if joined_axis(call) is not None:
        return None
    out = call.outputs[0].shape
    if kind in _POINTWISE or call.function in _ALONE:
        return Geometry.pointwise(rank) if out[2:] == given[2:] and len(out) == len(given) else None
    if len(out) != len(given):
        return None
    match kind:
        case "conv":
            return _convolution(call, given[2:], rank)
        case "pool":
            return _pooling(call, given[2:], out[2:])
        case "padding":
            return _padded(call, rank)
        case "upsampling":
            return _upsampled(call, given[2:], out[2:])
        case "reshape":
            return _part(call, given, out)
    return None


def per_axis(value: Any, rank: int) -> tuple[int, ...]:
    """Give one number an axis, from one for all or a sequence."""
    if isinstance(value, int):
        return (value,) * rank
    several = tuple(int(item) for item in value)
    return several * rank if len(several) == 1 else several


def is_transposed(call: Call) -> bool:
    """Tell whether a convolution spreads its input."""
    return "transpose" in call.function or bool(number(call, "transposed", False))


def kernel_shape(call: Call) -> tuple[int, ...]:
    """Give the shape of a convolution's weight as PyTorch keeps it."""
    return tuple(call.arguments["weight"].shape)


def _convolution(call: Call, space: Sequence[int], rank: int) -> Geometry | None:
    if not hasattr(call.arguments.get("weight"), "shape"):
        return None
    kernel = kernel_shape(call)[2:]
    if len(kernel) != rank:
        return None
    stride = per_axis(number(call, "stride", 1), rank)
    dilation = per_axis(number(call, "dilation", 1), rank)
    given = number(call, "padding", 0)
    if isinstance(given, str):
        reaches = [(k - 1) * d for k, d in zip(kernel, dilation, strict=True)]
        pairs = [(reach // 2, reach - reach // 2) if given == "same" else (0, 0)
                 for reach in reaches]  # fmt: skip
        return Geometry(kernel, stride, dilation, tuple(pairs))
    padding = per_axis(given, rank)
    if not is_transposed(call):
        return Geometry(kernel, stride, dilation, tuple((p, p) for p in padding))
    extra = per_axis(number(call, "output_padding", 0), rank)
    ends = tuple((p, p - e) for p, e in zip(padding, extra, strict=True))
    return Geometry(kernel, stride, dilation, ends, transposed=True)


def _pooling(call: Call, space: Sequence[int], out: Sequence[int]) -> Geometry | None:
    rank = len(space)
    if call.function.startswith("adaptive"):
        if any(size % count for size, count in zip(space, out, strict=True)):
            return None
        window = tuple(size // count for size, count in zip(space, out, strict=True))
        return Geometry(window, window, (1,) * rank, ((0, 0),) * rank)
    if call.function.startswith(("lp", "fractional")):
        return None
    window = per_axis(number(call, "kernel_size"), rank)
    step = number(call, "stride", None)
    stride = window if step is None or step == [] else per_axis(step, rank)
    dilation = per_axis(number(call, "dilation", 1), rank)
    padding = per_axis(number(call, "padding", 0), rank)
    ends = []
    for axis in range(rank):
        reach = (window[axis] - 1) * dilation[axis] + 1
        # Where sizes are rounded up, the last windows stand over the border.
        used = (out[axis] - 1) * stride[axis] + reach - space[axis] - padding[axis]
        ends.append((padding[axis], max(padding[axis], used)))
    return Geometry(window, stride, dilation, tuple(ends))


def _padded(call: Call, rank: int) -> Geometry | None:
    """Give the geometry of zero padding; other modes repeat positions."""
    mode = number(call, "mode", "constant")
    widths = [int(width) for width in number(call, "pad", ())]
    if (
        mode != "constant"
        or len(widths) > 2 * rank
        or len(widths) % 2
        or "pad" not in call.function
    ):
        return None
    # PyTorch names the last axis first.
    pairs = [(widths[place], widths[place + 1]) for place in range(0, len(widths), 2)][::-1]
    pairs = [(0, 0)] * (rank - len(pairs)) + pairs
    ones = (1,) * rank
    return Geometry(ones, ones, ones, tuple(pairs))


def interpolation_of(call: Call) -> str | None:
    """Name the interpolation of an upsampling; None where it is none that is understood."""
    name = str(number(call, "mode", "nearest"))
    for word in ("nearest", "bilinear", "trilinear", "linear", "bicubic"):
        if call.function.startswith(f"upsample_{word}"):
            name = word
    if bool(number(call, "align_corners", False)) or bool(number(call, "antialias", False)):
        return None
    return {"nearest": "nearest", "bilinear": "bilinear", "linear": "bilinear",
            "trilinear": "bilinear"}.get(name)  # fmt: skip


def _upsampled(call: Call, space: Sequence[int], out: Sequence[int]) -> Geometry | None:
    interpolation = interpolation_of(call)
    rank = len(space)
    if interpolation is None or call.function == "grid_sample":
        return None
    if any(count % size for size, count in zip(space, out, strict=True)):
        return None
    factors = tuple(count // size for size, count in zip(space, out, strict=True))
    ones = (1,) * rank
    if interpolation == "nearest":
        return Geometry(factors, factors, ones, ((0, 0),) * rank, transposed=True)
    # An input reaches the units less than one input from its centre.
    kernel = tuple(2 * factor - factor % 2 for factor in factors)
    padding = tuple((factor // 2,) * 2 for factor in factors)
    return Geometry(kernel, factors, ones, padding, transposed=True)


def _part(call: Call, given: tuple[int, ...], out: tuple[int, ...]) -> Geometry | None:
    """Give the geometry of what takes some channels, or a rectangle of every map."""
    name, rank = call.function, len(given)
    if name == "getitem":
        key = number(call, "key", call.arguments.get("1"))
        return sliced(key if isinstance(key, tuple) else (key,), given, out, True)
    if name in {"chunk", "split", "split_with_sizes", "narrow", "tensor_split", "index_select"}:
        axis = number(call, "dim", 0)
        if isinstance(axis, int) and axis % rank == 1:
            return Geometry.pointwise(rank - 2)
    if name == "slice":
        axis = int(number(call, "dim", 0)) % rank
        parts: list[Any] = [slice(None)] * rank
        start, end, step = (number(call, key, None) for key in ("start", "end", "step"))
        parts[axis] = slice(start, end, step)
        return sliced(tuple(parts), given, out, True)
    return None
