"""zennit-crp: the images that excite a channel most; it draws no feature maps."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import convscope_side
import numpy as np
from torch_side import SURVEYED, Side, batches
from work import SIZE, Comparison, main, sample, surveyed

BATCH = 32


def leading(name: str) -> Comparison:
    """Find the images that excite each channel of each convolution most.

    It takes a backward pass besides, for what relevance each has, and convscope keeps the other
    figures of a survey besides: neither can be told to leave that out.
    """
    side = Side(name, SIZE)
    # Imported after torchvision, which it needs and which the side knows how to import.
    from crp.attribution import CondAttribution
    from crp.concepts import ChannelConcept
    from crp.helper import load_maximization
    from crp.visualization import FeatureVisualization

    side.names = [layer.name for layer in side.layers if layer.kind == "conv"]
    side.layers = [side.network.layers[layer] for layer in side.names]
    images = sample()
    prepared = [(image, 0) for batch in batches(images) for image in batch]

    def theirs() -> dict[str, Any]:
        concept = ChannelConcept()
        found = FeatureVisualization(
            CondAttribution(side.model),
            prepared,
            dict.fromkeys(side.names, concept),
            max_target="max",
            abs_norm=False,
            path=str(side.folder / "theirs"),
        )
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            found.run(None, 0, len(images), BATCH)
        return {layer: load_maximization(found.ActMax.PATH, layer)[0][0] for layer in side.names}

    def ours() -> dict[str, Any]:
        return convscope_side.leading(side, images)

    def agreement(ours: dict[str, Any], theirs: dict[str, Any]) -> str:
        same = np.concatenate([ours[layer] == theirs[layer] for layer in side.names])
        return f"the same image leads {100 * same.mean():.1f} % of the channels"

    return Comparison(theirs, ours, surveyed(side.layers, images), agreement, rounds=0)


if __name__ == "__main__":
    main(
        "zennit-crp",
        "zennit-crp",
        {("leading images", SURVEYED): lambda: leading(SURVEYED)},
    )
