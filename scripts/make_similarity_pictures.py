"""Make docs/pictures/similarity.png and difference.png: a training of one epoch beside one of six.

    uv run --group test python scripts/make_similarity_pictures.py DATA [IMAGES]

DATA is a folder with the IDX files of Fashion-MNIST, such as ../shared/data/fashion_mnist. The
recipe fashion-mnist is trained on its first 8,000 images (or IMAGES), which is the same training
twice, stopped once after the first epoch.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

import convscope
from convscope import datasets, recipes

IMAGES = 8_000
PICTURES = Path(__file__).parents[1] / "docs" / "pictures"


def main() -> None:
    """Train, compare, and keep the two pictures."""
    if len(sys.argv) not in {2, 3} or not Path(sys.argv[1]).is_dir():
        sys.exit(__doc__)
    data, count = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) == 3 else IMAGES
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        some = first_images(data, count, folder / "first.npz")
        before, after = (
            trained(some, epochs, folder / f"{called}.keras")
            for called, epochs in (("early", 1), ("fashion", 6))
        )
        similar = convscope.similarity(before, after, dataset=data)
        drawn = convscope.figures.matrix(similar, row_title="1 epoch", column_title="6 epochs")
        drawn.save(PICTURES / "similarity.png")
        found = convscope.difference(before, after, f"{data}:0", "conv2d")
        found.drawing().save(PICTURES / "difference.png")


def first_images(data: Path, count: int, path: Path) -> Path:
    """Keep the first images of the training split, and all of the test split."""
    x_train, y_train = datasets.arrays(datasets.open_dataset(data, "train"))
    x_test, y_test = datasets.arrays(datasets.open_dataset(data, "test"))
    np.savez(path, x_train=x_train[:count], y_train=y_train[:count], x_test=x_test, y_test=y_test)
    return path


def trained(data: Path, epochs: int, path: Path) -> convscope.Network:
    """Train the recipe, and open what came of it."""
    done = recipes.train("fashion-mnist", path, data=data, epochs=epochs)
    print(f"{path.name}: {done.seconds:.0f} s, {done.test.accuracy:.1%} of the test images right")
    return convscope.open(path)


if __name__ == "__main__":
    main()
