"""A call that is being read, and what was found out about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from convscope.networks.computation import Activation
from convscope.networks.geometry import Geometry
from convscope.networks.given import Given
from convscope.networks.layer import Layer
from convscope.networks.torch.call import TENSOR, Call
from convscope.networks.torch.execution import float32
from convscope.networks.torch.kinds import geometry_of, kind_of, number

__all__ = ["Reader", "Reading", "Taken", "reading_gradients"]

_gradients_wanted = ContextVar("gradients_wanted", default=False)


@contextmanager
def reading_gradients() -> Iterator[None]:
    """Read the gradients that weights hold in the place of weights, until the block ends."""
    token = _gradients_wanted.set(True)
    try:
        yield
    finally:
        _gradients_wanted.reset(token)


@dataclass(frozen=True)
class Reading:
    """A call that is being read.

    Attributes
    ----------
    call : Call
    given : sequence of Given
        What it was given.
    out : Layer
        What it gives out.
    """

    call: Call
    given: Sequence[Given]
    out: Layer

    @property
    def space(self) -> int:
        """Number of spatial axes of the first input."""
        return len(self.given[0].dims) - 1

    @property
    def geometry(self) -> Geometry | None:
        """The window of a unit; None where none holds for every unit."""
        return geometry_of(self.call, kind_of(self.call))

    def number(self, name: str, default: Any = None) -> Any:
        """Give an argument by name."""
        return number(self.call, name, default)

    def weight(self, name: str) -> np.ndarray | None:
        """Give a weight by name; None where there is none."""
        value = self.call.arguments.get(name)
        if isinstance(value, torch.Tensor) and _gradients_wanted.get():
            # Of what is computed from a weight it is not known.
            value = value.grad if value.is_leaf else None
        return float32(value) if isinstance(value, torch.Tensor) else None

    def hidden(self, *names: str) -> bool:
        """Tell whether what should be a weight is a value of the pass."""
        return any(
            isinstance(self.call.arguments.get(name), str) and self.call.arguments[name] == TENSOR
            for name in names
        )


@dataclass(frozen=True)
class Taken:
    """What a reader found out: the entries of `Computation` of the same names."""

    operation: str
    geometry: Geometry | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    weights: Mapping[str, np.ndarray | None] = field(default_factory=dict)
    activation: Activation = field(default_factory=Activation)


Reader = Callable[[Reading], Taken | None]
"""Says what a call computes; None where it does not understand it."""
