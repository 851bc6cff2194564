"""The record of a heat map: the values, and what they are the values of."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from convscope.analysis.attribution.enlarging import enlarged
from convscope.networks import Batch

if TYPE_CHECKING:
    import xarray

__all__ = ["Heatmap"]


@dataclass(frozen=True, eq=False)
class Heatmap:
    """Where in the images a score comes from.

    Attributes
    ----------
    maps : numpy.ndarray
        The bare array of `values`.
    method : str
        ``grad-cam`` and the like.
    layer : str or None
        The layer whose maps were used; None for methods that explain the input.
    words : tuple of str
        What score was explained, an image each: ``logit of dog``, ``logit of dog - logit of cat``,
        ``logit of 3 within a mask of 40 positions``.
    scores : numpy.ndarray or None
        The bare array of `score`.
    reference : str
        The paper that the formula is from.
    size : (int, int)
        Height and width of the network's input.
    network : str
        What the network calls itself.
    batches : tuple of Batch
        What the network was fed.
    gaps : numpy.ndarray or None
        The bare array of `gap`.
    """

    maps: np.ndarray = field(repr=False)
    method: str
    layer: str | None
    words: tuple[str, ...]
    scores: np.ndarray | None
    reference: str
    size: tuple[int, int]
    network: str
    batches: tuple[Batch, ...] = field(repr=False)
    gaps: np.ndarray | None = None

    # Wrapped when asked for: coordinates cost more than a small network's forward pass.
    @cached_property
    def values(self) -> xarray.DataArray:
        """The heat maps, ``(image, y, x)``, float32, in units that the method gives.

        At the resolution of the layer, or of the input for methods that explain the input.
        """
        return self._wrapped(self.maps, "heatmap")

    @cached_property
    def upsampled(self) -> xarray.DataArray:
        """The maps at the size of the input, ``(image, y, x)``; bilinear, see `enlarged`."""
        if self.maps.shape[1:] == self.size:
            return self.values
        return self._wrapped(enlarged(self.maps, self.size), "heatmap")

    @cached_property
    def score(self) -> xarray.DataArray | None:
        """The score itself, ``(image,)``; None for a method that looks at no score."""
        return None if self.scores is None else self._wrapped(self.scores, "score")

    @cached_property
    def gap(self) -> xarray.DataArray | None:
        """For integrated gradients, ``(image,)``: how far the map is from being complete.

        The sum of the map minus the difference of the scores of image and baseline, which would be
        0 if the integral were exact.
        """
        return None if self.gaps is None else self._wrapped(self.gaps, "gap")

    @property
    def images(self) -> tuple[str, ...]:
        """What the images are called."""
        return tuple(name for batch in self.batches for name in batch.names)

    @property
    def signed(self) -> bool:
        """Whether it holds evidence of both signs: for the score and against it."""
        return bool((self.maps < 0).any() and (self.maps > 0).any())

    def _wrapped(self, array: np.ndarray, name: str) -> xarray.DataArray:
        import xarray

        return xarray.DataArray(
            array,
            dims=("image", "y", "x")[: array.ndim],
            coords={"image": list(self.images)},
            name=name,
            attrs={"network": self.network, "method": self.method, "layer": self.layer or ""},
        )
