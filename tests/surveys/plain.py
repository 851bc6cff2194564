"""A network of NumPy alone, which opens in no time, and datasets for it."""

import os
import time
from pathlib import Path

import numpy as np

from convscope.inputs.dataset import Dataset
from convscope.inputs.preparation import Preparation
from convscope.networks import Head, Input, Layer, Network, Run

SIDE = 8


class Plain(Network):
    """Correlates 8 x 8 grey images with five kernels; of its other channels one is dead, one flat.

    Where the variable SEEN names a file, the names of all images that it sees are written there.
    """

    source = "plain"
    differentiable = False

    def __init__(self, seed=0, labels=("round", "square", "flat"), name="plain"):
        rng = np.random.default_rng(seed)
        self.kernels = rng.normal(size=(5, 3, 3)).astype(np.float32)
        self.matrix = rng.normal(size=(7, 3)).astype(np.float32)
        self.matrix[3] = 0
        self.labels, self.name = labels, name

    @property
    def inputs(self):
        return (Input("image", (SIDE, SIDE, 1), "float32", channels_first=False),)

    @property
    def preparation(self):
        return Preparation((SIDE, SIDE), 1)

    @property
    def layers(self):
        plane = ("channel", "y", "x")
        shapes = {
            "maps": ("conv", plane, (7, 6, 6)),
            "rectified": ("activation", plane, (7, 6, 6)),
            "block/rows": ("reduction", ("channel", "x"), (7, 6)),
            "block": ("pool", ("channel",), (7,)),
            "scores": ("dense", ("channel",), (3,)),
        }
        return {
            name: Layer(index, name, kind, kind, dims, shape)
            for index, (name, (kind, dims, shape)) in enumerate(shapes.items())
        }

    @property
    def parameters(self):
        count = self.kernels.size + self.matrix.size
        return count, count

    @property
    def heads(self):
        return {"scores": Head("scores", "scores", "linear")}

    def weights(self):
        yield "kernels", self.kernels
        yield "matrix", self.matrix

    def run(self, batch, layers, *, outputs=True, edits=None):
        note(batch.names)
        time.sleep(float(os.environ.get("PAUSE", "0")))
        images = batch.arrays["image"][..., 0]
        windows = np.lib.stride_tricks.sliding_window_view(images, (3, 3), axis=(1, 2))
        maps = np.zeros((len(images), 7, 6, 6), np.float32)
        maps[:, :5] = np.einsum("nyxab,cab->ncyx", windows, self.kernels)
        maps[:, 3] += 1000
        maps[:, 6] = 0.1
        values = {"maps": maps, "rectified": np.maximum(maps, 0)}
        values["block/rows"] = values["rectified"].max(axis=3)
        values["block"] = values["block/rows"].mean(axis=2)
        # By itself for each image, whatever goes through at once.
        values["scores"] = (values["block"][:, :, None] * self.matrix).sum(axis=1)
        return Run({name: values[name] for name in layers}, {"scores": values["scores"]})

    def gradients(self, *_, **__):
        raise NotImplementedError

    sums = gradients


def note(names):
    if "SEEN" in os.environ:
        line = "".join(f"{name}\n" for name in names).encode()
        file = os.open(os.environ["SEEN"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            os.write(file, line)
        finally:
            os.close(file)


def make():
    """Make the network, for ``surveys.plain:make``."""
    return Plain()


def make_other():
    """Make one with other weights."""
    return Plain(seed=1)


def pictures(count, seed=0, shape=(SIDE, SIDE)):
    """Draw images, brighter or darker as a whole, and their labels."""
    rng = np.random.default_rng(seed)
    bright = rng.uniform(0.2, 1, (count, *(1,) * len(shape)))
    images = (rng.integers(0, 256, (count, *shape)) * bright).astype(np.uint8)
    return images, rng.integers(0, 3, count)


def dataset(count, seed=0, **changes):
    """Make a dataset in memory."""
    images, labels = pictures(count, seed)
    given = {"name": "shapes", "split": None, "labels": labels,
             "class_names": ("round", "square", "flat"), "images": images}  # fmt: skip
    return Dataset(**{**given, **changes})


def saved(path: Path, count, seed=0):
    """Save a dataset as .npz with Keras's keys."""
    images, labels = pictures(count, seed)
    np.savez(path, x_train=images, y_train=labels, x_test=images, y_test=labels)
    return path
