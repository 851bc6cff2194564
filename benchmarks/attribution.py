"""What a heat map costs: Grad-CAM, Ablation-CAM and Score-CAM against the bare forward pass.

Grad-CAM's figure is its time over that of one bare pass of one image, everything included. The two
others run a pass for every channel; their figure is their time over channels / batch bare passes of
a whole batch, where the batch is as large as theirs.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np
from recording import bare, build
from rounds import in_turn, milliseconds, ratio

import convscope
from convscope.analysis.attribution.rows import pieces, rows_at_once
from convscope.frameworks import import_keras

keras = import_keras("the benchmark")

NETWORKS = ("ResNet50", "MobileNetV2", "cats-vs-dogs", "fashion-mnist", "mnist")
# More channels take minutes a round and change the ratio little.
CHANNELS = 128


def cheapest(network: convscope.Network) -> str:
    """Choose the layer whose channels are tried out: the last with at most 128 of them."""
    able = [
        layer.name
        for layer in network.layers.values()
        if len(layer.space) == 2
        and (layer.space[0] or 0) > 1
        and 1 < (layer.channels or 0) <= CHANNELS
    ]
    return able[-1]


def measure(name: str, rounds: int) -> None:
    """Measure one network and print a line."""
    model = build(name)
    network = convscope.open(model)
    shape = network.inputs[0].shape
    photo = np.random.default_rng(0).random((1, *shape), np.float32)
    layer = cheapest(network)
    channels = network.layers[layer].channels or 0
    most = rows_at_once(network, (shape[0] or 0, shape[1] or 0), backward=False)
    runs = [len(piece) for piece in pieces(channels, most)]
    many = bare(model, np.repeat(photo, runs[0], axis=0))

    def explained(method: str, layer: str | None = None) -> Callable[[], Any]:
        return lambda: convscope.heatmap(network, photo, 0, method, layer)

    one = in_turn({"bare": bare(model, photo), "grad-cam": explained("grad-cam")}, rounds)
    work = {
        "batch": many,
        "ablation-cam": explained("ablation-cam", layer),
        "score-cam": explained("score-cam", layer),
    }
    tried = in_turn(work, max(3, rounds // 3))
    passes = channels / runs[0]
    print(
        f"{keras.backend.backend():10s} {name:14s} bare {milliseconds(one, 'bare'):7.2f} ms  "
        f"grad-cam {ratio(one, 'grad-cam', 'bare'):5.2f} x   {channels} channels in "
        f"{len(runs)} x {runs[0]}: "
        + "  ".join(
            f"{method} {ratio(tried, method, 'batch') / passes:5.2f} x"
            for method in ("ablation-cam", "score-cam")
        ),
        flush=True,
    )


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
