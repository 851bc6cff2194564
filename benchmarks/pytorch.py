"""What it costs to record every layer of a PyTorch network, against plain hooks.

Each figure is a ratio to the bare forward pass of the same model on the same input, measured in the
same run. Plain hooks keep what every module gave out: they miss what happens between modules, and
what an in-place operation overwrites afterwards. Memory that was used before is kept, as a worker
of a survey does (``--fresh`` leaves that to the system's allocator).
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from rounds import in_turn, milliseconds, ratio
from torch import nn

import convscope


class Bottleneck(nn.Module):
    """A block of ResNet-50 (He et al., 2016), with in-place rectifiers as torchvision has them."""

    def __init__(self, width: int, channels: int, stride: int) -> None:
        super().__init__()
        out = 4 * channels
        self.conv1, self.bn1 = nn.Conv2d(width, channels, 1, bias=False), nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv3, self.bn3 = nn.Conv2d(channels, out, 1, bias=False), nn.BatchNorm2d(out)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride > 1 or width != out:
            self.downsample = nn.Sequential(
                nn.Conv2d(width, out, 1, stride, bias=False), nn.BatchNorm2d(out)
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Run three convolutions and add what they were given."""
        identity = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        out += identity
        return self.relu(out)


class Basic(nn.Module):
    """A block of ResNet-18."""

    def __init__(self, width: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, channels, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride > 1 or width != channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(width, channels, 1, stride, bias=False), nn.BatchNorm2d(channels)
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Run two convolutions and add what they were given."""
        identity = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += identity
        return self.relu(out)


def resnet(block: type[nn.Module], expansion: int, depths: tuple[int, ...]) -> nn.Module:
    """Build a residual network for 224 x 224 images."""
    parts: list[nn.Module] = [
        nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2, 1),
    ]  # fmt: skip
    width = 64
    for stage, depth in enumerate(depths):
        channels = 64 * 2**stage
        for place in range(depth):
            parts.append(block(width, channels, 2 if stage and not place else 1))
            width = channels * expansion
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 1000))


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "ResNet18": lambda: resnet(Basic, 1, (2, 2, 2, 2)),
    "ResNet50": lambda: resnet(Bottleneck, 4, (3, 4, 6, 3)),
}


def hooked(model: nn.Module, tensor: torch.Tensor) -> Callable[[], Any]:
    """Record what the modules without parts give out, by plain hooks."""
    kept: dict[str, torch.Tensor] = {}

    def keeper(name: str) -> Callable[..., None]:
        def keep(_: nn.Module, __: Any, output: torch.Tensor) -> None:
            kept[name] = output

        return keep

    def run() -> dict[str, np.ndarray]:
        handles = [
            module.register_forward_hook(keeper(name))
            for name, module in model.named_modules()
            if not list(module.children())
        ]
        try:
            with torch.no_grad():
                model(tensor)
        finally:
            for handle in handles:
                handle.remove()
        values = {name: value.numpy() for name, value in kept.items()}
        kept.clear()
        return values

    return run


def measure(name: str, size: int, rounds: int, *, channels_last: bool) -> None:
    """Measure one network at one batch size and print a line."""
    torch.manual_seed(0)
    model = NETWORKS[name]().eval()
    tensor = torch.rand(size, 3, 224, 224)
    if channels_last:
        model = model.to(memory_format=torch.channels_last)
        tensor = tensor.contiguous(memory_format=torch.channels_last)
    network = convscope.open(model, input_shape=(3, 224, 224))
    batch = network.batches(np.ascontiguousarray(tensor.numpy()))[0]
    every = list(network.layers)

    def bare() -> np.ndarray:
        with torch.no_grad():
            return model(tensor).numpy()

    work = {
        "bare": bare,
        "hooks": hooked(model, tensor),
        "recorded": lambda: network.run(batch, every),
        "nothing": lambda: network.run(batch, ()),
    }
    seconds = in_turn(work, rounds)
    figures = "  ".join(
        f"{piece} {ratio(seconds, piece, 'bare'):5.2f} x" for piece in work if piece != "bare"
    )
    order = "channels last " if channels_last else "channels first"
    print(
        f"{name:9s} batch {size} {order} bare {milliseconds(seconds, 'bare'):7.1f} ms  {figures}",
        flush=True,
    )


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS))
    parser.add_argument("--batch", nargs="+", type=int, default=[1, 8])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--fresh", action="store_true", help="do not keep memory")
    given = parser.parse_args()
    if not given.fresh and "MALLOC_MMAP_MAX_" not in os.environ:
        # The allocator reads these when a program starts.
        kept = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 40)}
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **kept})
    for name in given.networks:
        for size in given.batch:
            for channels_last in (False, True):
                measure(name, size, given.rounds, channels_last=channels_last)


if __name__ == "__main__":
    main()
