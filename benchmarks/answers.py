"""What the explorer's answers cost: a run, a sheet, the books, and layers of several sizes.

Every round is of another image, so that nothing was kept. Figures are milliseconds, and ratios to
the bare compiled forward pass of the same model, measured in the same run.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np
from recording import bare, build
from rounds import in_turn, milliseconds, ratio

import convscope
from convscope.explorer import Session
from convscope.training.recipes import embedded

NETWORKS = ("embedded", "MobileNetV2", "ResNet50", "VGG16")


class Page:
    """Asks a session, always about a new image."""

    def __init__(self, network: convscope.Network) -> None:
        self.session = Session(network)
        self.layers = list(network.layers.values())
        shape = network.inputs[0].shape
        self.shape = [int(size or 0) for size in shape]
        self.rng = np.random.default_rng(0)
        self.run = ""

    def ask(self, kind: str, buffers: tuple[bytes, ...] = (), **fields: Any) -> dict[str, Any]:
        """Ask, and see that it was answered."""
        reply, _ = self.session.answer({"type": kind, "run": self.run, **fields}, buffers)
        assert reply["type"] == kind, reply
        return reply

    def look(self, then: list[dict[str, Any]] | None = None) -> None:
        """Run a new image."""
        pixels = self.rng.integers(0, 256, self.shape, np.uint8)
        image = {"pixels": self.shape, "name": "noise"}
        self.run = self.ask("run", (pixels.tobytes(),), image=image, then=then or [])["run"]

    def afterwards(self, kind: str, **fields: Any) -> Callable[[], Any]:
        """Give what asks about the newest run, of which nothing else was asked."""
        return lambda: self.ask(kind, **fields)


def measure(name: str, rounds: int) -> None:
    """Measure one network and print its lines."""
    network = convscope.open(str(embedded()) if name == "embedded" else build(name))
    page = Page(network)
    photo = page.rng.random((1, *page.shape), np.float32)
    sizes = {(layer.channels, *layer.space): layer for layer in page.layers if layer.space}
    largest = max(sizes, key=lambda size: np.prod([float(part or 0) for part in size]))
    deep = max(sizes, key=lambda size: float(size[0] or 0))
    work: dict[str, Callable[[], Any]] = {
        "bare pass": bare(network.model, photo),  # type: ignore[attr-defined]
        "run": page.look,
        "sheet": page.afterwards("sheet"),
        "books": page.afterwards("books"),
    }
    for size in dict.fromkeys((deep, (512, 14, 14), largest)):
        if size in sizes:
            title = "layer " + " x ".join(map(str, size))
            work[title] = page.afterwards("layer", layer=sizes[size].name)
    if name == "embedded":
        then = [{"type": "layer", "layer": layer.name} for layer in page.layers]
        work["run and all layers"] = lambda: page.look(then)
    seconds = in_turn(work, rounds)
    for title in work:
        times = ratio(seconds, title, "bare pass")
        print(f"{name:12s} {title:24s} {milliseconds(seconds, title):8.2f} ms  {times:6.2f} x")


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
