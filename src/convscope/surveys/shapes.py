"""The layers of a survey, with the sizes that their maps have."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from convscope.networks import Batch, Layer, Network
from convscope.networks.selection import named_layer
from convscope.surveys.plan import Plan

__all__ = ["blank", "layers_of"]


def blank(network: Network) -> list[Batch]:
    """Give one black image of the size that images are brought to; none where they keep theirs."""
    preparation = network.preparation
    if preparation is None or preparation.size is None:
        return []
    return network.batches([np.zeros((*preparation.size, preparation.channels), np.uint8)])


def layers_of(network: Network, plan: Plan) -> list[Layer]:
    """Give the layers of a plan.

    A network that takes any size, for images that are brought to one, is run once to see how large
    its maps are then.
    """
    layers = [named_layer(network.layers, name) for name in plan.layers]
    unknown = [layer.name for layer in layers if None in layer.shape]
    batches = blank(network) if unknown else []
    if not batches:
        return layers
    values = network.run(batches[0], unknown, outputs=False).values
    return [
        replace(layer, shape=values[layer.name].shape[1:]) if layer.name in values else layer
        for layer in layers
    ]
