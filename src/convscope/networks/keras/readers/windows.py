"""Layers with a window and no weights."""

from __future__ import annotations

import keras

from convscope.networks.keras.readers.reading import Reading, Taken

__all__ = ["framing", "pooling", "upsampling"]


def pooling(reading: Reading) -> Taken | None:
    """Read maximum and average pooling, over a window or the whole map."""
    classes = type(reading.operation).__mro__
    word = "maximum" if any("Max" in cls.__name__ for cls in classes) else "average"
    padded = getattr(reading.operation, "padding", "valid") == "same"
    if word == "average" and padded and keras.backend.backend() == "torch":
        # On torch, Keras averages over copies of the border where it pads unevenly.
        return None
    return Taken(f"{word} pooling", reading.geometry)


def framing(reading: Reading) -> Taken | None:
    """Read zero padding and cropping."""
    return None if reading.geometry is None else Taken("padding", reading.geometry)


def upsampling(reading: Reading) -> Taken | None:
    """Read UpSampling where it repeats or interpolates linearly."""
    interpolation = getattr(reading.operation, "interpolation", "nearest")
    if interpolation not in {"nearest", "bilinear"} or reading.geometry is None:
        return None
    return Taken("upsampling", reading.geometry, {"interpolation": interpolation})
