"""Measure several pieces of work in turn, so that a slow moment of the machine hits them all."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any


def in_turn(
    work: Mapping[str, Callable[[], Any]],
    rounds: int,
    clock: Callable[[], float] = time.perf_counter,
    *,
    warm: bool = False,
) -> dict[str, list[float]]:
    """Run every piece once unmeasured unless they are warm, then all in turn; seconds a round."""
    if not warm:
        for piece in work.values():
            piece()
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, piece in work.items():
            start = clock()
            piece()
            seconds[name].append(clock() - start)
    return seconds


def ratio(seconds: Mapping[str, list[float]], name: str, against: str) -> float:
    """Give the median of the ratios of neighbouring measurements."""
    pairs = zip(seconds[name], seconds[against], strict=True)
    return statistics.median(one / other for one, other in pairs)


def milliseconds(seconds: Mapping[str, list[float]], name: str) -> float:
    """Give the median in milliseconds."""
    return statistics.median(seconds[name]) * 1e3
