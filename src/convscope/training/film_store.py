"""Where a film is kept: a Zarr group in a folder, which grows frame by frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from convscope.arguments import file_path
from convscope.errors import ConvscopeError, InputError, OutputError, require
from convscope.training.frame import Frame

__all__ = [
    "BY_CHANNEL",
    "BY_MAP",
    "KIND",
    "Contents",
    "FilmStore",
    "FilmedLayer",
    "filmed_layer",
    "shape_of",
]

KIND = "convscope film"
_LATEST = 1
_NOT_WRITTEN = -1
_FIRST_ROOM = 64
_STEPS_IN_A_FILE = 4096
# What claims to be longer is damaged: no memory is taken for it.
_LONGEST = 10**7
_LARGEST_CHUNK = 16_000_000
BY_CHANNEL = ("dead", "update", "gradient")
BY_MAP = ("low", "high", "training_low", "training_high", "change")
_HIGHEST = float(np.finfo(np.float16).max)


@dataclass(frozen=True)
class FilmedLayer:
    """A layer of a film.

    Attributes
    ----------
    name, kind : str
    dims : tuple of str
        Of its maps, ``channel`` first, without step and image.
    shape : tuple of int
        Along `dims`.
    """

    name: str
    kind: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]

    @property
    def channels(self) -> int:
        """Number of maps."""
        return self.shape[0]


@dataclass(frozen=True, eq=False)
class Contents:
    """What a film is going to hold.

    Attributes
    ----------
    layers : sequence of FilmedLayer
    training : sequence of str
        Those of which maps in training mode are kept.
    inputs : mapping of str to numpy.ndarray
        What the network is fed, ``(image, ...)``, by its inputs.
    outputs : mapping of str to sequence of int
        The shapes of what it gives out, without the image axis.
    about : mapping
        What else is told of it, as JSON has it.
    """

    layers: Sequence[FilmedLayer]
    training: Sequence[str]
    inputs: Mapping[str, np.ndarray]
    outputs: Mapping[str, Sequence[int]]
    about: Mapping[str, Any]

    @property
    def images(self) -> int:
        """How many."""
        return len(next(iter(self.inputs.values())))


def shape_of(entry: Any) -> tuple[int, ...]:
    """Read a shape.

    Raises
    ------
    KeyError, TypeError, ValueError
        When it is damaged.
    """
    shape = entry["shape"]
    if not isinstance(shape, list):
        raise ValueError("a shape is no list")
    if not all(type(size) is int and 0 <= size < _LONGEST for size in shape):
        raise ValueError("sizes are no whole numbers")
    return tuple(shape)


def filmed_layer(entry: Any) -> FilmedLayer:
    """Read what a store says of a layer.

    Raises
    ------
    KeyError, TypeError, ValueError
        When it is damaged.
    """
    dims, shape = entry["dims"], shape_of(entry)
    layer = FilmedLayer(entry["name"], entry["kind"], tuple(dims), shape)
    words = (layer.name, layer.kind, *layer.dims)
    if not isinstance(dims, list) or not len(dims) == len(shape) > 0:
        raise ValueError("dims and shape do not fit each other")
    if not all(isinstance(word, str) for word in words) or len(set(dims)) < len(dims):
        raise ValueError("names are no texts")
    return layer


class FilmStore:
    """A film's place.

    Arrays by frame: ``step``; ``dead``, ``update``, ``gradient``, ``change`` and the ends of the
    maps with the channels of all layers in a row; ``maps/0`` and so on, a layer each, and
    ``training/0`` of those that have maps of their own in training mode; ``outputs/0`` and so on.
    There is room in them for more frames than there are. ``inputs/0`` and so on are written once.

    A frame counts when its step is written, which comes last, and Zarr gives every file its name
    when it is whole: so a reader sees whole frames alone, whenever the writer is stopped.

    Maps are float16. Levels would need ends that nobody knows before the training; half precision
    needs none, and its steps of 1/2048 of a value are finer than those of a picture with 240
    levels.

    Parameters
    ----------
    path : str or Path
        A folder.
    """

    def __init__(self, path: str | Path) -> None:
        file_path(path)
        self.path = str(path)
        self._zarr = require("zarr", "survey", "a film")

    def check_free(self) -> None:
        """Raise `OutputError` where a film cannot be begun."""
        if "://" in self.path:
            raise OutputError(f"a film is written to a folder, not to {self.path}: name a folder")
        place = Path(self.path)
        if place.is_file() or (place.is_dir() and any(place.iterdir())):
            raise OutputError(
                f"there is something at {self.path!r} already: name another path, or delete it"
            )

    def create(self, contents: Contents) -> None:
        """Begin a film.

        Raises
        ------
        OutputError
            When it cannot be written.
        """
        self.check_free()
        layers, images = contents.layers, contents.images
        columns = (sum(layer.channels for layer in layers),)
        with self._writing():
            group = self._zarr.open_group(self.path, mode="a")
            self._make(group, "step", "int64", ("step",), (), _NOT_WRITTEN, (_STEPS_IN_A_FILE,))
            self._make(group, "dead", "bool", ("step", "column"), columns, False)
            for name in BY_CHANNEL[1:]:
                self._make(group, name, "float32", ("step", "column"), columns, np.nan)
            for name in BY_MAP:
                self._make(
                    group, name, "float32", ("step", "image", "column"), (images, *columns), np.nan
                )
            for place, layer in enumerate(layers):
                self._make_maps(group, f"maps/{place}", layer, images)
                if layer.name in contents.training:
                    self._make_maps(group, f"training/{place}", layer, images)
            for place, shape in enumerate(contents.outputs.values()):
                axes = ("step", "image", *(f"axis{axis + 1}" for axis in range(len(shape))))
                self._make(group, f"outputs/{place}", "float32", axes, (images, *shape), np.nan)
            for place, values in enumerate(contents.inputs.values()):
                group.create_array(f"inputs/{place}", data=np.ascontiguousarray(values))
            entries = [
                {**vars(layer), "dims": list(layer.dims), "shape": list(layer.shape)}
                for layer in layers
            ]
            inputs = {name: values.shape[1:] for name, values in contents.inputs.items()}
            group.attrs.update(
                {
                    **contents.about,
                    "kind": KIND,
                    "version": _LATEST,
                    "layers": entries,
                    "training": list(contents.training),
                    "inputs": [_entry(*one) for one in inputs.items()],
                    "outputs": [_entry(*one) for one in contents.outputs.items()],
                }
            )
        self._arrays = {name: group[name] for name in ("step", *BY_CHANNEL, *BY_MAP)}
        places = {layer.name: place for place, layer in enumerate(layers)}
        self._of_layers = {
            kind: {name: group[f"{kind}/{places[name]}"] for name in names}
            for kind, names in (("maps", places), ("training", contents.training))
        }
        self._outputs = {name: group[f"outputs/{at}"] for at, name in enumerate(contents.outputs)}
        self._count, self._room = 0, _FIRST_ROOM

    def _make_maps(self, group: Any, name: str, layer: FilmedLayer, images: int) -> None:
        shape, dims = (images, *layer.shape), ("step", "image", *layer.dims)
        at_once = max(1, _LARGEST_CHUNK // max(1, 2 * int(np.prod(layer.shape))))
        chunks = (1, min(images, at_once), *layer.shape)
        self._make(group, name, "float16", dims, shape, 0, chunks)

    def _make(
        self,
        group: Any,
        name: str,
        dtype: str,
        dims: Sequence[str],
        shape: tuple[int, ...],
        empty: Any,
        chunks: tuple[int, ...] | None = None,
    ) -> None:
        group.create_array(
            name,
            dtype=dtype,
            shape=(_FIRST_ROOM, *shape),
            chunks=chunks or (1, *shape),
            dimension_names=dims,
            fill_value=empty,
        )

    def append(self, frame: Frame) -> None:
        """Write a frame.

        Raises
        ------
        OutputError
            When it cannot be written; the frames before it stay.
        """
        place = self._count
        with self._writing():
            if place == self._room:
                self._grow()
            for kind, arrays in self._of_layers.items():
                for name, maps in arrays.items():
                    maps[place] = _half(getattr(frame, kind)[name])
            for name, outputs in self._outputs.items():
                outputs[place] = frame.outputs[name]
            for name in (*BY_CHANNEL, *BY_MAP):
                values = getattr(frame, name)
                self._arrays[name][place] = np.concatenate(
                    [values[layer] for layer in self._of_layers["maps"]], axis=-1
                )
            self._arrays["step"][place] = frame.step
        self._count += 1

    def _grow(self) -> None:
        # Doubled: to change a shape costs as much as to write a frame.
        self._room *= 2
        of_layers = (array for arrays in self._of_layers.values() for array in arrays.values())
        for array in (*self._arrays.values(), *of_layers, *self._outputs.values()):
            array.resize((self._room, *array.shape[1:]))

    def attributes(self) -> dict[str, Any]:
        """Read what is told of the film.

        Raises
        ------
        InputError
            When there is none, or something else.
        """
        try:
            # To open a group that is not there would make its folder.
            if not (Path(self.path) / "zarr.json").is_file():
                raise FileNotFoundError(self.path)
            attributes = dict(self._zarr.open_group(self.path, mode="r").attrs)
        except Exception as error:
            # Damage meets Zarr in many places, each with errors of its own.
            raise InputError(
                f"{self.path!r} is no film: give the folder that convscope.Film wrote"
            ) from error
        if attributes.get("kind") != KIND:
            raise InputError(
                f"{self.path!r} is a Zarr group and no film: give the folder that convscope.Film "
                "wrote"
            )
        version = attributes.get("version", 0)
        if isinstance(version, int) and version > _LATEST:
            raise InputError(f"{self.path!r} was written by a newer Convscope: install that one")
        return attributes

    def steps(self) -> np.ndarray:
        """Give the steps of the whole frames, int64."""
        steps = self.read("step", slice(None), shape=())
        return np.asarray(steps[steps != _NOT_WRITTEN])

    def read(self, name: str, *places: Any, shape: tuple[int, ...]) -> np.ndarray:
        """Read some places of an array.

        Parameters
        ----------
        name : str
        *places
            Along its axes.
        shape : tuple of int
            What it has to have for every step; another one is damage.

        Raises
        ------
        InputError
            When it is damaged.
        """
        array = self._open(name)
        try:
            fits = tuple(array.shape[1:]) == shape and array.shape[0] <= _LONGEST
            # The step of a frame is written last: no array is shorter than what is known of steps.
            first = places[0]
            short = isinstance(first, slice) and array.shape[0] < (first.stop or 0)
            if not fits or short or array.dtype.kind not in "iufb":
                raise ValueError(f"it has the shape {array.shape} and the dtype {array.dtype}")
            return np.asarray(array[places])
        except Exception as error:
            raise InputError(
                f"{name} in {self.path!r} is damaged: record the film again"
            ) from error

    def _open(self, name: str) -> Any:
        try:
            return self._zarr.open_array(self.path, path=name, mode="r")
        except Exception as error:
            raise InputError(
                f"{self.path!r} has lost its array {name}: record the film again"
            ) from error

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except ConvscopeError:
            raise
        except OSError as error:
            reason = error.strerror or " ".join(str(error).split()) or type(error).__name__
            raise OutputError(
                f"{self.path!r} cannot be written ({reason}): free some space, or name another path"
            ) from error


def _entry(name: str, shape: Sequence[int]) -> dict[str, Any]:
    return {"name": name, "shape": list(shape)}


def _half(values: np.ndarray) -> np.ndarray:
    """Give float16, without making finite values infinite."""
    high = np.where(np.isfinite(values), np.clip(values, -_HIGHEST, _HIGHEST), values)
    return np.asarray(high, np.float16)
