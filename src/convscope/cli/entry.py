"""Where the command begins: ready to be stopped before anything slow is imported."""

from __future__ import annotations

import os
import signal
from types import FrameType

__all__ = ["main"]


def main() -> None:
    """Run the command line and exit."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    from convscope.cli.main import main as run

    run()


def _leave(number: int, _frame: FrameType | None) -> None:
    # Nothing has begun that would have to be put away.
    os.write(2, b"convscope: stopped\n")
    os._exit(128 + number)
