"""What multiplies every value by a number and adds another, and normalisation."""

from __future__ import annotations

from typing import Any

import numpy as np

from convscope.networks.axes import placed, widened
from convscope.networks.onnx.readers.reading import Reading, Taken

__all__ = [
    "affine", "batch_normalisation", "dequantised", "group_normalisation",
    "instance_normalisation", "layer_normalisation",
]  # fmt: skip


def affine(
    reading: Reading, centre: Any = 0.0, factor: Any = 1.0, offset: Any = 0.0
) -> Taken | None:
    """Read (x - centre) factor + offset, of what broadcasts against the graph's value."""
    parts = {"centre": centre, "factor": factor, "offset": offset}
    weights = {name: placed(part, reading.given[0]) for name, part in parts.items()}
    if any(weight is None for weight in weights.values()):
        return None
    return Taken("affine", weights=weights)


def batch_normalisation(reading: Reading) -> Taken | None:
    """Read BatchNormalization as it is in inference, with the statistics of training."""
    scale, offset, mean, variance = (reading.weight(place) for place in (1, 2, 3, 4))
    odd = reading.number("training_mode", 0) or not reading.number("spatial", 1)
    if scale is None or offset is None or mean is None or variance is None or odd:
        return None
    epsilon = float(reading.number("epsilon", 1e-5))
    factor = scale / np.sqrt(variance.astype(np.float64) + epsilon)
    parts = {"centre": mean, "factor": factor, "offset": offset}
    rank = reading.space + 1
    return Taken("affine", weights={name: widened(part, (0,), rank) for name, part in
                                    parts.items()})  # fmt: skip


def dequantised(reading: Reading) -> Taken | None:
    """Read DequantizeLinear: (x - zero point) scale, for all or along one axis."""
    scale, zero = reading.weight(1), reading.weight(2)
    if scale is None or reading.hidden(2) or reading.number("block_size", 0):
        return None
    parts = [np.zeros_like(scale) if zero is None else zero, scale]
    if scale.ndim == 1 and scale.size > 1:
        rank = reading.space + 2
        shape = [1] * rank
        shape[int(reading.number("axis", 1)) % rank] = -1
        parts = [part.reshape(shape) for part in parts]
    else:
        parts = [part.reshape(()) for part in parts]
    return affine(reading, centre=parts[0], factor=parts[1])


def instance_normalisation(reading: Reading) -> Taken | None:
    """Read InstanceNormalization."""
    channels = reading.given[0].shape[0]
    if channels is None:
        return None
    return _normalised(reading, tuple(range(reading.space + 1)), (0,), channels)


def group_normalisation(reading: Reading) -> Taken | None:
    """Read GroupNormalization, whose weights were one a group before opset 21."""
    groups, channels = int(reading.number("num_groups", 0)), reading.given[0].shape[0]
    if groups < 1 or channels is None or channels % groups:
        return None
    return _normalised(reading, tuple(range(reading.space + 1)), (0,), groups)


def layer_normalisation(reading: Reading) -> Taken | None:
    """Read LayerNormalization and RMSNormalization."""
    rank = reading.space + 2
    first = int(reading.number("axis", -1)) % rank
    axes = [reading.axis(axis) for axis in range(first, rank)]
    if None in axes or reading.call.function not in {"LayerNormalization", "RMSNormalization"}:
        return None
    over = tuple(axis for axis in axes if axis is not None)
    return _normalised(reading, over, over)


def _normalised(
    reading: Reading, over: tuple[int, ...], along: tuple[int, ...], groups: int = 1
) -> Taken | None:
    options = {
        "axes": tuple(sorted(over)),
        "groups": groups,
        "epsilon": float(reading.number("epsilon", 1e-5)),
        "centred": reading.call.function != "RMSNormalization",
    }
    if reading.hidden(1, 2):
        return None
    weights: dict[str, np.ndarray | None] = {}
    for name, place in (("factor", 1), ("offset", 2)):
        weight = reading.weight(place)
        if weight is not None and along == (0,):
            weight = weight.reshape(-1)
            if weight.size == groups:
                weight = np.repeat(weight, (reading.given[0].shape[0] or groups) // groups)
        if weight is not None and weight.ndim != len(along):
            return None
        weights[name] = None if weight is None else widened(weight, along, reading.space + 1)
    return Taken("normalisation", options=options, weights=weights)
