"""What a network was given that is no picture."""

from __future__ import annotations

from typing import Any

import numpy as np

from convscope.explorer.arrays import Arrays, finite
from convscope.explorer.planes import depth_words, flattened, is_deep
from convscope.explorer.recorded import Recorded
from convscope.networks.layer import dims_of

__all__ = ["given"]

# More than that says nothing at the size at which it is shown.
_MOST = 2_000_000


def given(run: Recorded, arrays: Arrays) -> list[dict[str, Any]]:
    """Give the inputs as maps, ``(channel, y, x)``; without where that cannot be."""
    found = []
    for entry in run.network.inputs:
        values = np.asarray(run.batch.arrays[entry.name][0], np.float32)
        dims = dims_of(values.ndim, image=False)
        row: dict[str, Any] = {"name": entry.name, "shape": list(values.shape), "values": None}
        if dims[:1] == ("channel",) and 0 < values.size <= _MOST:
            if not entry.channels_first:
                values = np.moveaxis(values, -1, 0)
            space = values.shape[1:]
            plane = flattened(values, values, run.depth) if is_deep(space) else values
            rows = plane.reshape(len(plane), -1, space[-1] if space else 1)
            row |= {
                "values": arrays.add(rows),
                "space": list(space),
                "dims": list(dims),
                "depth": depth_words(run.depth, space),
                "low": finite(values.min()),
                "high": finite(values.max()),
            }
        found.append(row)
    return found
