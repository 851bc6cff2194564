"""What muting each channel costs the class, a piece at a time."""

from __future__ import annotations

from typing import Any

from convscope.analysis.ablation import ablation as ablation_of
from convscope.explorer.arrays import Arrays, finite
from convscope.explorer.failures import NotUnderstood
from convscope.explorer.message import Message
from convscope.explorer.recorded import Recorded

__all__ = ["ablation"]


def ablation(run: Recorded, message: Message, arrays: Arrays) -> dict[str, Any]:
    """Mute channels `start` to `stop`, each by itself, and say what the score loses."""
    one = run.opened.layer(message.layer())
    count = len(run.planes(one))
    start = message.whole("start", 0, count - 1, 0)
    stop = message.whole("stop", 1, count, count)
    if start >= stop:
        raise NotUnderstood("field 'stop' has to be larger than 'start'")
    target = message.target()
    with run.opened.running(run, long=True):
        found = ablation_of(run.network, run.images, one.name, target, channels=range(start, stop))
    return {
        "layer": one.name,
        "start": start,
        "stop": stop,
        "costs": arrays.add(found.values[0]),
        "words": found.attrs["words"][0],
        "score": finite(found.attrs["score"][0]),
    }
