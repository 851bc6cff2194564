"""What convolutions and dense layers compute."""

from __future__ import annotations

from convscope.networks.geometry import Geometry
from convscope.networks.torch.kinds import is_transposed
from convscope.networks.torch.reading import Reading, Taken

__all__ = ["addmm", "convolution", "dense"]


def convolution(reading: Reading) -> Taken | None:
    """Read a convolution, transposed ones too."""
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


def dense(reading: Reading) -> Taken | None:
    """Read a dense layer."""
    kernel = reading.weight("weight")
    if kernel is None or reading.space or reading.hidden("weight", "bias"):
        return None
    weights = {"kernel": kernel, "bias": reading.weight("bias")}
    return Taken("dense", Geometry.pointwise(0), {"groups": 1}, weights)


def addmm(reading: Reading) -> Taken | None:
    """Read bias + x kernel, into which exported programs may take a dense layer apart."""
    kernel, bias = reading.weight("mat2"), reading.weight("input")
    plain = reading.number("alpha", 1) == reading.number("beta", 1) == 1
    if kernel is None or bias is None or reading.space or not plain:
        return None
    weights = {"kernel": kernel.T, "bias": bias}
    return Taken("dense", Geometry.pointwise(0), {"groups": 1}, weights)
