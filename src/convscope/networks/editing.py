"""Edits of layers' values as one array, so that any of them runs through one pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from convscope.errors import SelectionError
from convscope.networks.edit import Edit
from convscope.networks.layer import Layer
from convscope.networks.selection import LINEAR

__all__ = ["Place", "layout", "packed"]


@dataclass(frozen=True)
class Place:
    """Where the channels of a layer lie among those of all editable layers.

    Attributes
    ----------
    start, stop : int
    channels_first : bool
        Whether the framework's value has them before space.
    """

    start: int
    stop: int
    channels_first: bool


def layout(layers: Mapping[str, Layer]) -> dict[str, Place]:
    """Give every layer and linear part with channels its place."""
    places: dict[str, Place] = {}
    start = 0
    for layer in layers.values():
        if layer.channels is None or not layer.has_image_axis:
            continue
        for name in [layer.name, *[layer.name + LINEAR] * layer.has_linear]:
            places[name] = Place(start, start + layer.channels, layer.channels_first)
            start += layer.channels
    return places


def packed(edits: Mapping[str, Edit], places: Mapping[str, Place], images: int) -> np.ndarray:
    """Write edits into one array.

    Returns
    -------
    numpy.ndarray
        ``(scale and shift, image, channel of all layers)``, float32; a scale of 1 and a shift of 0
        where nothing is changed.

    Raises
    ------
    SelectionError
        For a layer without channels, or edits that do not fit.
    """
    whole = np.zeros((2, images, max((place.stop for place in places.values()), default=0)), "f4")
    whole[0] = 1
    for name, edit in edits.items():
        if name not in places:
            raise SelectionError(f"layer {name!r} has no channels that could be changed")
        place = places[name]
        for part, row in ((edit.scale, 0), (edit.shift, 1)):
            fits = part.ndim == 2 and part.shape[0] in (1, images)
            if not fits or part.shape[1] != place.stop - place.start:
                raise SelectionError(
                    f"an edit of {name!r} has shape {part.shape}: give (image, channel), here "
                    f"({images} or 1, {place.stop - place.start})"
                )
            whole[row, :, place.start : place.stop] = part
    return whole
