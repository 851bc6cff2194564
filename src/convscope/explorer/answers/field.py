"""How strongly each pixel of the input changes one unit."""

from __future__ import annotations

from typing import Any

from convscope.analysis.effective_field import effective_field
from convscope.errors import SelectionError
from convscope.explorer.arrays import Arrays
from convscope.explorer.message import Message
from convscope.explorer.recorded import Recorded

__all__ = ["field"]


def field(run: Recorded, message: Message, arrays: Arrays) -> dict[str, Any]:
    """Give the effective field of a unit on the input."""
    one = run.opened.layer(message.layer())
    chosen, place = run.unit(one, message)
    network = run.network
    entry = network.inputs[0]
    with run.opened.running(run, long=True):
        _, found = effective_field(network, one, place, [run.batch], entry, chosen)
    if found is None:
        raise SelectionError(
            f"{network.name} gives no gradients with respect to its input {entry.name!r}, and the "
            "effective field is one: look at the box"
        )
    values = found.values
    plane = values.reshape(-1, values.shape[-1]) if values.ndim else values.reshape(1, 1)
    return {
        "layer": one.name,
        "channel": chosen,
        "unit": list(place),
        "effective": arrays.add(plane),
    }
