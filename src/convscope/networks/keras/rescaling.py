"""Which pixels a Keras model expects, read off the layers that come before its weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from convscope.networks.keras.kinds import kind_of
from convscope.networks.keras.tape import Call

__all__ = ["input_is_plane", "pixel_range"]

_BEFORE_WEIGHTS = {"preprocessing", "padding", "cropping", "reshape", "dropout", "composite"}


def pixel_range(calls: Sequence[Call]) -> tuple[float, float, str] | None:
    """Tell which pixel values the first rescaling layer of a model is made for.

    Parameters
    ----------
    calls : sequence of Call
        The model's layer calls in execution order.

    Returns
    -------
    tuple of (float, float, str) or None
        Lowest and highest pixel value and the words that say why; None when no ``Rescaling`` or
        ``Normalization`` layer comes before the first layer with a kernel.
    """
    for call in calls:
        operation = call.operation
        if isinstance(operation, keras.layers.Rescaling):
            return _of_spread(
                np.asarray(operation.scale), f"{call.name} inside the network rescales"
            )
        if isinstance(operation, keras.layers.Normalization):
            spread = _normalized(operation)
            return _of_spread(spread, f"{call.name} inside the network normalizes")
        if kind_of(operation) not in _BEFORE_WEIGHTS:
            return None
    return None


def input_is_plane(calls: Sequence[Call]) -> bool:
    """Tell whether an input of two axes is a picture ``(y, x)`` that the model gives a channel.

    It is when a reshaping layer comes before any that would read it as positions and channels.
    """
    for call in calls:
        kind = kind_of(call.operation)
        if kind == "reshape":
            return True
        if kind not in _BEFORE_WEIGHTS:
            return False
    return False


def _of_spread(scale: np.ndarray, reason: str) -> tuple[float, float, str]:
    """Choose between 0..255 and 0..1: the one that the layer brings to the order of one."""
    high = 255.0 if float(np.max(np.abs(scale))) * 255.0 <= 25.0 else 1.0
    return 0.0, high, reason


def _normalized(operation: Any) -> np.ndarray:
    variance = np.asarray(keras.ops.convert_to_numpy(operation.variance), np.float64)
    return np.asarray(1.0 / np.sqrt(np.maximum(variance, keras.config.epsilon())))
