"""What a Keras layer computes, read from the layer and its weights."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from convscope.networks.computation import Activation, Computation
from convscope.networks.geometry import Geometry
from convscope.networks.keras.activations import (
    ACTIVATION_OPERATIONS,
    activation_of,
    is_keras_s_own,
)
from convscope.networks.keras.axes import (
    channels_before,
    depthwise_kernel,
    dims_axis,
    dims_order,
    framework_order,
    placed,
    widened,
)
from convscope.networks.keras.describe import Given
from convscope.networks.keras.execution import float32
from convscope.networks.keras.kinds import geometry_of, kind_of
from convscope.networks.keras.tape import TENSOR, Call
from convscope.networks.layer import Layer

__all__ = ["computation_of"]

layers = keras.layers


def computation_of(
    call: Call, given: Sequence[Given], out: Layer, *, linear: bool = False
) -> Computation | None:
    """Say what a layer call computes; None where that is not understood.

    A subclass counts as what it inherits from only where it computes in the same way: its `call`
    must be Keras's own.

    Parameters
    ----------
    call : Call
    given : sequence of Given
        What it was given.
    out : Layer
        What it gives out.
    linear : bool
        Leave the fused activation function out.
    """
    reader = _reader(call.operation)
    values: tuple[Given | Layer, ...] = (*given, out)
    if reader is None or not given or not all(_has_channels(value) for value in values):
        return None
    taken = reader(_Reading(call, given, out, linear))
    if taken is None:
        return None
    return Computation(
        taken.operation,
        tuple(value.name for value in given),
        taken.geometry,
        taken.options,
        {name: weight for name, weight in taken.weights.items() if weight is not None},
        taken.activation,
        _coarsest(call.operation, given),
    )


@dataclass(frozen=True)
class _Reading:
    """A call that is being read."""

    call: Call
    given: Sequence[Given]
    out: Layer
    linear: bool

    @property
    def operation(self) -> Any:
        return self.call.operation

    @property
    def one(self) -> Given | None:
        """The input, where there is exactly one."""
        return self.given[0] if len(self.given) == 1 else None

    @property
    def space(self) -> int:
        """Number of spatial axes of the first input."""
        return len(self.given[0].dims) - 1

    @property
    def geometry(self) -> Geometry | None:
        # Where a size is free the padding is fitted later; any size will do here.
        sizes = [size or 1 for size in self.given[0].shape[1:]]
        return geometry_of(self.operation, kind_of(self.operation), sizes)

    def axis(self, axis: int) -> int | None:
        """Give the place among the dims, without images, of one of the framework's axes."""
        return dims_axis(axis, len(self.given[0].dims), self.given[0].channels_first)

    def activation(self) -> Activation | None:
        """Give the fused activation function; None where it is not understood."""
        return Activation() if self.linear else activation_of(self.operation.activation, self.out)


@dataclass(frozen=True)
class _Taken:
    """What a reader found out."""

    operation: str
    geometry: Geometry | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    weights: Mapping[str, np.ndarray | None] = field(default_factory=dict)
    activation: Activation = field(default_factory=Activation)


_Reader = Callable[[_Reading], _Taken | None]


def _convolution(reading: _Reading) -> _Taken | None:
    operation, activation = reading.operation, reading.activation()
    if activation is None or getattr(operation, "quantization_mode", None):
        return None
    kernel = channels_before(_weight(operation, operation.kernel))
    weights = {"kernel": kernel, "bias": _weight(operation, operation.bias)}
    options = {"groups": operation.groups}
    return _Taken("convolution", reading.geometry, options, weights, activation)


def _transposed(reading: _Reading) -> _Taken | None:
    operation, activation = reading.operation, reading.activation()
    if activation is None:
        return None
    # Keras's own order is (*space, out, in).
    kernel = np.moveaxis(_weight(operation, operation.kernel), (-2, -1), (0, 1))
    weights = {"kernel": kernel, "bias": _weight(operation, operation.bias)}
    return _Taken("transposed convolution", reading.geometry, {"groups": 1}, weights, activation)


def _depthwise(reading: _Reading) -> _Taken | None:
    operation, activation = reading.operation, reading.activation()
    if activation is None:
        return None
    kernel = depthwise_kernel(_weight(operation, operation.kernel))
    weights = {"kernel": kernel, "bias": _weight(operation, operation.bias)}
    options = {"groups": reading.given[0].shape[0]}
    return _Taken("convolution", reading.geometry, options, weights, activation)


