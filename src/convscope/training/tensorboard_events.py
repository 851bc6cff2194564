"""A film as events that TensorBoard shows: its mosaics, and its figures as curves."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from convscope.errors import OutputError, require
from convscope.training.film_pictures import film_pictures
from convscope.training.frame import norms

if TYPE_CHECKING:
    from convscope.training.opened_film import OpenedFilm

__all__ = ["write_events"]

_TENSORBOARD = "tensorboard.summary.writer.event_file_writer"


def write_events(film: OpenedFilm, folder: str | Path) -> Path:
    """Write a film for TensorBoard; see `OpenedFilm.to_tensorboard`."""
    writing = require(_TENSORBOARD, "tensorboard", "writing for TensorBoard")
    from tensorboard.compat.proto.event_pb2 import Event

    path = Path(folder)
    try:
        # Where TensorFlow is installed, the writer would fail with errors of its own.
        path.mkdir(parents=True, exist_ok=True)
        writer = writing.EventFileWriter(str(path))
        try:
            for step, summary in _summaries(film):
                # The film holds no times; TensorBoard orders by the steps.
                writer.add_event(Event(wall_time=time.time(), step=step, summary=summary))
        finally:
            writer.close()
    except OSError as error:
        raise OutputError(
            f"{str(path)!r} cannot be written ({error.strerror or error}): name another folder"
        ) from error
    return path


def _summaries(film: OpenedFilm) -> Iterator[tuple[int, Any]]:
    from tensorboard.compat.proto.summary_pb2 import Summary

    for layer in film:
        curves = _curves(film, layer)
        for frame, step in enumerate(film.steps.tolist()):
            values = [
                Summary.Value(tag=f"{name}/{layer}", simple_value=float(curve[frame]))
                for name, curve in curves.items()
                if np.isfinite(curve[frame])
            ]
            if values:
                yield step, Summary(value=values)
        unique = len(set(film.images)) == len(film.images)
        for place, image in enumerate(film.images):
            name = image if unique else f"{place} {image}"
            for training in (False, True)[: 1 + (layer in film.in_training)]:
                mode = " in training" if training else ""
                for step, picture in zip(
                    film.steps.tolist(),
                    film_pictures(film, layer, place, training=training),
                    strict=True,
                ):
                    pixels = picture.image()
                    drawn = Summary.Image(
                        height=pixels.height,
                        width=pixels.width,
                        colorspace=3,
                        encoded_image_string=picture.png(),
                    )
                    tag = f"{layer}{mode}/{name}"
                    yield step, Summary(value=[Summary.Value(tag=tag, image=drawn)])


def _curves(film: OpenedFilm, layer: str) -> dict[str, np.ndarray]:
    """Give the figures of a whole layer at every step."""
    gradient, update, change = (
        film.series(name, layer) for name in ("gradient", "update", "change")
    )
    with np.errstate(all="ignore"):
        return {
            "dead channels": film.series("dead", layer).sum(axis=1),
            "gradient": norms(gradient, 1),
            "update to weight": _median(update),
            "change": _median(change.reshape(len(change), -1)),
        }


def _median(values: np.ndarray) -> np.ndarray:
    """Give the median of each row; NaN where nothing is known."""
    known = ~np.isnan(values).all(axis=1)
    found = np.full(len(values), np.nan)
    found[known] = np.nanmedian(values[known], axis=1)
    return found
