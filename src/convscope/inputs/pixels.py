"""Arrays of any numeric dtype, brought to pixel values from 0 to 255."""

from __future__ import annotations

from typing import Any

import numpy as np

from convscope.errors import InputError, warn

__all__ = ["CHANNELS", "array_of", "over_white", "to_255"]

CHANNELS = (1, 3, 4)
"""Sizes of a last axis that holds channels: grey, RGB, RGBA."""

# Interpolation leaves 1.0000001 in arrays of 0..1, which are not meant as 0..255 for that.
_ROUNDING = 1e-5
_POSSIBLE = "give an array (y, x), (y, x, 1), (y, x, 3) or (y, x, 4), or a stack of such"


def array_of(source: Any) -> np.ndarray:
    """Make an array of whatever can be one: NumPy, jax, torch, xarray.

    Raises
    ------
    InputError
        When it cannot be an array of numbers.
    """
    try:
        array = np.asarray(source)
    except Exception as error:
        # Every library has its own errors here (torch: RuntimeError for a tensor with gradient).
        reason = " ".join(str(error).split())
        raise InputError(
            f"a {type(source).__name__} cannot be made an array ({reason}): {_POSSIBLE}"
        ) from error
    if array.dtype.kind not in "buif":
        raise InputError(
            f"an array of dtype {array.dtype} is no image: {_POSSIBLE}, of integers or floats"
        )
    if array.ndim not in {2, 3, 4} or (array.ndim == 4 and array.shape[3] not in CHANNELS):
        raise InputError(f"an array of shape {array.shape} is no image: {_POSSIBLE}")
    if not array.size:
        raise InputError(f"an array of shape {array.shape} holds no pixels: {_POSSIBLE}")
    return array


def to_255(array: np.ndarray) -> np.ndarray:
    """Bring values to 0..255, by what their dtype and range say of them.

    Parameters
    ----------
    array : numpy.ndarray
        Any shape. ``bool``: black and white. ``uint8``: as it is. ``uint16``: 0..65535. Other
        integers: 0..255. Floating point: 0..1, or, with a warning, 0..255.

    Returns
    -------
    numpy.ndarray
        Same shape; uint8, or float32 in 0..255 for ``uint16`` and floating point.

    Raises
    ------
    InputError
        When values lie outside of what the dtype stands for, or are not finite.
    """
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind == "b":
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype == np.uint16:
        return array.astype(np.float32) / np.float32(257)
    low, high = array.min(), array.max()
    if array.dtype.kind in "ui":
        if low < 0 or high > 255:
            raise InputError(
                f"an array of {array.dtype} holds values from {low} to {high}, where an image has "
                "0 to 255: scale it to 0..255, or give uint16, which is taken as 0..65535"
            )
        return array.astype(np.uint8)
    return _floats_to_255(array, float(low), float(high))


def _floats_to_255(array: np.ndarray, low: float, high: float) -> np.ndarray:
    if not (np.isfinite(low) and np.isfinite(high)):
        wrong = array.size - int(np.count_nonzero(np.isfinite(array)))
        raise InputError(
            f"an image holds {wrong} values of {array.size} that are not finite (NaN or infinite): "
            "replace them, for example with numpy.nan_to_num"
        )
    if low < -_ROUNDING or high > 255:
        raise InputError(
            f"an image of {array.dtype} holds values from {low:g} to {high:g}, where an image has "
            "0..1 or 0..255: scale it to 0..1"
        )
    if high <= 1 + _ROUNDING:
        return np.clip(array.astype(np.float32), 0, 1) * np.float32(255)
    warn(
        f"an image of {array.dtype} with values up to {high:g} is taken as 0..255 (up to 1 it "
        "would be taken as 0..1): give uint8, or divide by 255, to say what is meant",
    )
    return np.maximum(array.astype(np.float32), 0)


def over_white(array: np.ndarray) -> np.ndarray:
    """Lay RGBA over white; leave anything else as it is.

    Parameters
    ----------
    array : numpy.ndarray
        ``(..., channel)`` with 1, 3 or 4 channels, 0..255.

    Returns
    -------
    numpy.ndarray
        ``(..., channel)`` with 1 or 3 channels, same dtype: ``c a + 255 (1 - a)``, ``a`` from 0 to
        1.
    """
    if array.shape[-1] != 4:
        return array
    if array.dtype == np.uint8:
        wide = array.astype(np.uint32)
        colour, alpha = wide[..., :3], wide[..., 3:]
        return ((colour * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    share = array[..., 3:] / np.float32(255)
    return np.asarray(array[..., :3] * share + 255 * (1 - share), np.float32)
