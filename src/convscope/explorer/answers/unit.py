"""Where the value of one unit comes from."""

from __future__ import annotations

from typing import Any

import numpy as np

from convscope.analysis.explanation import explain_unit
from convscope.analysis.muting import muted_channels
from convscope.analysis.receptive_field import box_of
from convscope.errors import SelectionError
from convscope.explorer.arrays import Arrays
from convscope.explorer.message import Message
from convscope.explorer.planes import on_plane
from convscope.explorer.recorded import Recorded

__all__ = ["unit"]

# A dense layer may have a hundred thousand products; the page shows the largest.
_PRODUCTS = 256
_NUMBERS = 1 << 14


def unit(run: Recorded, message: Message, arrays: Arrays) -> dict[str, Any]:
    """Take one unit apart, and say what of the input it sees."""
    one = run.opened.layer(message.layer())
    chosen, place = run.unit(one, message)
    whole = run.opened.network
    with run.opened.running(run):
        computation = whole.computation(one.name)
    if computation is None:
        raise SelectionError(
            f"what layer {one.name!r} computes is not understood ({one.kind}, {one.operation}): "
            "choose another layer"
        )
    if chosen in muted_channels(run.network, one.name):
        raise SelectionError(
            f"channel {chosen} of {one.name!r} is muted, so it is not computed: unmute it"
        )
    explained = explain_unit(
        computation,
        one,
        [run.given(name) for name in computation.inputs],
        run.values(one),
        chosen,
        place,
        network=whole.name,
        image=run.batch.names[0],
    )
    said = explained.to_json(_PRODUCTS)
    known = int(np.count_nonzero(~np.isnan(explained.products.values)))
    said["products_more"] = known - len(said["products"])
    for name in ("patch", "kernel"):
        array = getattr(explained, name)
        if array is not None and array.size > _NUMBERS:
            said[name] = None
    entry = whole.inputs[0].name
    box, found = box_of(whole, one, place, run.sizes, entry)
    return {
        **said,
        "box_in_source": said["box"],
        "box": None if box is None else on_plane(box),
        "whole": found.whole,
        "because": found.because,
    }
