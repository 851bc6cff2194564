"""What a survey does: of which network, over which images, and what it keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from convscope.arguments import choice, whole
from convscope.errors import InputError, SelectionError
from convscope.inputs.dataset import Dataset
from convscope.networks import Network
from convscope.networks.reductions import reducible
from convscope.networks.selection import LINEAR, Selector, select_layers

__all__ = ["AMONG", "RANKINGS", "Plan", "make_plan", "outputs_of", "profiled"]

RANKINGS = ("peak", "contribution")
AMONG = ("all", "mistakes")

# What is lost at most when a survey is killed; to write it must cost little beside its batches.
_SHARD = 256
_BATCHES = 32

_MOST = 64
_PROFILES = 512
_PROFILE_BYTES = 4_000_000


@dataclass(frozen=True)
class Plan:
    """The settings of a survey, on which its results depend.

    Attributes
    ----------
    layers : tuple of str
        The layers that are surveyed, in execution order.
    per_class : tuple of str
        Those of which histograms and mean maps are kept by class.
    classes : tuple of str
        Names of the dataset's classes; one without a name where it has no labels.
    truth : tuple of int, or None
        By class of the dataset, the network's output that means it; None where that is unknown.
    k : int
        How many images are kept a channel.
    ranking : str
        By what: ``peak`` or ``contribution``.
    among : str
        Over ``all`` images or the network's ``mistakes``.
    images : int
        How many images are surveyed.
    batch : int
        How many go through the network at once.
    network, dataset : str
        Fingerprints.
    preparation : str
        What is done to images, in words.
    """

    layers: tuple[str, ...]
    per_class: tuple[str, ...]
    classes: tuple[str, ...]
    truth: tuple[int, ...] | None
    k: int
    ranking: str
    among: str
    images: int
    batch: int
    network: str
    dataset: str
    preparation: str

    @property
    def shard_size(self) -> int:
        """How many images a shard holds, the last one left out."""
        whole = max(_SHARD, _BATCHES * self.batch)
        return whole - whole % self.batch

    @property
    def shards(self) -> int:
        """How many shards the images are cut into."""
        return -(-self.images // self.shard_size)

    def shard(self, place: int) -> range:
        """Give the places of the images of one shard."""
        start = place * self.shard_size
        return range(start, min(start + self.shard_size, self.images))

    def to_json(self) -> dict[str, Any]:
        """Give the plan as a store keeps it."""
        return asdict(self)

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> Plan:
        """Read a plan that a store kept."""
        fields: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in entry.items()
        }
        return cls(**fields)

    def differences(self, other: Plan) -> list[str]:
        """Say in which entries another plan differs."""
        return [name for name, value in asdict(self).items() if asdict(other)[name] != value]


def make_plan(
    network: Network,
    dataset: Dataset,
    layers: Selector | Sequence[Selector] | None,
    per_class: Selector | Sequence[Selector] | None,
    *,
    k: int,
    ranking: str,
    among: str,
    batch: int | None,
) -> Plan:
    """Settle what a survey does.

    Raises
    ------
    SelectionError
        For settings that are impossible.
    InputError
        When the network takes no images, or the dataset lacks the labels that are needed.
    """
    if network.preparation is None:
        raise InputError(
            f"{network.name} takes no images, which is what a dataset holds: survey a network of "
            "images"
        )
    whole(k, "k", 1, what="images kept a channel (--top)")
    if batch is not None:
        whole(batch, "batch", 1, what="images at once")
    choice(ranking, "ranking", RANKINGS)
    choice(among, "among", AMONG)
    chosen = [layer for layer in network.select(layers) if reducible(layer)]
    if not chosen:
        raise SelectionError("none of the chosen layers has channels: choose others")
    known = {layer.name: layer for layer in chosen}
    detailed = [] if per_class is None else select_layers(known, per_class)
    if detailed and network.preparation.size is None:
        raise SelectionError(
            "mean maps need images of one size, and the network sets none: give --size (size=)"
        )
    if detailed and dataset.labels is None:
        raise InputError(f"{dataset.name} has no labels, by which --per-class would sort")
    if ranking == "contribution" and not network.differentiable:
        raise SelectionError(
            f"{network.name} gives no gradients, of which contributions are made: rank by peak"
        )
    if ranking == "contribution" and not outputs_of(network):
        raise SelectionError(
            f"{network.name} gives no scores of classes, to which maps contribute: rank by peak"
        )
    truth = _truth(network, dataset)
    if among == "mistakes" and truth is None:
        raise SelectionError(
            f"which outputs of {network.name} mean the classes of {dataset.name} is unknown, and "
            "so is what a mistake is: give names of the classes that agree (--labels)"
        )
    return Plan(
        layers=tuple(known),
        per_class=tuple(layer.name for layer in detailed),
        classes=_class_names(dataset),
        truth=truth,
        k=k,
        ranking=ranking,
        among=among,
        images=len(dataset),
        batch=batch or _at_once(network, dataset),
        network=network.fingerprint(),
        dataset=dataset.fingerprint(),
        preparation=network.preparation.describe(),
    )


def profiled(images: int, channels: int) -> np.ndarray:
    """Choose the images whose means are kept one by one: spread evenly, all where they fit."""
    count = min(images, max(_PROFILES, _PROFILE_BYTES // (4 * channels)))
    return np.unique(np.linspace(0, images - 1, count).round().astype(np.int64))


def outputs_of(network: Network) -> int:
    """Give the number of scores among which a network decides; 0 where it gives none."""
    head = next(iter(network.heads.values()), None)
    if head is None:
        return 0
    layer = network.layers[head.layer.removesuffix(LINEAR)]
    return 0 if layer.space else layer.channels or 0


def _class_names(dataset: Dataset) -> tuple[str, ...]:
    if dataset.labels is None:
        return ("",)
    count = max(len(dataset.class_names), int(dataset.labels.max(initial=0)) + 1)
    names = [
        *dataset.class_names,
        *(str(label) for label in range(len(dataset.class_names), count)),
    ]
    return tuple(names)


def _truth(network: Network, dataset: Dataset) -> tuple[int, ...] | None:
    """Find which output means which class: by the names where both have them, else by number."""
    outputs = outputs_of(network)
    if dataset.labels is None or not outputs:
        return None
    names = _class_names(dataset)
    if len(names) == 2 and outputs == 1:
        return (0, 1)
    # Several may have one name, as the two cranes of ImageNet: the first is the first.
    places: dict[str, list[int]] = {}
    for place, label in enumerate(network.labels):
        places.setdefault(label.casefold(), []).append(place)
    found = [own.pop(0) for name in names if (own := places.get(name.casefold()))]
    if len(found) == len(names):
        return tuple(found)
    return tuple(range(len(names))) if outputs == len(names) else None


def _at_once(network: Network, dataset: Dataset) -> int:
    """Take as many images as the network likes; one by one where sizes differ."""
    if network.preparation is None or (
        network.preparation.size is None and None in dataset.shape[1:3]
    ):
        return 1
    units = sum(
        int(np.prod([size or 1 for size in layer.shape])) for layer in network.layers.values()
    )
    return int(np.clip(network.maps_at_once // (4 * units), 1, _MOST))
