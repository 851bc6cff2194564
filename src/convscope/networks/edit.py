"""A change made to a layer's value while a network runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Edit"]


@dataclass(frozen=True, eq=False)
class Edit:
    """What a layer's value becomes: ``value * scale + shift``, a channel each.

    Attributes
    ----------
    scale, shift : numpy.ndarray
        ``(image, channel)``, float32; ``image`` may be 1, for all images alike. A scale of 0 and a
        shift of 0 mute a channel, a scale of 1 and a shift of 0 leave it as it is.
    """

    scale: np.ndarray
    shift: np.ndarray

    def then(self, other: Edit) -> Edit:
        """Give the edit that does this one first and another one after it."""
        return Edit(self.scale * other.scale, self.shift * other.scale + other.shift)

    def applied(self, value: np.ndarray) -> np.ndarray:
        """Give what a value ``(image, channel, ...)`` becomes."""
        wide = (-1, value.shape[1], *(1,) * (value.ndim - 2))
        return np.asarray(value * self.scale.reshape(wide) + self.shift.reshape(wide))
