"""Signals while a network is trained: heeded between two steps, never within one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

__all__ = ["BetweenSteps"]


class BetweenSteps:
    """While it is entered, SIGINT and SIGTERM wait for the end of the step.

    A step on jax uses the old weights up and hands the new ones out at its end. What is raised in
    between leaves Keras with weights that are no more, which it then puts back into the network.

    Only what Python handles waits, and only the first signal: who sends a second does not want to.
    """

    def __init__(self) -> None:
        self._waiting: list[int] = []
        self._before: dict[int, Callable[[int, FrameType | None], Any]] = {}

    def __enter__(self) -> BetweenSteps:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                before = signal.getsignal(number)
                if callable(before):
                    self._before[number] = before
                    signal.signal(number, self._wait)
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)
        self.heed()

    def _wait(self, number: int, frame: FrameType | None) -> None:
        if self._waiting:
            self._before[number](number, frame)
        self._waiting.append(number)

    def heed(self) -> None:
        """Let what waits happen now."""
        if self._waiting:
            number = self._waiting[0]
            self._waiting.clear()
            self._before[number](number, None)
