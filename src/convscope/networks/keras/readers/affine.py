"""What multiplies every value by a number and adds another."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from convscope.networks.axes import placed, widened
from convscope.networks.keras.execution import float32
from convscope.networks.keras.readers.reading import Reading, Taken

__all__ = ["affine", "batch_normalisation", "normalization", "rescaling"]


def batch_normalisation(reading: Reading) -> Taken | None:
    """Read BatchNormalization as it is in inference, with the moving statistics."""
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
    return Taken(
        "affine",
        weights={
            name: widened(weight, (axis,), reading.space + 1) for name, weight in weights.items()
        },
    )


def rescaling(reading: Reading) -> Taken | None:
    """Read Rescaling."""
    scale, offset = np.asarray(reading.operation.scale), np.asarray(reading.operation.offset)
    if keras.config.image_data_format() == "channels_first" and scale.ndim:
        return None
    return affine(reading, factor=scale, offset=offset)


def normalization(reading: Reading) -> Taken | None:
    """Read Normalization, whose statistics were adapted to the data."""
    operation = reading.operation
    mean = np.asarray(float32(operation.mean), np.float64)
    deviation = np.maximum(
        np.sqrt(np.asarray(float32(operation.variance), np.float64)), keras.config.epsilon()
    )
    if operation.invert:
        return affine(reading, factor=deviation, offset=mean)
    return affine(reading, centre=mean, factor=1.0 / deviation)


def affine(
    reading: Reading, centre: Any = 0.0, factor: Any = 1.0, offset: Any = 0.0
) -> Taken | None:
    """Read (x - centre) factor + offset, of what broadcasts against the framework's array."""
    parts = {"centre": centre, "factor": factor, "offset": offset}
    weights = {name: placed(part, reading.given[0]) for name, part in parts.items()}
    if any(weight is None for weight in weights.values()):
        return None
    return Taken("affine", weights=weights)
