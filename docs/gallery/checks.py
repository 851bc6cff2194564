"""Check what the gallery's pages made against Keras and against the accuracies they promise."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

ACCURACIES = {"fashion": 0.89, "mnist": 0.97, "cats": 0.74}
"""Share of test images that each network finds after a full training."""

BEFORE_AUGMENTATION = 0.75
"""Share of validation images that the cats-and-dogs network finds after its first phase."""

FIRST_RESERVED = 240


def accuracies(folder: Path) -> dict[str, float]:
    """Read the test accuracies of the networks in a folder, and compare them with the promise.

    Raises
    ------
    AssertionError
        When one is lower.
    """
    found = {}
    for sidecar in folder.glob("*.convscope.json"):
        name = sidecar.name.partition(".")[0]
        told = json.loads(sidecar.read_text())
        found[name] = told["test"]["accuracy"]
        assert found[name] >= ACCURACIES[name], f"{name}: {found[name]} < {ACCURACIES[name]}"
        if name == "cats":
            first = told["validation"][0]["accuracy"]
            assert first >= BEFORE_AUGMENTATION, f"{name}: {first} < {BEFORE_AUGMENTATION}"
    return found


def tiles(model: Path, maps: Path) -> int:
    """Compare every tile of saved mosaics with what Keras computes from ``input.png``.

    Only for Sequential models without a rescaling of their own, on pictures saved at zoom 1 with
    the scale ``channel`` or ``layer``, or at any zoom; tiles are compared unit for unit.

    Returns
    -------
    int
        Number of maps compared.

    Raises
    ------
    AssertionError
        When a level differs by more than one, which float32 sums in another order may cause.
    """
    import keras
    from PIL import Image

    told = json.loads((maps / "maps.json").read_text())
    with Image.open(maps / "input.png") as seen:
        value = np.asarray(seen, np.float32)[None] / 255
    value = value[..., None] if value.ndim == 3 else value
    outputs = {}
    for layer in keras.saving.load_model(model).layers:
        value = layer(value)
        outputs[layer.name] = np.asarray(keras.ops.convert_to_numpy(value))[0]
    compared = 0
    for entry in told["layers"]:
        if len(entry["shape"]) == 3:
            with Image.open(maps / entry["file"]) as picture:
                compared += compare(np.asarray(picture), outputs[entry["layer"]], entry)
    return compared


def compare(places: np.ndarray, values: np.ndarray, entry: dict) -> int:
    """Compare the tiles of one mosaic with the values of a layer, (y, x, channel).

    Parameters
    ----------
    places : ndarray of uint8, (y, x)
        Pixels of a palette PNG.
    values : ndarray of float32, (y, x, channel)
    entry : dict
        What ``maps.json`` says of the mosaic.

    Returns
    -------
    int
        Number of maps compared.

    Raises
    ------
    AssertionError
        As for `tiles`.
    """
    channels, height, width = entry["shape"]
    zoom = entry["zoom"]
    spans = zip(entry["channels"]["level_0"], entry["channels"]["level_239"], strict=True)
    for channel, (low, high) in enumerate(spans):
        row, column = divmod(channel, entry["columns"])
        top, left = row * (height + 1) * zoom, column * (width + 1) * zoom
        tile = places[top : top + height * zoom : zoom, left : left + width * zoom : zoom]
        if values[..., channel].min() == values[..., channel].max():
            assert (tile >= FIRST_RESERVED).all(), (entry["layer"], channel)
            continue
        levels = np.clip((values[..., channel] - low) / (high - low) * 239, 0, 239)
        assert np.abs(tile - levels).max() <= 1.01, (entry["layer"], channel)
    return int(channels)
