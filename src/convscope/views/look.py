"""How maps are drawn, and what of an activation can be drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convscope.networks import Layer
from convscope.pictures.scale import Scale

__all__ = ["Look", "drawable"]


@dataclass(frozen=True)
class Look:
    """How maps are drawn: scale, colormap, maps per row, pixels per unit, numbers, order."""

    scale: Scale
    colormap: str | None
    columns: int | None
    zoom: int
    numbers: bool
    sort: str = "index"


def drawable(values: np.ndarray, layer: Layer) -> tuple[np.ndarray, tuple[str, ...]]:
    """Give activations the axes of a mosaic: of unusual ranks, the first counts the tiles."""
    if layer.dims[:1] == ("channel",) and values.ndim == len(layer.dims):
        return values, layer.dims
    if values.ndim < 2:
        return values.reshape(-1), ("channel",)
    return values.reshape(len(values), -1, values.shape[-1]), ("channel", "y", "x")
