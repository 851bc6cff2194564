"""What a Keras layer does: its kind, its geometry, the order of its axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from convscope.networks.geometry import Geometry, same_padding
from convscope.networks.keras.tape import own_activation

__all__ = [
    "bounds_of",
    "channels_first_of",
    "geometry_of",
    "joined_axis",
    "kind_of",
    "sees_everything",
]

_KINDS = {
    "conv": ("Conv", "DepthwiseConv", "SeparableConv"),
    "pool": ("MaxPooling", "AveragePooling", "GlobalMaxPooling", "GlobalAveragePooling",
             "AdaptiveMaxPooling", "AdaptiveAveragePooling"),
    "dense": ("Dense", "EinsumDense", "Matmul"),
    "normalization": ("BatchNormalization", "LayerNormalization", "GroupNormalization",
                      "UnitNormalization", "RMSNormalization", "SpectralNormalization"),
    "activation": ("Activation", "ReLU", "Relu", "Relu6", "LeakyReLU", "LeakyRelu", "PReLU", "ELU",
                   "Elu", "Selu", "Gelu", "Silu", "HardSilu", "HardSigmoid", "Sigmoid", "Tanh",
                   "Softmax", "Softplus", "LogSoftmax", "Swish"),
    "merge": ("Add", "Subtract", "Multiply", "Divide", "TrueDivide", "Average", "Maximum",
              "Minimum", "Concatenate", "Dot", "Stack"),
    "reshape": ("Flatten", "Reshape", "Permute", "RepeatVector", "Transpose", "ExpandDims",
                "Squeeze", "Split", "GetItem"),
    "padding": ("ZeroPadding", "Pad"),
    "cropping": ("Cropping", "CenterCrop"),
    "upsampling": ("UpSampling", "Resizing", "Resize"),
    "dropout": ("Dropout", "SpatialDropout", "AlphaDropout", "GaussianDropout", "GaussianNoise",
                "ActivityRegularization", "Identity"),
    "recurrent": ("LSTM", "GRU", "SimpleRNN", "RNN", "ConvLSTM", "Bidirectional",
                  "TimeDistributed"),
    "attention": ("MultiHeadAttention", "GroupedQueryAttention", "Attention",
                  "AdditiveAttention"),
    "embedding": ("Embedding",),
    "preprocessing": ("Rescaling", "Normalization", "Discretization", "CategoryEncoding",
                      "RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation",
                      "RandomContrast", "RandomBrightness", "RandomCrop"),
    "reduction": ("Mean", "Sum", "Max", "Min", "Norm"),
}  # fmt: skip
_KIND_OF = {name: kind for kind, names in _KINDS.items() for name in names}

_POINTWISE = {"activation", "dropout", "normalization", "merge", "preprocessing"}
_WHOLE = {"recurrent", "attention"}


def kind_of(operation: Any, *, composite: bool = False) -> str:
    """Say in one word, the same for all frameworks, what a layer does.

    A subclass of a Keras layer has the kind of that layer; an unknown operation is ``other``.
    """
    for cls in type(operation).__mro__:
        name = cls.__name__.removesuffix("Transpose")
        for stem in (name, name[:-2] if name[-2:] in {"1D", "2D", "3D"} else name):
            if stem in _KIND_OF:
                return _KIND_OF[stem]
    return "composite" if composite or isinstance(operation, keras.Model) else "other"


_BOUNDS: dict[str, tuple[float | None, float | None]] = {
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "hard_tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
    "relu6": (None, 6.0),
}


def bounds_of(operation: Any) -> tuple[float | None, float | None]:
    """Give the values that a layer's activation function never leaves; None where it has none."""
    if isinstance(operation, keras.layers.ReLU):
        limit = operation.max_value
        return None, None if limit is None else float(limit)
    function = own_activation(operation)
    name = getattr(function, "__name__", type(operation).__name__.lower())
    return _BOUNDS.get(str(name), (None, None))


