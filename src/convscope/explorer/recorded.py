"""A recorded run: one pass of all layers for one image, and what was made of it."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from convscope.analysis.contributions import Books, books
from convscope.analysis.diagnosis import diagnosis
from convscope.analysis.muting import MUTED, muted_channels
from convscope.analysis.receptive_field import input_space
from convscope.analysis.statistics import Extent, extent
from convscope.analysis.target import Aim, aim_at, head_of
from convscope.explorer.failures import NotUnderstood
from convscope.explorer.message import Message
from convscope.explorer.opened import Opened
from convscope.explorer.planes import (
    MAXIMUM,
    MIDDLE,
    Depth,
    flattened,
    is_deep,
    planes,
    position,
    slice_at,
    space_of,
)
from convscope.explorer.sources import Source
from convscope.networks import Batch, Layer, Network, Run
from convscope.training.filmed_network import FilmedNetwork
from convscope.views.look import drawable

__all__ = ["Recorded"]

_T = TypeVar("_T")
# Views of other slices that are kept.
_VIEWS = 8


class Recorded:
    """What every layer made of one image, in one pass.

    What is asked of it is computed once and kept with it.

    Attributes
    ----------
    key : str
        Under which the page asks for it again.
    opened : Opened
    network : Network
        With its silent channels.
    batch : Batch
        The one image.
    source : Source
        Where that came from.
    run : Run
    moment : object
        The weights of the network at that moment.
    depth : Depth
        Where volumes are looked at.
    """

    depth: Depth = MIDDLE

    def __init__(
        self,
        key: str,
        opened: Opened,
        network: Network,
        source: Source,
        batch: Batch,
        run: Run,
        moment: object,
    ) -> None:
        self.key, self.opened, self.network = key, opened, network
        self.source, self.batch, self.run, self.moment = source, batch, run, moment
        self._planes: dict[str, np.ndarray] = {}
        self._extents: dict[str, Extent] = {}
        self._words: dict[str, list[str]] = {}
        self._made: dict[Any, Any] = {}
        self._latest: dict[Any, Any] = {}
        self._views: dict[Depth, Recorded] = {}
        self._making = threading.Lock()
        self._replacing = threading.RLock()
        self._locks: dict[Any, threading.RLock] = {}

    @property
    def images(self) -> Any:
        """The one image, as `Network.activations` takes it."""
        return self.source.images

    def at(self, depth: Depth) -> Recorded:
        """Give the same run with its volumes looked at elsewhere; what it computed is shared."""
        if depth == self.depth or not self._is_deep:
            return self
        with self._making:
            if depth not in self._views:
                while len(self._views) >= _VIEWS:
                    del self._views[next(iter(self._views))]
                view = copy.copy(self)
                view.depth, view.key, view._planes = depth, f"{self.key}/{depth}", {}
                self._views[depth] = view
            return self._views[depth]

    @cached_property
    def _is_deep(self) -> bool:
        return any(len(layer.dims) == 4 for layer in self.network.layers.values()) or any(
            array.ndim == 5 for array in self.batch.arrays.values()
        )

    def once(self, key: Any, make: Callable[[], _T]) -> _T:
        """Give what was made before under this key, or make it now; kept as long as the run."""
        with self._making:
            lock = self._locks.setdefault(key, threading.RLock())
        # What takes long keeps only those waiting who want the same.
        with lock:
            if key not in self._made:
                self._made[key] = make()
            made: _T = self._made[key]
            return made

    def lately(self, key: Any, make: Callable[[], _T]) -> _T:
        """Give what was made last, where it was under this key; for what is large."""
        with self._replacing:
            if key not in self._latest:
                made = make()
                self._latest.clear()
                self._latest[key] = made
            found: _T = self._latest[key]
            return found

    def holds(self, *names: str | int) -> bool:
        """Say whether all these were recorded; a run of pictures in motion holds few."""
        return all(name in self.run.values for name in names)

    @cached_property
    def everything(self) -> dict[str, np.ndarray]:
        """All that was recorded, by name, for the one image."""
        return {name: self.given(name) for name in self.run.values}

    def given(self, name: str) -> np.ndarray:
        """Give what a layer gave out or was given, for the one image."""
        layer = self.network.layers.get(name)
        if layer is not None:
            return self.values(layer)
        values = self.run.values[name]
        return values[0] if values.ndim and len(values) == 1 else values

    def values(self, layer: Layer) -> np.ndarray:
        """Give a layer's value for the image, in the order of the dims."""
        values = self.run.values[layer.name]
        return values[0] if layer.has_image_axis and values.ndim else values

    def planes(self, layer: Layer) -> np.ndarray:
        """Give a layer's maps, ``(channel, y, x)``, float32; a view where that can be."""
        if layer.name not in self._planes:
            self._planes[layer.name] = planes(self.values(layer), layer, self.depth)
        return self._planes[layer.name]

    def extent(self, layer: Layer) -> Extent:
        """Give the smallest and largest value of every map of a layer."""
        if layer.name not in self._extents:
            self._extents[layer.name] = extent(drawable(self.values(layer), layer)[0])
        return self._extents[layer.name]

    def ends(self, layer: Layer) -> Extent:
        """Give what the first and last level of every map of a layer stand for.

        Its own smallest and largest value; of a film those over all frames.
        """
        if not isinstance(self.network, FilmedNetwork):
            return self.extent(layer)
        return Extent(*self.network.ends(layer.name, self.batch))

    def words(self, layer: Layer) -> list[str]:
        """Say of every map whether it is active, and if not, why."""
        if layer.name not in self._words:
            words = diagnosis(
                drawable(self.values(layer), layer)[0],
                known=self.extent(layer),
                bounds=layer.bounds,
            )
            for channel in muted_channels(self.network, layer.name):
                words[channel] = MUTED
            self._words[layer.name] = words
        return self._words[layer.name]

    def books(self, target: Any) -> Books:
        """Keep the books for a class."""

        def keep() -> Books:
            found = self.aim(target) if self.network.differentiable else None
            aims = [found[0]] if found else None
            with self.opened.running(self, long=True):
                return books(self.network, [self.batch], target, aims=aims)

        return self.once(("books", target), keep)

    def unit(self, layer: Layer, message: Message) -> tuple[int, tuple[int, ...]]:
        """Read which unit of a layer a message means: its channel and its true position."""
        maps = self.planes(layer)
        channel = message.whole("channel", 0, len(maps) - 1)
        place = message.wholes("unit", 2, 0, 2**31 - 1)
        for at, size in zip(place, maps.shape[1:], strict=True):
            if at >= size:
                raise NotUnderstood(f"field 'unit' has to lie in {maps.shape[1]} x {maps.shape[2]}")
        space = space_of(self.values(layer), layer)
        z = 0
        if is_deep(space):
            y, x = place
            column = drawable(self.values(layer), layer)[0][channel, :, y, x]
            z = int(column.argmax()) if self.depth == MAXIMUM else slice_at(self.depth, space[0])
        return channel, position(place, space, z)

    def of_maps(self, products: np.ndarray, layer: Layer) -> np.ndarray:
        """Bring one number a unit to the planes on which the units are looked at."""
        values, given = (drawable(array, layer)[0] for array in (self.values(layer), products))
        if is_deep(values.shape[1:]):
            return flattened(given, values, self.depth)
        return planes(products, layer)

    @cached_property
    def sizes(self) -> dict[str, tuple[int, ...]]:
        """The size of the maps of all layers and inputs."""
        found = {
            layer.name: space_of(self.values(layer), layer)
            for layer in self.network.layers.values()
        }
        for entry in self.network.inputs:
            shape = self.batch.arrays[entry.name].shape[1:]
            found[entry.name] = input_space(self.network, entry, shape)
        return found

    def aim(self, target: Any) -> tuple[Aim, float] | None:
        """Find a class among the scores: what is meant, and its score; None without scores."""
        if not self.network.heads:
            return None
        head = head_of(self.network, target)
        value = self.run.values[head.layer]
        if value.ndim < 2:
            return None
        aimed = aim_at(self.network, head, value, target)
        return aimed, float((value * aimed.seed).sum())

    @cached_property
    def bytes(self) -> int:
        """How much memory the values take; those that share memory count once."""
        owners: dict[int, int] = {}
        arrays = [*self.run.values.values(), *self.run.outputs.values()]
        for array in arrays:
            owner: Any = array
            while isinstance(owner, np.ndarray) and isinstance(owner.base, np.ndarray):
                owner = owner.base
            owners[owner.__array_interface__["data"][0]] = owner.nbytes
        return sum(owners.values())
