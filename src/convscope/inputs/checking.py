"""What looks wrong in an array that is given as prepared."""

from __future__ import annotations

import numpy as np

__all__ = ["find_problems"]

_TOLERANCE = 0.01
_SELF = "or give the image as uint8, and it is prepared for you"


def find_problems(prepared: np.ndarray, low: float, high: float, words: str) -> list[str]:
    """Compare values with what a network expects.

    Parameters
    ----------
    prepared : numpy.ndarray
        Any shape.
    low, high : float
        The lowest and the highest value that the preparation can give; 1 % of the span more are
        let pass.
    words : str
        The preparation in words.

    Returns
    -------
    list of str
        One line a problem, each with the remedy.
    """
    if not prepared.size:
        return [f"the array of shape {prepared.shape} holds no values: give at least one image"]
    problems = []
    least, most = float(prepared.min()), float(prepared.max())
    if not (np.isfinite(least) and np.isfinite(most)):
        finite = prepared[np.isfinite(prepared)]
        problems.append(
            f"the array holds {prepared.size - finite.size} values of {prepared.size} that are not "
            "finite (NaN or infinite): replace them, for example with numpy.nan_to_num"
        )
        if not finite.size:
            return problems
        least, most = float(finite.min()), float(finite.max())
    remedy = _remedy(least, most, low, high)
    if remedy:
        problems.append(
            f"the array holds values from {least:g} to {most:g}, where the network expects "
            f"{low:g} to {high:g} ({words}): {remedy}, {_SELF}"
        )
    return problems


def _remedy(least: float, most: float, low: float, high: float) -> str | None:
    """Say what to do about a range; None when it is well."""
    slack = _TOLERANCE * (high - low)
    wide = high - low > 50
    if least < low - slack or most > high + slack:
        if _within(least, most, 0, 255) and most > 2 and not wide:
            plain = np.isclose(low, 0) and np.isclose(high, 1)
            return "divide by 255" if plain else f"bring 0..255 to {low:g}..{high:g}"
        return f"bring it to {low:g}..{high:g}"
    if wide and _within(least, most, -1, 1) and least < most:
        whole = least >= 0 and np.isclose(low, 0) and np.isclose(high, 255)
        return "multiply by 255" if whole else f"bring it to {low:g}..{high:g}"
    # Black at exactly 0 and nothing below it: an image in 0..1 where grey, not black, is near 0.
    if not wide and low <= -0.5 and 0 <= least < 0.01 and 0.5 < most <= 1 and high >= 0.99:
        return f"bring 0..1 to {low:g}..{high:g}"
    return None


def _within(least: float, most: float, low: float, high: float) -> bool:
    slack = _TOLERANCE * (high - low)
    return least >= low - slack and most <= high + slack
