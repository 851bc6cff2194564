"""Datasets by name: scikit-learn's digits, and those of keras.datasets."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

import numpy as np

from convscope.errors import InputError, require
from convscope.frameworks import import_keras
from convscope.inputs.class_names import CLASS_NAMES
from convscope.inputs.dataset import Dataset
from convscope.inputs.idx import find_idx, open_idx
from convscope.inputs.npz import check_labels, open_npz
from convscope.inputs.splits import choose

__all__ = ["NAMES", "open_named"]

NAMES = ("mnist", "fashion_mnist", "cifar10", "cifar100", "digits")
"""What can be opened by name."""

_SPLITS = ("train", "test")
_DIGITS_TRAIN = 1437


def open_named(name: str, split: str | None = None) -> Dataset:
    """Open one of `NAMES`.

    MNIST and Fashion-MNIST are read where Keras has cached them (``$KERAS_HOME/datasets``), without
    Keras; else, as CIFAR, through keras.datasets, which downloads them. The digits are those that
    come with scikit-learn: 8 x 8, the first 1,437 of 1,797 for training.

    Raises
    ------
    InputError
        When the dataset is neither cached nor can be downloaded.
    SelectionError
        When there is no such split.
    MissingExtraError
        When Keras or scikit-learn is needed and not installed.
    """
    chosen, title = choose(name, _SPLITS, split)
    if name == "digits":
        return _open_digits(chosen, title)
    cached = _open_cached(name, chosen)
    if cached is not None:
        return cached
    train, test = _load(name)
    images, labels = train if chosen == "train" else test
    held = check_labels(labels, len(images), name)
    return Dataset(name, chosen, held, CLASS_NAMES[name], images, _SPLITS, title)


def _open_digits(chosen: str, title: str) -> Dataset:
    samples = require("sklearn.datasets", "train", "the dataset digits").load_digits()
    part = slice(None, _DIGITS_TRAIN) if chosen == "train" else slice(_DIGITS_TRAIN, None)
    # Values are 0..16: how many of a cell's 4 x 4 scanned pixels are on.
    images = np.rint(samples.images[part] * (255 / 16)).astype(np.uint8)
    labels = samples.target[part].astype(np.int64)
    return Dataset("digits", chosen, labels, CLASS_NAMES["digits"], images, _SPLITS, title)


def _open_cached(name: str, chosen: str) -> Dataset | None:
    folder = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "datasets"
    if name == "fashion_mnist" and chosen in find_idx(folder / "fashion-mnist"):
        return open_idx(folder / "fashion-mnist", chosen, name)
    if name == "mnist" and (folder / "mnist.npz").is_file():
        return open_npz(folder / "mnist.npz", chosen, name)
    return None


def _load(name: str) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    datasets = import_keras(f"the dataset {name}").datasets
    try:
        # Standard output may be somebody's JSON: what Keras says of the download goes beside it.
        with contextlib.redirect_stdout(sys.stderr):
            train, test = getattr(datasets, name).load_data()
    except Exception as error:
        # Keras raises a bare Exception when a download fails.
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(
            f"{name} is not cached and could not be downloaded ({reason}): {_instead(name)}"
        ) from error
    return train, test


def _instead(name: str) -> str:
    if name in {"mnist", "fashion_mnist"}:
        return (
            "give a folder with its IDX files instead, such as DIR (DIR:0 for one image), or put "
            "them into $KERAS_HOME/datasets"
        )
    return "give a folder with a sub-folder a class, or an .npz with Keras's keys, instead"
