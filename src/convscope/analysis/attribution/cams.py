"""Class activation maps: formulas over a layer's maps and the gradients of a score.

All take the layer's values A and, where they need them, the gradients G of the score with respect
to them, ``(image, channel, y, x)`` both, and give ``(image, y, x)``.
"""

from __future__ import annotations

import numpy as np

__all__ = ["eigen_cam", "grad_cam", "grad_cam_plus_plus", "hires_cam", "layer_cam", "weighted"]


def weighted(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Give ``ReLU(sum over channels of weight x map)``, weights ``(image, channel)``."""
    total = np.einsum("ikyx,ik->iyx", values, weights.astype(np.float32))
    return np.asarray(np.maximum(total, 0))


def grad_cam(values: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """Weigh every map by its mean gradient: ``ReLU(sum_k mean(G_k) A_k)``.

    The rectifier leaves out what speaks against the score, as the paper has it. Selvaraju et al.
    2017, Grad-CAM, eqs. 1 and 2; for a class within a region, where the score is a sum over its
    positions, Vinogradova et al. 2020 (Seg-Grad-CAM).
    """
    return weighted(values, gradients.mean(axis=(2, 3)))


def grad_cam_plus_plus(values: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """Weigh every map by its positive gradients, each with its own share alpha.

    ``alpha = G^2 / (2 G^2 + sum(A_k) G^3)`` and ``ReLU(sum_k sum(alpha ReLU(G_k)) A_k)``: what the
    paper's eqs. 19 and 7 become when the exponential of the score is differentiated. That
    exponential itself is a factor of the whole map and is left out, since it overflows. Written for
    rectified layers: where maps are negative the denominator can come near to zero. Chattopadhay et
    al. 2018, Grad-CAM++.
    """
    positive = np.maximum(gradients.astype(np.float64), 0)
    # Where a gradient is positive its square cancels; elsewhere alpha does not matter.
    below = 2 + values.sum(axis=(2, 3), keepdims=True, dtype=np.float64) * positive
    alpha = np.divide(1, below, out=np.zeros_like(below), where=below != 0)
    return weighted(values, (alpha * positive).sum(axis=(2, 3)))


def hires_cam(values: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """Multiply unit by unit: ``sum_k G_k A_k``.

    Holds both signs, since the paper's formula has no rectifier: its sum over the map is the
    layer's part in the score. Draelos and Carin 2020, HiResCAM.
    """
    return np.asarray((values * gradients).sum(axis=1))


def layer_cam(values: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """Weigh every unit by its own positive gradient: ``ReLU(sum_k ReLU(G_k) A_k)``.

    Jiang et al. 2021, LayerCAM.
    """
    return np.asarray(np.maximum((np.maximum(gradients, 0) * values).sum(axis=1), 0))


def eigen_cam(values: np.ndarray) -> np.ndarray:
    """Project the maps of every image on their first principal direction.

    With the maps as columns of ``O`` (a row a position), ``O = U S V^T`` gives the map ``O v_1``,
    not centred, as in the paper. The sign of ``v_1`` is free: the one is taken with which the map
    sums to no less than zero. No score and no class enters. Muhammad and Yeasin 2020, Eigen-CAM.
    """
    rows = np.moveaxis(values, 1, -1).reshape(len(values), -1, values.shape[1]).astype(np.float64)
    # A layer that holds a NaN has no directions, and the map says so.
    out = np.full((len(values), *values.shape[2:]), np.nan, np.float32)
    for image, table in enumerate(rows):
        if np.isfinite(table).all():
            _, _, directions = np.linalg.svd(table, full_matrices=False)
            projected = table @ directions[0]
            sign = -1 if projected.sum() < 0 else 1
            out[image] = (sign * projected).reshape(values.shape[2:])
    return out
