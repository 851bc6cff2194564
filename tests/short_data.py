"""Data where the gallery looks for it, so little that a training takes seconds."""

import gzip
import struct
import zipfile
from pathlib import Path

import numpy as np
from page_files import write_idx
from PIL import Image

from convscope.training.strokes import digits

TRAINED_ON = 512
PHOTOGRAPHS = 20
TESTED_ON = 2100
_FOLDERS = {"train": "train", "validation": "val"}


def shorten_idx(source: Path, target: Path, count: int) -> None:
    """Copy the first images or labels of an IDX file."""
    raw = gzip.decompress(source.read_bytes())
    rank = raw[3]
    shape = struct.unpack(f">{rank}I", raw[4 : 4 + 4 * rank])
    size = int(np.prod(shape[1:])) if rank > 1 else 1
    header = raw[:4] + struct.pack(f">{rank}I", count, *shape[1:])
    start = 4 + 4 * rank
    target.write_bytes(gzip.compress(header + raw[start : start + count * size], 1))


def shorten(shared: Path, folder: Path, tested_on: int | None = None) -> None:
    """Lay out real datasets: a part of the training images, all test images or so many."""
    counts = {"train": TRAINED_ON, "t10k": tested_on}
    for name in ("mnist", "fashion_mnist"):
        (folder / name).mkdir()
        for file in (shared / "data" / name).glob("*.gz"):
            count = counts[file.name.partition("-")[0]]
            if count is not None:
                shorten_idx(file, folder / name / file.name, count)
            else:
                (folder / name / file.name).symlink_to(file)
    for split in ("train", "val", "test"):
        for label in ("CAT", "DOG"):
            target = folder / "cats_dogs" / split / label
            target.mkdir(parents=True)
            files = sorted((shared / "data" / "cats_dogs" / split / label).iterdir())
            for file in files[:PHOTOGRAPHS]:
                (target / file.name).symlink_to(file)
    reference = shared / "reference"
    (folder / "dog.1100.jpg").symlink_to(reference / "flatiron_lesson" / "images" / "dog.1100.jpg")
    (folder / "corgi.png").symlink_to(reference / "corgi" / "Pembroke_Corgi.png")


def make(folder: Path) -> None:
    """Draw data of the same form, where the real datasets are not at hand."""
    rng = np.random.default_rng(0)
    labels, drawn = (np.stack(part) for part in zip(*digits(), strict=True))
    for name in ("mnist", "fashion_mnist"):
        (folder / name).mkdir()
        for split, count in (("train", TRAINED_ON), ("t10k", TESTED_ON)):
            chosen = rng.integers(0, 10, count)
            images = np.roll(drawn[chosen], rng.integers(-2, 3), axis=2)
            write_idx(folder / name / f"{split}-images-idx3-ubyte", images)
            write_idx(folder / name / f"{split}-labels-idx1-ubyte", labels[chosen].astype(np.uint8))
    for split in ("train", "val", "test"):
        for stripes, label in enumerate(("CAT", "DOG")):
            target = folder / "cats_dogs" / split / label
            target.mkdir(parents=True)
            for number in range(PHOTOGRAPHS):
                slope = np.linspace(0, 3 + 20 * stripes, 90) + rng.uniform(0, 3)
                plane = 127 + 120 * np.sin(slope)[:, None] * np.ones(120)
                noisy = plane[..., None] + rng.normal(0, 20, (90, 120, 3))
                pixels = noisy.clip(0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(target / f"{label.lower()}.{number}.png")
    for name in ("dog.1100.jpg", "corgi.png"):
        Image.fromarray(pixels).save(folder / name)


def zip_photographs(cats_dogs: Path, target: Path) -> None:
    """Pack photographs as the public archive of cats and dogs is packed."""
    with zipfile.ZipFile(target, "w") as archive:
        for split, own in _FOLDERS.items():
            for label, of in (("cats", "CAT"), ("dogs", "DOG")):
                for file in sorted((cats_dogs / own / of).iterdir()):
                    archive.write(file, f"{target.stem}/{split}/{label}/{file.name}")
