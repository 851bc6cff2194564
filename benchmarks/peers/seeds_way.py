"""The way of the tutorials: a model of all layers, predict, and a subplot for every map."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import convscope_side
import numpy as np
from keras_side import NETWORKS, SURVEYED, Side
from matplotlib import pyplot
from moments import Moments
from work import SIZE, Comparison, main, near, sample, surveyed, total

SAMPLES = {
    "ResNet50": ["conv2_block1_1_relu", "conv4_block1_1_relu"],
    "MobileNetV2": ["block_1_expand_relu", "block_6_expand_relu"],
}
"""Where all subplots would take a quarter of an hour."""
BATCH = 32


def subplots(values: np.ndarray, path: Path) -> None:
    """Draw the maps of one layer."""
    count = values.shape[-1]
    columns = int(np.ceil(np.sqrt(count)))
    figure, axes = pyplot.subplots(-(-count // columns), columns, figsize=(12, 12), squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for channel, axis in zip(range(count), axes.flat, strict=False):
        axis.imshow(values[:, :, channel], cmap="viridis")
    figure.savefig(path)
    pyplot.close(figure)


def channels_first(values: np.ndarray) -> np.ndarray:
    """Bring the maps of one image into convscope's order."""
    return np.moveaxis(values[0], -1, 0)


def pictures(name: str) -> Comparison:
    """All layers of one image to pictures."""
    side = Side(name)
    if name in SAMPLES:
        side.choose(SAMPLES[name])

    def theirs() -> dict[str, np.ndarray]:
        found = side.part().predict(side.image, verbose=0)
        for layer, values in zip(side.names, found, strict=True):
            subplots(values[0], side.folder / f"{layer}.png")
        return {
            layer: channels_first(values) for layer, values in zip(side.names, found, strict=True)
        }

    return Comparison(
        theirs, lambda: convscope_side.pictures(side), total(side.layers), near, rounds=1
    )


def statistics(name: str) -> Comparison:
    """Activations of 2,000 images to figures of every channel."""
    side = Side(name, SIZE)
    images = sample()
    part = side.part()

    def theirs() -> dict[str, Any]:
        sums = {layer: Moments() for layer in side.names}
        for start in range(0, len(images), BATCH):
            batch = images[start : start + BATCH].astype(np.float32) / 255
            found = part.predict(batch, batch_size=BATCH, verbose=0)
            for layer, values in zip(side.names, found, strict=True):
                sums[layer].add(values)
        return {layer: one.figures() for layer, one in sums.items()}

    return Comparison(
        theirs,
        lambda: convscope_side.statistics(side, images),
        surveyed(side.layers, images),
        near,
        rounds=0,
    )


if __name__ == "__main__":
    main(
        "matplotlib subplots, predict in a loop",
        "matplotlib",
        {("pictures", name): lambda name=name: pictures(name) for name in NETWORKS}
        | {("statistics", SURVEYED): lambda: statistics(SURVEYED)},
    )
