"""What an ONNX call computes, read from its attributes and constants."""

from __future__ import annotations

from collections.abc import Sequence

from convscope.networks.computation import Computation
from convscope.networks.given import Given
from convscope.networks.layer import Layer
from convscope.networks.onnx.calls import Call
from convscope.networks.onnx.constants import Constants
from convscope.networks.onnx.readers.activations import activating, prelu
from convscope.networks.onnx.readers.affine import (
    batch_normalisation,
    dequantised,
    group_normalisation,
    instance_normalisation,
    layer_normalisation,
)
from convscope.networks.onnx.readers.merges import concatenation, merging
from convscope.networks.onnx.readers.moves import (
    identity,
    padding,
    permuting,
    reshaping,
    slicing,
    upsampling,
)
from convscope.networks.onnx.readers.reading import Reader, Reading
from convscope.networks.onnx.readers.weighted import convolution, gemm, matmul
from convscope.networks.onnx.readers.windows import (
    average_pooling,
    global_pooling,
    maximum_pooling,
    reduction,
)

__all__ = ["computation_of"]

_READERS: dict[str, Reader] = {
    **dict.fromkeys(("Conv", "ConvTranspose", "FusedConv"), convolution),
    "Gemm": gemm,
    "MatMul": matmul,
    "BatchNormalization": batch_normalisation,
    "InstanceNormalization": instance_normalisation,
    "GroupNormalization": group_normalisation,
    **dict.fromkeys(("LayerNormalization", "RMSNormalization"), layer_normalisation),
    "DequantizeLinear": dequantised,
    "MaxPool": maximum_pooling,
    "AveragePool": average_pooling,
    **dict.fromkeys(("GlobalMaxPool", "GlobalAveragePool"), global_pooling),
    **dict.fromkeys(("ReduceMean", "ReduceMax"), reduction),
    **dict.fromkeys(
        (
            "Relu", "Sigmoid", "Tanh", "Softplus", "Softsign", "HardSwish", "Mish", "Exp", "Elu",
            "LeakyRelu", "Celu", "Selu", "Gelu", "HardSigmoid", "Swish", "ThresholdedRelu", "Clip",
            "Softmax", "LogSoftmax",
        ),
        activating,
    ),
    "PRelu": prelu,
    **dict.fromkeys(("Add", "Sum"), merging("sum")),
    "Sub": merging("difference"),
    "Mul": merging("product"),
    "Div": merging("quotient"),
    "Mean": merging("mean"),
    "Max": merging("maximum"),
    "Min": merging("minimum"),
    "Concat": concatenation,
    **dict.fromkeys(("Flatten", "Reshape", "Squeeze", "Unsqueeze"), reshaping),
    "Transpose": permuting,
    "Pad": padding,
    "Slice": slicing,
    **dict.fromkeys(("Resize", "Upsample"), upsampling),
    **dict.fromkeys(("Dropout", "Identity", "Cast"), identity),
}  # fmt: skip

_PRECISIONS = ("float64", "float32", "float16", "bfloat16")


def computation_of(
    call: Call, given: Sequence[Given], out: Layer, dtype: str, constants: Constants
) -> Computation | None:
    """Say what a call computes; None where that is not understood.

    Parameters
    ----------
    call : Call
    given : sequence of Given
        What it is given.
    out : Layer
        What it gives out.
    dtype : str
        In which the graph keeps that.
    constants : Constants
    """
    reader = _READERS.get(call.function)
    values: tuple[Given | Layer, ...] = (*given, out)
    if reader is None or not given or not all(_has_channels(value) for value in values):
        return None
    floating = call.function in {"DequantizeLinear", "MaxPool"} or all(
        value.dtype in _PRECISIONS for value in given
    )
    if not floating or dtype not in _PRECISIONS:
        return None
    taken = reader(Reading(call, given, out, constants))
    if taken is None:
        return None
    # Values are recorded as float32, whatever they were.
    types = [one for one in (dtype, *(value.dtype for value in given)) if one in _PRECISIONS]
    coarsest = max([1, *(_PRECISIONS.index(one) for one in types)])
    return Computation(
        taken.operation,
        tuple(value.name for value in given),
        taken.geometry,
        taken.options,
        {name: weight for name, weight in taken.weights.items() if weight is not None},
        taken.activation,
        _PRECISIONS[coarsest],
    )


def _has_channels(value: Given | Layer) -> bool:
    return value.has_image_axis and value.dims[:1] == ("channel",)
