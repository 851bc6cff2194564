"""A layer call that is being read, and what is found out about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from convscope.networks.axes import dims_axis
from convscope.networks.computation import Activation
from convscope.networks.geometry import Geometry
from convscope.networks.given import Given
from convscope.networks.keras.activations import activation_of
from convscope.networks.keras.execution import float32
from convscope.networks.keras.kinds import geometry_of, kind_of
from convscope.networks.keras.tape import Call, own_activation
from convscope.networks.layer import Layer

__all__ = ["Reader", "Reading", "Taken", "weight"]


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
    linear : bool
        Whether the fused activation function is left out.
    """

    call: Call
    given: Sequence[Given]
    out: Layer
    linear: bool

    @property
    def operation(self) -> Any:
        """The layer or operation that is called."""
        return self.call.operation

    @property
    def one(self) -> Given | None:
        """The input, where there is exactly one."""
        return self.given[0] if len(self.given) == 1 else None

    @property
    def space(self) -> int:
        """Number of spatial axes of the first input."""
        return len(self.given[0].dims) - 1

    @property
    def geometry(self) -> Geometry | None:
        """The window of a unit; None where none holds for every unit."""
        # Where a size is free the padding is fitted later; any size will do here.
        sizes = [size or 1 for size in self.given[0].shape[1:]]
        return geometry_of(self.operation, kind_of(self.operation), sizes)

    def axis(self, axis: int) -> int | None:
        """Give the place among the dims, without images, of one of the framework's axes."""
        return dims_axis(axis, len(self.given[0].dims), self.given[0].channels_first)

    def activation(self) -> Activation | None:
        """Give the fused activation function; None where it is not understood."""
        return (
            Activation() if self.linear else activation_of(own_activation(self.operation), self.out)
        )


@dataclass(frozen=True)
class Taken:
    """What a reader found out: the entries of `Computation` of the same names.

    A weight that the layer does without is None.
    """

    operation: str
    geometry: Geometry | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    weights: Mapping[str, np.ndarray | None] = field(default_factory=dict)
    activation: Activation = field(default_factory=Activation)


Reader = Callable[[Reading], Taken | None]
"""Says what a call computes; None where it does not understand it."""


def weight(operation: Any, variable: Any) -> Any:
    """Give a weight as the layer uses it: in half precision where it computes so."""
    if variable is None:
        return None
    value = getattr(variable, "value", variable)
    dtype = operation.compute_dtype
    if keras.backend.standardize_dtype(value.dtype) != dtype:
        value = keras.ops.cast(value, dtype)
    return float32(value)