def _separable(reading: _Reading) -> _Taken | None:
    operation, activation = reading.operation, reading.activation()
    if activation is None:
        return None
    pointwise = _weight(operation, operation.pointwise_kernel)
    weights = {
        "kernel": depthwise_kernel(_weight(operation, operation.depthwise_kernel)),
        "pointwise": pointwise.reshape(pointwise.shape[-2:]).T,
        "bias": _weight(operation, operation.bias),
    }
    options = {"groups": reading.given[0].shape[0]}
    return _Taken("separable convolution", reading.geometry, options, weights, activation)


def _dense(reading: _Reading) -> _Taken | None:
    operation, activation = reading.operation, reading.activation()
    quantized = getattr(operation, "quantization_mode", None)
    if activation is None or quantized or _last_is_space(reading.given[0]):
        return None
    weights = {
        "kernel": channels_before(_weight(operation, operation.kernel)),
        "bias": _weight(operation, operation.bias),
    }
    pointwise = Geometry.pointwise(reading.space)
    if reading.space:
        weights["kernel"] = weights["kernel"].reshape(*weights["kernel"].shape, *pointwise.kernel)
    return _Taken("dense", pointwise, {"groups": 1}, weights, activation)


def _einsum_dense(reading: _Reading) -> _Taken | None:
    """Understand the equations of a dense layer: ``abc,cd->abd``."""
    equation = reading.operation.equation.replace(" ", "")
    plain = re.fullmatch(r"(\w+|\.\.\.)(\w),\2(\w)->\1\3", equation)
    bias = reading.operation.bias
    if not plain or (bias is not None and len(bias.shape) > 1):
        return None
    return _dense(reading)


def _batch_normalisation(reading: _Reading) -> _Taken | None:
    operation = reading.operation
    axis = reading.axis(operation.axis)
    if axis is None:
        return None
    variance = np.asarray(float32(operation.moving_variance.value), np.float64)
    factor = 1.0 / np.sqrt(variance + operation.epsilon)
    if operation.scale:
        factor = factor * float32(operation.gamma.value)
    offset = float32(operation.beta.value) if operation.center else np.zeros_like(factor)
    weights = {
        "centre": float32(operation.moving_mean.value),
        "factor": factor,
        "offset": offset,
    }
    return _Taken(
        "affine",
        weights={
            name: widened(weight, (axis,), reading.space + 1) for name, weight in weights.items()
        },
    )


def _rescaling(reading: _Reading) -> _Taken | None:
    scale, offset = np.asarray(reading.operation.scale), np.asarray(reading.operation.offset)
    if keras.config.image_data_format() == "channels_first" and scale.ndim:
        return None
    return _affine(reading, factor=scale, offset=offset)


def _normalization(reading: _Reading) -> _Taken | None:
    operation = reading.operation
    mean = np.asarray(float32(operation.mean), np.float64)
    deviation = np.maximum(
        np.sqrt(np.asarray(float32(operation.variance), np.float64)), keras.config.epsilon()
    )
    if operation.invert:
        return _affine(reading, factor=deviation, offset=mean)
    return _affine(reading, centre=mean, factor=1.0 / deviation)


def _affine(
    reading: _Reading, centre: Any = 0.0, factor: Any = 1.0, offset: Any = 0.0
) -> _Taken | None:
    parts = {"centre": centre, "factor": factor, "offset": offset}
    weights = {name: placed(part, reading.given[0]) for name, part in parts.items()}
    if any(weight is None for weight in weights.values()):
        return None
    return _Taken("affine", weights=weights)


def _layer_normalisation(reading: _Reading) -> _Taken | None:
    operation = reading.operation
    wanted = operation.axis if isinstance(operation.axis, list | tuple) else [operation.axis]
    axes = [reading.axis(axis) for axis in wanted]
    if None in axes or getattr(operation, "rms_scaling", False):
        return None
    centred = isinstance(operation, layers.LayerNormalization)
    gain = operation.gamma if centred else operation.scale
    over = tuple(axis for axis in axes if axis is not None)
    offset = operation.beta if centred else None
    return _normalised(reading, over, {"factor": gain, "offset": offset}, over, centred=centred)


def _group_normalisation(reading: _Reading) -> _Taken | None:
    operation = reading.operation
    if reading.axis(operation.axis) != 0:
        return None
    over = tuple(range(reading.space + 1))
    gain = operation.gamma if operation.scale else None
    offset = operation.beta if operation.center else None
    return _normalised(
        reading, over, {"factor": gain, "offset": offset}, (0,), groups=operation.groups
    )


