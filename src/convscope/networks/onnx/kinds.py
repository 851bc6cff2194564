"""What an ONNX operation does: its kind, in one word for all frameworks, and its bounds."""

from __future__ import annotations

from convscope.networks.onnx.calls import Call
from convscope.networks.onnx.constants import Constants

__all__ = ["ALONE", "POINTWISE", "WHOLE", "bounds_of", "clip_ends", "kind_of"]

_KINDS = {
    "conv": ("Conv", "ConvTranspose", "ConvInteger", "QLinearConv", "FusedConv", "NhwcFusedConv",
             "DeformConv", "ConvTransposeWithDynamicPads"),
    "pool": ("MaxPool", "AveragePool", "LpPool", "GlobalMaxPool", "GlobalAveragePool",
             "GlobalLpPool", "QLinearAveragePool", "QLinearGlobalAveragePool", "MaxRoiPool",
             "RoiAlign"),
    "dense": ("Gemm", "MatMul", "MatMulInteger", "QLinearMatMul", "QGemm", "FusedGemm",
              "FusedMatMul", "MatMulNBits", "DynamicQuantizeMatMul", "MatMulIntegerToFloat",
              "Einsum", "TransposeMatMul"),
    "normalization": ("BatchNormalization", "InstanceNormalization", "LayerNormalization",
                      "GroupNormalization", "GroupNorm", "LRN", "LpNormalization",
                      "MeanVarianceNormalization", "RMSNormalization", "SkipLayerNormalization",
                      "SimplifiedLayerNormalization", "EmbedLayerNormalization"),
    "activation": ("Relu", "LeakyRelu", "PRelu", "Elu", "Selu", "Celu", "Sigmoid", "HardSigmoid",
                   "Tanh", "Softmax", "LogSoftmax", "Hardmax", "Softplus", "Softsign", "Clip",
                   "HardSwish", "Gelu", "FastGelu", "BiasGelu", "QuickGelu", "Mish", "Swish",
                   "ThresholdedRelu", "Shrink", "Exp", "QLinearSigmoid", "QLinearLeakyRelu",
                   "QLinearSoftmax"),
    "merge": ("Add", "Sub", "Mul", "Div", "Sum", "Mean", "Max", "Min", "Concat", "Where",
              "QLinearAdd", "QLinearMul", "QLinearConcat", "And", "Or", "Xor"),
    "reshape": ("Flatten", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Split", "Slice",
                "Gather", "GatherElements", "GatherND", "Expand", "Tile", "DepthToSpace",
                "SpaceToDepth", "ReverseSequence", "Compress", "Col2Im"),
    "padding": ("Pad", "CenterCropPad"),
    "upsampling": ("Resize", "Upsample", "MaxUnpool", "GridSample", "AffineGrid"),
    "dropout": ("Dropout", "Identity"),
    "recurrent": ("LSTM", "GRU", "RNN", "DynamicQuantizeLSTM"),
    "attention": ("Attention", "MultiHeadAttention", "QAttention", "GroupQueryAttention",
                  "DecoderMaskedMultiHeadAttention"),
    "reduction": ("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1",
                  "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceSumSquare", "ArgMax",
                  "ArgMin", "TopK", "CumSum"),
    "quantization": ("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"),
}  # fmt: skip
_KIND_OF = {name: kind for kind, names in _KINDS.items() for name in names}

POINTWISE = frozenset({"activation", "dropout", "normalization", "merge", "quantization"})
"""Kinds of which a unit looks at its own position, where sizes stay."""

WHOLE = frozenset({"recurrent", "attention"})
"""Kinds of which a unit looks at all positions."""

ALONE = frozenset(
    {
        "Abs", "Ceil", "Floor", "Round", "Neg", "Sign", "Sqrt", "Reciprocal", "Log", "Pow", "Erf",
        "Sin", "Cos", "Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Asinh", "Acosh", "Atanh",
        "Not", "IsNaN", "IsInf", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual",
        "Mod", "Cast", "CastLike", "BitShift",
    }
)  # fmt: skip
"""Other operations that look at one unit alone."""


def kind_of(call: Call) -> str:
    """Say in one word what a call does; ``other`` where no word fits."""
    if call.function == "Gather" and call.data == (1,):
        return "embedding"
    return _KIND_OF.get(call.function, "other")


_BOUNDS: dict[str, tuple[float | None, float | None]] = {
    "Sigmoid": (0.0, 1.0),
    "HardSigmoid": (0.0, 1.0),
    "Tanh": (-1.0, 1.0),
    "Softsign": (-1.0, 1.0),
}


def bounds_of(call: Call, constants: Constants) -> tuple[float | None, float | None]:
    """Give the values that an activation function never leaves; None where it has none."""
    if call.function == "Clip":
        ends = clip_ends(call, constants)
        if ends is None:
            return None, None
        low, high = ends
        return None if low == 0 else low, high
    return _BOUNDS.get(call.function, (None, None))


def clip_ends(call: Call, constants: Constants) -> tuple[float | None, float | None] | None:
    """Give the ends of a Clip; None where they are values of the pass."""
    ends: list[float | None] = []
    for place, name in ((1, "min"), (2, "max")):
        given = call.attributes.get(name)
        if call.input(place):
            value = constants.value(call.input(place))
            if value is None or value.size != 1:
                return None
            given = value.reshape(-1)[0]
        # A type's own ends are how exporters say that there is none.
        ends.append(None if given is None or abs(float(given)) > 3e38 else float(given))
    return ends[0], ends[1]
