"""How a score changes with the values that layers gave out, for one batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

__all__ = ["Gradients", "Sums"]


@dataclass(frozen=True, eq=False)
class Gradients:
    """The values of layers and the gradients of a score with respect to them.

    Attributes
    ----------
    score : numpy.ndarray
        ``(image,)``: what was differentiated.
    values, gradients : mapping of str to numpy.ndarray
        By layer, float32, in the order of the dims: images and channels before space.
    inputs : mapping of str to numpy.ndarray
        Gradients with respect to the network's inputs, in the network's own axis order; zero where
        an input is not floating-point; empty where they were not asked for.
    """

    score: np.ndarray
    values: Mapping[str, np.ndarray]
    gradients: Mapping[str, np.ndarray]
    inputs: Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Sums:
    """Gradients of a score summed over every map where they were made.

    Attributes
    ----------
    score : numpy.ndarray
        ``(image,)``: what was differentiated.
    value : numpy.ndarray
        The head's value, in the order of the dims.
    products : mapping of str to numpy.ndarray
        By layer, ``(image, channel)``: value x gradient, summed over the map.
    slopes : mapping of str to numpy.ndarray
        By layer, ``(image, channel)``: the gradient, summed over the map.
    clipped : mapping of str to numpy.ndarray
        By layer with an upper limit, ``(image,)``: what that adds by itself, limit x gradient
        summed over the units that lie on it.
    """

    score: np.ndarray
    value: np.ndarray
    products: Mapping[str, np.ndarray]
    slopes: Mapping[str, np.ndarray]
    clipped: Mapping[str, np.ndarray]
