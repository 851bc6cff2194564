"""What a map can be, as the page counts it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from convscope.analysis.diagnosis import ACTIVE, CONSTANT, NOT_A_NUMBER, SATURATED, ZERO
from convscope.analysis.muting import MUTED

__all__ = ["WORDS", "codes"]

WORDS = (ACTIVE, ZERO, CONSTANT, SATURATED, NOT_A_NUMBER, MUTED)
"""The words of a diagnosis in the order of their codes."""

_CODES = {word: code for code, word in enumerate(WORDS)}


def codes(words: Sequence[str]) -> np.ndarray:
    """Give the words of a layer's maps as codes, ``(channel,)``, uint8."""
    return np.array([_CODES[word] for word in words], np.uint8)
