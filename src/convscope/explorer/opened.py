"""A network as a session keeps it: with its lock, and what is said of it once."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from convscope.analysis.muting import mute, solo
from convscope.errors import SelectionError, near
from convscope.explorer.failures import Training
from convscope.networks import Batch, Layer, Network
from convscope.networks.selection import named_layer

__all__ = ["Opened"]


class Opened:
    """One network of a session.

    Attributes
    ----------
    network : Network
    place : int
        Its number among the networks of the session.
    lock : threading.RLock
        Held by whoever runs the network.
    """

    def __init__(self, network: Network, place: int) -> None:
        self.network = network
        self.place = place
        self.lock = threading.RLock()
        self.kept: dict[Any, Any] = {}

    @cached_property
    def recorded(self) -> tuple[str, ...]:
        """What a run records: all layers, what each was given, and the scores."""
        network = self.network
        names = dict.fromkeys(network.layers)
        for head in network.heads.values():
            names[head.layer] = None
        for layer in network.layers:
            computation = network.computation(layer)
            names.update(dict.fromkeys(computation.inputs if computation else ()))
        return tuple(names)

    def layer(self, given: str | int) -> Layer:
        """Find a layer by name or index.

        Raises
        ------
        SelectionError
            When there is none.
        """
        layers = self.network.layers
        if isinstance(given, str):
            if given in layers:
                return layers[given]
            raise SelectionError(f"no layer is called {given!r}: {near(given, layers)}")
        if given >= len(layers):
            raise SelectionError(f"there is no layer {given}: they are 0 to {len(layers) - 1}")
        return list(layers.values())[given]

    def check_ready(self) -> None:
        """Refuse to run while the weights are away.

        Raises
        ------
        Training
            While the network trains on a framework that takes the weights out of it.
        """
        if self.network.is_away:
            raise Training(f"{self.network.name} is training: ask again when it is done")

    def silenced(
        self,
        mutes: Mapping[str, Sequence[int]],
        solos: Mapping[str, Sequence[int]],
        to: str,
        batch: Batch,
    ) -> Network:
        """Give the network with silent channels; the network itself where there are none."""
        network = self.network
        images = dict(batch.arrays) if to == "mean" else None
        for layers, silence in ((mutes, mute), (solos, solo)):
            for layer, channels in layers.items():
                named_layer(network.layers, layer)
                network = silence(network, layer, list(channels), to=to, images=images)
        return network
