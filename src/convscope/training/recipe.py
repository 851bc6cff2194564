"""A recipe: which network, from which images, how long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from convscope.inputs.preparation import Preparation
from convscope.training.distortion import Distortion

__all__ = ["Recipe"]


@dataclass(frozen=True)
class Recipe:
    """How one of the small networks is made.

    Attributes
    ----------
    name : str
        As on the command line.
    makes : str
        What it makes, in one line.
    dataset : str
        A name of `convscope.datasets`, or of the archive that is downloaded.
    epochs : int
        How many each phase has.
    batch : int
        Images a step.
    labels : tuple of str
        Names of the classes, in the order of the labels.
    preparation : Preparation
        What is done to the images, in training and later.
    build : callable
        Gives the network, not compiled, with fresh weights.
    optimizer : str
        Keras's name for it.
    learning_rate : float
        At the start.
    decays : bool
        Whether the learning rate falls to 0 along half a cosine; else it stays.
    steps : int or None
        The most that an epoch has; None takes every training image once.
    phases : tuple of (Distortion or None)
        What is done to the training images in each phase.
    compact : bool
        Whether the file is made for use alone: without the optimizer's state a third of the size,
        without random initialisers quick to load, and readable from Keras 3.8 on. Keras must
        compile the network before it can evaluate it or train it on.
    """

    name: str
    makes: str
    dataset: str
    epochs: int
    batch: int
    labels: tuple[str, ...]
    preparation: Preparation
    build: Callable[[], Any]
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    decays: bool = False
    steps: int | None = None
    phases: tuple[Distortion | None, ...] = (None,)
    compact: bool = False
