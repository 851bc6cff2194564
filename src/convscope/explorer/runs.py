"""The runs that are kept."""

from __future__ import annotations

import threading
from collections import OrderedDict

from convscope.explorer.failures import Gone
from convscope.explorer.opened import Opened
from convscope.explorer.recorded import Recorded

__all__ = ["Runs"]


class Runs:
    """The runs that are kept: the last ones asked for, bounded in bytes.

    Parameters
    ----------
    bytes_kept : int
        How many at most; the newest run is kept however large it is.
    """

    def __init__(self, bytes_kept: int) -> None:
        self._most = bytes_kept
        self._runs: OrderedDict[str, Recorded] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, key: str) -> Recorded | None:
        """Give a run that is kept, and count it as asked for."""
        with self._lock:
            if key in self._runs:
                self._runs.move_to_end(key)
            return self._runs.get(key)

    def get(self, key: str) -> Recorded:
        """Give a run that is kept.

        Raises
        ------
        Gone
            When it is not.
        """
        run = self.find(key)
        if run is None:
            raise Gone("this run is not kept any more: run the image again")
        return run

    def add(self, run: Recorded) -> None:
        """Keep a run, and forget those asked for longest ago beyond the bound."""
        with self._lock:
            self._runs[run.key] = run
            self._runs.move_to_end(run.key)
            total = sum(kept.bytes for kept in self._runs.values())
            while total > self._most and len(self._runs) > 1:
                _, oldest = self._runs.popitem(last=False)
                total -= oldest.bytes

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._runs.clear()

    @property
    def bytes(self) -> int:
        """How much memory the runs take."""
        with self._lock:
            return sum(run.bytes for run in self._runs.values())

    def newest(self, opened: Opened) -> Recorded | None:
        """Give the run of a network that was asked for last."""
        with self._lock:
            of_it = (run for run in reversed(self._runs.values()) if run.opened is opened)
            return next(of_it, None)

    def __len__(self) -> int:
        return len(self._runs)
