"""What normalizations compute."""

from __future__ import annotations

import numpy as np

from convscope.networks.axes import widened
from convscope.networks.torch.reading import Reading, Taken

__all__ = ["batch_norm", "group_norm", "instance_norm", "layer_norm"]


def batch_norm(reading: Reading) -> Taken | None:
    """Read a batch normalization that uses what it learned, not the batch."""
    mean, variance = reading.weight("running_mean"), reading.weight("running_var")
    training = reading.number("training", False)
    if mean is None or variance is None or training:
        return None
    eps = float(reading.number("eps", 1e-5))
    factor = 1.0 / np.sqrt(variance.astype(np.float64) + eps)
    scale, offset = reading.weight("weight"), reading.weight("bias")
    if scale is not None:
        factor = factor * scale
    parts = {
        "centre": mean,
        "factor": factor,
        "offset": np.zeros_like(factor) if offset is None else offset,
    }
    return Taken(
        "affine",
        weights={name: widened(part, (0,), reading.space + 1) for name, part in parts.items()},
    )


def layer_norm(reading: Reading) -> Taken | None:
    """Read a layer normalization."""
    count = len(list(reading.number("normalized_shape", ())))
    rank = reading.space + 1
    if not 0 < count <= rank:
        return None
    return _normalised(reading, tuple(range(rank - count, rank)), tuple(range(rank - count, rank)))


def group_norm(reading: Reading) -> Taken | None:
    """Read a group normalization."""
    axes = tuple(range(reading.space + 1))
    groups = int(reading.number("num_groups", reading.number("group", 1)))
    return _normalised(reading, axes, (0,), groups)


def instance_norm(reading: Reading) -> Taken | None:
    """Read an instance normalization."""
    if not reading.number("use_input_stats", True):
        return batch_norm(reading)
    channels = reading.given[0].shape[0]
    axes = tuple(range(reading.space + 1))
    return None if channels is None else _normalised(reading, axes, (0,), channels)


def _normalised(
    reading: Reading, over: tuple[int, ...], along: tuple[int, ...], groups: int = 1
) -> Taken:
    epsilon = float(reading.number("eps", 1e-5))
    options = {"axes": over, "groups": groups, "epsilon": epsilon, "centred": True}
    weights = {"factor": reading.weight("weight"), "offset": reading.weight("bias")}
    return Taken(
        "normalisation",
        options=options,
        weights={
            name: None if weight is None else widened(weight, along, reading.space + 1)
            for name, weight in weights.items()
        },
    )
