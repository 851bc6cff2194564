"""A network as a session keeps it: with its lock, and what is said of it once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from convscope.analysis.muting import mute, solo
from convscope.errors import SelectionError, near
from convscope.explorer.failures import Gone, Training
from convscope.networks import Batch, Layer, Network
from convscope.networks.selection import named_layer
from convscope.training.filmed_network import FilmedNetwork

if TYPE_CHECKING:
    from convscope.explorer.recorded import Recorded
    from convscope.explorer.surveyed import Surveyed

__all__ = ["Opened"]

_log = logging.getLogger(__name__)

_T = TypeVar("_T")


class Opened:
    """One network of a session.

    Attributes
    ----------
    network : Network
    place : int
        Its number among the networks of the session.
    lock : threading.RLock
        Held by whoever runs the network.
    backward : threading.RLock
        Held by whoever differentiates it, or runs it many times. These take long, compiling first,
        and the page must not wait for them to show another image.
    surveyed : Surveyed or None
        A survey of it, where one is open.
    """

    def __init__(self, network: Network, place: int, surveyed: Surveyed | None = None) -> None:
        self.network = network
        self.place = place
        self.surveyed = surveyed
        self.lock = threading.RLock()
        self.backward = threading.RLock()
        self._said: dict[Any, Any] = {}
        self._prepared: dict[Any, threading.Event] = {}

    def once(self, key: Any, say: Callable[[], _T]) -> _T:
        """Give what was said before under this key, or say it now."""
        if key not in self._said:
            self._said[key] = say()
        found: _T = self._said[key]
        return found

    def glanced(self, layers: Sequence[str]) -> tuple[str, ...]:
        """Name what is recorded where some layers alone are shown: these, and the scores."""
        heads = (head.layer for head in self.network.heads.values())
        return tuple(dict.fromkeys((*layers, *heads)))

    def is_prepared(self, batch: Batch, names: tuple[str, ...]) -> bool:
        """Say whether passes that record these alone are quick; if not, see to it meanwhile.

        Frameworks that compile take seconds for the first pass that records something new, and
        pictures that follow one another must not wait for it.
        """
        shapes = tuple(array.shape for array in batch.arrays.values())
        prepared = self._prepared.get((names, shapes))
        if prepared is None:
            prepared = self._prepared[names, shapes] = threading.Event()
            arguments = batch, names, prepared
            threading.Thread(target=self._prepare, args=arguments, daemon=True).start()
        return prepared.is_set()

    def _prepare(self, batch: Batch, names: tuple[str, ...], prepared: threading.Event) -> None:
        try:
            self.network.run(batch, names, outputs=True)
        except Exception:
            _log.exception("a pass that records some layers alone is not possible")
        else:
            prepared.set()

    @cached_property
    def recorded(self) -> tuple[str, ...]:
        """What a run records: all layers, what each was given, and the scores."""
        network = self.network
        names = dict.fromkeys(self.glanced(list(network.layers)))
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

    @contextmanager
    def running(self, run: Recorded | None = None, *, long: bool = False) -> Iterator[object]:
        """Hold the network, and see to it that its weights stay the same meanwhile.

        Parameters
        ----------
        run : Recorded, optional
            What is made has to belong to this run.
        long : bool
            Whether it may take long, so that passes for another image go on beside it.

        Yields
        ------
        object
            The token of the weights; see `Network.moment`.

        Raises
        ------
        Training
            While the network trains on a framework that takes the weights out of it.
        Gone
            When the weights are others than those of the run.
        """
        with self.backward if long else self.lock, self.network.holding():
            before = self.network.moment
            if before is None:
                raise self._training()
            if run is not None and run.moment != before:
                raise Gone("the weights have changed since this run: run the image again")
            try:
                yield before
            except Exception as error:
                if self.network.moment != before:
                    raise self._training() from error
                raise
            if self.network.moment != before:
                raise self._training()

    def _training(self) -> Training:
        return Training(f"{self.network.name} is training: ask again when it is done")

    def filmed(self, frame: int, *, training: bool) -> Network:
        """Give the network at a frame of its film, -1 for the newest; itself where it has none."""
        network = self.network
        if not isinstance(network, FilmedNetwork):
            return network
        count = len(network.film.steps)
        return network.at(count - 1 if frame < 0 else frame, training=training)

    def look_again(self) -> None:
        """Take the frames that a film has got meanwhile."""
        if isinstance(self.network, FilmedNetwork):
            self.network = self.network.again()

    def silenced(
        self,
        network: Network,
        mutes: Mapping[str, Sequence[int]],
        solos: Mapping[str, Sequence[int]],
        to: str,
        images: Any,
    ) -> Network:
        """Give the network with silent channels; the network itself where there are none."""
        for layers, silence in ((mutes, mute), (solos, solo)):
            for layer, channels in layers.items():
                named_layer(network.layers, layer)
                network = silence(network, layer, list(channels), to=to, images=images)
        return network
