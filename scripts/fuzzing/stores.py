"""Stores of surveys and of films: opened, read through, and surveyed on."""

from __future__ import annotations

import hashlib
import io
import pickle
import random
import shutil
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from fuzzing.datasets import class_folders
from fuzzing.folders import altered, mutated
from fuzzing.subject import Subject

__all__ = ["STORES"]

# A mutant holds a megabyte at most.
_MEMORY = 300 * 2**20
_SHARD = 1


@cache
def _network() -> Any:
    import keras

    import convscope

    keras.utils.set_random_seed(1)
    layers = keras.layers
    parts = [keras.Input((8, 8, 1)), layers.Conv2D(4, 3, activation="relu", name="conv"),
             layers.GlobalAveragePooling2D(name="mean"),
             layers.Dense(3, activation="softmax", name="dense")]  # fmt: skip
    return convscope.open(keras.Sequential(parts, name="small"), labels=["cat", "dog", "fox"])


def _small_shards() -> None:
    import convscope.surveys.plan

    convscope.surveys.plan._SHARD, convscope.surveys.plan._BATCHES = _SHARD, 1


def _surveys(folder: Path) -> list[Path]:
    """Survey to the end, and let another be stopped before it."""
    from convscope import survey

    _small_shards()
    data, _ = class_folders(folder)
    options: dict[str, Any] = {"per_class": "conv", "k": 2, "batch": 1}
    survey(_network(), data, folder / "whole.zarr", **options)
    return [folder / "whole.zarr", _stopped(folder, data, options)]


def _stopped(folder: Path, data: Path, options: dict[str, Any]) -> Path:
    from convscope import survey

    def stop(done: int, total: int) -> None:
        if done >= total:
            raise KeyboardInterrupt

    store = folder / "stopped.zarr"
    try:
        survey(_network(), data, store, progress=stop, **options)
    except KeyboardInterrupt:
        return store
    raise AssertionError("the survey ended")


def _on(folder: Path) -> list[Path]:
    return [path for path in _surveys(folder) if path.stem == "stopped"]


def _films(folder: Path) -> list[Path]:
    from convscope import Film

    images = np.random.default_rng(0).random((2, 8, 8, 1), np.float32)
    film = Film(images, path=folder / "film.zarr")
    for step in range(3):
        film.record(_network(), step)
    return [folder / "film.zarr"]


def _damaged(seed: Path, folder: Path, chance: random.Random) -> Path:
    """Change a store; sometimes a summary whose checksum is right again."""
    nodes = sorted(seed.glob("nodes/*.npz"))
    if not nodes or chance.random() < 0.4:
        return mutated(seed, folder, chance)
    path = folder / f"mutant{seed.suffix}"
    shutil.copytree(seed, path)
    node = path / "nodes" / chance.choice(nodes).name
    node.write_bytes(_summary(node.read_bytes(), chance))
    return path


def _summary(content: bytes, chance: random.Random) -> bytes:
    from numcodecs import Zstd

    size = hashlib.sha256().digest_size
    inside = bytes(Zstd().decode(content[size:]))
    with zipfile.ZipFile(io.BytesIO(inside)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = chance.choice(list(parts))
    match chance.randrange(5):
        case 0:
            del parts[name]
        case 1:
            parts[name] = parts[chance.choice(list(parts))]
        case 2:
            held = io.BytesIO()
            np.save(held, np.array(chance.choice(([2**40] * 3, [-1], [[7.5]], [2**62], []))))
            parts[name] = held.getvalue()
        case _:
            parts[name] = altered("x.npy", parts[name], chance)
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for part, data in parts.items():
            archive.writestr(part, data)
    data = bytes(Zstd(level=1).encode(held.getvalue()))
    return hashlib.sha256(data).digest() + data


def _opened(path: Path, folder: Path) -> None:
    """Open a survey, and look at all that it tells."""
    from convscope import open_survey
    from convscope.surveys.findings import areas, outline
    from convscope.surveys.reopening import open_network_of
    from convscope.surveys.tables import tables

    found = open_survey(path)
    repr(found)
    for layer in found:
        repr(found[layer].load())
    assert found.accuracy is None or 0 <= found.accuracy <= 1
    outline(found)
    areas(found)
    tables(found)
    _explored(found)
    if found.opening is not None:
        open_network_of(found)


def _explored(found: Any) -> None:
    """Let the explorer ask for everything."""
    from convscope.errors import ConvscopeError
    from convscope.explorer import Session

    session = Session(_network(), survey=found)
    for kind in ("network", "survey_layer", "survey_channel", "survey_pictures", "survey_classes"):
        for layer in ("conv", "mean", "dense"):
            message = {"type": kind, "layer": layer, "channel": 0, "classes": [0, 1]}
            reply, _ = session.answer(message)
            if reply["type"] == "error" and reply["code"] == "internal":
                raise AssertionError(f"{kind}: {reply['message']}")
            if reply["type"] == "error" and reply["code"] != "refused":
                raise ConvscopeError(reply["message"])


def _goes_on(path: Path, folder: Path) -> None:
    from convscope import survey

    # The whole one has to stay as it is.
    copy = folder / "copy.zarr"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(path, copy, symlinks=True)
    survey(_network(), folder / "plain", copy, per_class="conv", k=2, batch=1)


def _film(path: Path, folder: Path) -> None:
    from convscope import open_film
    from convscope.training.film_pictures import film_pictures

    found = open_film(path)
    repr(found)
    for layer in found:
        repr(found[layer].load())
        found.series("dead", layer)
    pictures = film_pictures(found)
    pictures.save(folder / "film.png")
    pictures.save(folder / "film.gif")
    pickle.dumps(found.steps)


STORES = {
    "survey": Subject(_surveys, _damaged, _opened, _MEMORY),
    "resumed": Subject(_on, _damaged, _goes_on, _MEMORY),
    "film": Subject(_films, mutated, _film, _MEMORY),
}
"""By what is done with them."""
