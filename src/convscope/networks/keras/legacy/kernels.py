"""Kernels of Keras 1 and of Theano, brought into the order of today's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from convscope.networks.keras.legacy.saved import Era

__all__ = ["is_mirrored", "of_today", "with_space"]

layers = keras.layers

_CONVOLUTIONS = (layers.Conv1D, layers.Conv2D, layers.Conv3D)
_TRANSPOSED = (layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose)
_RECURRENT = (layers.ConvLSTM1D, layers.ConvLSTM2D, layers.ConvLSTM3D)
# The places, in Keras 1's list, of the arrays that today's kernel joins: input, forget, cell,
# output for an LSTM; update, reset, candidate for a GRU.
_GATES = {layers.LSTM: (0, 6, 3, 9), layers.GRU: (0, 3, 6)}


def is_mirrored(era: Era) -> bool:
    """Tell whether kernels were saved for true convolution.

    Theano turns a kernel around before it slides it over the image; TensorFlow, CNTK and today's
    backends do not (they compute a correlation).
    """
    return era.backend == "theano"


def with_space(layer: Any) -> bool:
    """Tell whether a layer has a kernel that mirroring would change."""
    inner = getattr(layer, "layer", None) or layer
    if not isinstance(inner, (*_CONVOLUTIONS, *_TRANSPOSED, *_RECURRENT)):
        return False
    return any(size > 1 for size in inner.kernel_size)


def of_today(layer: Any, arrays: Sequence[np.ndarray], era: Era) -> list[np.ndarray]:
    """Bring the weights of one layer into today's order.

    Parameters
    ----------
    layer : keras.Layer
        A layer of today, or a wrapper around one.
    arrays : sequence of numpy.ndarray
        In the order of the file.
    era : Era

    Returns
    -------
    list of numpy.ndarray
        Kernels as ``(*space, in, out)``; the gates of a recurrent layer side by side.
    """
    if isinstance(layer, layers.Bidirectional):
        half = len(arrays) // 2
        return [
            *of_today(layer.forward_layer, arrays[:half], era),
            *of_today(layer.backward_layer, arrays[half:], era),
        ]
    if isinstance(layer, layers.TimeDistributed):
        return of_today(layer.layer, arrays, era)
    found = list(arrays)
    if era.first and found:
        found = _of_keras_1(layer, found)
    mirrored = 2 if isinstance(layer, _RECURRENT) else 1
    if is_mirrored(era) and isinstance(layer, (*_CONVOLUTIONS, *_TRANSPOSED, *_RECURRENT)):
        found[:mirrored] = [_mirrored(kernel) for kernel in found[:mirrored]]
    return found


def _mirrored(kernel: np.ndarray) -> np.ndarray:
    return np.flip(kernel, axis=tuple(range(kernel.ndim - 2)))


def _is_channels_first(layer: Any) -> bool:
    return bool(layer.data_format == "channels_first")


def _of_keras_1(layer: Any, arrays: list[np.ndarray]) -> list[np.ndarray]:
    gates = _GATES.get(type(layer), ())
    if gates and len(arrays) == 3 * len(gates):
        return [np.concatenate([arrays[gate + part] for gate in gates], -1) for part in range(3)]
    kernel, *others = arrays
    if isinstance(layer, layers.Conv1D) and kernel.ndim == 4:
        # (out, in, x, 1) before Keras 1.2, (x, 1, in, out) since.
        if kernel.shape[:2] != (layer.kernel_size[0], 1) or kernel.shape[3] != layer.filters:
            kernel = kernel.transpose(2, 3, 1, 0)
        kernel = kernel[:, 0]
    elif isinstance(layer, (layers.Conv2D, layers.Conv3D)) and _is_channels_first(layer):
        # (out, in, *space)
        kernel = np.moveaxis(kernel, (1, 0), (-2, -1))
    return [kernel, *others]
