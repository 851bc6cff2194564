"""A frame: what a network made of the film's images at one step of its training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

__all__ = ["Arrays", "Frame", "next_frame", "relative"]

Arrays = Mapping[str, np.ndarray]
"""An array a layer."""


@dataclass(frozen=True, eq=False)
class Frame:
    """What a network made of the film's images at one step.

    Attributes
    ----------
    step : int
        How many updates the weights had had.
    maps : mapping of str to numpy.ndarray
        Float32, ``(image, channel, y, x)`` and the like, by layer.
    dead : mapping of str to numpy.ndarray
        Bool, ``(channel,)``: whether the channel is zero on all images.
    change : mapping of str to numpy.ndarray
        Float32, ``(image, channel)``: of each map since the last frame, see `relative`; NaN in the
        first.
    update : mapping of str to numpy.ndarray
        Float32, ``(channel,)``: of each channel's kernel by the last update, see `relative`; NaN
        where it has none, or is not known before the update.
    """

    step: int
    maps: Arrays
    dead: Arrays
    change: Arrays
    update: Arrays


def next_frame(
    step: int, maps: Arrays, last: Arrays | None, kernels: Arrays, before: Arrays | None
) -> Frame:
    """Make a frame from the maps and kernels of a step.

    Parameters
    ----------
    step : int
    maps : mapping of str to numpy.ndarray
        ``(image, channel, ...)``.
    last : mapping or None
        The maps of the frame before.
    kernels : mapping of str to numpy.ndarray
        ``(channel, ...)``.
    before : mapping or None
        The kernels before the last update.
    """
    return Frame(
        step,
        maps,
        {name: (_flat(values, 2) == 0).all(axis=(0, 2)) for name, values in maps.items()},
        {
            name: _unknown(values.shape[:2]) if last is None else relative(last[name], values, 2)
            for name, values in maps.items()
        },
        {
            name: _unknown(values.shape[1:2])
            if before is None or name not in before or name not in kernels
            else relative(before[name], kernels[name], 1)
            for name, values in maps.items()
        },
    )


def relative(before: np.ndarray, now: np.ndarray, kept: int) -> np.ndarray:
    """Give ``|now - before| / |before|`` with Euclidean norms over all but the first axes.

    Parameters
    ----------
    before, now : numpy.ndarray
        Of one shape.
    kept : int
        How many axes the result has.

    Returns
    -------
    numpy.ndarray
        Float32. 0 where nothing changed; infinite where all was zero before and is not now.
    """
    old, new = _flat(before, kept).astype(np.float64), _flat(now, kept).astype(np.float64)
    moved, norm = (np.sqrt(np.square(part).sum(axis=-1)) for part in (new - old, old))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(moved == 0, 0, moved / norm).astype(np.float32)


def _flat(values: np.ndarray, kept: int) -> np.ndarray:
    """Put all but the first axes into one."""
    return values.reshape(*values.shape[:kept], -1)


def _unknown(shape: tuple[int, ...]) -> np.ndarray:
    return np.full(shape, np.nan, np.float32)
