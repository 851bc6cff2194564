"""Levels written as how they differ from what was expected: that compresses to half.

residual.js adds the same expectations again, with the same operations in the same order, so that
every level comes back as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Mapped", "beside", "behind"]

Bytes = NDArray[np.uint8]
Doubles = NDArray[np.float64]

_TOP = 239


@dataclass(frozen=True, eq=False)
class Mapped:
    """The levels of a layer and what they stand for.

    Attributes
    ----------
    levels : ndarray of uint8, (channel, unit)
    span_low, span_high : ndarray of float64, (channel,)
        Values of level 0 and level 239.
    low, high : ndarray of float64, (channel,)
        Smallest and largest value.
    """

    levels: Bytes
    span_low: Doubles
    span_high: Doubles
    low: Doubles
    high: Doubles

    @classmethod
    def of(cls, reply: Mapping[str, Any], buffers: Sequence[bytes]) -> Mapped | None:
        """Take them from the answer about a layer; None where that holds values."""
        if reply.get("levels") is None:
            return None

        def array(name: str) -> np.ndarray:
            given = reply[name]
            return np.frombuffer(buffers[given["buffer"]], given["dtype"])

        ends = (array(name).astype(np.float64) for name in _ENDS)
        return cls(array("levels").reshape(len(array("low")), -1), *ends)


_ENDS = ("span_low", "span_high", "low", "high")


def beside(levels: Bytes) -> Bytes:
    """Give how every level differs from the one before it."""
    flat = levels.reshape(-1)
    out = flat.copy()
    # Differences wrap around, as bytes do.
    out[1:] -= flat[:-1]
    return out


def behind(own: Mapped, source: Mapped, *, stretched: bool) -> Bytes:
    """Give how every level differs from what the layer's input lets expect.

    Parameters
    ----------
    own, source : Mapped
        Of the same number of channels and units.
    stretched : bool
        Whether every channel is expected to be its input times a number plus another, as behind a
        normalisation; else the same as its input, within its own smallest and largest value, as
        behind an activation function.
    """
    expected = _expected(own, source, stretched=stretched)
    first = 256 * np.arange(len(own.levels), dtype=np.int32)
    places = source.levels + first[:, None]
    out: Bytes = own.levels - expected.ravel().take(places)
    return out.reshape(-1)


def _expected(own: Mapped, source: Mapped, *, stretched: bool) -> Bytes:
    """Give the level that is expected behind each of 256, ``(channel, level)``."""
    place = np.arange(256, dtype=np.float64)
    with np.errstate(all="ignore"):
        values = _column(source.span_low) + place * _column(
            (source.span_high - source.span_low) / _TOP
        )
        low, high = _column(own.low), _column(own.high)
        if stretched:
            width = source.high - source.low
            factor = np.where(width > 0, (own.high - own.low) / width, 0.0)
            values = low + (values - _column(source.low)) * _column(factor)
        values = np.where(values < low, low, values)
        values = np.where(values > high, high, values)
        width = own.span_high - own.span_low
        factor = np.where(width > 0, _TOP / width, 0.0)
        found = np.floor((values - _column(own.span_low)) * _column(factor) + 0.5)
        return np.where(found >= 0, np.minimum(found, _TOP), 0.0).astype(np.uint8)


def _column(values: Doubles) -> Doubles:
    return values[:, None]
