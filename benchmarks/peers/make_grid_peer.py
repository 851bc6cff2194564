"""torchvision's make_grid, fed by forward hooks."""

from __future__ import annotations

import math
from typing import Any

import convscope_side
from torch_side import NETWORKS, SURVEYED, Side, added_up, batches, hooked, torchvision
from work import SIZE, Comparison, main, near, sample, surveyed, total


def pictures(name: str) -> Comparison:
    """All layers of one image to pictures."""
    side = Side(name)
    utils = torchvision().utils

    def theirs() -> dict[str, Any]:
        kept = hooked(side, side.tensor)
        for layer, values in kept.items():
            columns = math.ceil(math.sqrt(values.shape[1]))
            utils.save_image(
                values[0][:, None],
                side.folder / f"{layer}.png",
                nrow=columns,
                padding=1,
                normalize=True,
                scale_each=True,
            )
        return {layer: values[0].numpy() for layer, values in kept.items()}

    return Comparison(
        theirs, lambda: convscope_side.pictures(side), total(side.layers), near, rounds=1
    )


def statistics(name: str) -> Comparison:
    """Activations of many images to figures of every channel: hooks and a loop."""
    side = Side(name, SIZE)
    images = sample()
    return Comparison(
        lambda: added_up(hooked(side, batch) for batch in batches(images)),
        lambda: convscope_side.statistics(side, images),
        surveyed(side.layers, images),
        near,
        rounds=0,
    )


if __name__ == "__main__":
    main(
        "hooks and torchvision's make_grid",
        "torchvision",
        {("pictures", name): lambda name=name: pictures(name) for name in NETWORKS}
        | {("statistics", SURVEYED): lambda: statistics(SURVEYED)},
    )
