"""A call of an ONNX graph with the sizes of what it takes and gives, and what its units mix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convscope.networks.geometry import space_of
from convscope.networks.onnx.calls import Call
from convscope.networks.onnx.constants import Constants
from convscope.networks.onnx.kinds import WHOLE

__all__ = ["Sized", "axes_of", "joined_axis", "sees_everything"]

# A size that is free: what depends on it is fitted later.
_ANY = 224


@dataclass(frozen=True)
class Sized:
    """A call with the sizes of what it is given first and gives out.

    Attributes
    ----------
    call : Call
    kind : str
    given, out : tuple of (int or None)
        Whole shapes, in the graph's own order of axes.
    first : bool
        Whether the value given has its channels before space.
    constants : Constants
    """

    call: Call
    kind: str
    given: tuple[int | None, ...]
    out: tuple[int | None, ...]
    first: bool
    constants: Constants

    @property
    def space(self) -> tuple[int, ...]:
        """Size of the map that is given; any where it is free."""
        return tuple(size or _ANY for size in space_of(self.given, self.first))

    @property
    def channel(self) -> int:
        """The axis of the channels."""
        return 1 if self.first else len(self.given) - 1

    def numbers(self, name: str, place: int = -1) -> list[int] | None:
        """Give whole numbers that are an attribute, or the constant of an input."""
        value = self.call.attributes.get(name)
        if value is None and place >= 0 and self.call.input(place):
            value = self.constants.value(self.call.input(place))
        if value is None:
            return None
        return [int(number) for number in np.asarray(value).reshape(-1)]


def joined_axis(call: Call, rank: int, first: bool) -> int | None:
    """Give the spatial axis along which a Concat lays its inputs end to end."""
    if call.function != "Concat":
        return None
    axis = int(call.attributes.get("axis", 1)) % rank - (2 if first else 1)
    return axis if 0 <= axis < rank - 2 else None


def axes_of(sized: Sized) -> tuple[int, ...]:
    """Give the axes that a reduction or normalisation takes together."""
    rank, call = len(sized.given), sized.call
    place = 1 if sized.kind == "reduction" and call.function not in {"ArgMax", "ArgMin"} else -1
    found = sized.numbers("axes", place)
    if found is None and "axis" in call.attributes:
        found = [int(call.attributes["axis"])]
    if found is None:
        if call.function == "MeanVarianceNormalization":
            return (0, 2, 3)
        return () if call.attributes.get("noop_with_empty_axes") else tuple(range(rank))
    if call.function in {"LayerNormalization", "RMSNormalization"}:
        found = list(range(found[0] % rank, rank))
    return tuple(sorted(axis % rank for axis in found))


def sees_everything(sized: Sized) -> bool:
    """Tell whether every unit sees all positions of what the call is given."""
    call, rank = sized.call, len(sized.given)
    if sized.kind in WHOLE:
        return True
    if sized.kind == "dense":
        plain = call.function == "MatMul" and len(call.data) == 1 and call.data[0] == 0
        return rank == 2 or not plain or sized.first
    if rank <= 2:
        return False
    space = set(range(2, rank)) if sized.first else set(range(1, rank - 1))
    if call.function.startswith("Global"):
        return True
    if sized.kind == "reduction" and call.function != "TopK":
        return space <= set(axes_of(sized))
    if call.function in {"InstanceNormalization", "GroupNormalization", "GroupNorm"}:
        return True
    if call.function in {"LayerNormalization", "RMSNormalization", "MeanVarianceNormalization"}:
        if call.function != "MeanVarianceNormalization" and "axis" not in call.attributes:
            return sized.first
        return bool(space & set(axes_of(sized)))
    if call.function in {"Softmax", "LogSoftmax", "Hardmax"}:
        return bool(space & set(_softmax_axes(sized))) and set(sized.space) != {1}
    return False


def _softmax_axes(sized: Sized) -> tuple[int, ...]:
    """Give the axes of a softmax: before opset 13 it took all from one axis on together."""
    rank = len(sized.given)
    new = sized.call.version >= 13
    axis = int(sized.call.attributes.get("axis", -1 if new else 1)) % rank
    return (axis,) if new else tuple(range(axis, rank))
