"""What a survey says of a network as a whole."""

from __future__ import annotations

from typing import Any

from convscope.explorer.arrays import Arrays, finite
from convscope.explorer.surveyed import Surveyed
from convscope.surveys.findings import WORDS

__all__ = ["survey"]


def survey(surveyed: Surveyed, arrays: Arrays) -> dict[str, Any]:
    """Say what was surveyed, and on how many images every channel fired."""
    found = surveyed.survey
    fired = surveyed.once("fired", lambda: found.read("fired"))
    return {
        "path": found.path,
        "dataset": found.dataset,
        "images": found.images,
        "planned": found.plan.images,
        "finished": found.is_finished,
        "skipped": len(found.skipped),
        "accuracy": None if found.accuracy is None else finite(found.accuracy),
        "classes": list(found.classes) if found.has_classes else [],
        "truth": None if found.plan.truth is None else list(found.plan.truth),
        "ranking": found.plan.ranking,
        "among": found.plan.among,
        "layers": [
            {"name": name, "channels": own.stop - own.start, "maps": name in found.plan.per_class}
            for name, own in found.columns.items()
        ],
        "words": list(WORDS),
        "codes": arrays.add(surveyed.codes, "uint8"),
        "fired": arrays.add(fired, "int32"),
    }
