"""Well-known PyTorch networks with random weights and, as in torchvision, in-place rectifiers."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn


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


class Inverted(nn.Module):
    """A block of MobileNetV2 (Sandler et al., 2018)."""

    def __init__(self, width: int, out: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = width * expansion
        parts = [] if expansion == 1 else [rectified(width, inner, 1, 1)]
        self.conv = nn.Sequential(
            *parts,
            rectified(inner, inner, 3, stride, groups=inner),
            nn.Conv2d(inner, out, 1, bias=False),
            nn.BatchNorm2d(out),
        )
        self.residual = stride == 1 and width == out

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Run the block, and add what it was given where the shapes agree."""
        return x + self.conv(x) if self.residual else self.conv(x)


def rectified(width: int, out: int, size: int, stride: int, groups: int = 1) -> nn.Module:
    """Build a convolution, a batch normalization and an in-place rectifier."""
    conv = nn.Conv2d(width, out, size, stride, size // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(out), nn.ReLU6(inplace=True))


def mobilenet() -> nn.Module:
    """Build MobileNetV2 for 224 x 224 images."""
    parts, width = [rectified(3, 32, 3, 2)], 32
    stages = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
              (6, 160, 3, 2), (6, 320, 1, 1))  # fmt: skip
    for expansion, out, depth, stride in stages:
        for place in range(depth):
            parts.append(Inverted(width, out, 1 if place else stride, expansion))
            width = out
    return nn.Sequential(
        *parts, rectified(width, 1280, 1, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(1280, 1000),
    )  # fmt: skip


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "ResNet18": lambda: resnet(Basic, 1, (2, 2, 2, 2)),
    "ResNet50": lambda: resnet(Bottleneck, 4, (3, 4, 6, 3)),
    "MobileNetV2": mobilenet,
}
