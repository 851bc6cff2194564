"""What joins several inputs, or an input and a number."""

from __future__ import annotations

import keras
import numpy as np

from convscope.networks.keras.readers.affine import affine
from convscope.networks.keras.readers.reading import Reader, Reading, Taken
from convscope.networks.keras.tape import TENSOR

__all__ = ["concatenation", "merging"]


def merging(word: str) -> Reader:
    """Read merge layers, and operations of two values of which one may be a number."""

    def read(reading: Reading) -> Taken | None:
        if len(reading.given) == 1 and not isinstance(reading.operation, keras.Layer):
            return _with_number(reading, word)
        ranks = {len(value.dims) for value in reading.given}
        # A merge layer gives missing axes behind the images; only channels last come first then.
        plain = isinstance(reading.operation, keras.Layer) and not reading.out.channels_first
        if len(reading.given) < 2 or (len(ranks) > 1 and not plain):
            return None
        return Taken(word)

    return read


def _with_number(reading: Reading, word: str) -> Taken | None:
    args, kwargs = reading.call.arguments
    operands = [*args, *kwargs.values()]
    if len(operands) != 2 or sum(value is TENSOR for value in operands) != 1:
        return None
    first = operands[0] is TENSOR
    try:
        number = np.asarray(operands[1 if first else 0], np.float64)
    except (TypeError, ValueError):
        return None
    match word:
        case "sum":
            return affine(reading, offset=number)
        case "difference":
            return affine(reading, **({"offset": -number} if first else
                                       {"factor": -1.0, "offset": number}))  # fmt: skip
        case "product":
            return affine(reading, factor=number)
        case "quotient" if first:
            return affine(reading, factor=1.0 / number)
    return None


def concatenation(reading: Reading) -> Taken | None:
    """Read Concatenate, along the channels or in space."""
    axis = reading.axis(reading.operation.axis)
    ranks = {len(value.dims) for value in reading.given}
    if axis is None or len(ranks) > 1:
        return None
    return Taken("concatenation", options={"axis": axis})
