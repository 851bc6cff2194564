"""What a survey of all layers costs, beside the bare forward pass on batches already in memory.

A round of the survey reads, decodes and prepares the images of one shard, runs the network, reduces
every map and adds up what is kept, and packs the shard as a store does; a round of the bare pass
runs the same network on the same batches, prepared before. Printed are images per second of both
and their ratio, round against round. ``--processor`` measures the time that processors worked
instead of the time that passed, for machines that others use as well.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from rounds import in_turn, ratio

import convscope
from convscope.inputs.datasets import open_dataset
from convscope.surveys.packing import packed
from convscope.surveys.plan import make_plan
from convscope.surveys.stream import pieces
from convscope.surveys.worker import Worker, find_shift


def opened(name: str) -> tuple[Any, Callable[[Any], Any]]:
    """Open ``keras:NAME``, ``torch:NAME``, ``torchvision:NAME`` or a file; all without training.

    What runs one batch bare is given as well.
    """
    kind, _, rest = name.partition(":")
    if kind in {"torch", "torchvision"}:
        import torch
        from torch_networks import NETWORKS

        torch.manual_seed(0)
        if kind == "torch":
            model = NETWORKS[rest]().eval()
        else:
            import torchvision

            model = getattr(torchvision.models, rest)(weights=None).eval()
        device = "cuda" if torch.cuda.is_available() else "cpu"
        model = model.to(device)
        network = convscope.open(model, input_shape=(3, 224, 224))

        def bare(batch: Any) -> Any:
            with torch.no_grad():
                given = torch.from_numpy(batch.arrays[network.inputs[0].name]).to(device)
                return model(given).cpu().numpy()

        return network, bare
    if kind == "keras" and rest:
        import keras

        network = convscope.open(getattr(keras.applications, rest)(weights=None))
    else:
        network = convscope.open(name)
    return network, lambda batch: network.run(batch, ()).outputs


def measure(name: str, data: str, given: argparse.Namespace) -> None:
    """Measure one network and print a line."""
    network, bare = opened(name)
    dataset = open_dataset(data).sample(given.images, 0)
    plan = make_plan(
        network, dataset, None, None, k=9, ranking="peak", among="all", batch=given.batch
    )
    shift = find_shift(network, dataset, plan)
    worker = Worker(network, dataset, plan, shift)
    batches = [piece.batch for piece in pieces(network, dataset, range(len(dataset)), plan.batch)]

    def run_bare() -> None:
        for batch in batches:
            np.asarray(bare(batch))

    def run_survey() -> None:
        for shard in range(plan.shards):
            packed(worker.survey(shard))

    run_bare()
    clock = time.process_time if given.processor else time.perf_counter
    seconds = in_turn({"bare": run_bare, "survey": run_survey}, given.rounds, clock)
    rates = {piece: len(dataset) / float(np.median(seconds[piece])) for piece in ("bare", "survey")}
    print(
        f"{name:28s} {len(plan.layers):4d} layers {len(shift):6d} channels  batch {plan.batch:3d}  "
        f"bare {rates['bare']:8.1f} images/s  survey {rates['survey']:8.1f} images/s  "
        f"{1 / ratio(seconds, 'survey', 'bare'):.2f} x",
        flush=True,
    )


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", help="a name, folder or file, as convscope survey takes it")
    parser.add_argument("networks", nargs="+", help="keras:ResNet50, torch:resnet50, or a file")
    parser.add_argument("--images", type=int, default=256)
    parser.add_argument("--batch", type=int)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--processor", action="store_true")
    given = parser.parse_args()
    for name in given.networks:
        measure(name, given.dataset, given)


if __name__ == "__main__":
    main()
