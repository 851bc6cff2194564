"""How large a store becomes, told before the pass."""

from __future__ import annotations

import numpy as np

from convscope.networks import Network
from convscope.surveys.grid import BINS
from convscope.surveys.plan import Plan, outputs_of, profiled
from convscope.surveys.shapes import layers_of

__all__ = ["size_of"]

# Of `statistics`: four of 8 bytes in float64, three counts, two ends in float32.
_FIGURES = 4 * 8 + 3 * 8 + 2 * 4
_LEADER = 8 + 4 + 4 + 4 + 2 * 2 * 4


def size_of(network: Network, plan: Plan, channels: int) -> int:
    """Give the size of a finished store in bytes, before compression."""
    layers = layers_of(network, plan)
    detailed = [layer for layer in layers if layer.name in plan.per_class]
    own = sum(layer.channels or 0 for layer in detailed)
    maps = sum(int(np.prod([size or 1 for size in layer.shape])) for layer in detailed)
    classes, histogram = len(plan.classes), 2 * 4 * BINS
    each = (
        (1 + classes) * _FIGURES
        + histogram
        + plan.k * _LEADER
        + 4 * len(profiled(plan.images, channels))
    )
    kept = 8 * (classes * (1 + max(2, outputs_of(network))) + len(profiled(plan.images, channels)))
    return channels * each + classes * (own * histogram + 4 * maps) + kept
