"""Which maps fed a map most, and which maps it feeds most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convscope.analysis.lineage import Kin
from convscope.analysis.lineage import lineage as lineage_of
from convscope.explorer.arrays import Arrays, finite
from convscope.explorer.message import Message
from convscope.explorer.recorded import Recorded

__all__ = ["lineage"]

_COUNT = 6
_MOST = 4096


def lineage(run: Recorded, message: Message, arrays: Arrays) -> dict[str, Any]:
    """Give the strongest maps on both sides of one, and how many more there are."""
    one = run.opened.layer(message.layer())
    chosen = message.whole("channel", 0, len(run.planes(one)) - 1)
    count = message.whole("count", 1, _MOST, _COUNT)
    with run.opened.running(run):
        found = lineage_of(run.network, run.everything, one, chosen)
    return {
        "layer": one.name,
        "channel": chosen,
        "fed_by": _rows(found.fed_by[:count]),
        "feeds": _rows(found.feeds[:count]),
        "fed_total": finite(sum(kin.share for kin in found.fed_by)),
        "fed_bias": finite(found.bias),
        "fed_more": max(0, len(found.fed_by) - count),
        "feeds_more": max(0, len(found.feeds) - count),
        "reason": "; ".join(found.reasons),
    }


def _rows(kin: Sequence[Kin]) -> list[dict[str, Any]]:
    return [{"layer": one.layer, "channel": one.channel, "share": finite(one.share)} for one in kin]
