"""A film that was recorded, or is being recorded: what every layer made of the same images."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from convscope.activations import image_index
from convscope.arguments import choice, flag, told, whole
from convscope.errors import InputError, NotHeldError, SelectionError, near
from convscope.training.film_store import (
    BY_CHANNEL,
    BY_MAP,
    KIND,
    FilmStore,
    filmed_layer,
    shape_of,
)

if TYPE_CHECKING:
    import xarray

    from convscope.training.filmed_network import FilmedNetwork

__all__ = ["OpenedFilm", "is_film", "open_film"]


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


def is_film(path: str | Path) -> bool:
    """Tell whether there is a film at a path; False for anything else, or nothing."""
    try:
        told = json.loads((Path(path) / "zarr.json").read_bytes())
        return bool(told["attributes"]["kind"] == KIND)
    except (OSError, ValueError, KeyError, TypeError):
        return False


class OpenedFilm(Mapping[str, "xarray.Dataset"]):
    """A mapping from layer to `xarray.Dataset`, in execution order.

    The variables of a layer; each is read when it is asked for the first time:

    ``maps``
        ``(step, image, channel, y, x)`` and the like, float16.
    ``training``
        The same in training mode: batch normalization with the mean and variance of the film's
        images, dropout at work. Only of layers from the first one on where that is another value.
    ``dead``
        ``(step, channel)``: whether the channel is zero on all images of the film.
    ``low``, ``high``
        ``(step, image, channel)``: smallest and largest finite value of each map.
    ``change``
        ``(step, image, channel)``: Euclidean norm of the difference of a map from that of the frame
        before, relative to the norm of the latter; NaN in the first frame.
    ``update``
        ``(step, channel)``: the same of the channel's kernel over one update, the last before the
        frame; NaN where it was not recorded. Only of layers with kernels of which some is known.
    ``gradient``
        ``(step, channel)``: Euclidean norm of the gradient of the channel's kernel that this update
        used; NaN where it is not known, and left out like ``update``.

    Attributes
    ----------
    path, network : str
    layers : mapping of str to FilmedLayer
    images : tuple of str
        What they are called.
    labels : tuple of (int or None)
        Their classes.
    class_names : tuple of str
        What these are called; empty where that is not known.
    preparation : str
        What was done to them.
    description : mapping
        The network's layers, inputs and labels; see `convscope.training.filmed_network`.
    in_training : frozenset of str
        The layers with maps in training mode.
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
            self.class_names = tuple(str(name) for name in about["class_names"])
            self.source, self.preparation = str(about["source"]), str(about["preparation"])
            self.description: Mapping[str, Any] = dict(about["description"])
            self._inputs = {str(entry["name"]): shape_of(entry) for entry in about["inputs"]}
            self._outputs = {str(entry["name"]): shape_of(entry) for entry in about["outputs"]}
            layers = [filmed_layer(entry) for entry in about["layers"]]
            names = {layer.name for layer in layers}
            self.in_training = frozenset(str(name) for name in about["training"])
            if not layers or not all(label is None or type(label) is int for label in self.labels):
                raise ValueError("there are no layers, or labels are no numbers")
            if len(names) < len(layers) or not self.images or not self.in_training <= names:
                raise ValueError("layers have the same name, or there are no images")
            if not len(self.labels) == len(self.class_names) == len(self.images):
                raise ValueError("there are not as many labels as images")
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"what {self.path!r} tells of itself is damaged: record the film again"
            ) from error
        self.layers = {layer.name: layer for layer in layers}
        ends = list(accumulate(layer.channels for layer in layers))
        self._columns = {
            layer.name: slice(end - layer.channels, end)
            for layer, end in zip(layers, ends, strict=True)
        }
        self._channels = ends[-1]
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
        return isinstance(layer, str) and layer in self.layers

    def __getitem__(self, layer: str) -> xarray.Dataset:
        self.require(layer)
        if layer not in self._kept:
            self._kept[layer] = self._dataset(layer)
        return self._kept[layer]

    def maps(self, layer: str, image: int = 0, *, training: bool = False) -> np.ndarray:
        """Read what a layer made of one image over time.

        Parameters
        ----------
        layer : str
        image : int
            Which of the film's images.
        training : bool
            In training mode, where that was another value.

        Returns
        -------
        numpy.ndarray
            ``(step, channel, y, x)`` and the like, float32.

        Raises
        ------
        SelectionError
            When there is no such layer or image.
        """
        place = self.image(image)
        flag(training, "training")
        frames = slice(0, len(self.steps))
        return self._read_maps(layer, frames, place, training=training).astype(np.float32)

    def frame_maps(self, layer: str, frame: int, *, training: bool = False) -> np.ndarray:
        """Read what a layer made of all images at one frame: ``(image, channel, y, x)``, float32.

        Raises
        ------
        SelectionError
            When there is no such layer.
        """
        self.require(layer)
        place = self.frame(frame)
        return self._read_maps(layer, place, training=flag(training, "training")).astype(np.float32)

    def outputs(self, frame: int) -> dict[str, np.ndarray]:
        """Read what the network gave out at one frame, ``(image, ...)``, by its outputs."""
        at = self.frame(frame)
        return {
            name: self._store.read(f"outputs/{place}", at, shape=(len(self.images), *shape))
            for place, (name, shape) in enumerate(self._outputs.items())
        }

    @property
    def inputs(self) -> dict[str, np.ndarray]:
        """What the network was fed, ``(image, ...)``, by its inputs."""
        found = {
            name: self._store.read(f"inputs/{place}", slice(None), shape=shape)
            for place, (name, shape) in enumerate(self._inputs.items())
        }
        if any(len(values) != len(self.images) for values in found.values()):
            raise InputError(f"what the network was fed in {self.path!r} is damaged: record again")
        return found

    def ends(
        self, layer: str, image: int = 0, *, training: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """Give the smallest and largest finite value of every map over all frames, ``(channel,)``.

        Raises
        ------
        SelectionError
            When there is no such layer or image.
        """
        place = self.image(image)
        mode = "training_" if flag(training, "training") and layer in self.in_training else ""
        low, high = (self.series(f"{mode}{name}", layer)[:, place] for name in ("low", "high"))
        return np.fmin.reduce(low), np.fmax.reduce(high)

    def series(self, name: str, layer: str) -> np.ndarray:
        """Read a figure of every channel of a layer over time.

        Parameters
        ----------
        name : str
            ``dead``, ``update``, ``gradient``: ``(step, channel)``. ``low``, ``high``, ``change``:
            ``(step, image, channel)``.
        layer : str

        Raises
        ------
        SelectionError
            When there is no such layer.
        """
        self.require(layer)
        choice(name, "name", (*BY_CHANNEL, *BY_MAP))
        of_maps = name in BY_MAP
        places = (slice(0, len(self.steps)), slice(None), self._columns[layer])
        if not of_maps:
            return self._store.read(name, places[0], places[2], shape=(self._channels,))
        return self._store.read(name, *places, shape=(len(self.images), self._channels))

    def as_network(self) -> FilmedNetwork:
        """Give a network whose activations are those of the last frame, for the film's images.

        Raises
        ------
        InputError
            When what the film tells of its network is damaged.
        """
        from convscope.training.filmed_network import FilmedNetwork

        return FilmedNetwork(self, len(self.steps) - 1)

    def to_tensorboard(self, logdir: str | Path) -> Path:
        """Write the film for TensorBoard: mosaics of every layer and image, and curves.

        The mosaics are those of ``convscope film``, on one scale for all frames. The curves of
        each layer are the number of dead channels, the norm of the gradient of its kernel, and the
        medians of the update-to-weight ratio and of the change.

        Parameters
        ----------
        logdir : str or Path
            A folder; made if it is not there.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        OutputError
            When it cannot be written.
        MissingExtraError
            When TensorBoard is not installed.
        """
        from convscope.training.tensorboard_events import write_events

        return write_events(self, logdir)

    def again(self) -> OpenedFilm:
        """Open it again, with the frames that are whole by now."""
        return OpenedFilm(self._store)

    def frame(self, frame: int) -> int:
        """Give the place of a frame; negative ones count from the end.

        Raises
        ------
        SelectionError
            When there is no such frame.
        """
        count = len(self.steps)
        if not -count <= whole(frame, "frame") < count:
            raise SelectionError(f"there is no frame {frame}: the film has 0 to {count - 1}")
        return frame % count

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
            "source": self.source,
            "layer": layer,
            "image": self.images[self.image(image)],
            "preparation": self.preparation,
        }

    def require(self, layer: str) -> None:
        """Raise `SelectionError`, which is a KeyError too, when there is no such layer."""
        if not isinstance(layer, str) or layer not in self.layers:
            raise NotHeldError(
                f"the film {self.path} has no layer {told(layer)}: {near(str(layer), self.layers)}"
            )

    def _read_maps(self, layer: str, *places: Any, training: bool) -> np.ndarray:
        self.require(layer)
        kind = "training" if training and layer in self.in_training else "maps"
        shape = (len(self.images), *self.layers[layer].shape)
        return self._store.read(f"{kind}/{self._places[layer]}", *places, shape=shape)

    def _dataset(self, layer: str) -> xarray.Dataset:
        import xarray

        known, frames = self.layers[layer], slice(0, len(self.steps))
        of_maps = ("step", "image", *known.dims)
        variables: dict[str, tuple[tuple[str, ...], np.ndarray]] = {
            "maps": (of_maps, self._read_maps(layer, frames, training=False))
        }
        if layer in self.in_training:
            variables["training"] = of_maps, self._read_maps(layer, frames, training=True)
        variables["dead"] = ("step", "channel"), self.series("dead", layer)
        for name in ("low", "high", "change"):
            variables[name] = ("step", "image", "channel"), self.series(name, layer)
        for name in ("update", "gradient"):
            found = self.series(name, layer)
            if not np.isnan(found).all():
                variables[name] = ("step", "channel"), found
        coords: dict[str, Any] = {"step": self.steps, "image": list(self.images)}
        if any(label is not None for label in self.labels):
            classes = [np.nan if label is None else label for label in self.labels]
            coords["label"] = ("image", classes)
        attrs = {"layer": layer, "kind": known.kind, "network": self.network}
        attrs |= {"source": self.source, "preparation": self.preparation}
        return xarray.Dataset(variables, coords=coords, attrs=attrs)

    def __repr__(self) -> str:
        return (
            f"<OpenedFilm of {self.network}: {len(self)} layers, {len(self.images)} images, "
            f"{len(self.steps)} frames to step {self.steps[-1]:,}>"
        )
