"""What a command costs before it does its work, and what it costs in memory.

Each command is a process of its own, measured from outside.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROUNDS = 5
COMMAND = [sys.executable, "-c", "from convscope.cli.main import main; main()"]


def run(arguments: list[str]) -> tuple[float, float, float]:
    """Run a process; give its CPU seconds, wall seconds and peak memory in MB."""
    before = os.times()
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{arguments} failed")
    wall = os.times().elapsed - before.elapsed
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024


def median(arguments: list[str], which: int) -> float:
    """Give the median of one of the three figures over several runs."""
    return statistics.median(run(arguments)[which] for _ in range(ROUNDS))


def main() -> None:
    """Measure and print."""
    print(f"convscope --help: {median([*COMMAND, '--help'], 0):.2f} s of CPU")
    folder = Path(tempfile.mkdtemp())
    model, image = folder / "mnist.keras", folder / "image.npz"
    script = f"import convscope; convscope.recipes.RECIPES['mnist'].build().save({str(model)!r})"
    subprocess.run([sys.executable, "-c", script], check=True)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (2, 28, 28), np.uint8)
    np.savez(image, x_train=images, y_train=[0, 1], x_test=images, y_test=[0, 1])
    loading = f"import keras; keras.saving.load_model({str(model)!r}, compile=False)"
    plain = [sys.executable, "-c", loading]
    drawing = [*COMMAND, "maps", str(model), f"{image}:0", "-o", str(folder / "maps"), "-q"]
    both = [(run(plain)[1], run(drawing)[1]) for _ in range(ROUNDS)]
    extra = statistics.median(ours - theirs for theirs, ours in both)
    print(
        f"convscope maps on the mnist network: {extra:+.2f} s beyond importing Keras and loading "
        f"the file with it ({statistics.median(theirs for theirs, _ in both):.2f} s)"
    )
    resnet = folder / "resnet.keras"
    script = f"import keras; keras.applications.ResNet50(weights=None).save({str(resnet)!r})"
    subprocess.run([sys.executable, "-c", script], check=True)
    loaded = run([sys.executable, "-c", loading.replace(str(model), str(resnet))])[2]
    from PIL import Image

    photo = folder / "photo.png"
    Image.fromarray(rng.integers(0, 255, (224, 224, 3), np.uint8)).save(photo)
    drawn = run([*COMMAND, "maps", str(resnet), str(photo), "-o", str(folder / "r"), "-q"])[2]
    print(
        f"convscope maps on ResNet50: peak {drawn:.0f} MB, {drawn - loaded:.0f} MB beyond the "
        f"loaded network ({loaded:.0f} MB)"
    )


if __name__ == "__main__":
    main()
