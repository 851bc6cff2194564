"""One map, exactly."""

from __future__ import annotations

from typing import Any

from convscope.explorer.arrays import Arrays
from convscope.explorer.message import Message
from convscope.explorer.planes import depth_words, space_of
from convscope.explorer.recorded import Recorded

__all__ = ["channel"]


def channel(run: Recorded, message: Message, arrays: Arrays) -> dict[str, Any]:
    """Give the values of one map."""
    one = run.opened.layer(message.layer())
    maps = run.planes(one)
    chosen = message.whole("channel", 0, len(maps) - 1)
    space = space_of(run.values(one), one)
    return {
        "layer": one.name,
        "channel": chosen,
        "values": arrays.add(maps[chosen]),
        "space": list(space),
        "depth": depth_words(run.depth, space),
    }
