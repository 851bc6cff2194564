"""Does a map's share predict what muting costs? Figures and picture of docs/contributions.md.

    uv run python scripts/share_against_muting.py fashion.keras fashion_mnist

For 100 test images, every channel of both convolutions is muted by itself and its cost compared
with its share, and with its mean activation.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import convscope

IMAGES = 100
PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "share-against-muting.png"


def main() -> None:
    """Measure, print a table, draw the points."""
    model, dataset = sys.argv[1:3]
    network = convscope.open(model)
    images = [f"{dataset}:{place}" for place in range(IMAGES)]
    shares = convscope.contributions(network, images)
    maps = network.activations(images)
    found = {}
    print("layer        share   mean activation")
    for layer in ("conv2d", "conv2d_1"):
        cost = convscope.ablation(network, images, layer).values.ravel()
        share = shares[layer].values.ravel()
        mean = maps[layer].mean(("y", "x")).values.ravel()
        found[layer] = (share, mean, cost)
        by_share, by_mean = (np.corrcoef(one, cost)[0, 1] for one in (share, mean))
        print(f"{layer:12s} {by_share:5.3f}   {by_mean:5.3f}")
    draw(found)


def draw(found: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]) -> None:
    """Draw cost against share and against mean activation, a row a layer."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 5.6), layout="constrained")
    axes = figure.subplots(len(found), 2)
    for row, (layer, (share, mean, cost)) in zip(axes, found.items(), strict=True):
        for axis, values, name in zip(
            row, (share, mean), ("share", "mean activation"), strict=True
        ):
            axis.plot(values, cost, ".", markersize=2, alpha=0.4)
            correlation = np.corrcoef(values, cost)[0, 1]
            axis.set(xlabel=f"{name} of the map", title=f"{layer}: r = {correlation:.2f}")
            axis.axhline(0, color="0.8", linewidth=0.6)
        row[0].set(ylabel="cost of muting it (logit)")
    figure.savefig(PICTURE, dpi=110)


if __name__ == "__main__":
    main()
