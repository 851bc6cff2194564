"""What a survey says of the channels of a layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from convscope.explorer.arrays import Arrays
from convscope.explorer.message import Message
from convscope.explorer.opened import Opened
from convscope.explorer.surveyed import Surveyed
from convscope.surveys.findings import areas_of, best_classes, dprime

__all__ = ["survey_layer"]


def survey_layer(
    opened: Opened, surveyed: Surveyed, message: Message, arrays: Arrays
) -> dict[str, Any]:
    """Give, of every channel, the class that it tells from all others, and how well."""
    name = opened.layer(message.layer()).name
    surveyed.layer(name)
    reply: dict[str, Any] = {"layer": name, "class": None, "dprime": None, "area": None}
    found = surveyed.survey
    if len(found.classes) < 2:
        return reply
    values = surveyed.once(("dprime", name), lambda: dprime(found, found.columns[name]))
    best = best_classes(values)
    rows = np.arange(len(values))
    reply["class"] = arrays.add(best, "int32")
    reply["dprime"] = arrays.add(values[rows, best])
    if name in found.plan.per_class:
        area = surveyed.once(("area", name), lambda: areas_of(found, name))
        reply["area"] = arrays.add(area[rows, best])
    return reply
