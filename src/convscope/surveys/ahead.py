"""Work done on other threads, a little ahead of what is asked for, and given out in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

__all__ = ["ahead"]

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")


def ahead(
    work: Callable[[_Given], _Made],
    items: Iterable[_Given],
    *,
    workers: int,
    waiting: int,
    name: str,
) -> Iterator[_Made]:
    """Do some work for each of many items; what it raises is raised here.

    Parameters
    ----------
    work : callable
    items : iterable
        Drawn on the thread that asks.
    workers : int
        How many are worked at side by side.
    waiting : int
        How many are begun before the first of them is asked for.
    name : str
        What the threads are called.
    """
    begun: deque[Future[_Made]] = deque()
    with ThreadPoolExecutor(workers, name) as pool:
        try:
            for item in items:
                begun.append(pool.submit(work, item))
                if len(begun) > waiting:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            for future in begun:
                future.cancel()
