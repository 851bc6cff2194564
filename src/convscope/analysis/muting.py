"""Mute or solo channels of a network."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from convscope.analysis.units import channels_of
from convscope.arguments import is_whole, told
from convscope.errors import SelectionError
from convscope.inputs.preparation import Preparation
from convscope.networks import (
    Batch,
    Computation,
    Edit,
    Gradients,
    Head,
    Input,
    Layer,
    Network,
    Run,
    Sums,
    network_given,
)
from convscope.networks.selection import named_layer

__all__ = [
    "MUTED",
    "Channels",
    "MutedNetwork",
    "mute",
    "muted_channels",
    "solo",
]

MUTED = "muted"

Channels = int | slice | float | str | Sequence[int]
"""One channel, several, a slice, a share (0.25: the quarter that is strongest), or these as text:
``3``, ``3,5,8-12``, ``25%``."""


class MutedNetwork(Network):
    """A network of which some channels are silent.

    The model is not changed: the values are, on their way through it.

    Attributes
    ----------
    whole : Network
        The network as it is.
    muted : mapping of str to tuple of int
        The silent channels of each layer.
    """

    def __init__(
        self, whole: Network, edits: Mapping[str, Edit], muted: Mapping[str, tuple[int, ...]]
    ) -> None:
        self.whole = whole
        self.muted = muted
        self._edits = edits
        self.name, self.source, self.labels = whole.name, whole.source, whole.labels

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The network's inputs, in order."""
        return self.whole.inputs

    @property
    def layers(self) -> Mapping[str, Layer]:
        """All layers by name, in execution order."""
        return self.whole.layers

    @property
    def parameters(self) -> tuple[int, int]:
        """Number of weights, and how many of them training changes."""
        return self.whole.parameters

    @property
    def preparation(self) -> Preparation | None:
        """What is done to images before the network sees them."""
        return self.whole.preparation

    @property
    def heads(self) -> Mapping[str, Head]:
        """Where the scores of each output are, by the outputs' names."""
        return self.whole.heads

    @property
    def differentiable(self) -> bool:
        """Whether gradients can be asked for."""
        return self.whole.differentiable

    @property
    def moment(self) -> object | None:
        """A token of the weights of the network as it is."""
        return self.whole.moment

    def weights(self) -> Iterator[tuple[str, np.ndarray]]:
        """Give all weights, and what is done to the values of the layers with silent channels."""
        yield from self.whole.weights()
        for name, edit in sorted(self._edits.items()):
            yield f"{name} scale", edit.scale
            yield f"{name} shift", edit.shift

    def computation(self, layer: str) -> Computation | None:
        """Say what a layer computes, where nothing of it is muted."""
        return None if layer in self.muted else self.whole.computation(layer)

    def batches(self, images: Any) -> list[Batch]:
        """Prepare images as the network wants them."""
        return self.whole.batches(images)

    def run(
        self,
        batch: Batch,
        layers: Sequence[str],
        *,
        outputs: bool = True,
        edits: Mapping[str, Edit] | None = None,
    ) -> Run:
        """Run the network with its silent channels, and further edits after those."""
        return self.whole.run(batch, layers, outputs=outputs, edits=self._with(edits))

    def gradients(
        self,
        batch: Batch,
        head: str | Head,
        seed: np.ndarray | None,
        layers: Sequence[str],
        *,
        inputs: bool = True,
        edits: Mapping[str, Edit] | None = None,
    ) -> Gradients:
        """Differentiate a score of the network with its silent channels."""
        return self.whole.gradients(
            batch, head, seed, layers, inputs=inputs, edits=self._with(edits)
        )

    def sums(
        self,
        batch: Batch,
        head: Head,
        seed: np.ndarray | None,
        products: Sequence[str],
        slopes: Sequence[str] = (),
        *,
        edits: Mapping[str, Edit] | None = None,
    ) -> Sums:
        """Differentiate a score of the network with its silent channels, summed over maps."""
        return self.whole.sums(batch, head, seed, products, slopes, edits=self._with(edits))

    def _with(self, edits: Mapping[str, Edit] | None) -> dict[str, Edit]:
        both = {**self._edits, **(edits or {})}
        for name in set(self._edits) & set(edits or {}):
            both[name] = self._edits[name].then(both[name])
        return both


