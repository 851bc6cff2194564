"""Where in the image the score comes from."""

from __future__ import annotations

from typing import Any

from convscope.analysis.attribution import heatmap as heatmap_of
from convscope.explorer.arrays import Arrays, finite
from convscope.explorer.message import Message
from convscope.explorer.recorded import Recorded

__all__ = ["heatmap"]


def heatmap(run: Recorded, message: Message, arrays: Arrays) -> dict[str, Any]:
    """Give a heat map by one of the methods, at the size of the network's input."""
    method = message.text("method")
    layer = run.opened.layer(message.layer()).name if message.has("layer") else None
    target = message.target()

    def find() -> Any:
        with run.opened.running(run, long=True):
            return heatmap_of(run.network, run.images, target, method, layer)

    found = run.once(("heatmap", method, layer, target), find)
    values = found.upsampled.values[0]
    return {
        "map": arrays.add(values),
        "layer": found.layer,
        "method": found.method,
        "words": found.words[0],
        "score": None if found.scores is None else finite(found.scores[0]),
        "gap": None if found.gaps is None else finite(found.gaps[0]),
        "reference": found.reference,
        "signed": found.signed,
        "low": finite(values.min()),
        "high": finite(values.max()),
    }