def _normalised(
    reading: _Reading,
    over: tuple[int, ...],
    weights: Mapping[str, Any],
    along: tuple[int, ...],
    *,
    groups: int = 1,
    centred: bool = True,
) -> _Taken:
    epsilon = reading.operation.epsilon
    options = {
        "axes": tuple(sorted(over)),
        "groups": groups,
        "epsilon": keras.config.epsilon() if epsilon is None else float(epsilon),
        "centred": centred,
    }
    placed = {
        name: widened(float32(weight.value), along, reading.space + 1)
        for name, weight in weights.items()
        if weight is not None
    }
    return _Taken("normalisation", options=options, weights=placed)


def _pooling(reading: _Reading) -> _Taken | None:
    classes = type(reading.operation).__mro__
    word = "maximum" if any("Max" in cls.__name__ for cls in classes) else "average"
    padded = getattr(reading.operation, "padding", "valid") == "same"
    if word == "average" and padded and keras.backend.backend() == "torch":
        # On torch, Keras averages over copies of the border where it pads unevenly.
        return None
    return _Taken(f"{word} pooling", reading.geometry)


def _framing(reading: _Reading) -> _Taken | None:
    return None if reading.geometry is None else _Taken("padding", reading.geometry)


def _upsampling(reading: _Reading) -> _Taken | None:
    interpolation = getattr(reading.operation, "interpolation", "nearest")
    if interpolation not in {"nearest", "bilinear"} or reading.geometry is None:
        return None
    return _Taken("upsampling", reading.geometry, {"interpolation": interpolation})


def _identity(reading: _Reading) -> _Taken | None:
    return _Taken("identity") if reading.one else None


def _activating(reading: _Reading) -> _Taken | None:
    operation = reading.operation
    masked = reading.call.arguments[1].get("mask") is TENSOR
    if reading.one is None or masked:
        return None
    wanted = operation.activation if isinstance(operation, layers.Activation) else operation
    activation = activation_of(wanted, reading.out)
    return None if activation is None else _Taken("activation", activation=activation)


def _prelu(reading: _Reading) -> _Taken | None:
    slope = placed(_weight(reading.operation, reading.operation.alpha), reading.given[0])
    if slope is None:
        return None
    return _Taken("activation", weights={"slope": slope})


def _merging(word: str) -> _Reader:
    """Read merge layers, and operations of two values of which one may be a number."""

    def read(reading: _Reading) -> _Taken | None:
        if len(reading.given) == 1 and not isinstance(reading.operation, keras.Layer):
            return _with_number(reading, word)
        ranks = {len(value.dims) for value in reading.given}
        # A merge layer gives missing axes behind the images; only channels last come first then.
        plain = isinstance(reading.operation, keras.Layer) and not reading.out.channels_first
        if len(reading.given) < 2 or (len(ranks) > 1 and not plain):
            return None
        return _Taken(word)

    return read


def _with_number(reading: _Reading, word: str) -> _Taken | None:
    args, kwargs = reading.call.arguments
    operands = [*args, *kwargs.values()]
    if len(operands) != 2 or sum(value is TENSOR for value in operands) != 1:
        return None
    first = operands[0] is TENSOR
    try:
        number = np.asarray(operands[1 if first else 0], np.float64)
    except (TypeError, ValueError):
        return None
    match word:
        case "sum":
            return _affine(reading, offset=number)
        case "difference":
            return _affine(reading, **({"offset": -number} if first else
                                       {"factor": -1.0, "offset": number}))  # fmt: skip
        case "product":
            return _affine(reading, factor=number)
        case "quotient" if first:
            return _affine(reading, factor=1.0 / number)
    return None


def _concatenation(reading: _Reading) -> _Taken | None:
    axis = reading.axis(reading.operation.axis)
    ranks = {len(value.dims) for value in reading.given}
    if axis is None or len(ranks) > 1:
        return None
    return _Taken("concatenation", options={"axis": axis})


def _reshaping(reading: _Reading) -> _Taken | None:
    """Read what only moves values: the framework's axes before, its shape, its axes after."""
    if reading.one is None:
        return None
    operation = reading.operation
    before = framework_order(len(reading.one.dims), reading.one.channels_first)
    after = dims_order(len(reading.out.dims), reading.out.channels_first)
    shape: tuple[int, ...] | None = None
    if isinstance(operation, layers.Permute):
        before = tuple(before[axis - 1] for axis in operation.dims)
    else:
        if isinstance(operation, layers.Flatten) and operation.data_format == "channels_first":
            before = (*before[1:], before[0])
        order = framework_order(len(reading.out.dims), reading.out.channels_first)
        sizes = [reading.out.shape[axis] for axis in order]
        if sizes.count(None) > 1:
            return None
        shape = tuple(-1 if size is None else size for size in sizes)
    return _Taken("rearrangement", options={"before": before, "shape": shape, "after": after})


