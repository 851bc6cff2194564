"""Convolutions and dense layers: sums of products with a kernel."""

from __future__ import annotations

import re

import numpy as np

from convscope.networks.axes import channels_before, depthwise_kernel
from convscope.networks.geometry import Geometry
from convscope.networks.given import Given
from convscope.networks.keras.readers.reading import Reading, Taken, weight

__all__ = ["convolution", "dense", "depthwise", "einsum_dense", "separable", "transposed"]


def convolution(reading: Reading) -> Taken | None:
    """Read Conv1D, Conv2D and Conv3D."""
    operation, activation = reading.operation, reading.activation()
    if activation is None or getattr(operation, "quantization_mode", None):
        return None
    kernel = channels_before(weight(operation, operation.kernel))
    weights = {"kernel": kernel, "bias": weight(operation, operation.bias)}
    options = {"groups": operation.groups}
    return Taken("convolution", reading.geometry, options, weights, activation)


def transposed(reading: Reading) -> Taken | None:
    """Read the transposed convolutions."""
    operation, activation = reading.operation, reading.activation()
    if activation is None:
        return None
    # Keras's own order is (*space, out, in).
    kernel = np.moveaxis(weight(operation, operation.kernel), (-2, -1), (0, 1))
    weights = {"kernel": kernel, "bias": weight(operation, operation.bias)}
    return Taken("transposed convolution", reading.geometry, {"groups": 1}, weights, activation)


def depthwise(reading: Reading) -> Taken | None:
    """Read the depthwise convolutions: as many groups as channels."""
    operation, activation = reading.operation, reading.activation()
    if activation is None:
        return None
    kernel = depthwise_kernel(weight(operation, operation.kernel))
    weights = {"kernel": kernel, "bias": weight(operation, operation.bias)}
    options = {"groups": reading.given[0].shape[0]}
    return Taken("convolution", reading.geometry, options, weights, activation)


def separable(reading: Reading) -> Taken | None:
    """Read the separable convolutions: a depthwise kernel, then a pointwise one."""
    operation, activation = reading.operation, reading.activation()
    if activation is None:
        return None
    pointwise = weight(operation, operation.pointwise_kernel)
    weights = {
        "kernel": depthwise_kernel(weight(operation, operation.depthwise_kernel)),
        "pointwise": pointwise.reshape(pointwise.shape[-2:]).T,
        "bias": weight(operation, operation.bias),
    }
    options = {"groups": reading.given[0].shape[0]}
    return Taken("separable convolution", reading.geometry, options, weights, activation)


def dense(reading: Reading) -> Taken | None:
    """Read Dense; None where it goes along an axis of space."""
    operation, activation = reading.operation, reading.activation()
    quantized = getattr(operation, "quantization_mode", None)
    if activation is None or quantized or _last_is_space(reading.given[0]):
        return None
    weights = {
        "kernel": channels_before(weight(operation, operation.kernel)),
        "bias": weight(operation, operation.bias),
    }
    pointwise = Geometry.pointwise(reading.space)
    if reading.space:
        weights["kernel"] = weights["kernel"].reshape(*weights["kernel"].shape, *pointwise.kernel)
    return Taken("dense", pointwise, {"groups": 1}, weights, activation)


def einsum_dense(reading: Reading) -> Taken | None:
    """Understand the equations of a dense layer: ``abc,cd->abd``."""
    equation = reading.operation.equation.replace(" ", "")
    plain = re.fullmatch(r"(\w+|\.\.\.)(\w),\2(\w)->\1\3", equation)
    bias = reading.operation.bias
    if not plain or (bias is not None and len(bias.shape) > 1):
        return None
    return dense(reading)


def _last_is_space(given: Given) -> bool:
    return given.channels_first and len(given.dims) > 1
