"""The images that excite a channel most, small, and what its peaks see of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from convscope.errors import ConvscopeError
from convscope.explorer.answers.survey_channel import channel_of, leaders
from convscope.explorer.arrays import Arrays
from convscope.explorer.message import Message
from convscope.explorer.opened import Opened
from convscope.explorer.sources import reduced, source_of
from convscope.explorer.surveyed import Surveyed
from convscope.views.input_picture import seen

__all__ = ["survey_pictures"]


def survey_pictures(
    opened: Opened, surveyed: Surveyed, message: Message, arrays: Arrays
) -> dict[str, Any]:
    """Give the leading images of a channel as the network sees them, and the crops of their peaks.

    Where the dataset is not where it was, there are none, and `missing` says why.
    """
    name, channel = channel_of(opened, surveyed, message)
    pictures: list[dict[str, Any]] = []
    missing = ""
    for rank, leader in enumerate(leaders(surveyed, name, channel)):
        try:
            image, pixels = _seen(opened, surveyed, leader["image"], leader["label"])
        except ConvscopeError as error:
            missing = str(error)
            break
        if pixels is None:
            missing = f"{opened.network.name} takes no pictures"
            break
        pictures.append(
            {
                "rank": rank,
                "name": image,
                "size": list(pixels.shape[:2]),
                "whole": arrays.add(reduced(pixels), "uint8"),
                "crop": _cropped(pixels, leader["crop"], arrays),
            }
        )
    return {"layer": name, "channel": channel, "pictures": pictures, "missing": missing}


def _seen(
    opened: Opened, surveyed: Surveyed, place: int, label: int | None
) -> tuple[str, np.ndarray | None]:
    """Read an image and prepare it: its name, and what the network sees."""
    image = surveyed.image(place, label)
    network = opened.network
    return image.name, seen(network, source_of(image).batch(network), 0)


def _cropped(
    pixels: np.ndarray, crop: list[list[int]] | None, arrays: Arrays
) -> dict[str, Any] | None:
    if crop is None:
        return None
    (top, bottom), (left, right) = crop
    return arrays.add(reduced(pixels[top:bottom, left:right]), "uint8")
