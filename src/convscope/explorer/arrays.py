"""Arrays of a reply, and the numbers in it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["Arrays", "finite"]

_TYPES = ("float32", "uint8", "int32")


class Arrays:
    """The buffers of one reply, in order.

    Attributes
    ----------
    buffers : list of bytes
    """

    def __init__(self) -> None:
        self.buffers: list[bytes] = []

    def add(self, values: Any, dtype: str = "float32") -> dict[str, Any]:
        """Put an array into the reply's buffers: little-endian, in C order.

        Returns
        -------
        dict
            What stands for it in the reply: ``dtype, shape, buffer``.
        """
        assert dtype in _TYPES
        array = np.asarray(values)
        wanted = np.dtype(dtype).newbyteorder("<")
        self.buffers.append(array.astype(wanted, copy=False).tobytes())
        return {"dtype": dtype, "shape": list(array.shape), "buffer": len(self.buffers) - 1}


def finite(value: Any) -> float | None:
    """Give a number as JSON knows it: null where it is not finite."""
    number = float(value)
    return number if math.isfinite(number) else None
