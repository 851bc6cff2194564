"""Signals as lines: a small plot a channel."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convscope.errors import SelectionError
from convscope.pictures.colormap import Place
from convscope.pictures.drawing import Drawing
from convscope.pictures.footer import colour_bar
from convscope.pictures.given import check_given, permutation
from convscope.pictures.maps import maps_of
from convscope.pictures.scale import Floats, Scale, Span, bounds_of, span_of
from convscope.pictures.sheet import MARGIN, TITLE, Box, Sheet, text_width
from convscope.pictures.text import number

__all__ = ["envelope", "lines"]

# Inches.
_PAGE, _PLOT_TALL, _BESIDE, _NUMBER, _ROW_GAP = 9.0, 0.42, 0.34, 0.3, 0.13
_NARROWEST_PLOT = 1.7
_FOOT = 0.42
# A printed line has no more points than that.
_POINTS = 1200


def lines(
    values: ArrayLike,
    *,
    scale: str | Scale = "channel",
    columns: int | None = None,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
    bounds: tuple[float, float] | None = None,
    words: Sequence[str] | None = None,
    signed: bool | None = None,
    provenance: dict[str, Any] | None = None,
    title: str | None = None,
    dims: Sequence[str] | None = None,
    order: Sequence[int] | None = None,
    axis: str = "x",
) -> Drawing:
    """Draw every channel of a signal as a line.

    Parameters
    ----------
    values : array or DataArray, (channel, x)
        One image. A bare array of two axes needs ``dims=("channel", "x")``.
    scale : str
        What the bottom and the top of a plot stand for, as in a mosaic: ``channel`` (each line's
        own min..max), ``layer``, ``shared``, ``robust``, ``sigma``, ``fixed(low, high)``. What lies
        beyond is cut off at the edge.
    columns : int, optional
        Plots in a row; by default as many as stay legible, in rows that are read downwards.
    low, high, bounds, words, signed, provenance, title, dims, order, axis
        As for `convscope.pictures.mosaic.mosaic`.

    Returns
    -------
    Drawing
        Saved as PNG, PDF or SVG. A line of more than 1,200 positions is drawn through the smallest
        and largest value of each of as many stretches, so no peak is lost.

    Raises
    ------
    SelectionError
        For what is no signal, and as for `mosaic`.
    """
    chosen = Scale.parse(scale)
    maps = maps_of(values, dims)
    if maps.kind != "signal":
        raise SelectionError("only signals are drawn as lines: give (channel, x), named with dims=")
    check_given(
        maps.channels, columns=columns, low=low, high=high, bounds=bounds, words=words,
        signed=signed, provenance=provenance, title=title, order=order, axis=axis,
    )  # fmt: skip
    ends = [None if end is None else np.asarray(end, np.float32) for end in (low, high)]
    found = bounds_of(maps.values, *ends)
    span = span_of(maps.values, chosen, found, shared=bounds, signed=signed)
    shown = list(range(maps.channels))
    if order is not None:
        shown = permutation(order, maps.channels).tolist()
    columns = min(columns or _columns(maps.channels), maps.channels)
    origin = {**maps.provenance, **(provenance or {})}
    layer = origin.get("layer")
    if title is None:
        count = f"{maps.channels:,} {'channel' if maps.channels == 1 else 'channels'}"
        title = f"{layer}   {count}, {axis} 0 to {maps.values.shape[3] - 1}" if layer else ""
    sheet, boxes = _laid(maps.channels, columns, title)
    signals = maps.values[:, 0, 0]
    _draw(sheet, signals, span, boxes, shown)
    for channel, box in zip(shown, boxes, strict=True):
        sheet.words(str(channel), box[0] - 0.07, box[1] + box[3] / 2, 7, ha="right")
        _mark(sheet, box, (found.low[channel], found.high[channel]), _word(words, found, channel))
        _numbers(sheet, box, span, channel)
    one = (float(span.low[0]), float(span.high[0])) if chosen.governs else None
    said = colour_bar(chosen.name, span.centred, one, one=maps.channels == 1).words
    bottom = boxes[-1][1] if columns == 1 else max(box[1] for box in boxes)
    sheet.words(
        f"{axis} to the right; from bottom to top: {said}",
        MARGIN,
        bottom + _PLOT_TALL + 0.22,
        8,
        color=sheet.colour(Place.INK_SOFT),
    )
    told = {"scale": str(chosen), "signed": span.centred, "drawn": "lines", "channels": shown}
    return Drawing(sheet.figure, {**origin, **told})


def envelope(signal: Floats, points: int = _POINTS) -> tuple[NDArray[np.float64], Floats]:
    """Reduce a signal to its smallest and largest value in each of equal stretches.

    Parameters
    ----------
    signal : ndarray of float32, (x,)
    points : int
        How many points the line may have, at least two.

    Returns
    -------
    x : ndarray of float64
        Positions, rising.
    values : ndarray of float32
        The values there; the signal itself where it has no more than `points`.
    """
    count = len(signal)
    if count <= points:
        return np.arange(count, dtype=np.float64), signal
    edges = np.linspace(0, count, max(1, points // 2) + 1).astype(int)
    stretches = [signal[start:stop] for start, stop in pairwise(edges)]
    pairs = np.array([sorted((int(np.argmin(part)), int(np.argmax(part)))) for part in stretches])
    places = (edges[:-1, None] + pairs).ravel()
    return places.astype(np.float64), signal[places]


def _columns(channels: int) -> int:
    """Choose how many plots stand beside each other: one until there are many."""
    widest = int((_PAGE - 2 * MARGIN) / (_BESIDE + _NARROWEST_PLOT + _NUMBER))
    return max(1, min(widest, -(-channels // 12)))


def _laid(channels: int, columns: int, title: str) -> tuple[Sheet, list[Box]]:
    rows = -(-channels // columns)
    top = MARGIN + (TITLE if title else 0.0)
    across = (_PAGE - 2 * MARGIN) / columns
    height = top + rows * (_PLOT_TALL + _ROW_GAP) + _FOOT
    sheet = Sheet(max(_PAGE, text_width(title, 10) + 2 * MARGIN), height, "viridis")
    if title:
        sheet.words(title, MARGIN, MARGIN + 0.08, 10)
    boxes = [
        (
            MARGIN + (place // rows) * across + _BESIDE,
            top + (place % rows) * (_PLOT_TALL + _ROW_GAP),
            across - _BESIDE - _NUMBER,
            _PLOT_TALL,
        )
        for place in range(channels)
    ]
    return sheet, boxes


def _draw(sheet: Sheet, signals: Floats, span: Span, boxes: list[Box], shown: list[int]) -> None:
    """Draw all lines at once, and where zero is."""
    from matplotlib.collections import LineCollection

    drawn, zeros = [], []
    for channel, (left, top, wide, tall) in zip(shown, boxes, strict=True):
        low, high = float(span.low[channel]), float(span.high[channel])
        if not high > low:
            continue
        x, values = envelope(signals[channel])
        share = np.clip((values.astype(np.float64) - low) / (high - low), 0, 1)
        share[~np.isfinite(values)] = np.nan
        room = max(1, signals.shape[1] - 1)
        drawn.append(np.column_stack([left + x / room * wide, top + (1 - share) * tall]))
        if low < 0 < high:
            at = top + high / (high - low) * tall
            zeros.append([(left, at), (left + wide, at)])
    soft, ink = sheet.colour(Place.FRAME), sheet.colour(Place.INK)
    sheet.axes.add_collection(LineCollection(zeros, colors=[soft], linewidths=0.6), autolim=False)
    sheet.axes.add_collection(
        LineCollection(drawn, colors=[ink], linewidths=0.8, joinstyle="round"), autolim=False
    )
    sheet.frames(boxes)


def _word(words: Sequence[str] | None, found: Any, channel: int) -> str:
    low, high = found.low[channel], found.high[channel]
    if words is not None:
        return words[channel]
    return "active" if low != high else "zero here" if low == 0 else "constant"


def _mark(sheet: Sheet, box: Box, ends: tuple[float, float], word: str) -> None:
    """Say why a line is flat."""
    if ends[0] == ends[1] or np.isnan(ends[0]):
        sheet.blank(word, box)


def _numbers(sheet: Sheet, box: Box, span: Span, channel: int) -> None:
    """Write what the top and the bottom of a plot stand for to its right."""
    low, high = float(span.low[channel]), float(span.high[channel])
    if not high > low:
        return
    right = box[0] + box[2] + 0.03
    soft = sheet.colour(Place.INK_SOFT)
    sheet.words(number(high), right, box[1] + 0.05, 5.5, color=soft)
    sheet.words(number(low), right, box[1] + box[3] - 0.05, 5.5, color=soft)
