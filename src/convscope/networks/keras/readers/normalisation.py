"""Normalisation by statistics of the image itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from convscope.networks.axes import widened
from convscope.networks.keras.execution import float32
from convscope.networks.keras.readers.reading import Reading, Taken

__all__ = ["group_normalisation", "layer_normalisation"]

layers = keras.layers


def layer_normalisation(reading: Reading) -> Taken | None:
    """Read LayerNormalization and RMSNormalization."""
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


def group_normalisation(reading: Reading) -> Taken | None:
    """Read GroupNormalization."""
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
    reading: Reading,
    over: tuple[int, ...],
    weights: Mapping[str, Any],
    along: tuple[int, ...],
    *,
    groups: int = 1,
    centred: bool = True,
) -> Taken:
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
    return Taken("normalisation", options=options, weights=placed)
