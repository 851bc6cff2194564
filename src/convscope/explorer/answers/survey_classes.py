"""Two classes against each other, over all images of a survey."""

from __future__ import annotations

from typing import Any

import numpy as np

from convscope.errors import SelectionError
from convscope.explorer.answers.survey_channel import channel_of
from convscope.explorer.arrays import Arrays
from convscope.explorer.message import Message
from convscope.explorer.opened import Opened
from convscope.explorer.surveyed import Surveyed

__all__ = ["survey_classes"]


def survey_classes(
    opened: Opened, surveyed: Surveyed, message: Message, arrays: Arrays
) -> dict[str, Any]:
    """Give the mean map of a channel for two classes.

    Without a channel, the mean of every channel of the layer for both.
    """
    survey = surveyed.survey
    if not survey.has_classes:
        raise SelectionError(f"{survey.dataset} has no labels, so that there are no classes")
    first, second = message.wholes("classes", 2, 0, len(survey.classes) - 1)
    layer = opened.layer(message.layer())
    name, channel = layer.name, None
    if message.has("channel"):
        name, channel = channel_of(opened, surveyed, message)
    found = surveyed.layer(name)
    for one in (first, second):
        if not int(found["class_images"][one]):
            raise SelectionError(f"no image of {survey.classes[one]} was surveyed: choose another")
    if channel is None:
        both = found["class_mean"].to_numpy().T[[first, second]][:, None, :]
    elif "class_map" not in found:
        raise SelectionError(
            f"mean maps of the classes were not kept of {name}: survey again with --per-class "
            f"{name}, into another store"
        )
    else:
        maps = found["class_map"][channel].to_numpy()[[first, second]]
        both = maps.reshape(2, -1, maps.shape[-1] if maps.ndim > 1 else 1)
    images = found["class_images"].to_numpy()
    return {
        "layer": name,
        "channel": channel,
        "classes": [first, second],
        "images": [int(images[first]), int(images[second])],
        "a": arrays.add(np.ascontiguousarray(both[0])),
        "b": arrays.add(np.ascontiguousarray(both[1])),
    }
