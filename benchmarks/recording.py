"""What it costs to record, to draw and to save every feature map of a network.

Each figure is a ratio to the bare compiled forward pass of the same model on the same input, made
with the framework's own means and measured in the same run.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rounds import in_turn, milliseconds, ratio

import convscope
from convscope.frameworks import import_keras
from convscope.networks import Batch, Network
from convscope.views.map_files import over_layers
from convscope.views.maps import maps

keras = import_keras("the benchmark")

NETWORKS = ("VGG16", "ResNet50", "MobileNetV2", "fashion-mnist", "mnist")


def build(name: str) -> Any:
    """Make a network with random weights."""
    keras.utils.set_random_seed(0)
    if name in convscope.recipes.RECIPES:
        return convscope.recipes.RECIPES[name].build()
    return getattr(keras.applications, name)(weights=None)


def bare(model: Any, array: np.ndarray) -> Callable[[], Any]:
    """Compile the forward pass as the framework's own users would."""
    if keras.backend.backend() == "jax":
        import jax

        variables = (
            [variable.value for variable in model.trainable_variables],
            [variable.value for variable in model.non_trainable_variables],
        )
        compiled = jax.jit(lambda t, n, x: model.stateless_call(t, n, x, training=False)[0])
        return lambda: np.asarray(compiled(*variables, array))
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        function = tf.function(lambda x: model(x, training=False), autograph=False)
        tensor = tf.constant(array)
        return lambda: function(tensor).numpy()
    import torch

    tensor = keras.ops.convert_to_tensor(array)

    def run() -> Any:
        with torch.no_grad():
            return model(tensor, training=False).numpy()

    return run


def draw(network: Network, array: np.ndarray) -> int:
    """Make the mosaics of all layers in memory, as the command does before it writes them."""
    drawn = maps(network, array)
    return sum(over_layers(drawn, lambda layer: drawn[layer.name].levels.nbytes))


def save(network: Network, array: np.ndarray, folder: Path) -> None:
    """Write all mosaics and maps.json."""
    maps(network, array).save(folder)


def common_way(activations: convscope.Activations, folder: Path) -> None:
    """Tile in NumPy and save grey pictures with Pillow: the best way that people paste."""
    from PIL import Image

    for name in activations:
        values = activations.array(name)
        values = values.reshape(len(values), *values.shape[1:], *(1,) * (3 - values.ndim))
        low = values.min(axis=(1, 2), keepdims=True)
        span = np.maximum(values.max(axis=(1, 2), keepdims=True) - low, 1e-9)
        grey = ((values - low) / span * 255).astype(np.uint8)
        count, height, width = grey.shape
        columns = int(np.ceil(np.sqrt(count)))
        rows = -(-count // columns)
        tiles = np.zeros((rows * columns, height, width), np.uint8)
        tiles[:count] = grey
        tiled = tiles.reshape(rows, columns, height, width).swapaxes(1, 2)
        Image.fromarray(tiled.reshape(rows * height, columns * width)).save(
            folder / f"{name.replace('/', '.')}.png"
        )


def subplots(activations: convscope.Activations, folder: Path, names: list[str]) -> None:
    """Draw a subplot a map with matplotlib, as the tutorials do."""
    from matplotlib.figure import Figure

    for name in names:
        values = activations.array(name)
        columns = int(np.ceil(np.sqrt(len(values))))
        axes = Figure(figsize=(12, 12)).subplots(-(-len(values) // columns), columns, squeeze=False)
        for channel, axis in enumerate(axes.flat):
            axis.set_axis_off()
            if channel < len(values):
                axis.imshow(values[channel], cmap="viridis")
        axes.flat[0].figure.savefig(folder / f"{name}.png")


def measure(name: str, size: int, rounds: int, *, pictures: bool) -> None:
    """Measure one network at one batch size and print a line."""
    model = build(name)
    network = convscope.open(model)
    shape = network.inputs[0].shape
    array = np.random.default_rng(0).random((size, *shape), np.float32)
    batch: Batch = network.batches(array)[0]
    every = list(network.layers)
    folder = Path(tempfile.mkdtemp())
    work: dict[str, Callable[[], Any]] = {
        "bare": bare(model, array),
        "recorded": lambda: network.run(batch, every),
    }
    if pictures and size == 1:
        work["drawn"] = lambda: draw(network, array)
        work["saved"] = lambda: save(network, array, folder)
    seconds = in_turn(work, rounds)
    figures = "  ".join(
        f"{piece} {ratio(seconds, piece, 'bare'):5.2f} x" for piece in work if piece != "bare"
    )
    print(
        f"{keras.backend.backend():10s} {name:14s} batch {size}  bare "
        f"{milliseconds(seconds, 'bare'):7.1f} ms  {figures}",
        flush=True,
    )
    shutil.rmtree(folder)


def against_others(rounds: int) -> None:
    """Compare PNGs of all layers of ResNet50 with the common way and with matplotlib's subplots.

    All begin with the activations in memory and end with files on disk.
    """
    network = convscope.open(build("ResNet50"))
    array = np.random.default_rng(0).random((1, 224, 224, 3), np.float32)
    sample = ["conv2_block1_1_relu", "conv4_block1_1_relu"]
    folder = Path(tempfile.mkdtemp())
    activations = network.activations(array)
    work = {
        "ours": lambda: maps(network, array).save(folder),
        "forward": lambda: network.run(network.batches(array)[0], list(network.layers)),
        "common": lambda: common_way(activations, folder),
        "subplots": lambda: subplots(activations, folder, sample),
    }
    seconds = in_turn(work, rounds)
    every = sum(layer.channels or 0 for layer in network.layers.values())
    some = sum(network.layers[name].channels or 0 for name in sample)
    pairs = list(zip(*seconds.values(), strict=True))
    ours = statistics.median(one - forward for one, forward, _, _ in pairs)
    common = statistics.median(other / (one - forward) for one, forward, other, _ in pairs)
    drawn = (
        every / some * statistics.median(many / (one - forward) for one, forward, _, many in pairs)
    )
    print(
        f"ResNet50, {len(activations)} layers, {every:,} channels, from activations in memory to "
        f"PNGs on disk: {ours * 1e3:.0f} ms\n"
        f"  tiled in NumPy, saved grey with Pillow: {common:.1f} x as long\n"
        f"  matplotlib subplots, per map, measured on {some} maps of {len(sample)} layers: "
        f"{drawn:.0f} x as long"
    )
    shutil.rmtree(folder)


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", nargs="+", default=NETWORKS)
    parser.add_argument("--batch", nargs="+", type=int, default=[1, 8])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--no-pictures", action="store_true")
    given = parser.parse_args()
    for name in given.networks:
        for size in given.batch:
            measure(name, size, given.rounds, pictures=not given.no_pictures)
    if not given.no_pictures and "ResNet50" in given.networks:
        against_others(max(2, given.rounds // 4))


if __name__ == "__main__":
    main()
