"""What it costs to record every layer of a PyTorch network, beside other ways to do it.

Each figure is a ratio to the bare forward pass of the same model on the same input, measured in the
same run: ``recorded`` for all layers, ``nothing`` for the outputs alone; plain ``hooks`` on the
modules without parts, hooks that copy (``copies``), a traced ``graph`` that gives out every value,
``captum`` and ``torchlens`` where they are installed. Memory that was used before is kept, as a
worker of a survey does (``--fresh`` leaves that to the system's allocator). Where others use the
machine, ``--processor`` measures the time that processors worked, not the time that passed.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from rounds import in_turn, milliseconds, ratio
from torch_networks import NETWORKS
from torch_recorders import RECORDERS

import convscope

BOUNDS = {1: 1.35, 8: 1.1}


def others(names: list[str], model: torch.nn.Module, tensor: torch.Tensor) -> dict[str, Any]:
    """Make the other recorders that are installed."""
    found: dict[str, Callable[[], Any]] = {}
    for name in names:
        try:
            found[name] = RECORDERS[name](model, tensor)
        except ImportError as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
    return found


def measure(name: str, size: int, given: argparse.Namespace) -> None:
    """Measure one network at one batch size and print a line."""
    torch.manual_seed(0)
    model = NETWORKS[name]().eval()
    tensor = torch.rand(size, 3, 224, 224)
    if not given.channels_first:
        model = model.to(memory_format=torch.channels_last)
        tensor = tensor.contiguous(memory_format=torch.channels_last)
    network = convscope.open(model, input_shape=(3, 224, 224))
    batch = network.batches(np.ascontiguousarray(tensor.numpy()))[0]
    every = list(network.layers)

    def bare() -> np.ndarray:
        with torch.no_grad():
            return np.asarray(model(tensor))

    work = {
        "bare": bare,
        "nothing": lambda: network.run(batch, ()),
        "recorded": lambda: network.run(batch, every),
        **others(given.beside, model, tensor),
    }
    clock = time.process_time if given.processor else time.perf_counter
    seconds = in_turn(work, given.rounds, clock)
    figures = "  ".join(
        f"{piece} {ratio(seconds, piece, 'bare'):5.2f} x" for piece in list(work)[1:]
    )
    bound = f" (bound {BOUNDS[size]:.2f})" if size in BOUNDS else ""
    bare_ms = milliseconds(seconds, "bare")
    print(
        f"{name:11s} batch {size}  {len(every)} layers  bare {bare_ms:7.1f} ms  {figures}{bound}",
        flush=True,
    )


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS))
    parser.add_argument("--batch", nargs="+", type=int, default=list(BOUNDS))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--beside", nargs="*", default=list(RECORDERS), choices=list(RECORDERS))
    parser.add_argument("--channels-first", action="store_true")
    parser.add_argument("--processor", action="store_true", help="measure processor time")
    parser.add_argument("--fresh", action="store_true", help="do not keep memory")
    given = parser.parse_args()
    if "OMP_WAIT_POLICY" not in os.environ:
        # These are read when a program starts. Threads that wait must not count as working.
        kept = {} if given.fresh else {"MALLOC_MMAP_MAX_": "0",
                                       "MALLOC_TRIM_THRESHOLD_": str(1 << 40)}  # fmt: skip
        chosen = {**os.environ, "OMP_WAIT_POLICY": "passive", **kept}
        os.execve(sys.executable, [sys.executable, *sys.argv], chosen)
    warnings.simplefilter("ignore")
    for name in given.networks:
        for size in given.batch:
            measure(name, size, given)


if __name__ == "__main__":
    main()
