"""Linear CKA: how alike two layers see the same images, summed up batch by batch.

Per batch every layer becomes one matrix (image, image), so that memory does not grow with the
number of images, nor with the size of the maps once they are reduced.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEAST", "Products", "centred_gram", "products"]

LEAST = 4
"""Images at once that the unbiased estimator needs: it divides by their number less 3."""

Floats = NDArray[np.float64]

# Columns that are held as float64 at once.
_COLUMNS = 65_536


@dataclass(frozen=True, eq=False)
class Products:
    """Sums over batches of the unbiased HSIC of Song et al. (2012), each times its images.

    Attributes
    ----------
    cross : numpy.ndarray
        ``(layer, other_layer)``: of each layer with each other layer.
    own : numpy.ndarray
        ``(layer,)``: of each layer with itself.
    other : numpy.ndarray
        ``(other_layer,)``: of each other layer with itself.
    images : int
        Over how many images.
    """

    cross: Floats
    own: Floats
    other: Floats
    images: int

    def merge(self, more: Products) -> Products:
        """Add what other batches gave."""
        return Products(
            self.cross + more.cross,
            self.own + more.own,
            self.other + more.other,
            self.images + more.images,
        )

    def similarity(self) -> Floats:
        """Give linear CKA, ``(layer, other_layer)``, -1..1; not a number for constant layers."""
        scale = np.sqrt(np.outer(self.own, self.other))
        with np.errstate(invalid="ignore"):
            return np.clip(np.where(scale > 0, self.cross / scale, np.nan), -1, 1)


def products(one: Sequence[Floats], other: Sequence[Floats]) -> Products:
    """Multiply the layers of one batch with the other layers.

    Parameters
    ----------
    one, other : sequence of numpy.ndarray
        Of each layer what `centred_gram` gives, for the same images, at least `LEAST`.
    """
    images = len(one[0])
    left, right = (np.stack([gram.ravel() for gram in side]) for side in (one, other))
    # HSIC divides by n (n - 3), and a batch counts by its n images.
    share = 1 / (images - 3)
    with np.errstate(invalid="ignore", over="ignore"):
        return Products(
            share * (left @ right.T),
            share * np.einsum("ij,ij->i", left, left),
            share * np.einsum("ij,ij->i", right, right),
            images,
        )


def centred_gram(values: NDArray[np.floating]) -> Floats:
    """Give the products of every two images' rows, centred so that HSIC is a plain sum.

    The unbiased HSIC of K and L is the sum of the products of their U-centred matrices over
    n (n - 3) (Székely and Rizzo 2014, "Partial distance correlation with methods for
    dissimilarities", where it is the inner product (4.1)); it is that of equation 3 in Nguyen,
    Raghu and Kornblith 2021.

    Parameters
    ----------
    values : numpy.ndarray
        ``(image, ...)``: a layer's activation of at least `LEAST` images; flattened to a row each.

    Returns
    -------
    numpy.ndarray
        ``(image, image)``, float64, with a diagonal of 0; exactly 0 where the rows are all the
        same, or all but one. Not a number where a value is.
    """
    count = len(values)
    # In the order of memory, which saves a copy: the products are the same in any.
    order = sorted(range(1, values.ndim), key=lambda axis: -abs(values.strides[axis]))
    rows = values.transpose(0, *order).reshape(count, -1)
    gram = np.zeros((count, count))
    with np.errstate(invalid="ignore", over="ignore"):
        for start in range(0, rows.shape[1], _COLUMNS):
            part = rows[:, start : start + _COLUMNS].astype(np.float64)
            # The first row before the mean: what is constant becomes 0 without a rounding.
            part -= part[0].copy()
            part -= part.mean(axis=0)
            gram += part @ part.T
        rounding = np.finfo(np.float64).eps * count * np.trace(gram)
        np.fill_diagonal(gram, 0)
        sums = gram.sum(axis=0) / (count - 2)
        gram += sums.sum() / (count - 1) - sums[:, None] - sums
        np.fill_diagonal(gram, 0)
        if np.linalg.norm(gram) <= rounding:
            gram[:] = 0
    return gram
