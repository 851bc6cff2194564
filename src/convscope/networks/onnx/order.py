"""Where the values of a graph have their channels: before space, as a rule, or behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from convscope.networks.onnx.calls import Call
from convscope.networks.onnx.constants import Constants
from convscope.networks.onnx.kinds import ALONE, POINTWISE, kind_of

__all__ = ["channels_first_of", "input_order", "turned"]

_FIRST = frozenset({"conv", "pool"})
_CHANNELWISE = frozenset(
    {"BatchNormalization", "InstanceNormalization", "GroupNormalization", "LRN"}
)
_KEEPING = frozenset({"Slice", "Split", "Expand", "Tile"})


def turned(call: Call, rank: int, first: bool) -> bool:
    """Tell whether the channels of a Transpose's value come before space."""
    order = [int(axis) for axis in call.attributes.get("perm", range(rank))]
    if rank == 3 and order in ([0, 2, 1], [1, 0, 2]):
        return not first if order[0] == 0 else True
    return not (rank >= 3 and first and order == [0, *range(2, rank), 1])


def channels_first_of(
    call: Call, sources: Sequence[tuple[bool, int]], rank: int, constants: Constants
) -> bool:
    """Tell whether the channels of a call's value come before space.

    ONNX's layers with a window have them there; what multiplies the last axis has them behind,
    and a Transpose may bring them to the other end.

    Parameters
    ----------
    call : Call
    sources : sequence of (bool, int)
        Whether the same holds for each value that it is given, and their numbers of axes.
    rank : int
        Number of axes of what it gives out.
    constants : Constants
    """
    kind = kind_of(call)
    if kind in _FIRST or call.function in _CHANNELWISE or not sources:
        return True
    if kind == "embedding" or (call.function == "MatMul" and call.data == (0,)):
        return rank < 3
    if call.function in {"LayerNormalization", "SkipLayerNormalization", "RMSNormalization"}:
        last = call.attributes.get("axis", -1) in {-1, rank - 1}
        return sources[0][0] and not (last and rank >= 3)
    if call.function == "Transpose":
        return turned(call, rank, sources[0][0])
    alike = [first for first, axes in sources if axes == rank]
    plain = kind in POINTWISE or call.function in ALONE or call.function in _KEEPING
    plain = plain or kind in {"padding", "upsampling", "reduction", "other"}
    return alike[0] if plain and alike else True


def input_order(name: str, rank: int, calls: Sequence[Call]) -> bool:
    """Tell whether an input has its channels before space, from what is done to it first."""
    if rank < 3:
        return True
    users: dict[str, list[Call]] = {}
    for call in calls:
        for place in call.data:
            users.setdefault(call.inputs[place], []).append(call)
    seen, todo = {name}, [name]
    while todo:
        for call in users.get(todo.pop(), ()):
            opinion = _opinion(call, rank, users)
            if opinion is not None:
                return opinion
            if kind_of(call) in POINTWISE | {"padding"} or call.function in ALONE:
                new = [value for _, value in call.outputs if value not in seen]
                seen.update(new)
                todo += new
    return True


def _opinion(call: Call, rank: int, users: Mapping[str, Sequence[Call]]) -> bool | None:
    """Tell where a call wants the channels of what it is given; None where it does not mind."""
    if kind_of(call) in _FIRST or call.function in _CHANNELWISE:
        return True
    if call.function == "MatMul" and call.data == (0,):
        return False
    if call.function != "Transpose":
        return None
    order = [int(axis) for axis in call.attributes.get("perm", ())]
    if rank == 3:
        # Of three axes the same permutation goes both ways: what comes after it knows.
        after = users.get(call.outputs[0][1], ())
        return not any(kind_of(one) in _FIRST for one in after) and order != [1, 0, 2]
    return order != [0, rank - 1, *range(1, rank - 1)]
