"""A frame: what a network made of the film's images at one step of its training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

__all__ = ["Arrays", "Frame", "Seen", "next_frame", "norms", "relative"]

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
    training : mapping of str to numpy.ndarray
        The same maps in training mode, of the layers where that can be another one.
    outputs : mapping of str to numpy.ndarray
        Float32, ``(image, ...)``: what the network gave out, by the outputs' names.
    dead : mapping of str to numpy.ndarray
        Bool, ``(channel,)``: whether the channel is zero on all images.
    low, high, training_low, training_high : mapping of str to numpy.ndarray
        Float32, ``(image, channel)``: smallest and largest finite value of each map, in inference
        and in training mode; NaN where it has none.
    change : mapping of str to numpy.ndarray
        Float32, ``(image, channel)``: of each map since the last frame, see `relative`; NaN in the
        first.
    update : mapping of str to numpy.ndarray
        Float32, ``(channel,)``: of each channel's kernel by the last update, see `relative`; NaN
        where it has none, or is not known before the update.
    gradient : mapping of str to numpy.ndarray
        Float32, ``(channel,)``: Euclidean norm of the gradient of each channel's kernel that the
        last update used; NaN where that is not known.
    """

    step: int
    maps: Arrays
    training: Arrays
    outputs: Arrays
    dead: Arrays
    low: Arrays
    high: Arrays
    training_low: Arrays
    training_high: Arrays
    change: Arrays
    update: Arrays
    gradient: Arrays


@dataclass(frozen=True, eq=False)
class Seen:
    """What the network gave at a step, as it is recorded.

    Attributes
    ----------
    maps, training, outputs
        See `Frame`.
    kernels, before, gradients : mapping of str to numpy.ndarray
        ``(channel, ...)``: the kernels now, before the last update, and the gradient that it used;
        of the layers where that is known.
    """

    maps: Arrays
    training: Arrays = field(default_factory=dict)
    outputs: Arrays = field(default_factory=dict)
    kernels: Arrays = field(default_factory=dict)
    before: Arrays = field(default_factory=dict)
    gradients: Arrays = field(default_factory=dict)


def next_frame(step: int, seen: Seen, last: Arrays | None = None) -> Frame:
    """Make a frame.

    Parameters
    ----------
    step : int
    seen : Seen
    last : mapping or None
        The maps of the frame before.
    """
    maps = seen.maps
    ends, training_ends = (
        {name: _ends(part[name] if name in part else _nothing(maps[name])) for name in maps}
        for part in (maps, seen.training)
    )

    def by_channel(of: Callable[[str], np.ndarray], *known: Arrays) -> Arrays:
        return {
            name: of(name) if all(name in part for part in known) else _unknown(values.shape[1:2])
            for name, values in maps.items()
        }

    return Frame(
        step=step,
        maps=maps,
        training=seen.training,
        outputs=seen.outputs,
        dead={name: (_flat(values, 2) == 0).all(axis=(0, 2)) for name, values in maps.items()},
        low={name: low for name, (low, _) in ends.items()},
        high={name: high for name, (_, high) in ends.items()},
        training_low={name: low for name, (low, _) in training_ends.items()},
        training_high={name: high for name, (_, high) in training_ends.items()},
        change={
            name: _unknown(values.shape[:2]) if last is None else relative(last[name], values, 2)
            for name, values in maps.items()
        },
        update=by_channel(
            lambda name: relative(seen.before[name], seen.kernels[name], 1),
            seen.before,
            seen.kernels,
        ),
        gradient=by_channel(lambda name: norms(seen.gradients[name], 1), seen.gradients),
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
    old = before.astype(np.float64)
    moved, norm = norms(now - old, kept), norms(old, kept)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(moved == 0, 0, moved / norm).astype(np.float32)


def norms(values: np.ndarray, kept: int) -> np.ndarray:
    """Give the Euclidean norms over all but the first axes, float32.

    Parameters
    ----------
    values : numpy.ndarray
    kept : int
        How many axes the result has.
    """
    squares = np.square(_flat(values, kept), dtype=np.float64)
    return np.asarray(np.sqrt(squares.sum(axis=-1)), np.float32)


def _ends(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the smallest and largest finite value of every map, ``(image, channel)``."""
    flat = _flat(values, 2)
    finite = np.isfinite(flat)
    some = finite.any(axis=2)
    low = np.where(finite, flat, np.inf).min(axis=2, initial=np.inf)
    high = np.where(finite, flat, -np.inf).max(axis=2, initial=-np.inf)
    return np.where(some, low, np.nan), np.where(some, high, np.nan)


def _flat(values: np.ndarray, kept: int) -> np.ndarray:
    """Put all but the first axes into one."""
    return values.reshape(*values.shape[:kept], -1)


def _nothing(values: np.ndarray) -> np.ndarray:
    """Give maps without units."""
    return np.empty((*values.shape[:2], 0), np.float32)


def _unknown(shape: tuple[int, ...]) -> np.ndarray:
    return np.full(shape, np.nan, np.float32)
