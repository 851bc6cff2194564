"""The network of a film: it gives what was recorded, at one frame, for the film's images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import asdict, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from convscope.arguments import flag
from convscope.errors import InputError, ModelError
from convscope.inputs.preparation import Preparation
from convscope.networks import Batch, Layer, Network
from convscope.networks.edit import Edit
from convscope.networks.geometry import Geometry
from convscope.networks.head import Head
from convscope.networks.layer import Input
from convscope.networks.run import Run

if TYPE_CHECKING:
    from convscope.training.opened_film import OpenedFilm

__all__ = ["FilmedNetwork", "described"]


def described(network: Network, names: Sequence[str]) -> dict[str, Any]:
    """Describe a network by some of its layers, as JSON has it."""
    known = {*names, *(entry.name for entry in network.inputs)}
    layers = []
    for index, name in enumerate(names):
        layer = network.layers[name]
        # Between layers of which some are left out, the way is not known.
        whole = layer.inputs is not None and known.issuperset(layer.inputs)
        inputs = layer.inputs if whole else None
        layers.append(asdict(replace(layer, index=index, inputs=inputs, has_linear=False)))
    preparation = network.preparation
    return {
        "layers": layers,
        "inputs": [asdict(entry) for entry in network.inputs],
        "preparation": preparation and {**preparation.to_json(), "source": preparation.source},
        "labels": list(network.labels),
        "parameters": list(network.parameters),
    }


class FilmedNetwork(Network):
    """A network as a film shows it.

    Whatever asks a network for its activations can be given one: the maps are those of the film.
    It has no weights, so it knows no other images, silences no channel, and has no gradients.

    Parameters
    ----------
    film : OpenedFilm
    frame : int
        Which frame, from 0.
    training : bool
        Whether the maps are those in training mode, where these were recorded.

    Raises
    ------
    InputError
        When what the film tells of the network is damaged.
    """

    def __init__(self, film: OpenedFilm, frame: int, *, training: bool = False) -> None:
        self.film, self.frame, self.training = film, frame, training
        self.name, self.source = film.network, film.path
        try:
            told = _with_tuples(film.description)
            self._layers = MappingProxyType(
                {
                    entry["name"]: Layer(**{**entry, "geometry": _geometry(entry["geometry"])})
                    for entry in told["layers"]
                }
            )
            known = {name: layer.dims for name, layer in film.layers.items()}
            if {name: layer.dims for name, layer in self._layers.items()} != known:
                raise ValueError("its layers are others than those of the film")
            self._inputs = tuple(Input(**entry) for entry in told["inputs"])
            self._parameters = (int(told["parameters"][0]), int(told["parameters"][1]))
            self.labels = tuple(str(label) for label in told["labels"])
            self._preparation = _preparation(film.description["preparation"])
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise InputError(
                f"what {film.path!r} tells of its network is damaged: record the film again"
            ) from error

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The network's inputs, in order."""
        return self._inputs

    @property
    def layers(self) -> Mapping[str, Layer]:
        """The layers of the film, in execution order."""
        return self._layers

    @property
    def parameters(self) -> tuple[int, int]:
        """Number of weights, and how many of them training changed."""
        return self._parameters

    @property
    def preparation(self) -> Preparation | None:
        """What was done to the film's images."""
        return self._preparation

    @property
    def heads(self) -> Mapping[str, Head]:
        """None: a film has no gradients that would lead to a score."""
        return {}

    @property
    def differentiable(self) -> bool:
        """False: see `heads`."""
        return False

    def at(self, frame: int, *, training: bool = False) -> FilmedNetwork:
        """Give the network at another frame.

        Raises
        ------
        SelectionError
            When there is no such frame.
        """
        place = self.film.frame(frame)
        other = copy(self)
        other.frame, other.training = place, flag(training, "training")
        return other

    def again(self) -> FilmedNetwork:
        """Give the network with the frames that are whole by now."""
        other = copy(self)
        other.film = self.film.again()
        return other

    def run(
        self,
        batch: Batch,
        layers: Sequence[str],
        *,
        outputs: bool = True,
        edits: Mapping[str, Edit] | None = None,
    ) -> Run:
        """Give what was recorded; see `Network.run`.

        Raises
        ------
        ModelError
            For images that were not filmed, and for edits.
        """
        if edits:
            raise self.without_weights("to silence channels")
        images = self._filmed(batch)
        values = {
            name: self.film.frame_maps(name, self.frame, training=self.training)[images]
            for name in layers
        }
        given = self.film.outputs(self.frame) if outputs else {}
        return Run(values, {name: part[images] for name, part in given.items()})

    def gradients(
        self,
        batch: Batch,
        head: str | Head,
        seed: np.ndarray | None,
        layers: Sequence[str],
        *,
        inputs: bool = True,
        edits: Mapping[str, Edit] | None = None,
    ) -> NoReturn:
        """Raise `ModelError`: there are none."""
        raise self.without_weights("gradients")

    def sums(
        self,
        batch: Batch,
        head: Head,
        seed: np.ndarray | None,
        products: Sequence[str],
        slopes: Sequence[str] = (),
        *,
        edits: Mapping[str, Edit] | None = None,
    ) -> NoReturn:
        """Raise `ModelError`: there are none."""
        raise self.without_weights("gradients")

    @property
    def batch(self) -> Batch:
        """The film's images."""
        film = self.film
        return Batch(self._fed, film.images, film.labels, film.class_names, prepared=False)

    def fed(self, batch: Batch) -> str:
        """Say in words what was done to the film's images."""
        return self.film.preparation

    def ends(self, layer: str, batch: Batch) -> tuple[np.ndarray, np.ndarray]:
        """Give the smallest and largest value of every map over all frames, ``(channel,)``.

        Parameters
        ----------
        layer : str
        batch : Batch
            Of one image.
        """
        return self.film.ends(layer, self._filmed(batch)[0], training=self.training)

    @cached_property
    def _fed(self) -> Mapping[str, np.ndarray]:
        return self.film.inputs

    def _filmed(self, batch: Batch) -> list[int]:
        return [self._place(batch, image) for image in range(len(batch.names))]

    def _place(self, batch: Batch, image: int) -> int:
        for place in range(len(self.film.images)):
            if all(
                np.array_equal(batch.arrays[name][image], known[place], equal_nan=True)
                for name, known in self._fed.items()
            ):
                return place
        raise self.without_weights("other images than its own")

    def without_weights(self, what: str) -> ModelError:
        """Say that something cannot be had of a film."""
        return ModelError(
            f"{self.source} is a film, which holds no weights for {what}: open the network itself"
        )


def _with_tuples(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _with_tuples(part) for name, part in value.items()}
    return tuple(_with_tuples(part) for part in value) if isinstance(value, list) else value


def _geometry(entry: Mapping[str, Any] | None) -> Geometry | None:
    return None if entry is None else Geometry(**entry)


def _preparation(entry: Mapping[str, Any] | None) -> Preparation | None:
    if entry is None:
        return None
    rest = {name: value for name, value in entry.items() if name != "source"}
    return Preparation.from_json(rest, str(entry["source"]))
