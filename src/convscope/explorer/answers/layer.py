"""All maps of a layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from convscope.analysis.bias import bias_alone
from convscope.analysis.diagnosis import CONSTANT, reasons
from convscope.explorer.arrays import Arrays, finite
from convscope.explorer.failures import Gone, Training
from convscope.explorer.message import Message
from convscope.explorer.planes import depth_words, is_deep
from convscope.explorer.recorded import Recorded
from convscope.explorer.words import codes
from convscope.networks import Layer
from convscope.pictures.levels import levels
from convscope.pictures.scale import Bounds, Scale, bounds_of, span_of
from convscope.views.look import drawable

__all__ = ["layer"]

_LIMIT = 2_000_000


def layer(run: Recorded, message: Message, arrays: Arrays) -> dict[str, Any]:
    """Give the maps of a layer: their values, or their levels where those are very many."""
    one = run.opened.layer(message.layer())
    scale = Scale.parse(message.text("scale", "channel"))
    limit = message.whole("limit", 0, 2**31 - 1, _LIMIT)
    maps, known, ends = run.planes(one), run.extent(one), run.ends(one)
    bounds = bounds_of(maps, known.low, known.high)
    whole = bounds.whole
    everything = drawable(run.values(one), one)[0]
    space = everything.shape[1:]
    reply: dict[str, Any] = {
        "layer": one.name,
        "index": one.index,
        "shape": list(maps.shape),
        "space": list(space),
        "depth": depth_words(run.depth, space),
        "dims": list(one.dims),
        "values": None,
        "levels": None,
    }
    if maps.size <= limit:
        reply["values"] = arrays.add(maps)
    else:
        found, span = levels(maps, scale, low=ends.low, high=ends.high)
        reply["levels"], reply["scale"] = arrays.add(found, "uint8"), str(scale)
        reply["span_low"], reply["span_high"] = arrays.add(span.low), arrays.add(span.high)
    if is_deep(space):
        reply["whole_spans"] = _whole_spans(everything, bounds, arrays)
    if ends is not known:
        # Of a film, on whose one scale the maps of all frames are drawn.
        over_all = bounds_of(maps, ends.low, ends.high)
        reply["ends"] = {"low": arrays.add(over_all.low), "high": arrays.add(over_all.high)}
        whole = over_all.whole
    mean, positive = moments(everything)
    return reply | {
        "low": arrays.add(bounds.low),
        "high": arrays.add(bounds.high),
        "mean": arrays.add(mean),
        "maximum": arrays.add(known.high),
        "positive": arrays.add(positive),
        "signed": whole[0] < 0 < whole[1],
        "codes": arrays.add(codes(run.words(one)), "uint8"),
        "reasons": _reasons(run, one),
        "bounds": [None if end is None else finite(end) for end in one.bounds],
    }


def _whole_spans(everything: np.ndarray, bounds: Bounds, arrays: Arrays) -> dict[str, Any]:
    """Give the spans that one slice does not tell."""
    sigma = span_of(everything, Scale("sigma"), bounds, signed=False)
    robust = span_of(everything, Scale("robust"), bounds, signed=False)
    return {
        "sigma_low": arrays.add(sigma.low),
        "sigma_high": arrays.add(sigma.high),
        "robust": [finite(robust.low[0]), finite(robust.high[0])],
    }


def moments(maps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the mean of every map and the share of its units above zero, ``(channel,)``."""
    last = np.moveaxis(maps, 0, -1)
    with np.errstate(all="ignore"):
        if last.flags.c_contiguous:
            flat, over = last.reshape(-1, len(maps)), 0
        else:
            flat, over = maps.reshape(len(maps), -1), 1
        count = max(1, flat.shape[over])
        mean = flat.sum(axis=over, dtype=np.float64) / count
        positive = np.count_nonzero(flat > 0, axis=over) / count
    return mean, positive


def _bias(run: Recorded, one: Layer) -> np.ndarray | None:
    """Give what the bias alone gives, where the weights are still those of the run."""
    try:
        with run.opened.running(run):
            return bias_alone(run.network, one.name)
    except (Gone, Training):
        return None


def _reasons(run: Recorded, one: Layer) -> dict[str, str]:
    words = run.words(one)
    bias = _bias(run, one) if CONSTANT in words else None
    values = drawable(run.values(one), one)[0]
    told = reasons(values, words, bounds=one.bounds, bias=bias)
    return {str(channel): said for channel, said in told.items()}
