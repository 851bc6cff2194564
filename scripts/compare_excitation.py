"""Does what was made excite channels more than photographs do? The figures of docs/filters.md.

uv run python scripts/compare_excitation.py fashion.keras fashion_mnist/train conv2d_1
"""

from __future__ import annotations

import argparse

import convscope
from convscope.analysis.excitation import excitation
from convscope.analysis.maximisation import maximise


def main() -> None:
    """Print a row a channel: the strongest image of the first ones of a dataset, what was made."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("dataset")
    parser.add_argument("layer")
    parser.add_argument("--channels", type=int, nargs="+", default=list(range(10)))
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--stride", type=int, default=1, help="take every n-th image")
    given = parser.parse_args()
    network = convscope.open(given.model)
    images = [f"{given.dataset}:{place * given.stride}" for place in range(given.images)]
    real = excitation(network, given.layer, images).values
    made = maximise(network, given.layer, given.channels)
    print("channel  strongest image      of it     made  times")
    for channel, value in zip(made.channels, made.excitation, strict=True):
        strongest = float(real[:, channel].max())
        place = int(real[:, channel].argmax()) * given.stride
        ratio = f"{value / strongest:6.2f}" if strongest else "     -"
        print(f"{channel:7} {place:16} {strongest:10.4g} {value:8.4g} {ratio}")


if __name__ == "__main__":
    main()
