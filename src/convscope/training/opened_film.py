"""A film that was recorded, or is being recorded: what every layer made of the same images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from convscope.activations import image_index
from convscope.errors import InputError, SelectionError, near
from convscope.training.film_store import FilmedLayer, FilmStore

if TYPE_CHECKING:
    import xarray

__all__ = ["OpenedFilm", "open_film"]


def open_film(path: str | Path) -> OpenedFilm:
    """Open what a `Film` has recorded up to now.

    Parameters
    ----------
    path : str or Path
        The folder.

    Returns
    -------
    OpenedFilm
        With the frames that are whole at this moment; open it again for later ones.

    Raises
    ------
    InputError
        When it is no film, or holds no frame yet.
    MissingExtraError
        When Zarr is not installed.
    """
    return OpenedFilm(FilmStore(path))


class _NotFilmed(SelectionError, KeyError):
    """Both what a person mends and what a Mapping raises, so that ``get`` gives None."""

    def __str__(self) -> str:
        return str(self.args[0])


class OpenedFilm(Mapping[str, "xarray.Dataset"]):
    """A mapping from layer to `xarray.Dataset`, in execution order.

    The variables of a layer; each is read when it is asked for the first time:

    ``maps``
        ``(step, image, channel, y, x)`` and the like, float16.
    ``dead``
        ``(step, channel)``: whether the channel is zero on all images of the film.
    ``change``
        ``(step, image, channel)``: Euclidean norm of the difference of a map from that of the frame
        before, relative to the norm of the latter; NaN in the first frame.
    ``update``
        ``(step, channel)``: the same of the channel's kernel over one update, the last before the
        frame; NaN where it was not recorded. Only of layers with kernels of which some is known.

    Attributes
    ----------
    path, network : str
    layers : mapping of str to FilmedLayer
    images : tuple of str
        What they are called.
    labels : tuple of (int or None)
        Their classes.
    steps : numpy.ndarray
        Int64: how many updates the weights had had at each frame.
    """

    def __init__(self, store: FilmStore) -> None:
        about = store.attributes()
        self._store = store
        self.path = store.path
        try:
            self.network = str(about["network"])
            self.images = tuple(str(name) for name in about["images"])
            self.labels = tuple(about["labels"])
            self._about = {name: str(about[name]) for name in ("source", "preparation")}
            layers = [
                FilmedLayer(
                    entry["name"], entry["kind"], tuple(entry["dims"]), tuple(entry["shape"])
                )
                for entry in about["layers"]
            ]
        except (KeyError, TypeError) as error:
            raise InputError(
                f"what {self.path!r} tells of itself is damaged: record the film again"
            ) from error
        self.layers = {layer.name: layer for layer in layers}
        ends = list(accumulate(layer.channels for layer in layers))
        self._columns = {
            layer.name: slice(end - layer.channels, end)
            for layer, end in zip(layers, ends, strict=True)
        }
        self._places = {layer.name: place for place, layer in enumerate(layers)}
        self.steps = store.steps()
        if not len(self.steps):
            raise InputError(f"the film {self.path!r} has no frame yet: look later")
        self._kept: dict[str, xarray.Dataset] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def __contains__(self, layer: object) -> bool:
        return layer in self.layers

    def __getitem__(self, layer: str) -> xarray.Dataset:
        self.require(layer)
        if layer not in self._kept:
            self._kept[layer] = self._dataset(layer)
        return self._kept[layer]

    def maps(self, layer: str, image: int = 0) -> np.ndarray:
        """Read what a layer made of one image over time.

        Returns
        -------
        numpy.ndarray
            ``(step, channel, y, x)`` and the like, float32.

        Raises
        ------
        SelectionError
            When there is no such layer or image.
        """
        self.require(layer)
        place = self.image(image)
        frames = slice(0, len(self.steps))
        return self._store.read(f"maps/{self._places[layer]}", frames, place).astype(np.float32)

    def dead(self, layer: str) -> np.ndarray:
        """Tell which channels are zero on all images: ``(step, channel)``, bool.

        Raises
        ------
        SelectionError
            When there is no such layer.
        """
        self.require(layer)
        return self._store.read("dead", slice(0, len(self.steps)), self._columns[layer])

    def image(self, image: int) -> int:
        """Give the place of an image; negative ones count from the end.

        Raises
        ------
        SelectionError
            When there is no such image.
        """
        return image_index(image, len(self.images))

    def provenance(self, layer: str, image: int) -> dict[str, Any]:
        """Say where the maps of a layer come from."""
        return {
            "network": self.network,
            "source": self._about["source"],
            "layer": layer,
            "image": self.images[self.image(image)],
            "preparation": self._about["preparation"],
        }

    def require(self, layer: str) -> None:
        """Raise `SelectionError`, which is a KeyError too, when there is no such layer."""
        if layer not in self.layers:
            raise _NotFilmed(
                f"the film {self.path} has no layer {layer!r}: {near(str(layer), self.layers)}"
            )

    def _dataset(self, layer: str) -> xarray.Dataset:
        import xarray

        known, frames, own = self.layers[layer], slice(0, len(self.steps)), self._columns[layer]
        everything = slice(None)
        maps = self._store.read(f"maps/{self._places[layer]}", frames)
        change = self._store.read("change", frames, everything, own)
        update = self._store.read("update", frames, own)
        variables: dict[str, tuple[tuple[str, ...], np.ndarray]] = {
            "maps": (("step", "image", *known.dims), maps),
            "dead": (("step", "channel"), self.dead(layer)),
            "change": (("step", "image", "channel"), change),
        }
        if not np.isnan(update).all():
            variables["update"] = (("step", "channel"), update)
        coords: dict[str, Any] = {"step": self.steps, "image": list(self.images)}
        if any(label is not None for label in self.labels):
            classes = [np.nan if label is None else label for label in self.labels]
            coords["label"] = ("image", classes)
        attrs = {"layer": layer, "kind": known.kind, "network": self.network, **self._about}
        return xarray.Dataset(variables, coords=coords, attrs=attrs)

    def __repr__(self) -> str:
        return (
            f"<OpenedFilm of {self.network}: {len(self)} layers, {len(self.images)} images, "
            f"{len(self.steps)} frames to step {self.steps[-1]:,}>"
        )
