"""Values kept while a pass goes on, and what the pass writes over saved in time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from convscope.networks.torch.overwriting import written_elsewhere

__all__ = ["Keeping"]


@dataclass(frozen=True)
class _Kept:
    """A value that lies in the memory in which it was made.

    Attributes
    ----------
    held : torch.Tensor
        Another tensor in that memory, which counts its own writes.
    value : torch.Tensor or None
        What the pass works on; None once it has no part in that memory any more.
    version : int
        How often `value` was written into when it was kept.
    """

    held: torch.Tensor
    value: torch.Tensor | None = None
    version: int = 0

    @property
    def is_late(self) -> bool:
        """Whether the pass has written over it."""
        return self.value is not None and self.value._version != self.version


class Keeping:
    """The values kept in one pass.

    Parameters
    ----------
    wanted : sequence of str
    copied : set of str
        Those to be copied at once, since something unknown writes over them.
    change : callable
        Takes the name of a value and the value, and gives the one with which the pass goes on.
    """

    def __init__(
        self,
        wanted: Sequence[str],
        copied: set[str],
        change: Callable[[str, torch.Tensor], torch.Tensor],
    ) -> None:
        self._wanted, self._copied, self._change = frozenset(wanted), copied, change
        self._kept: dict[str, _Kept] = {}

    @property
    def late(self) -> set[str]:
        """The values that were written over after all."""
        return {name for name, kept in self._kept.items() if kept.is_late}

    def __getitem__(self, name: str) -> torch.Tensor:
        return self._kept[name].held

    def keep(self, name: str, value: torch.Tensor) -> torch.Tensor:
        """Keep a value; give the one with which the pass goes on."""
        value = self._change(name, value)
        if name in self._copied and name in self._wanted:
            self._kept[name] = _Kept(value.detach().clone())
        elif name in self._wanted:
            self._kept[name] = _Kept(value.data, value, value._version)
        return value

    def over(
        self, name: str, function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> bool:
        """Save a value that a function is about to write over; tell whether that was done for it.

        Then the first argument holds already what the function would give.
        """
        kept = self._kept.get(name)
        if kept is None or kept.value is not args[0] or kept.is_late:
            return False
        done = written_elsewhere(function, args, kwargs, kept.held)
        self._kept[name] = _Kept(kept.held if done else kept.held.clone())
        return done
