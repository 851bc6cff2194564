"""What joins several values, or a value and a constant."""

from __future__ import annotations

import numpy as np

from convscope.networks.onnx.readers.affine import affine
from convscope.networks.onnx.readers.reading import Reader, Reading, Taken

__all__ = ["concatenation", "merging"]


def merging(word: str) -> Reader:
    """Read what joins values unit by unit, of which one may be a constant."""

    def read(reading: Reading) -> Taken | None:
        count = len([name for name in reading.call.inputs if name])
        if "axis" in reading.call.attributes or count < 2:
            return None
        if len(reading.given) < count:
            return _with_constant(reading, word) if count == 2 else None
        ranks = {len(value.dims) for value in reading.given}
        return Taken(word) if len(ranks) == 1 else None

    return read


def _with_constant(reading: Reading, word: str) -> Taken | None:
    first = reading.call.data == (0,)
    number = reading.constant(1 if first else 0)
    # A constant of more units than the value would repeat it.
    if number is None or number.dtype.kind not in "fiu" or not _fits(reading):
        return None
    number = number.astype(np.float64)
    match word:
        case "sum":
            return affine(reading, offset=number)
        case "difference":
            return affine(reading, offset=-number) if first else affine(
                reading, factor=-1.0, offset=number
            )  # fmt: skip
        case "product":
            return affine(reading, factor=number)
        case "quotient" if first and number.all():
            return affine(reading, factor=1.0 / number)
    return None


def _fits(reading: Reading) -> bool:
    return reading.given[0].shape == reading.out.shape


def concatenation(reading: Reading) -> Taken | None:
    """Read Concat, along the channels or in space."""
    axis = reading.axis(int(reading.number("axis", 1)))
    ranks = {len(value.dims) for value in reading.given}
    whole = len(reading.given) == len([name for name in reading.call.inputs if name])
    if axis is None or len(ranks) > 1 or not whole:
        return None
    return Taken("concatenation", options={"axis": axis})
