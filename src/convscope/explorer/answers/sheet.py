"""The whole network at a glance: every map of every layer, reduced to a tile."""

from __future__ import annotations

from typing import Any

import numpy as np

from convscope.explorer.arrays import Arrays
from convscope.explorer.message import Message
from convscope.explorer.recorded import Recorded
from convscope.explorer.reducing import reduced
from convscope.explorer.words import codes
from convscope.pictures.levels import levels
from convscope.pictures.scale import bounds_of

__all__ = ["sheet"]

_TILE = 12


def sheet(run: Recorded, message: Message, arrays: Arrays) -> dict[str, Any]:
    """Give all maps as small tiles, and their spans."""
    tile = message.whole("tile", 1, 64, _TILE)
    rows: list[dict[str, Any]] = []
    tiles: list[np.ndarray] = []
    lows: list[np.ndarray] = []
    highs: list[np.ndarray] = []
    most: list[np.ndarray] = []
    words: list[np.ndarray] = []
    signed: list[bool] = []
    for one in run.network.layers.values():
        maps, known, ends = run.planes(one), run.extent(one), run.ends(one)
        bounds = bounds_of(maps, ends.low, ends.high)
        least, largest = bounds.whole
        small = reduced(maps, tile, bounds.finite)
        both = least < 0 < largest
        found, _ = levels(small, "channel", low=ends.low, high=ends.high, signed=both)
        rows.append(
            {
                "name": one.name,
                "channels": len(maps),
                "height": small.shape[1],
                "width": small.shape[2],
            }
        )
        tiles.append(found.ravel())
        lows.append(bounds.low)
        highs.append(bounds.high)
        most.append(known.high)
        words.append(codes(run.words(one)))
        signed.append(both)
    return {
        "tile": tile,
        "layers": rows,
        "levels": arrays.add(_joined(tiles, np.uint8), "uint8"),
        "low": arrays.add(_joined(lows, np.float32)),
        "high": arrays.add(_joined(highs, np.float32)),
        "maximum": arrays.add(_joined(most, np.float32)),
        "signed": signed,
        "codes": arrays.add(_joined(words, np.uint8), "uint8"),
    }


def _joined(parts: list[np.ndarray], dtype: type) -> np.ndarray:
    return np.concatenate(parts) if parts else np.zeros(0, dtype)
