"""What it costs to ask what a map does: contributions, muting, ablation.

Each figure is a ratio to the bare compiled forward pass of the same model on the same input, made
with the framework's own means and measured in the same run.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np
from recording import NETWORKS, bare, build
from rounds import in_turn, milliseconds, ratio

import convscope
from convscope.analysis.muting import mute
from convscope.analysis.target import aim
from convscope.frameworks import import_keras

keras = import_keras("the benchmark")


def measure(name: str, rounds: int) -> None:
    """Measure one network and print a line."""
    model = build(name)
    network = convscope.open(model)
    array = np.random.default_rng(0).random((1, *network.inputs[0].shape), np.float32)
    batch = network.batches(array)[0]
    aimed = aim(network, batch)
    layers = [layer.name for layer in network.layers.values() if layer.channels]
    convolutions = [layer.name for layer in network.select("kind:conv")]
    muted = mute(network, convolutions[0], 0)
    other = mute(network, convolutions[-1], 0)
    work: dict[str, Callable[[], Any]] = {
        "bare": bare(model, array),
        "gradients": lambda: network.sums(batch, aimed.head, aimed.seed, layers),
        "contributions": lambda: network_contributions(network, array),
        "muted": lambda: muted.run(batch, ()),
        "another": lambda: other.run(batch, ()),
    }
    seconds = in_turn(work, rounds)
    figures = "  ".join(
        f"{piece} {ratio(seconds, piece, 'bare'):5.2f} x" for piece in work if piece != "bare"
    )
    print(
        f"{keras.backend.backend():10s} {name:14s} bare {milliseconds(seconds, 'bare'):7.1f} ms  "
        f"{figures}",
        flush=True,
    )


def network_contributions(network: convscope.Network, array: np.ndarray) -> Any:
    """Keep the books of one image, the search for its class included."""
    return convscope.contributions(network, array)


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", nargs="+", default=NETWORKS)
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    for name in given.networks:
        measure(name, given.rounds)


if __name__ == "__main__":
    main()
