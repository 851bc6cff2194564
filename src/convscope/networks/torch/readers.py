"""What PyTorch's functions compute: the reader of each."""

from __future__ import annotations

from convscope.networks.torch.activations import SAME, activation, prelu
from convscope.networks.torch.merging import concatenation, merging
from convscope.networks.torch.normalising import batch_norm, group_norm, instance_norm, layer_norm
from convscope.networks.torch.pooling import average_pool, max_pool, mean
from convscope.networks.torch.reading import Reader
from convscope.networks.torch.rearranging import (
    identity,
    padding,
    permuting,
    reshaping,
    upsampling,
)
from convscope.networks.torch.weighted import addmm, convolution, dense

__all__ = ["READERS"]

READERS: dict[str, Reader] = {
    **dict.fromkeys(
        ("conv1d", "conv2d", "conv3d", "convolution", "conv_transpose1d", "conv_transpose2d",
         "conv_transpose3d"),
        convolution,
    ),
    "linear": dense,
    "addmm": addmm,
    **dict.fromkeys(("batch_norm", "native_batch_norm_legit_no_training"), batch_norm),
    "layer_norm": layer_norm,
    **dict.fromkeys(("group_norm", "native_group_norm"), group_norm),
    "instance_norm": instance_norm,
    **dict.fromkeys(
        [f"{prefix}max_pool{rank}d{suffix}" for rank in (1, 2, 3)
         for prefix, suffix in (("", ""), ("", "_with_indices"), ("adaptive_", ""))],
        max_pool,
    ),
    **dict.fromkeys(
        [f"{prefix}avg_pool{rank}d" for rank in (1, 2, 3) for prefix in ("", "adaptive_")],
        average_pool,
    ),
    **dict.fromkeys(("mean", "amax"), mean),
    **dict.fromkeys(
        (*SAME, "leaky_relu", "elu", "celu", "gelu", "softshrink", "hardshrink", "softplus",
         "softmax", "log_softmax", "hardtanh", "clamp", "clamp_min"),
        activation,
    ),
    "prelu": prelu,
    "add": merging("sum"),
    **dict.fromkeys(("sub", "rsub"), merging("difference")),
    "mul": merging("product"),
    **dict.fromkeys(("div", "rtruediv"), merging("quotient")),
    "maximum": merging("maximum"),
    "minimum": merging("minimum"),
    "cat": concatenation,
    **dict.fromkeys(
        ("flatten", "view", "reshape", "squeeze", "unsqueeze", "unflatten", "view_as",
         "reshape_as", "unsafe_view"),
        reshaping,
    ),
    **dict.fromkeys(("permute", "transpose", "swapaxes"), permuting),
    **dict.fromkeys(("pad", "constant_pad_nd"), padding),
    **dict.fromkeys(
        ("interpolate", "upsample", "upsample_nearest1d", "upsample_nearest2d",
         "upsample_nearest3d", "upsample_bilinear2d", "upsample_linear1d", "upsample_trilinear3d"),
        upsampling,
    ),
    **dict.fromkeys(
        ("dropout", "dropout1d", "dropout2d", "dropout3d", "feature_dropout", "alpha_dropout",
         "identity"),
        identity,
    ),
}  # fmt: skip
