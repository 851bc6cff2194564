"""What a forward pass saves for a backward pass that does not reach its beginning."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.autograd.graph import saved_tensors_hooks

__all__ = ["Saving"]


class Saving:
    """Lets operations save nothing for their gradients until the first value is wanted.

    What comes before a value is never differentiated, but PyTorch saves for it, since parameters
    ask for gradients: so much fresh memory that a pass takes up to twice as long. Neither the
    parameters' flags, which others may be using, nor the gradient mode, which the model's own code
    may set and restore, say this without a trace.

    Parameters
    ----------
    begun : bool
        Whether all is saved.
    """

    def __init__(self, begun: bool) -> None:
        self._begun = begun

    def begin(self) -> None:
        """Save from now on."""
        self._begun = True

    @contextmanager
    def during(self) -> Iterator[None]:
        """Govern what is saved on this thread until the block ends."""
        if self._begun:
            yield
            return
        with saved_tensors_hooks(self._pack, _unpack):
            yield

    def _pack(self, tensor: torch.Tensor) -> tuple[torch.Tensor, int] | None:
        return (tensor, tensor._version) if self._begun else None


def _unpack(packed: tuple[Any, int]) -> torch.Tensor:
    tensor: torch.Tensor
    tensor, version = packed
    if tensor._version != version:
        # PyTorch looks for that itself only where nobody asks what is saved.
        raise RuntimeError("a value that its gradient needs is written over in place")
    return tensor