# By the names of Keras's layers, less a closing 1D, 2D or 3D: a Keras that lacks one has no calls
# of it either.
_LAYERS: dict[str, _Reader] = {
    "DepthwiseConv": _depthwise,
    "SeparableConv": _separable,
    **dict.fromkeys(("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"), _transposed),
    "Conv": _convolution,
    "Dense": _dense,
    "EinsumDense": _einsum_dense,
    "BatchNormalization": _batch_normalisation,
    "Rescaling": _rescaling,
    "Normalization": _normalization,
    "LayerNormalization": _layer_normalisation,
    "RMSNormalization": _layer_normalisation,
    "GroupNormalization": _group_normalisation,
    **dict.fromkeys(
        ("MaxPooling", "AveragePooling", "GlobalMaxPooling", "GlobalAveragePooling"), _pooling
    ),
    "ZeroPadding": _framing,
    "Cropping": _framing,
    "UpSampling": _upsampling,
    **dict.fromkeys(("Activation", "ReLU", "LeakyReLU", "ELU", "Softmax"), _activating),
    "PReLU": _prelu,
    "Add": _merging("sum"),
    "Subtract": _merging("difference"),
    "Multiply": _merging("product"),
    "Average": _merging("mean"),
    "Maximum": _merging("maximum"),
    "Minimum": _merging("minimum"),
    "Concatenate": _concatenation,
    **dict.fromkeys(("Flatten", "Reshape", "Permute"), _reshaping),
    **dict.fromkeys(
        (
            "Dropout", "SpatialDropout", "AlphaDropout", "GaussianDropout", "GaussianNoise",
            "ActivityRegularization", "Identity", "RandomFlip", "RandomRotation", "RandomZoom",
            "RandomTranslation", "RandomContrast", "RandomBrightness",
        ),
        _identity,
    ),
}  # fmt: skip
_READERS: list[tuple[type, _Reader]] = [
    (getattr(layers, stem + rank), reader)
    for stem, reader in _LAYERS.items()
    for rank in ("", "1D", "2D", "3D")
    if hasattr(layers, stem + rank)
]

# Operations of keras.ops in a functional graph are private classes: known by name and module.
_OPERATIONS: dict[str, _Reader] = {
    "Add": _merging("sum"),
    "Subtract": _merging("difference"),
    "Multiply": _merging("product"),
    "Divide": _merging("quotient"),
    "TrueDivide": _merging("quotient"),
    "Maximum": _merging("maximum"),
    "Minimum": _merging("minimum"),
    **dict.fromkeys(("Reshape", "Squeeze", "ExpandDims"), _reshaping),
    **dict.fromkeys(ACTIVATION_OPERATIONS, _activating),
}


def _reader(operation: Any) -> _Reader | None:
    if not isinstance(operation, keras.Layer):
        return _OPERATIONS.get(type(operation).__name__) if is_keras_s_own(operation) else None
    for cls, reader in _READERS:
        if isinstance(operation, cls) and _computes_as(type(operation), cls):
            return reader
    return None


def _computes_as(given: type, known: type) -> bool:
    """Tell whether a subclass leaves alone how its layer computes."""
    hooks = ("call", "convolution_op")
    return all(getattr(given, hook, None) is getattr(known, hook, None) for hook in hooks)


def _has_channels(value: Given | Layer) -> bool:
    return value.has_image_axis and value.dims[:1] == ("channel",)


def _last_is_space(given: Given) -> bool:
    return given.channels_first and len(given.dims) > 1


def _weight(operation: Any, variable: Any) -> Any:
    """Give a weight as the layer uses it: in half precision where it computes so."""
    if variable is None:
        return None
    value = getattr(variable, "value", variable)
    dtype = operation.compute_dtype
    if keras.backend.standardize_dtype(value.dtype) != dtype:
        value = keras.ops.cast(value, dtype)
    return float32(value)


_PRECISIONS = ("float64", "float32", "float16", "bfloat16")


def _coarsest(operation: Any, given: Sequence[Given]) -> str:
    types = [value.dtype for value in given]
    types.append(str(getattr(operation, "compute_dtype", None) or types[0]))
    known = [_PRECISIONS.index(dtype) for dtype in types if dtype in _PRECISIONS]
    # Values are recorded as float32, whatever they were.
    return _PRECISIONS[max([1, *known])]
