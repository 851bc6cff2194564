"""What a Keras layer computes, read from the layer and its weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from convscope.networks.computation import Computation
from convscope.networks.given import Given
from convscope.networks.keras.activations import ACTIVATION_OPERATIONS, is_keras_s_own
from convscope.networks.keras.readers.activations import activating, prelu
from convscope.networks.keras.readers.affine import batch_normalisation, normalization, rescaling
from convscope.networks.keras.readers.merges import concatenation, merging
from convscope.networks.keras.readers.moves import identity, reshaping
from convscope.networks.keras.readers.normalisation import group_normalisation, layer_normalisation
from convscope.networks.keras.readers.reading import Reader, Reading
from convscope.networks.keras.readers.weighted import (
    convolution,
    dense,
    depthwise,
    einsum_dense,
    separable,
    transposed,
)
from convscope.networks.keras.readers.windows import framing, pooling, upsampling
from convscope.networks.keras.tape import Call
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
    taken = reader(Reading(call, given, out, linear))
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


# By the names of Keras's layers, less a closing 1D, 2D or 3D: a Keras that lacks one has no calls
# of it either.
_LAYERS: dict[str, Reader] = {
    "DepthwiseConv": depthwise,
    "SeparableConv": separable,
    **dict.fromkeys(("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"), transposed),
    "Conv": convolution,
    "Dense": dense,
    "EinsumDense": einsum_dense,
    "BatchNormalization": batch_normalisation,
    "Rescaling": rescaling,
    "Normalization": normalization,
    "LayerNormalization": layer_normalisation,
    "RMSNormalization": layer_normalisation,
    "GroupNormalization": group_normalisation,
    **dict.fromkeys(
        ("MaxPooling", "AveragePooling", "GlobalMaxPooling", "GlobalAveragePooling"), pooling
    ),
    "ZeroPadding": framing,
    "Cropping": framing,
    "UpSampling": upsampling,
    **dict.fromkeys(("Activation", "ReLU", "LeakyReLU", "ELU", "Softmax"), activating),
    "PReLU": prelu,
    "Add": merging("sum"),
    "Subtract": merging("difference"),
    "Multiply": merging("product"),
    "Average": merging("mean"),
    "Maximum": merging("maximum"),
    "Minimum": merging("minimum"),
    "Concatenate": concatenation,
    **dict.fromkeys(("Flatten", "Reshape", "Permute"), reshaping),
    **dict.fromkeys(
        (
            "Dropout", "SpatialDropout", "AlphaDropout", "GaussianDropout", "GaussianNoise",
            "ActivityRegularization", "Identity", "RandomFlip", "RandomRotation", "RandomZoom",
            "RandomTranslation", "RandomContrast", "RandomBrightness",
        ),
        identity,
    ),
}  # fmt: skip
_READERS: list[tuple[type, Reader]] = [
    (getattr(layers, stem + rank), reader)
    for stem, reader in _LAYERS.items()
    for rank in ("", "1D", "2D", "3D")
    if hasattr(layers, stem + rank)
]

# Operations of keras.ops in a functional graph are private classes: known by name and module.
_OPERATIONS: dict[str, Reader] = {
    "Add": merging("sum"),
    "Subtract": merging("difference"),
    "Multiply": merging("product"),
    "Divide": merging("quotient"),
    "TrueDivide": merging("quotient"),
    "Maximum": merging("maximum"),
    "Minimum": merging("minimum"),
    **dict.fromkeys(("Reshape", "Squeeze", "ExpandDims"), reshaping),
    **dict.fromkeys(ACTIVATION_OPERATIONS, activating),
}


def _reader(operation: Any) -> Reader | None:
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


_PRECISIONS = ("float64", "float32", "float16", "bfloat16")


def _coarsest(operation: Any, given: Sequence[Given]) -> str:
    types = [value.dtype for value in given]
    types.append(str(getattr(operation, "compute_dtype", None) or types[0]))
    known = [_PRECISIONS.index(dtype) for dtype in types if dtype in _PRECISIONS]
    # Values are recorded as float32, whatever they were.
    return _PRECISIONS[max([1, *known])]
