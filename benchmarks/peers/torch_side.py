"""The networks of torchvision, and ways that several peers share."""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from convscope_side import spatial
from moments import Moments
from work import random_images

import convscope

NETWORKS = ("vgg16", "resnet50", "mobilenet_v2")
SURVEYED, OVERLAID = "mobilenet_v2", "resnet50"
LAST = {
    "vgg16": ("features.29", "features.29"),
    "resnet50": ("layer4.2", "layer4.2.relu#3"),
    "mobilenet_v2": ("features.18", "features.18.2"),
}
"""The module that Grad-CAM looks at, and the layer that gives its value in convscope."""
BATCH = 32
_declared: list[Any] = []


def torchvision() -> Any:
    """Import torchvision, whose compiled part does not load beside PyTorch's build for processors.

    Its models and its grid need nothing of it, but its Python expects two operators to be there.
    """
    try:
        return importlib.import_module("torchvision")
    except RuntimeError:
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        operators = torch.library.Library("torchvision", "FRAGMENT")
        operators.define("nms(Tensor dets, Tensor scores, float threshold) -> Tensor")
        operators.define("qnms(Tensor dets, Tensor scores, float threshold) -> Tensor")
        _declared.append(operators)
        return importlib.import_module("torchvision")


class Side:
    """A network with random weights, one image and a folder for pictures.

    The layers are the modules without parts that give maps: hooks see nothing else.
    """

    def __init__(self, name: str, size: int = 224, model: Any = None) -> None:
        torch.manual_seed(0)
        if model is None:
            model = getattr(torchvision().models, name)(weights=None)
        self.model = _plain(model).eval()
        self.network = convscope.open(self.model, input_shape=(3, size, size), pixel_range=(0, 1))
        modules = {name for name, part in self.model.named_modules() if not list(part.children())}
        found = spatial(self.network)
        self.layers = [layer for layer in found if layer.name.split("#")[0] in modules]
        self.names = [layer.name for layer in self.layers]
        self.pixels = random_images(1, size)
        self.tensor = next(batches(self.pixels))
        self.image = self.tensor.numpy()
        self.seen, self.last = LAST.get(name, ("", ""))
        self._kept = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.folder = Path(self._kept.name)

    @cached_property
    def target(self) -> int:
        """The class that the network gives the image."""
        with torch.no_grad():
            return int(self.model(self.tensor).argmax())

    @property
    def module(self) -> Any:
        """The module that Grad-CAM looks at."""
        return self.model.get_submodule(self.seen)

    @property
    def parts(self) -> dict[str, Any]:
        """The modules of the layers, each once."""
        return {name: self.model.get_submodule(name) for name in self.names if "#" not in name}


def _plain(model: Any) -> Any:
    """Let no rectifier write over what came before it: what hooks keep would be wrong.

    Convscope needs no such care; the peers' users have to know.
    """
    for part in model.modules():
        if hasattr(part, "inplace"):
            part.inplace = False
    return model


def hooked(side: Side, tensor: Any) -> dict[str, Any]:
    """Record the layers with forward hooks, every call of a module."""
    kept: dict[str, Any] = {}

    def keeper(name: str) -> Any:
        def keep(_: Any, __: Any, output: Any) -> None:
            call, place = 1, name
            while place in kept:
                call += 1
                place = f"{name}#{call}"
            kept[place] = output

        return keep

    handles = [part.register_forward_hook(keeper(name)) for name, part in side.parts.items()]
    try:
        with torch.no_grad():
            side.model(tensor)
    finally:
        for handle in handles:
            handle.remove()
    return kept


def batches(images: np.ndarray) -> Iterator[Any]:
    """Prepare images a batch at a time: 0..1, channels first."""
    for start in range(0, len(images), BATCH):
        part = torch.from_numpy(images[start : start + BATCH]).permute(0, 3, 1, 2)
        yield part.contiguous().float().div_(255)


def added_up(recorded: Iterator[dict[str, Any]]) -> dict[str, np.ndarray]:
    """Add up the figures of all channels over batches."""
    sums: dict[str, Moments] = {}
    with torch.no_grad():
        for batch in recorded:
            for name, values in batch.items():
                sums.setdefault(name, Moments()).add(values)
    return {name: one.figures() for name, one in sums.items()}
