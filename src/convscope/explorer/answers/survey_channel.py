"""What a survey says of one channel."""

from __future__ import annotations

from typing import Any

import numpy as np

from convscope.explorer.arrays import Arrays, finite
from convscope.explorer.failures import NotUnderstood
from convscope.explorer.message import Message
from convscope.explorer.opened import Opened
from convscope.explorer.surveyed import Surveyed
from convscope.surveys.findings import WORDS, alike_to, areas_of, dprime

__all__ = ["channel_of", "leaders", "survey_channel"]

_FIGURES = ("mean", "variance", "minimum", "maximum", "positive")
_ALIKE = 6


def survey_channel(
    opened: Opened, surveyed: Surveyed, message: Message, arrays: Arrays
) -> dict[str, Any]:
    """Give a channel's figures, histogram, classes and leading images."""
    name, channel = channel_of(opened, surveyed, message)
    found = surveyed.layer(name).isel(channel=channel)
    columns = surveyed.survey.columns[name]
    return {
        "layer": name,
        "channel": channel,
        "word": WORDS[int(surveyed.codes[columns.start + channel])],
        "images": surveyed.survey.images,
        "fired": int(found["fired"]),
        "figures": {one: finite(found[one]) for one in _FIGURES},
        "histogram": _histogram(found, arrays),
        "classes": _classes(surveyed, name, channel, arrays),
        "leaders": leaders(surveyed, name, channel),
        "alike": [
            {"channel": other, "correlation": correlation}
            for other, correlation in alike_to(surveyed.survey, name, channel)[:_ALIKE]
        ],
    }


def channel_of(opened: Opened, surveyed: Surveyed, message: Message) -> tuple[str, int]:
    """Read which channel a message means."""
    name = opened.layer(message.layer()).name
    count = surveyed.layer(name).sizes["channel"]
    channel = message.whole("channel", 0, 2**31 - 1)
    if channel >= count:
        raise NotUnderstood(f"field 'channel' has to be below {count}")
    return name, channel


def leaders(surveyed: Surveyed, name: str, channel: int) -> list[dict[str, Any]]:
    """Give the images that excite a channel most, best first."""
    dataset = surveyed.layer(name).isel(channel=channel)
    classes = surveyed.survey.classes
    rows = []
    for rank in range(dataset.sizes["rank"]):
        found = dataset.isel(rank=rank)
        place = int(found["top_image"])
        if place < 0:
            break
        label = int(found["top_label"]) if "top_label" in found else -1
        rows.append(
            {
                "image": place,
                "value": finite(found["top_value"]),
                "label": label if label >= 0 else None,
                "class_name": classes[label] if label >= 0 else "",
                "unit": _unit(found),
                "crop": _crop(found),
            }
        )
    return rows


def _unit(found: Any) -> list[int] | None:
    """Give the place of the peak as the page counts: y and x."""
    if "axis" not in found.coords:
        return None
    place = found["top_position"].to_numpy().tolist()
    if not place or min(place) < 0 or len(place) > 2:
        return None
    return [0, *place][-2:]


def _crop(found: Any) -> list[list[int]] | None:
    if "top_crop" not in found:
        return None
    crop: list[list[int]] = found["top_crop"].to_numpy().tolist()
    return crop if len(crop) == 2 and min(min(crop)) >= 0 else None


def _histogram(found: Any, arrays: Arrays) -> dict[str, Any]:
    """Give the bins of the images' maxima, from the first that holds one to the last."""
    counts = found["histogram"].to_numpy()
    filled = np.flatnonzero(counts)
    own = slice(filled[0], filled[-1] + 1) if len(filled) else slice(0, 0)
    return {
        "low": arrays.add(found["low"].to_numpy()[own]),
        "high": arrays.add(found["high"].to_numpy()[own]),
        "counts": arrays.add(counts[own], "int32"),
    }


def _classes(surveyed: Surveyed, name: str, channel: int, arrays: Arrays) -> dict[str, Any] | None:
    """Give the mean of each class, and how far its images' means lie from it."""
    survey = surveyed.survey
    if not survey.has_classes:
        return None
    found = surveyed.layer(name).isel(channel=channel)
    reply: dict[str, Any] = {
        "images": arrays.add(found["class_images"].to_numpy(), "int32"),
        "fired": arrays.add(found["class_fired"].to_numpy(), "int32"),
        "mean": arrays.add(found["class_image_mean"].to_numpy()),
        "deviation": arrays.add(np.sqrt(found["class_image_variance"].to_numpy())),
        "dprime": None,
        "area": None,
    }
    if len(survey.classes) > 1:
        values = surveyed.once(("dprime", name), lambda: dprime(survey, survey.columns[name]))
        reply["dprime"] = arrays.add(values[channel])
    if name in survey.plan.per_class:
        area = surveyed.once(("area", name), lambda: areas_of(survey, name))
        reply["area"] = arrays.add(area[channel])
    return reply