def channels_first_of(operation: Any) -> bool | None:
    """Tell where a layer says that its channel axis is; None when it does not say."""
    if isinstance(operation, keras.layers.Flatten):
        return None
    order = getattr(operation, "data_format", None)
    return None if order is None else bool(order == "channels_first")


def joined_axis(operation: Any, rank: int, channels_first: bool) -> int | None:
    """Give the spatial axis along which a concatenation lays its inputs end to end.

    Parameters
    ----------
    operation : keras.Operation
    rank : int
        Number of axes of its output, the image axis included.
    channels_first : bool

    Returns
    -------
    int or None
        None for any other operation, and for a concatenation of channels.
    """
    if type(operation).__name__ != "Concatenate":
        return None
    axis = operation.axis % rank - (2 if channels_first else 1)
    return axis if 0 <= axis < rank - 2 else None


def sees_everything(operation: Any, kind: str, rank: int, *, channels_first: bool = False) -> bool:
    """Tell whether every unit sees all positions of the layer's input.

    Parameters
    ----------
    operation : keras.Operation
    kind : str
        From `kind_of`.
    rank : int
        Number of axes of its input, the image axis included.
    channels_first : bool
        Whether the channel axis comes before the spatial axes.
    """
    if kind == "dense" and rank == 2:
        return True
    if rank > 2 and _mixes(operation, kind, rank, channels_first):
        return True
    if type(operation).__name__.startswith(("Global", "GroupNorm", "Adaptive")):
        return True
    return kind in _WHOLE


def _mixes(operation: Any, kind: str, rank: int, channels_first: bool) -> bool:
    """Tell whether a layer that could go position by position brings positions together."""
    name = type(operation).__name__
    if name in {"Matmul", "Dot"}:
        return True
    if name == "EinsumDense":
        return not _keeps_positions(operation.equation)
    if kind == "dense":
        return channels_first
    axes = getattr(operation, "axis", None)
    if name == "BatchNormalization" or kind not in {"normalization", "activation"} or axes is None:
        return False
    channel = 1 if channels_first else rank - 1
    several = axes if isinstance(axes, list | tuple) else [axes]
    return any(axis % rank not in {0, channel} for axis in several)


def _keeps_positions(equation: str) -> bool:
    """Tell whether an einsum such as ``abc,cd->abd`` only changes the last axis."""
    given, result = equation.replace(" ", "").split("->")
    values, kernel = given.split(",")
    return result.startswith(values[:-1]) and not set(values[:-1]) & set(kernel)


def geometry_of(
    operation: Any, kind: str, space: Sequence[int], *, channels_first: bool = False
) -> Geometry | None:
    """Say which positions of its input a unit of a layer looks at.

    Parameters
    ----------
    operation : keras.Operation
    kind : str
        From `kind_of`.
    space : sequence of int
        Size of its input along each spatial axis.
    channels_first : bool
        Whether the channel axis comes before the spatial axes.

    Returns
    -------
    Geometry or None
        None where the layer has no window that holds for every unit.
    """
    rank = len(space)
    if rank == 0 or sees_everything(operation, kind, rank + 2, channels_first=channels_first):
        return None
    if joined_axis(operation, rank + 2, channels_first) is not None:
        return None
    if kind in _POINTWISE or (kind == "dense" and rank):
        return Geometry.pointwise(rank)
    match kind:
        case "conv":
            return _windowed(operation, operation.kernel_size, operation.strides, space)
        case "pool" if hasattr(operation, "pool_size"):
            return _windowed(operation, operation.pool_size, operation.strides, space)
        case "padding" | "cropping":
            return _framed(operation, rank, -1 if kind == "cropping" else 1, channels_first)
        case "upsampling" if hasattr(operation, "size"):
            return _upsampled(operation, rank)
    return None


