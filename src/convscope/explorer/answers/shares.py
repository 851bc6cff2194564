"""What every unit of a map contributed to the score."""

from __future__ import annotations

from typing import Any

import numpy as np

from convscope.analysis.target import Aim, aim
from convscope.explorer.arrays import Arrays
from convscope.explorer.message import Message
from convscope.explorer.recorded import Recorded
from convscope.networks import Layer
from convscope.networks.graph import Graph

__all__ = ["shares"]

# The layers of a network with fewer values are differentiated together: a pass is compiled once for
# all of them, and their gradients take little memory.
_TOGETHER = 400_000


def shares(run: Recorded, message: Message, arrays: Arrays) -> dict[str, Any]:
    """Give activation times gradient of one map; the sum is its share in the books."""
    one = run.opened.layer(message.layer())
    chosen = message.whole("channel", 0, len(run.planes(one)) - 1)
    target = message.target()
    words, products = _products(run, one, target)
    return {
        "layer": one.name,
        "channel": chosen,
        "values": arrays.add(run.of_maps(products, one)[chosen]),
        "words": words,
    }


def _products(run: Recorded, one: Layer, target: Any) -> tuple[str, np.ndarray]:
    """Give which score is meant, and activation times gradient of all units of a layer."""
    together = run.once(("differentiated together", target), lambda: _together(run, target))
    names = together if one.name in together else (one.name,)

    def find() -> Any:
        network, batch = run.network, run.batch
        with run.opened.running(run, long=True):
            aimed = _aimed(run, target)
            head = aimed.head.layer
            return aimed.words[0], network.gradients(batch, head, aimed.seed, names, inputs=False)

    # The page goes through the channels of a layer; all of them come from one backward pass.
    words, found = run.lately(("shares", names, target), find)
    products = found.values[one.name] * found.gradients[one.name]
    return words, products[0] if one.has_image_axis else products


def _together(run: Recorded, target: Any) -> tuple[str, ...]:
    layers = run.network.layers
    if sum(run.values(layer).size for layer in layers.values()) > _TOGETHER:
        return ()
    above = Graph(layers).upstream(_aimed(run, target).head.layer)
    return tuple(name for name in layers if name in above)


def _aimed(run: Recorded, target: Any) -> Aim:
    """Find the score among those that the run recorded; where there are none, be told why."""
    found = run.aim(target)
    return found[0] if found else aim(run.network, run.batch, target)
