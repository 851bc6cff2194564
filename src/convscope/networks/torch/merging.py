"""What joins values."""

from __future__ import annotations

import numpy as np
import torch

from convscope.networks.axes import placed
from convscope.networks.torch.call import TENSOR
from convscope.networks.torch.execution import float32
from convscope.networks.torch.reading import Reader, Reading, Taken

__all__ = ["concatenation", "merging"]


def merging(word: str) -> Reader:
    """Read what joins two values, or a value and a number or weight."""

    def read(reading: Reading) -> Taken | None:
        if reading.number("alpha", 1) != 1 or reading.number("rounding_mode", None):
            return None
        if len(reading.given) == 1:
            return _with_number(reading, word)
        ranks = {len(value.dims) for value in reading.given}
        return Taken(word) if len(reading.given) == 2 and len(ranks) == 1 else None

    return read


def _with_number(reading: Reading, word: str) -> Taken | None:
    operands = [reading.call.arguments.get(name) for name in ("input", "other")]
    if reading.call.function.startswith("r"):
        operands.reverse()
    marked = [isinstance(value, str) and value == TENSOR for value in operands]
    if sum(marked) == 2:
        # Both are the same kind of value, and yet one was given: the value with itself.
        return None
    if sum(marked) != 1:
        return None
    first = marked[0]
    other = operands[1 if first else 0]
    if not isinstance(other, int | float | torch.Tensor):
        return None
    array = float32(other).astype(np.float64) if isinstance(other, torch.Tensor) else float(other)
    match word:
        case "sum":
            parts = {"offset": array}
        case "difference":
            parts = {"offset": -array} if first else {"factor": -1.0, "offset": array}
        case "product":
            parts = {"factor": array}
        case "quotient" if first:
            parts = {"factor": 1.0 / array}
        case _:
            return None
    whole = {"centre": 0.0, "factor": 1.0, "offset": 0.0, **parts}
    weights = {name: placed(part, reading.given[0]) for name, part in whole.items()}
    if any(weight is None for weight in weights.values()):
        return None
    return Taken("affine", weights=weights)


def concatenation(reading: Reading) -> Taken | None:
    """Read what lays values side by side."""
    rank = reading.space + 2
    axis = int(reading.number("dim", 0)) % rank - 1
    whole = all(part == TENSOR for part in reading.call.arguments.get("tensors", ())
                if isinstance(part, str))  # fmt: skip
    count = len(reading.call.arguments.get("tensors", ()))
    if axis < 0 or not whole or count != len(reading.given):
        return None
    return Taken("concatenation", options={"axis": axis})
