"""Convolutions and dense layers: sums of products with a kernel."""

from __future__ import annotations

import numpy as np

from convscope.networks.computation import Activation
from convscope.networks.geometry import Geometry
from convscope.networks.onnx.readers.reading import Reading, Taken

__all__ = ["convolution", "gemm", "matmul"]

_FUSED = {"": Activation(), "Relu": Activation("relu"), "Sigmoid": Activation("sigmoid"),
          "Tanh": Activation("tanh")}  # fmt: skip


def convolution(reading: Reading) -> Taken | None:
    """Read Conv and ConvTranspose."""
    kernel, geometry = reading.weight(1), reading.geometry
    activation = _FUSED.get(str(reading.number("activation", "")))
    summed = reading.call.function == "FusedConv" and reading.call.input(3)
    if kernel is None or geometry is None or activation is None or summed or reading.hidden(2):
        return None
    groups = int(reading.number("group", 1))
    weights = {"kernel": kernel, "bias": reading.weight(2)}
    if not geometry.transposed:
        return Taken("convolution", geometry, {"groups": groups}, weights, activation)
    # ONNX's own order is (in, out of the group, *space).
    inner, outer = kernel.shape[0] // groups, kernel.shape[1]
    apart = kernel.reshape(groups, inner, outer, *kernel.shape[2:]).swapaxes(1, 2)
    weights["kernel"] = apart.reshape(groups * outer, inner, *kernel.shape[2:])
    return Taken("transposed convolution", geometry, {"groups": groups}, weights, activation)


def gemm(reading: Reading) -> Taken | None:
    """Read Gemm where it multiplies the images' values by a matrix that is constant."""
    kernel = reading.weight(1)
    plain = reading.call.data == (0,) and not reading.number("transA", 0)
    if kernel is None or not plain or reading.space or reading.hidden(2):
        return None
    alpha, beta = (float(reading.number(name, 1.0)) for name in ("alpha", "beta"))
    kernel = kernel if reading.number("transB", 0) else kernel.T
    bias = reading.weight(2)
    if bias is not None:
        if bias.ndim > 1 and bias.shape[0] != 1:
            return None
        bias = np.broadcast_to(bias.reshape(-1) * np.float32(beta), (len(kernel),))
    weights = {"kernel": kernel * np.float32(alpha) if alpha != 1 else kernel, "bias": bias}
    return Taken("dense", Geometry.pointwise(0), {"groups": 1}, weights)


def matmul(reading: Reading) -> Taken | None:
    """Read MatMul by a constant matrix, along the channels."""
    kernel = reading.weight(1)
    last = reading.space == 0 or not reading.given[0].channels_first
    if kernel is None or kernel.ndim != 2 or reading.call.data != (0,) or not last:
        return None
    pointwise = Geometry.pointwise(reading.space)
    wide = kernel.T.reshape(*kernel.T.shape, *pointwise.kernel)
    return Taken("dense", pointwise, {"groups": 1}, {"kernel": wide})
