"""How a long pass is shown while it runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["Shown", "surveying"]


class Shown:
    """A bar with rate and time left, at a terminal only; the size of the store in any case.

    Parameters
    ----------
    bar : rich.progress.Progress or None
    quiet : bool
    """

    def __init__(self, bar: Any, *, quiet: bool) -> None:
        self._bar, self._quiet = bar, quiet
        self._task: Any = None
        self._done = 0

    def begin(self, size: int, done: int) -> None:
        """Tell how large the store becomes, and what was done before."""
        from convscope.cli.printing import say

        say(f"the store takes at most {_bytes(size)} before compression", quiet=self._quiet)
        if done:
            say(f"going on: {done:,} images are done", quiet=self._quiet)
        self._done = done

    def progress(self, done: int, total: int) -> None:
        """Show how many images are done."""
        if self._bar is None:
            return
        if self._task is None:
            # The rate is that of this pass, not of what an earlier one did.
            self._task = self._bar.add_task("surveying", total=total - self._done)
        self._bar.update(self._task, completed=done - self._done)


@contextmanager
def surveying(*, quiet: bool) -> Iterator[Shown]:
    """Show a pass on stderr until the block ends."""
    if quiet or not sys.stderr.isatty():
        yield Shown(None, quiet=quiet)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:.1f} images/s" if task.speed else "")

    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), Rate(),
               TimeRemainingColumn())  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield Shown(bar, quiet=quiet)


def _bytes(size: int) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000  # type: ignore[assignment]
    return f"{size:.1f} TB"
