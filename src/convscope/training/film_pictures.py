"""A film as pictures: the mosaic of one layer over time, on one scale."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from convscope.errors import SelectionError
from convscope.pictures.files import write_atomically
from convscope.pictures.mosaic import mosaic
from convscope.pictures.picture import Picture
from convscope.pictures.succession import animation, strip
from convscope.training.opened_film import OpenedFilm

__all__ = ["SUFFIXES", "FilmPictures", "check_suffix", "film_pictures"]

SUFFIXES = (".gif", ".png")
"""What the pictures of a film can be saved as."""

_FRAMES_OF_A_STRIP = 6
_WIDE, _HIGH, _IN_A_STRIP = 560, 700, 170


def film_pictures(
    film: OpenedFilm, layer: str | int | None = None, image: int = 0, *, training: bool = False
) -> FilmPictures:
    """Draw what a layer made of one image, frame by frame.

    Parameters
    ----------
    film : OpenedFilm
    layer : str or int, optional
        Name, or place among the film's layers; by default the first one with maps in a plane.
    image : int
        Which of the film's images.
    training : bool
        The maps in training mode, where these were others.

    Returns
    -------
    FilmPictures

    Raises
    ------
    SelectionError
        When there is no such layer or image.
    """
    name = _named(film, layer)
    maps = film.maps(name, image, training=training)
    finite = maps[np.isfinite(maps)]
    bounds = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    dead = film.series("dead", name)
    return FilmPictures(film, name, film.image(image), maps, dead, bounds)


@dataclass(frozen=True, eq=False, repr=False)
class FilmPictures:
    """The mosaics of one layer for one image, a frame each, all on one scale.

    Attributes
    ----------
    film : OpenedFilm
    layer : str
    image : int
    maps : numpy.ndarray
        ``(step, channel, y, x)`` and the like, float32.
    dead : numpy.ndarray
        ``(step, channel)``: zero on all images of the film.
    bounds : (float, float)
        Smallest and largest finite value of all frames: the scale of every picture.
    """

    film: OpenedFilm
    layer: str
    image: int
    maps: np.ndarray
    dead: np.ndarray
    bounds: tuple[float, float]

    def __len__(self) -> int:
        return len(self.maps)

    def caption(self, frame: int) -> tuple[str, str]:
        """Say at which step a frame was recorded, and how many channels were dead."""
        dead = self.dead[frame]
        return f"step {self.film.steps[frame]:,}", f"{dead.sum()} of {dead.size} dead"

    def __getitem__(self, frame: int) -> Picture:
        """Draw a frame."""
        return self._drawn(frame, f"{', '.join(self.caption(frame))}   {self.layer}", _WIDE)

    def __iter__(self) -> Iterator[Picture]:
        return (self[frame] for frame in range(len(self)))

    def save(self, path: str | Path) -> None:
        """Save as a ``.gif`` that moves, or as a ``.png`` with some frames side by side.

        Raises
        ------
        SelectionError
            For another suffix.
        OutputError
            When the file cannot be written.
        """
        suffix = check_suffix(path)
        if suffix == ".gif":
            write_atomically(path, animation(self.__iter__, len(self)))
            return
        frames = _spread(len(self), _FRAMES_OF_A_STRIP)
        title = f"{self.layer} of {self.film.network}, {self.film.images[self.image]}"
        pictures = [self._drawn(frame, title, _IN_A_STRIP) for frame in frames]
        write_atomically(path, strip(pictures, [self.caption(frame) for frame in frames]))

    def _drawn(self, frame: int, title: str, wide: int) -> Picture:
        origin: dict[str, Any] = self.film.provenance(self.layer, self.image)
        picture = mosaic(
            self.maps[frame],
            dims=self.film.layers[self.layer].dims,
            scale="shared",
            bounds=self.bounds,
            words=["dead" if dead else "active" for dead in self.dead[frame]],
            title=title,
            provenance={**origin, "step": int(self.film.steps[frame])},
        )
        height, width = picture.tiling.shape
        return picture.zoomed(max(1, min(wide // width, _HIGH // height)))


def check_suffix(path: str | Path) -> str:
    """Give the suffix of a file; worth asking before long work.

    Raises
    ------
    SelectionError
        When pictures of a film cannot be saved so.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise SelectionError(f"cannot save {path}: end the name in {' or '.join(SUFFIXES)}")
    return suffix


def _named(film: OpenedFilm, layer: str | int | None) -> str:
    names = list(film)
    if layer is None:
        planes = [name for name, known in film.layers.items() if known.dims[1:] == ("y", "x")]
        return (planes or names)[0]
    if isinstance(layer, str) and (layer in film.layers or not layer.lstrip("-").isdecimal()):
        film.require(layer)
        return layer
    place = int(layer)
    if not -len(names) <= place < len(names):
        raise SelectionError(
            f"there is no layer {place} in {film.path}: its {len(names)} layers have indices 0 to "
            f"{len(names) - 1}"
        )
    return names[place]


def _spread(count: int, most: int) -> Sequence[int]:
    """Choose frames at even distances, the first and the last among them."""
    places: list[int] = np.unique(np.rint(np.linspace(0, count - 1, most)).astype(int)).tolist()
    return places
