"""Where a film is kept: a Zarr group in a folder, which grows frame by frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from convscope.errors import ConvscopeError, InputError, OutputError, require
from convscope.training.frame import Frame

__all__ = ["FilmStore", "FilmedLayer"]

_KIND = "convscope film"
_LATEST = 1
_NOT_WRITTEN = -1
_FIRST_ROOM = 64
_STEPS_IN_A_FILE = 4096
_LARGEST_CHUNK = 16_000_000
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


class FilmStore:
    """A film's place.

    Arrays by frame: ``step``; ``dead``, ``change`` and ``update`` with the channels of all layers
    in a row; ``maps/0`` and so on, a layer each. There is room in them for more frames than there
    are. A frame counts when its step is written, which comes last, and Zarr gives every file its
    name when it is whole: so a reader sees whole frames alone, whenever the writer is stopped.

    Maps are float16. Levels would need ends that nobody knows before the training; half precision
    needs none, and its steps of 1/2048 of a value are finer than those of a picture with 240
    levels.

    Parameters
    ----------
    path : str or Path
        A folder.
    """

    def __init__(self, path: str | Path) -> None:
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

    def create(self, layers: Sequence[FilmedLayer], images: int, about: Mapping[str, Any]) -> None:
        """Begin a film.

        Parameters
        ----------
        layers : sequence of FilmedLayer
        images : int
            How many.
        about : mapping
            What else is told of it, as JSON has it.
        """
        self.check_free()
        channels = sum(layer.channels for layer in layers)
        with self._writing():
            group = self._zarr.open_group(self.path, mode="a")
            steps = (_STEPS_IN_A_FILE,)
            self._make(group, "step", "int64", ("step",), (), _NOT_WRITTEN, steps)
            self._make(group, "dead", "bool", ("step", "column"), (channels,), False)
            self._make(
                group, "change", "float32", ("step", "image", "column"), (images, channels), np.nan
            )
            self._make(group, "update", "float32", ("step", "column"), (channels,), np.nan)
            for place, layer in enumerate(layers):
                shape, dims = (images, *layer.shape), ("step", "image", *layer.dims)
                at_once = max(1, _LARGEST_CHUNK // max(1, 2 * int(np.prod(layer.shape))))
                chunks = (1, min(images, at_once), *layer.shape)
                self._make(group, f"maps/{place}", "float16", dims, shape, 0, chunks)
            entries = [
                {**vars(layer), "dims": list(layer.dims), "shape": list(layer.shape)}
                for layer in layers
            ]
            group.attrs.update({**about, "kind": _KIND, "version": _LATEST, "layers": entries})
        self._arrays = {name: group[name] for name in ("step", "dead", "change", "update")}
        self._maps = {layer.name: group[f"maps/{at}"] for at, layer in enumerate(layers)}
        self._count, self._room = 0, _FIRST_ROOM

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
            for name, maps in self._maps.items():
                maps[place] = _half(frame.maps[name])
            for name, values in (
                ("dead", frame.dead),
                ("change", frame.change),
                ("update", frame.update),
            ):
                self._arrays[name][place] = np.concatenate(
                    [values[layer] for layer in self._maps], axis=-1
                )
            self._arrays["step"][place] = frame.step
        self._count += 1

    def _grow(self) -> None:
        # Doubled: to change a shape costs as much as to write a frame.
        self._room *= 2
        for array in (*self._arrays.values(), *self._maps.values()):
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
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{self.path!r} is no film: give the folder that convscope.Film wrote"
            ) from error
        if attributes.get("kind") != _KIND:
            raise InputError(
                f"{self.path!r} is a Zarr group and no film: give the folder that convscope.Film "
                "wrote"
            )
        if attributes.get("version", 0) > _LATEST:
            raise InputError(f"{self.path!r} was written by a newer Convscope: install that one")
        return attributes

    def steps(self) -> np.ndarray:
        """Give the steps of the whole frames, int64."""
        steps = self.read("step", slice(None))
        return np.asarray(steps[steps != _NOT_WRITTEN])

    def read(self, name: str, *places: Any) -> np.ndarray:
        """Read some places of an array.

        Raises
        ------
        InputError
            When it is damaged.
        """
        try:
            return np.asarray(self._open(name)[places])
        except (OSError, ValueError, RuntimeError) as error:
            raise InputError(
                f"{name} in {self.path!r} is damaged: record the film again"
            ) from error

    def _open(self, name: str) -> Any:
        try:
            return self._zarr.open_array(self.path, path=name, mode="r")
        except (OSError, ValueError, KeyError, TypeError) as error:
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


def _half(values: np.ndarray) -> np.ndarray:
    """Give float16, without making finite values infinite."""
    high = np.where(np.isfinite(values), np.clip(values, -_HIGHEST, _HIGHEST), values)
    return np.asarray(high, np.float16)
