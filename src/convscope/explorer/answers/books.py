"""The books: what every map contributed to the score."""

from __future__ import annotations

from typing import Any

import numpy as np

from convscope.explorer.arrays import Arrays, finite
from convscope.explorer.message import Message
from convscope.explorer.recorded import Recorded

__all__ = ["books"]


def books(run: Recorded, message: Message, arrays: Arrays) -> dict[str, Any]:
    """Give the shares of all maps, and for every layer the sums that make up the score."""
    target = message.target()
    kept = run.books(target)
    found = run.aim(target)
    rows = [
        {
            "name": name,
            "maps": finite(kept.shares[name][0].sum(dtype=np.float64)),
            "biases": finite(kept.biases[name][0]),
            "remainder": finite(kept.remainder[name][0]),
            "crossed": name in kept.crossed,
            "reason": kept.reason(name),
        }
        for name in kept
    ]
    shares = [kept.shares[name][0] for name in kept]
    return {
        "words": kept.words[0],
        "score": finite(kept.score[0]),
        "index": found[0].classes[0] if found else None,
        "layers": rows,
        "shares": arrays.add(np.concatenate(shares) if shares else np.zeros(0, np.float32)),
        "channels": [len(share) for share in shares],
    }
