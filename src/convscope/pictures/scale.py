"""Which values the ends of a colormap stand for: six scales."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convscope.arguments import text as string
from convscope.errors import SelectionError, near

__all__ = ["SCALES", "Bounds", "Scale", "Span", "bounds_of", "span_of"]

SCALES = ("channel", "layer", "shared", "robust", "sigma", "fixed(low, high)")
"""The names a scale may have; ``fixed`` takes its two ends."""

Floats = NDArray[np.float32]

_FIXED = re.compile(r"\s*fixed\s*\(([^,()]+),([^,()]+)\)\s*", re.IGNORECASE)
_SIGNED = ("channel", "layer", "shared", "robust")
_GOVERNING = ("layer", "shared", "robust", "fixed")


@dataclass(frozen=True)
class Scale:
    """How values become brightness.

    Attributes
    ----------
    name : str
        ``channel``: each map's own min..max. ``layer``: min..max over all channels. ``shared``:
        min..max over all that is shown, which the caller brings. ``robust``: 1st..99th percentile
        of the layer. ``sigma``: mean ± 2 standard deviations of each map. ``fixed``: as given.
    low, high : float or None
        The ends of a fixed scale, in the values' own units; None for the others.
    """

    name: str
    low: float | None = None
    high: float | None = None

    @classmethod
    def parse(cls, text: str | Scale) -> Scale:
        """Read a scale as a person writes it: ``"layer"``, ``"fixed(0, 6)"``.

        Raises
        ------
        SelectionError
            For another name, or a fixed scale without two rising, finite numbers.
        """
        if isinstance(text, Scale):
            return text
        word = string(text, "scale").strip().casefold()
        if word in ("channel", "layer", "shared", "robust", "sigma"):
            return cls(word)
        if not word.startswith("fixed"):
            names = [*SCALES[:-1], "fixed"]
            hint = near(word, names)
            if hint.startswith("one of"):
                hint = f"one of: {', '.join(SCALES)}"
            raise SelectionError(f"no scale {text!r}: {hint}")
        match = _FIXED.fullmatch(word)
        try:
            low, high = (float(end) for end in match.groups()) if match else (math.nan, math.nan)
        except ValueError:
            low = high = math.nan
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise SelectionError(
                f"scale {text!r}: a fixed scale needs two numbers, the lower first, "
                "such as fixed(0, 6)"
            )
        return cls("fixed", low, high)

    @property
    def governs(self) -> bool:
        """Whether one span holds for every channel of a picture."""
        return self.name in _GOVERNING

    def __str__(self) -> str:
        if self.name == "fixed":
            return f"fixed({self.low:g}, {self.high:g})"
        return self.name


@dataclass(frozen=True, eq=False)
class Bounds:
    """The smallest and largest finite value of every channel.

    Attributes
    ----------
    low, high : ndarray of float32, (channel,)
        NaN for a channel without a finite value.
    finite : ndarray of bool, (channel,)
        Whether every value of the channel is finite.
    """

    low: Floats
    high: Floats
    finite: NDArray[np.bool_]

    @property
    def whole(self) -> tuple[float, float]:
        """The smallest and largest finite value of all; (0, 0) when there is none."""
        if self.finite.all():
            return float(self.low.min()), float(self.high.max())
        known = ~np.isnan(self.low)
        if not known.any():
            return 0.0, 0.0
        return float(self.low[known].min()), float(self.high[known].max())


@dataclass(frozen=True, eq=False)
class Span:
    """What the first and the last level stand for.

    Attributes
    ----------
    low, high : ndarray of float32, (channel,)
        Values of level 0 and level 239; NaN for a channel without a finite value.
    scale : Scale
        The scale they follow.
    signed : bool
        Whether values of both signs are shown.
    centred : bool
        Whether zero is in the middle of every span.
    """

    low: Floats
    high: Floats
    scale: Scale
    signed: bool
    centred: bool


def bounds_of(values: Floats, low: Floats | None = None, high: Floats | None = None) -> Bounds:
    """Find each channel's smallest and largest finite value.

    Parameters
    ----------
    values : ndarray of float32, (channel, ...)
        In any order in memory.
    low, high : ndarray of float32, (channel,), optional
        Minima and maxima that were already computed, with NaN where a channel holds one. Only
        channels for which they are not finite are looked at again.
    """
    with np.errstate(all="ignore"):
        least = _reduce(np.minimum, values) if low is None else np.asarray(low, np.float32)
        most = _reduce(np.maximum, values) if high is None else np.asarray(high, np.float32)
        finite = np.isfinite(least) & np.isfinite(most)
        if finite.all():
            return Bounds(least, most, finite)
        least, most = least.copy(), most.copy()
        odd = np.flatnonzero(~finite)
        axes = tuple(range(1, values.ndim))
        part = values[odd]
        known = np.isfinite(part)
        least[odd] = part.min(axis=axes, where=known, initial=np.inf)
        most[odd] = part.max(axis=axes, where=known, initial=-np.inf)
        none = odd[~known.any(axis=axes)]
        least[none] = most[none] = np.nan
    return Bounds(least, most, finite)


def _reduce(smaller: np.ufunc, values: Floats) -> Floats:
    # Over one flat axis in the order of memory NumPy is several times faster than over several.
    last = np.moveaxis(values, 0, -1)
    if last.flags.c_contiguous:
        flat = last.reshape(-1, values.shape[0])
        return np.asarray(smaller.reduce(flat, axis=0))
    return np.asarray(smaller.reduce(values, axis=tuple(range(1, values.ndim))))


def span_of(
    values: Floats,
    scale: Scale,
    bounds: Bounds,
    *,
    shared: tuple[float, float] | None = None,
    signed: bool | None = None,
) -> Span:
    """Find what the ends of the colormap stand for, for each channel.

    Parameters
    ----------
    values : ndarray of float32, (channel, ...)
        Only looked at for ``robust`` and ``sigma``.
    scale : Scale
        How.
    bounds : Bounds
        Each channel's smallest and largest finite value.
    shared : (float, float), optional
        Smallest and largest value of all that is shown together, for the scale ``shared``; without
        it those of this picture.
    signed : bool, optional
        Whether both signs are shown; without it, whether both are found (for ``shared``, within the
        shared ends).

    Returns
    -------
    Span
        Signed values under ``channel``, ``layer``, ``shared`` and ``robust`` get a span of ± the
        larger end. ``robust`` falls back to min..max where both percentiles are one value, as in a
        layer that is nearly all zero.
    """
    whole = bounds.whole
    if scale.name == "shared" and shared is not None:
        whole = (float(shared[0]), float(shared[1]))
    if signed is None:
        signed = whole[0] < 0 < whole[1]
    low, high = bounds.low, bounds.high
    if scale.name == "sigma":
        low, high = _sigma(values, bounds)
    elif scale.name != "channel":
        ends = whole
        if scale.name == "fixed" and scale.low is not None and scale.high is not None:
            ends = (scale.low, scale.high)
        elif scale.name == "robust":
            ends = _percentiles(values, bounds, whole)
        low, high = (np.full(low.shape, end, np.float32) for end in ends)
    if signed and scale.name in _SIGNED:
        high = np.maximum(np.abs(low), np.abs(high))
        low = -high
    centred = signed and scale.name != "sigma" and bool(np.all((low == -high) | np.isnan(low)))
    return Span(low, high, scale, signed, centred)


def _percentiles(values: Floats, bounds: Bounds, whole: tuple[float, float]) -> tuple[float, float]:
    known = values if bounds.finite.all() else values[np.isfinite(values)]
    if known.size == 0:
        return whole
    low, high = np.percentile(known, (1, 99))
    return (float(low), float(high)) if low < high else whole


def _sigma(values: Floats, bounds: Bounds) -> tuple[Floats, Floats]:
    axes = tuple(range(1, values.ndim))
    with np.errstate(all="ignore"):
        if bounds.finite.all():
            mean = values.mean(axis=axes, dtype=np.float64)
            deviation = values.std(axis=axes, dtype=np.float64)
        else:
            known = np.isfinite(values)
            count = known.sum(axis=axes)
            mean = np.where(known, values, 0).sum(axis=axes, dtype=np.float64) / count
            apart = np.where(known, values - np.expand_dims(mean, axes), 0)
            deviation = np.sqrt((apart**2).sum(axis=axes) / count)
    # Two deviations beyond the largest float32 is no float32.
    largest = float(np.finfo(np.float32).max)
    ends = (np.clip(mean + side * deviation, -largest, largest) for side in (-2, 2))
    low, high = (end.astype(np.float32) for end in ends)
    return low, high