def _windowed(operation: Any, window: Any, stride: Any, space: Sequence[int]) -> Geometry | None:
    rank = len(space)
    kernel, steps = _per_axis(window, rank), _per_axis(stride or window, rank)
    dilation = _per_axis(getattr(operation, "dilation_rate", 1) or 1, rank)
    transposed = type(operation).__name__.endswith("Transpose")
    name = operation.padding
    if transposed:
        extra = getattr(operation, "output_padding", None)
        extras = (None,) * rank if extra is None else _per_axis(extra, rank)
        padding = [
            _transposed_padding(name, kernel[axis], steps[axis], dilation[axis], extras[axis])
            for axis in range(rank)
        ]
    else:
        padding = [
            _padding(name, space[axis], kernel[axis], steps[axis], dilation[axis])
            for axis in range(rank)
        ]
    return Geometry(kernel, steps, dilation, tuple(padding), transposed, name)


def _padding(name: str, size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """Count the units that ``same`` and ``causal`` padding add before and after one axis."""
    if name == "causal":
        return (kernel - 1) * dilation, 0
    return same_padding(size, kernel, stride, dilation) if name == "same" else (0, 0)


def _transposed_padding(
    name: str, kernel: int, stride: int, dilation: int, extra: int | None
) -> tuple[int, int]:
    """Count the units that a transposed convolution cuts off before and after one axis.

    The gradient of a convolution with the same padding; Keras gives size x stride units for
    ``same``, and (size - 1) x stride + max(extent, stride) for ``valid``. Where the layer has an
    output padding (`extra`), it cuts half the extent off both ends and adds that behind.
    """
    extent = (kernel - 1) * dilation + 1
    if name == "valid":
        return 0, min(extent - stride, 0) if extra is None else -extra
    total = extent - stride if extra is None else 2 * (extent // 2) - extra
    before = max(total // 2, 0)
    return before, total - before


def _framed(operation: Any, rank: int, sign: int, channels_first: bool) -> Geometry | None:
    if hasattr(operation, "pad_width"):
        return _padded(operation, rank, channels_first)
    amounts = getattr(operation, "padding" if sign > 0 else "cropping", None)
    if amounts is None:
        return None
    pairs = (amounts,) if rank == 1 and isinstance(amounts[0], int) else amounts
    ones = (1,) * rank
    padding = tuple((sign * before, sign * after) for before, after in pairs)
    return Geometry(ones, ones, ones, padding)


def _padded(operation: Any, rank: int, channels_first: bool) -> Geometry | None:
    """Give the geometry of ``keras.ops.pad``; other modes than zeros repeat positions."""
    widths = [tuple(pair) for pair in operation.pad_width]
    if operation.mode != "constant" or len(widths) != rank + 2:
        return None
    ones = (1,) * rank
    return Geometry(ones, ones, ones, tuple(widths[2:] if channels_first else widths[1:-1]))


# How many inputs to either side of a unit an interpolation weighs.
_REACH = {"bilinear": 1, "bicubic": 2, "lanczos3": 3, "lanczos5": 5}


def _upsampled(operation: Any, rank: int) -> Geometry | None:
    factors = _per_axis(operation.size, rank)
    ones = (1,) * rank
    interpolation = getattr(operation, "interpolation", "nearest")
    if interpolation == "nearest":
        return Geometry(factors, factors, ones, ((0, 0),) * rank, transposed=True)
    if interpolation not in _REACH:
        return None
    # An input reaches the units less than reach x factor from its centre, which lies on a unit
    # where the factor is odd, and between two where it is even. At that very distance the sines of
    # Lanczos are zero but for their rounding, with which the input is multiplied.
    reach = _REACH[interpolation]
    ends = tuple(factor % 2 if "lanczos" in interpolation else 0 for factor in factors)
    kernel = tuple(
        2 * reach * factor - factor % 2 + 2 * end for factor, end in zip(factors, ends, strict=True)
    )
    padding = tuple(
        ((2 * reach - 1) * factor // 2 + end,) * 2
        for factor, end in zip(factors, ends, strict=True)
    )
    return Geometry(kernel, factors, ones, padding, transposed=True)


def _per_axis(value: Any, rank: int) -> tuple[int, ...]:
    return (int(value),) * rank if isinstance(value, int) else tuple(int(item) for item in value)