def mute(
    network: Network, layer: str, channels: Channels, *, to: str = "zero", images: Any = None
) -> MutedNetwork:
    """Silence channels of a layer: everything after it is computed without them.

    Parameters
    ----------
    network : Network
        May have muted channels already.
    layer : str
        A layer with channels, or a linear part.
    channels : int, slice, sequence of int, float or str
        Which; a share such as 0.25 means the quarter of the channels with the largest mean absolute
        value over `images`.
    to : {"zero", "mean"}
        What the maps become: zero, or everywhere their mean over `images`, which removes the
        pattern and keeps the level.
    images : optional
        As for `Network.activations`; needed for a share and for the mean.

    Returns
    -------
    MutedNetwork
        To be used like any network: `activations`, `predict`, `maps`, `compare`.

    Raises
    ------
    SelectionError
        For a layer or channel that does not exist, or where `images` are needed.
    """
    return _silenced(network, layer, channels, to, images, keep=False)


def solo(
    network: Network, layer: str, channels: Channels, *, to: str = "zero", images: Any = None
) -> MutedNetwork:
    """Silence all channels of a layer but these.

    Parameters, result and errors are those of `mute`.
    """
    return _silenced(network, layer, channels, to, images, keep=True)


def muted_channels(network: Network, layer: str) -> tuple[int, ...]:
    """Give the channels of a layer that are silent; none in a network as it is."""
    return network.muted.get(layer, ()) if isinstance(network, MutedNetwork) else ()


def _silenced(
    network: Network, layer: str, channels: Channels, to: str, images: Any, *, keep: bool
) -> MutedNetwork:
    network_given(network)
    if not isinstance(to, str) or to not in {"zero", "mean"}:
        raise SelectionError(f"channels cannot be muted to {told(to)}: give zero or mean")
    entry = named_layer(network.layers, layer)
    count = entry.channels
    if count is None or not entry.has_image_axis:
        raise SelectionError(
            f"layer {layer!r} has no channels to mute: its axes are {', '.join(entry.dims)}"
        )
    given = _read(channels) if isinstance(channels, str) else channels
    share = isinstance(given, float)
    if (share or to == "mean") and images is None:
        need = "a share of the channels" if share else "their mean"
        raise SelectionError(f"{need} is taken over images: give images")
    level = np.zeros(count, np.float32)
    strength = np.zeros(count, np.float32)
    if share or to == "mean":
        values = [
            np.moveaxis(network.run(batch, [layer], outputs=False).values[layer], 1, 0)
            for batch in network.batches(images)
        ]
        flat = np.concatenate([value.reshape(count, -1) for value in values], axis=1)
        level, strength = flat.mean(axis=1), np.abs(flat).mean(axis=1)
    chosen = (
        _strongest(strength, float(given))
        if isinstance(given, float)
        else _indices(entry, given, count)
    )
    silent = np.zeros(count, bool)
    silent[list(chosen)] = True
    silent ^= keep
    edit = Edit(
        np.where(silent, 0, 1).astype(np.float32)[None],
        np.where(silent, level if to == "mean" else 0, 0).astype(np.float32)[None],
    )
    whole, edits, muted = network, {layer: edit}, {layer: tuple(np.flatnonzero(silent).tolist())}
    if isinstance(network, MutedNetwork):
        whole = network.whole
        before = network._edits.get(layer)
        edits = {**network._edits, layer: edit if before is None else before.then(edit)}
        both = {*network.muted.get(layer, ()), *muted[layer]}
        muted = {**network.muted, layer: tuple(sorted(both))}
    return MutedNetwork(whole, edits, muted)


def _read(text: str) -> float | list[int]:
    """Read channels as a person types them: ``3``, ``3,5,8-12``, ``25%``."""
    if found := re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*%\s*", text):
        return float(found[1]) / 100
    chosen: list[int] = []
    for part in text.split(","):
        found = re.fullmatch(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?", part)
        if found is None:
            raise SelectionError(
                f"{text!r} names no channels: give indices and ranges, such as 3,5,8-12, or a "
                "share such as 25%"
            )
        first = int(found[1])
        chosen += range(first, int(found[2] or first) + 1)
    return chosen


def _indices(layer: Layer, given: int | slice | Sequence[int], count: int) -> tuple[int, ...]:
    if isinstance(given, slice):
        ends = (given.start, given.stop, given.step)
        if given.step == 0 or not all(end is None or is_whole(end) for end in ends):
            raise SelectionError(f"channels {given}: give a slice of whole numbers")
        return channels_of(layer, count, range(count)[given])
    return channels_of(layer, count, [given] if is_whole(given) else given)  # type: ignore[list-item, arg-type]


def _strongest(strength: np.ndarray, share: float) -> list[int]:
    if not 0 < share < 1:
        raise SelectionError(f"a share of {share:g} of the channels: give one between 0 and 1")
    count = max(1, round(share * len(strength)))
    return [int(channel) for channel in np.argsort(-strength, kind="stable")[:count]]
