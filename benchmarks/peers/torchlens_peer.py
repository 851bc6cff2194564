"""TorchLens: activations of every operation; it draws the graph, and no feature maps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import convscope_side
import torch
from torch_side import SURVEYED, Side, added_up, batches
from work import SIZE, Comparison, main, near, sample, surveyed


def statistics(name: str) -> Comparison:
    """Activations of many images to figures of every channel."""
    import torchlens

    side = Side(name, SIZE)
    images = sample()

    def recorded() -> Iterator[dict[str, Any]]:
        for batch in batches(images):
            with torch.no_grad():
                trace = torchlens.trace(side.model, batch)
            yield {layer: trace.modules[layer].out for layer in side.names}

    return Comparison(
        lambda: added_up(recorded()),
        lambda: convscope_side.statistics(side, images),
        surveyed(side.layers, images),
        near,
        rounds=0,
    )


if __name__ == "__main__":
    main(
        "TorchLens",
        "torchlens",
        {("statistics", SURVEYED): lambda: statistics(SURVEYED)},
    )
