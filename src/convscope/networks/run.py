"""Inputs as a network takes them, and what one run of it gave out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

__all__ = ["Batch", "Run"]


@dataclass(frozen=True)
class Batch:
    """Images of one size, ready for a network.

    Attributes
    ----------
    arrays : mapping of str to numpy.ndarray
        One array an input, in the network's own shape, images first.
    names : tuple of str
        What the images are called.
    labels : tuple of (int or None)
        Their classes, where known.
    class_names : tuple of str
        The names of their classes in their own dataset; empty where not known.
    prepared : bool
        Whether they were images that were prepared, and not arrays taken as they are.
    fed : str
        What was done to what is no image, such as sound; empty where nothing was.
    """

    arrays: Mapping[str, np.ndarray]
    names: tuple[str, ...]
    labels: tuple[int | None, ...]
    class_names: tuple[str, ...]
    prepared: bool
    fed: str = ""


@dataclass(frozen=True)
class Run:
    """What one run of a network gave out for one batch.

    Attributes
    ----------
    values : mapping of str to numpy.ndarray
        Activations by layer, float32, in the order of the dims: images and channels before space.
        Where the framework puts channels last these are views, so the memory is channels last.
    outputs : mapping of str to numpy.ndarray
        The network's outputs by name; empty when they were not asked for.
    """

    values: Mapping[str, np.ndarray]
    outputs: Mapping[str, np.ndarray]
