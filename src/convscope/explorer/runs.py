"""Recorded runs: one pass of all layers for one image, and what was made of it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from functools import cached_property
from typing import Any

import numpy as np

from convscope.analysis.contributions import Books, books
from convscope.analysis.diagnosis import diagnosis
from convscope.analysis.muting import MUTED, muted_channels
from convscope.analysis.statistics import Extent, extent
from convscope.analysis.target import Aim, aim_at, head_of
from convscope.explorer.failures import Gone
from convscope.explorer.opened import Opened
from convscope.explorer.planes import planes
from convscope.networks import Batch, Layer, Network, Run
from convscope.views.look import drawable

__all__ = ["Recorded", "Runs"]


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
    run : Run
    """

    def __init__(self, key: str, opened: Opened, network: Network, batch: Batch, run: Run) -> None:
        self.key, self.opened = key, opened
        self.network, self.batch, self.run = network, batch, run
        self._planes: dict[str, np.ndarray] = {}
        self._extents: dict[str, Extent] = {}
        self._words: dict[str, list[str]] = {}
        self._books: dict[Any, Books] = {}

    def values(self, layer: Layer) -> np.ndarray:
        """Give a layer's value for the image, in the order of the dims."""
        values = self.run.values[layer.name]
        return values[0] if layer.has_image_axis and values.ndim else values

    def planes(self, layer: Layer) -> np.ndarray:
        """Give a layer's maps, ``(channel, y, x)``, float32; a view where that can be."""
        if layer.name not in self._planes:
            self._planes[layer.name] = planes(self.values(layer), layer)
        return self._planes[layer.name]

    def extent(self, layer: Layer) -> Extent:
        """Give the smallest and largest value of every map of a layer."""
        if layer.name not in self._extents:
            self._extents[layer.name] = extent(self.planes(layer))
        return self._extents[layer.name]

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
        if target not in self._books:
            self._books[target] = books(self.network, [self.batch], target)
        return self._books[target]

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


class Runs:
    """The runs that are kept: the last ones asked for, bounded in bytes.

    Parameters
    ----------
    bytes_kept : int
        How many at most; the newest run is kept however large it is.
    """

    def __init__(self, bytes_kept: int) -> None:
        self._most = bytes_kept
        self._runs: OrderedDict[str, Recorded] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, key: str) -> Recorded | None:
        """Give a run that is kept, and count it as asked for."""
        with self._lock:
            if key in self._runs:
                self._runs.move_to_end(key)
            return self._runs.get(key)

    def get(self, key: str) -> Recorded:
        """Give a run that is kept.

        Raises
        ------
        Gone
            When it is not.
        """
        run = self.find(key)
        if run is None:
            raise Gone("this run is not kept any more: run the image again")
        return run

    def add(self, run: Recorded) -> None:
        """Keep a run, and forget those asked for longest ago beyond the bound."""
        with self._lock:
            self._runs[run.key] = run
            self._runs.move_to_end(run.key)
            total = sum(kept.bytes for kept in self._runs.values())
            while total > self._most and len(self._runs) > 1:
                _, oldest = self._runs.popitem(last=False)
                total -= oldest.bytes

    @property
    def bytes(self) -> int:
        """How much memory the runs take."""
        with self._lock:
            return sum(run.bytes for run in self._runs.values())

    def __len__(self) -> int:
        return len(self._runs)
