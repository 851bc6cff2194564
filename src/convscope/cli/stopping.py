"""How a command ends at SIGINT and SIGTERM: soon, with nothing half-written behind it."""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from importlib.machinery import ExtensionFileLoader
from types import FrameType
from typing import Any

__all__ = ["Stopping", "leave"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# Seconds in which what was raised should have come through.
_PATIENCE = 2.0
_AT_ONCE = 0.02
_UNTIL_LOADED = 0.2
_LOADING = (ExtensionFileLoader.create_module.__code__, ExtensionFileLoader.exec_module.__code__)


class Stopping:
    """While it is entered, both signals raise KeyboardInterrupt in the main thread.

    It is raised again while it does not come through: libraries swallow it, in callbacks of the
    garbage collector and elsewhere, and threads may be waited for that take long. While a library's
    machine code is loaded it waits: jaxlib, for one, does not survive what is raised there.

    Attributes
    ----------
    status : int or None
        128 and the signal's number, which shells take for an end by that signal; None before.
    """

    def __init__(self) -> None:
        self.status: int | None = None
        self._before: dict[int, Any] = {}
        self._timer: threading.Timer | None = None
        self._hook: Callable[[Any], Any] = sys.unraisablehook

    def __enter__(self) -> Stopping:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._stop) for number in _SIGNALS}
            self._hook, sys.unraisablehook = sys.unraisablehook, self._swallowed
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._before:
            sys.unraisablehook = self._hook
            for number, handler in self._before.items():
                signal.signal(number, handler)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.status = self.status or 128 + number
        if _loads_machine_code(frame):
            self._again(_UNTIL_LOADED)
            return
        self._again(_PATIENCE)
        raise KeyboardInterrupt

    def _swallowed(self, unraisable: Any) -> None:
        if self.status is not None and issubclass(unraisable.exc_type, KeyboardInterrupt):
            self._again(_AT_ONCE)
        else:
            self._hook(unraisable)

    def _again(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = threading.Timer(seconds, _interrupt)
        self._timer.daemon = True
        self._timer.start()


def _loads_machine_code(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code in _LOADING:
            return True
        frame = frame.f_back
    return False


def _interrupt() -> None:
    if hasattr(signal, "pthread_kill"):
        # Wakes the thread as well where it waits for a lock.
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:
        _thread.interrupt_main()


def leave(status: int) -> None:
    """End the process, and wait for none of the threads that may still be at work."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)
