"""A call that is being read, and what is found out about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from convscope.networks.axes import dims_axis
from convscope.networks.computation import Activation
from convscope.networks.geometry import Geometry
from convscope.networks.given import Given
from convscope.networks.layer import Layer
from convscope.networks.onnx.calls import Call
from convscope.networks.onnx.constants import Constants
from convscope.networks.onnx.sized import Sized

__all__ = ["Reader", "Reading", "Taken"]


@dataclass(frozen=True)
class Reading:
    """A call that is being read.

    Attributes
    ----------
    call : Call
    given : sequence of Given
        What it is given that depends on the network's inputs.
    out : Layer
        What it gives out.
    constants : Constants
    """

    call: Call
    given: Sequence[Given]
    out: Layer
    constants: Constants

    @property
    def space(self) -> int:
        """Number of spatial axes of the first input."""
        return len(self.given[0].dims) - 1

    @property
    def geometry(self) -> Geometry | None:
        """The window of a unit; None where none holds for every unit."""
        return self.out.geometry

    @property
    def sized(self) -> Sized:
        """The call with the sizes of its first input and its value, in the graph's own order."""
        one = self.given[0]
        return Sized(
            self.call,
            self.out.kind,
            _whole(one.shape, one.channels_first),
            _whole(self.out.shape, self.out.channels_first),
            one.channels_first,
            self.constants,
        )

    def axis(self, axis: int) -> int | None:
        """Give the place among the dims, without images, of one of the graph's axes."""
        return dims_axis(axis, len(self.given[0].dims), self.given[0].channels_first)

    def number(self, name: str, default: Any = None) -> Any:
        """Give an attribute."""
        return self.call.attributes.get(name, default)

    def constant(self, place: int) -> np.ndarray | None:
        """Give an input that is a constant; None where it is left out or no constant."""
        name = self.call.input(place)
        return self.constants.value(name) if name else None

    def weight(self, place: int) -> np.ndarray | None:
        """Give a constant as float32."""
        value = self.constant(place)
        return None if value is None else value.astype(np.float32, copy=False)

    def hidden(self, *places: int) -> bool:
        """Tell whether what should be a weight is there, and is none that is understood."""
        return any(
            self.call.input(place) and self.constants.value(self.call.input(place)) is None
            for place in places
        )


def _whole(shape: Sequence[int | None], first: bool) -> tuple[int | None, ...]:
    inner = list(shape)
    if not first and 2 <= len(inner) <= 4:
        inner = [*inner[1:], inner[0]]
    return (None, *inner)


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
