"""Why is a map blank? One word for every channel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from convscope.analysis.statistics import Extent, extent
from convscope.arguments import real, real_array, told
from convscope.errors import SelectionError

__all__ = [
    "ACTIVE",
    "CONSTANT",
    "NOT_A_NUMBER",
    "SATURATED",
    "ZERO",
    "count_words",
    "diagnosis",
    "reasons",
]

ACTIVE = "active"
ZERO = "zero here"
CONSTANT = "constant"
SATURATED = "saturated"
NOT_A_NUMBER = "not a number"

_SHARE = 0.95
_NEAR = 1e-3
# Between a sum in float32 and the same one in float64.
_SAME = 1e-5


def diagnosis(
    activation: Any,
    *,
    known: Extent | None = None,
    bounds: tuple[float | None, float | None] = (None, None),
) -> list[str]:
    """Say of every channel whether it is active on one image, and if not, why.

    Parameters
    ----------
    activation : array or xarray.DataArray
        ``(channel, ...)``, or ``(image, channel, ...)`` with one image in a DataArray.
    known : Extent, optional
        Each map's smallest and largest value, where they were computed before.
    bounds : (float or None, float or None)
        The values that the layer's activation function approaches but never leaves, such as
        ``(0, 1)`` for a sigmoid and ``(None, 6)`` for ReLU6.

    Returns
    -------
    list of str
        ``active``; ``zero here`` (all units are zero, on this image); ``constant`` (all units have
        one value other than zero, often what the bias alone gives; see `reasons`);
        ``saturated`` (at least 95 % of the
        units within a thousandth of a bound); ``not a number`` (at least one unit is NaN or
        infinite). A map of a single unit is never ``constant``.
    """
    values = _one_image(activation)
    if known is not None and not isinstance(known, Extent):
        raise SelectionError(f"known {told(known)}: give an Extent, or None")
    _check_bounds(bounds)
    known = known or extent(values)
    flat = known.low == known.high if values[0].size > 1 else np.zeros(len(values), bool)
    words = np.full(len(values), ACTIVE, dtype=object)
    words[flat] = CONSTANT
    words[(known.low == 0) & (known.high == 0)] = ZERO
    finite = np.isfinite(known.low) & np.isfinite(known.high)
    for channel in np.flatnonzero(finite & (words != ZERO) & _touches(known, bounds)):
        if _share_at(values[channel], bounds) >= _SHARE:
            words[channel] = SATURATED
    words[~finite] = NOT_A_NUMBER
    return list(words.tolist())


def reasons(
    activation: Any,
    words: Sequence[str],
    *,
    bounds: tuple[float | None, float | None] = (None, None),
    bias: np.ndarray | None = None,
) -> dict[int, str]:
    """Say more of the channels that are not active.

    Parameters
    ----------
    activation : array or xarray.DataArray
        As for `diagnosis`.
    words : sequence of str
        What `diagnosis` gave.
    bounds : (float or None, float or None)
        As for `diagnosis`.
    bias : numpy.ndarray, optional
        ``(channel,)``: what the bias alone gives; see `bias_alone`.

    Returns
    -------
    dict of int to str
        By channel: the value of a constant map and whether it is what the bias alone gives, the
        share of units at the bound, how many units are not a number. Nothing for ``zero here``.
    """
    values = _one_image(activation)
    return {
        channel: _reason(values[channel], word, bounds, None if bias is None else bias[channel])
        for channel, word in enumerate(words)
        if word in {CONSTANT, SATURATED, NOT_A_NUMBER}
    }


def _reason(
    values: np.ndarray, word: str, bounds: tuple[float | None, float | None], bias: float | None
) -> str:
    if word == NOT_A_NUMBER:
        wrong = values.size - int(np.isfinite(values).sum())
        return f"{wrong:,} of {values.size:,} units are not finite"
    if word == SATURATED:
        reached = " or ".join(f"{bound:g}" for bound in bounds if bound is not None)
        return f"{_share_at(values, bounds):.1%} of the units at {reached}"
    value = float(values.flat[0])
    if bias is None:
        return f"{value:.6g} everywhere"
    if abs(value - bias) <= _SAME * max(1.0, abs(bias)):
        return f"{value:.6g} everywhere: what the bias alone gives"
    return f"{value:.6g} everywhere, and the bias alone would give {bias:.6g}"


def count_words(words: list[str]) -> dict[str, int]:
    """Count the channels of every word, most frequent first."""
    return dict(Counter(words).most_common())


def _one_image(activation: Any) -> np.ndarray:
    dims = getattr(activation, "dims", ())
    values = real_array(activation, "activation", "(channel, ...), or a DataArray")
    if values.size == 0 or values.ndim == 0:
        raise SelectionError(
            f"an activation of shape {values.shape} holds no channels: give (channel, ...)"
        )
    if dims[:1] != ("image",):
        return values
    if len(values) != 1:
        raise SelectionError(
            f"a diagnosis is of one image, and {len(values)} were given: choose one with "
            ".isel(image=0)"
        )
    return np.asarray(values[0])


def _check_bounds(bounds: object) -> None:
    if isinstance(bounds, tuple | list) and len(bounds) == 2:
        known = [real(end, "bounds") for end in bounds if end is not None]
        if known == sorted(known):
            return
    raise SelectionError(
        f"bounds {told(bounds)}: give two numbers, the lower first; None where there is no bound"
    )


def _margin(bounds: tuple[float | None, float | None]) -> float:
    low, high = bounds
    if low is not None and high is not None:
        return _NEAR * (high - low)
    return _NEAR * abs(high if high is not None else low or 1.0)


def _touches(known: Extent, bounds: tuple[float | None, float | None]) -> np.ndarray:
    """Find the channels that come near a bound at all: only these are worth counting."""
    low, high = bounds
    near = np.zeros(len(known.low), bool)
    if low is not None:
        near |= known.low <= low + _margin(bounds)
    if high is not None:
        near |= known.high >= high - _margin(bounds)
    return near


def _share_at(values: np.ndarray, bounds: tuple[float | None, float | None]) -> float:
    low, high = bounds
    at = np.zeros(values.shape, bool)
    if low is not None:
        at |= values <= low + _margin(bounds)
    if high is not None:
        at |= values >= high - _margin(bounds)
    return float(at.mean())
