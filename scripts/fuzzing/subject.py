"""What is fuzzed: whole inputs to begin with, what is done to them, and who has to bear it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["LIMIT", "Subject"]

LIMIT = 2 * 2**30
"""Bytes that one input may take."""


@dataclass(frozen=True)
class Subject:
    """One kind of input.

    Parameters
    ----------
    seeds : callable
        Writes whole files or folders into a folder, and gives them.
    mutated : callable
        Writes a changed copy of one of them into the folder.
    used : callable
        Uses a mutant, that lies in a folder, as a person would: gives a right answer, or raises a
        ConvscopeError.
    memory : int
        Bytes that it may take.
    """

    seeds: Callable[[Path], list[Path]]
    mutated: Callable[[Path, Path, random.Random], Path]
    used: Callable[[Path, Path], None]
    memory: int = LIMIT
