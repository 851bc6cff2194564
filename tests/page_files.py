"""What the pages open: small networks without training, drawn pictures, a dataset of ten images."""

import json
import math
import shutil
import struct
from pathlib import Path

import keras
import numpy as np
from keras import layers
from PIL import Image

from convscope.training.recipes import RECIPES, embedded
from convscope.training.strokes import digits


def lay_out(folder: Path) -> None:
    """Make every file that a page names."""
    for name, recipe in (
        ("model", "mnist"), ("fashion", "fashion-mnist"), ("early", "fashion-mnist"),
    ):  # fmt: skip
        keep(folder / f"{name}.keras", RECIPES[recipe].build(), RECIPES[recipe].labels)
    keep(folder / "cats.keras", cats(), ("cat", "dog"))
    keep(folder / "segmentation.keras", segmentation(), ("road", "car", "sky"))
    shutil.copy(embedded(), folder / "embedded.keras")
    shutil.copy(embedded().with_name("embedded.convscope.json"), folder / "embedded.convscope.json")
    for name, side in (
        ("photo.jpg", 80), ("dog.1100.jpg", 90), ("cat.10040.jpg", 70), ("street.png", 64),
    ):  # fmt: skip
        picture(side).save(folder / name)
    Image.fromarray(digits()[3][1]).save(folder / "digit.png")
    cache = folder / "keras" / "datasets" / "fashion-mnist"
    cache.mkdir(parents=True)
    labels, images = zip(*digits(), strict=True)
    write_idx(cache / "t10k-images-idx3-ubyte", np.stack(images))
    write_idx(cache / "t10k-labels-idx1-ubyte", np.array(labels, np.uint8))


def drawn(initializer, shape, dtype=None, **_) -> np.ndarray:
    """Draw initial weights with NumPy: jax compiles its own drawing anew for every shape."""
    spread = np.sqrt(2 / math.prod(shape[:-1]))
    return np.random.default_rng(1).normal(0, spread, shape).astype(dtype or "float32")


def keep(path: Path, model: keras.Model, labels: tuple[str, ...]) -> None:
    model.save(path)
    path.with_suffix(".convscope.json").write_text(json.dumps({"labels": labels}))


def cats() -> keras.Model:
    """Make the four convolutions of the recipe cats-vs-dogs, narrow, for pictures of 46 pixels."""
    parts: list[layers.Layer] = []
    for end in ("", "_1", "_2", "_3"):
        parts.append(layers.Conv2D(8, 3, activation="relu", name=f"conv2d{end}"))
        parts.append(layers.MaxPooling2D(name=f"max_pooling2d{end}"))
    head = [layers.Flatten(), layers.Dense(1, activation="sigmoid")]
    return keras.Sequential([keras.Input((46, 46, 3)), *parts, *head], name="cats")


def segmentation() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((64, 64, 3)),
            layers.Conv2D(4, 3, strides=2, padding="same", activation="relu", name="down"),
            layers.Conv2D(6, 3, strides=2, padding="same", activation="relu", name="bottleneck"),
            layers.UpSampling2D(4, name="up"),
            layers.Conv2D(3, 1, activation="softmax", name="classes"),
        ],
        name="segmentation",
    )


def picture(side: int) -> Image.Image:
    """Draw a bright disc on a slope of colours."""
    y, x = np.mgrid[:side, :side] / side
    disc = (y - 0.4) ** 2 + (x - 0.6) ** 2 < 0.06
    return Image.fromarray(np.uint8(255 * np.stack([y, x, np.where(disc, 1, y * x)], axis=-1)))


def write_idx(path: Path, values: np.ndarray) -> None:
    header = bytes((0, 0, 8, values.ndim)) + struct.pack(f">{values.ndim}I", *values.shape)
    path.write_bytes(header + values.tobytes())
