"""Tables and JSON on the terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from convscope.networks import Network

__all__ = ["print_json", "print_table", "progress_bar", "progress_share", "say", "say_preparation"]


def print_json(value: Any) -> None:
    """Print a value as JSON, for other programs."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2)
    print()


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    right: Sequence[int] = (),
    title: str | None = None,
) -> None:
    """Print a table; as wide as it needs where no person reads it at a terminal.

    Parameters
    ----------
    columns : sequence of str
    rows : iterable of sequence
        Cells are text, or what rich renders.
    right : sequence of int
        Columns aligned to the right.
    title : str, optional
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table

    # Piped output has no width of its own; rich would fold it at 80.
    console = Console(width=None if sys.stdout.isatty() else 1000, markup=False, highlight=False)
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for place, name in enumerate(columns):
        table.add_column(name, justify="right" if place in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(cell if hasattr(cell, "__rich_console__") else str(cell) for cell in row))
    console.print(table)


def say(message: str, *, quiet: bool = False) -> None:
    """Print what a person may want to know on the way, away from the results."""
    if not quiet:
        print(message, file=sys.stderr)


def say_preparation(network: Network, *, quiet: bool) -> None:
    """Print what was done to the images, since a wrong preparation shows in no picture."""
    if network.preparation is not None:
        say(f"preparation: {network.preparation.describe()}", quiet=quiet)


@contextmanager
def progress_bar(task: str, total: int, *, quiet: bool) -> Iterator[Callable[[], None]]:
    """Show how far a long work is, on stderr and at a terminal only.

    Yields
    ------
    callable
        To be called once for every piece that is done.
    """
    if quiet or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        identity = progress.add_task(task, total=total)
        yield lambda: progress.advance(identity)


@contextmanager
def progress_share(task: str, *, quiet: bool) -> Iterator[Callable[[float], None]]:
    """Show which share of a work is done, on stderr and at a terminal only.

    Yields
    ------
    callable
        To be called with the share, 0..1.
    """
    if quiet or not sys.stderr.isatty():
        yield lambda share: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TimeRemainingColumn

    columns = ("{task.description}", BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        identity = progress.add_task(task, total=1.0)
        yield lambda share: progress.update(identity, completed=share)
