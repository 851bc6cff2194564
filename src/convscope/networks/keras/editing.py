"""Edits of layers' values inside a pass of a Keras model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from convscope.networks.editing import Place
from convscope.networks.keras.tape import Change

__all__ = ["editing"]


def editing(whole: Any, places: Mapping[str, Place]) -> Change:
    """Change values by the edits of one array, a tensor of the backend."""

    def change(name: str, value: Any) -> Any:
        if name not in places:
            return value
        place = places[name]
        rank = len(value.shape)
        scale, shift = (
            _spread(whole[row, :, place.start : place.stop], rank, place.channels_first)
            for row in (0, 1)
        )
        kind = keras.backend.standardize_dtype(value.dtype)
        return value * keras.ops.cast(scale, kind) + keras.ops.cast(shift, kind)

    return change


def _spread(part: Any, rank: int, first: bool) -> Any:
    """Give (image, channel) the axes of a value."""
    images, channels = part.shape
    ones = (1,) * (rank - 2)
    shape = (images, channels, *ones) if first else (images, *ones, channels)
    return keras.ops.reshape(part, shape)
