"""mosaic: all feature maps of a layer as tiles of one picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convscope.arguments import whole
from convscope.pictures.colormap import Place, palette
from convscope.pictures.given import check_given, permutation
from convscope.pictures.levels import write_levels
from convscope.pictures.maps import Maps, maps_of
from convscope.pictures.picture import Picture, check_zoom
from convscope.pictures.scale import Bounds, Scale, Span, bounds_of, span_of
from convscope.pictures.tiling import Tiling, near_square

__all__ = ["mosaic"]

_STRIP_HEIGHT = 16
# So much wider than between the slices of a volume is the gap between its maps.
_MAPS_APART = 5


def mosaic(
    values: ArrayLike,
    *,
    scale: str | Scale = "channel",
    colormap: str | None = None,
    columns: int | None = None,
    zoom: int = 1,
    gap: int = 1,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
    bounds: tuple[float, float] | None = None,
    words: Sequence[str] | None = None,
    signed: bool | None = None,
    provenance: Mapping[str, Any] | None = None,
    title: str | None = None,
    dims: Sequence[str] | None = None,
    order: Sequence[int] | None = None,
    axis: str = "x",
) -> Picture:
    """Draw all feature maps of a layer, for one image.

    Parameters
    ----------
    values : array or DataArray
        ``(channel, y, x)``; ``(y, x)``: one map; ``(channel, z, y, x)``: a tile is a map's slices
        in rows, the first at the top left; ``(channel,)``: a layer without space, one strip with a
        unit one pixel wide.
        A DataArray says itself what its axes are, so there ``(channel, x)`` is known: one row of
        the picture for each channel. Its image axis must have length 1. Any order in memory;
        drawn as float32.
    scale : str
        ``channel`` (each map's own min..max), ``layer``, ``shared`` (give `bounds`), ``robust``,
        ``sigma`` or ``fixed(low, high)``. A map of a single unit has no contrast of its own:
        there, and in a layer without space, ``channel`` and ``sigma`` become ``layer``.
    colormap : str, optional
        By default viridis, or RdBu where zero is in the middle of every span.
    columns : int, optional
        Tiles in a row; by default the picture becomes about 4 wide to 3 high. Signals stand in one
        column, and a layer without space in one row, whatever is asked for.
    zoom : int
        Pixels for each unit.
    gap : int
        Units between tiles; signals and layers without space have none.
    low, high : array, (channel,), optional
        Each channel's minimum and maximum, if known: NaN where a channel holds a NaN.
    bounds : (float, float), optional
        For the scale ``shared``: smallest and largest value of everything shown together.
    words : sequence of str, optional
        Each channel's diagnosis. Without it a flat map is "zero here" or "constant".
    signed : bool, optional
        Whether values of both signs are shown (decided elsewhere for several pictures).
    provenance : mapping, optional
        Where the values came from: network, layer, image, preparation. A DataArray's name and
        attributes go below it.
    title : str, optional
        Written beneath; by default the layer's name and the number and size of its maps.
    dims : sequence of str, optional
        Names of the axes of a bare array, such as ``("channel", "x")``.
    order : sequence of int, optional
        The channel that each tile shows, every channel once; by default as they are numbered.
    axis : str
        What the axis of a signal is called in the title: ``x``, or ``time``.

    Returns
    -------
    Picture
        With every channel; a map whose values are all the same is flat and marked with its word.

    Raises
    ------
    SelectionError
        For an unknown scale or colormap, more than one image, axes that cannot be drawn, nothing
        to draw, a column count or zoom below 1, or bounds and words that do not fit.
    """
    chosen = Scale.parse(scale)
    maps = maps_of(values, dims)
    check_given(
        maps.channels, columns=columns, low=low, high=high, bounds=bounds, words=words,
        signed=signed, provenance=provenance, title=title, order=order, axis=axis,
    )  # fmt: skip
    whole(gap, "gap", 0, what="units between maps")
    if order is not None:
        shown = permutation(order, maps.channels)
        maps = replace(maps, values=maps.values[shown])
        low, high = (None if end is None else np.asarray(end)[shown] for end in (low, high))
        words = None if words is None else [words[channel] for channel in shown]
    check_zoom(zoom)
    if maps.single and chosen.name in ("channel", "sigma"):
        chosen = Scale("layer")
    least, most = (None if end is None else np.asarray(end, np.float32) for end in (low, high))
    found = bounds_of(maps.values, least, most)
    span = span_of(maps.values, chosen, found, shared=bounds, signed=signed)
    name = colormap if colormap is not None else "RdBu" if span.centred else "viridis"
    palette(name)
    tiling = _tiling(maps, columns, gap)
    known = _words(found, maps.single) if words is None else tuple(words)
    levels, blank, nan, infinite = _drawn(maps, tiling, found, span)
    origin = {**maps.provenance, **(provenance or {})}
    return Picture(
        levels=levels,
        tiling=tiling,
        scale=chosen,
        colormap=name,
        low=span.low,
        high=span.high,
        minimum=found.low,
        maximum=found.high,
        words=_explained(known, blank, found) if words is not None else known,
        blank=blank,
        signed=span.centred,
        nan_count=nan,
        infinite_count=infinite,
        zoom=int(zoom),
        title=_title(origin, maps, axis) if title is None else title,
        provenance=origin,
        order=None if order is None else tuple(shown.tolist()),
    )


def _tiling(maps: Maps, columns: int | None, gap: int) -> Tiling:
    channels, height, _, width = maps.values.shape
    if maps.kind == "strip":
        return Tiling(channels, _STRIP_HEIGHT, 1, columns=channels, gap=0, strip=True)
    if maps.kind == "signal":
        return Tiling(channels, 1, width, columns=1, gap=0)
    if maps.kind == "volume":
        return _montage(maps, columns, gap)
    columns = columns or near_square(channels, height + gap, width + gap)
    return Tiling(channels, height, width, columns=min(columns, channels), gap=gap)


def _montage(maps: Maps, columns: int | None, gap: int) -> Tiling:
    """Lay the slices of every map out in rows, closer to each other than maps are."""
    channels, height, slices, width = maps.values.shape
    between = 1 if gap and slices > 1 else 0
    apart = gap * _MAPS_APART if between else gap
    across = near_square(slices, height + between, width + between)
    one = Tiling(1, height, width, slices, across=across, between=between)
    columns = columns or near_square(channels, one.tile_height + apart, one.tile_width + apart)
    return Tiling(
        channels,
        height,
        width,
        slices,
        columns=min(columns, channels),
        gap=apart,
        across=across,
        between=between,
    )


def _words(found: Bounds, single: bool) -> tuple[str, ...]:
    words = ["active"] * len(found.low)
    odd = (found.low == found.high) | ~found.finite
    for channel in np.flatnonzero(odd).tolist():
        if not found.finite[channel]:
            words[channel] = "not a number"
        elif found.low[channel] == 0:
            words[channel] = "zero here"
        elif not single:
            words[channel] = "constant"
    return tuple(words)


def _explained(words: tuple[str, ...], blank: NDArray[np.bool_], found: Bounds) -> tuple[str, ...]:
    """Give a word to a blank map that a diagnosis from elsewhere calls active."""
    if not any(words[channel] == "active" for channel in np.flatnonzero(blank)):
        return words
    own = _words(found, single=False)
    pairs = enumerate(zip(words, own, strict=True))
    return tuple(
        mine if blank[channel] and theirs == "active" else theirs
        for channel, (theirs, mine) in pairs
    )


def _drawn(
    maps: Maps, tiling: Tiling, found: Bounds, span: Span
) -> tuple[NDArray[np.uint8], NDArray[np.bool_], int, int]:
    """Write the levels; give them with the blank maps and the counts of NaN and infinite units."""
    blank = np.zeros(tiling.channels, bool)
    if not maps.single:
        blank = (found.low == found.high) & found.finite
    height, width = tiling.tile_height + tiling.gap, tiling.tile_width + tiling.gap
    sheet = np.full((tiling.rows * height, tiling.columns * width), Place.GAP, np.uint8)
    tiles = sheet.reshape(tiling.rows, height, tiling.columns, width).transpose(0, 2, 1, 3)
    deep = tiles[:, :, : tiling.height, : tiling.width]
    if tiling.strip:
        deep = deep[:, :, :1]
    deep = deep[:, :, :, None]
    if tiling.slices > 1:
        deep = np.empty((*tiles.shape[:2], tiling.height, tiling.slices, tiling.width), np.uint8)
    marks = write_levels(maps.values, span, found, deep, blank if blank.any() else None)
    if tiling.strip:
        tiles[:, :, 1:] = tiles[:, :, :1]
    if tiling.slices > 1:
        _place_slices(deep, tiles, tiling)
    missing = tiling.rows * tiling.columns - tiling.channels
    if missing:
        tiles[-1, -missing:] = Place.PAPER
    levels = sheet[: tiling.shape[0], : tiling.shape[1]]
    levels.flags.writeable = False
    return levels, blank, marks.nan, marks.infinite


def _place_slices(deep: NDArray[np.uint8], tiles: NDArray[np.uint8], tiling: Tiling) -> None:
    """Put the levels of slices, (row, column, y, z, x), to their places in the tiles."""
    for z in range(tiling.slice_rows * tiling.slice_columns):
        top, left = tiling.slice_corner(z)
        place = tiles[:, :, top : top + tiling.height, left : left + tiling.width]
        place[...] = deep[:, :, :, z] if z < tiling.slices else Place.PAPER


def _title(origin: Mapping[str, Any], maps: Maps, axis: str) -> str:
    layer = origin.get("layer")
    shape = f"{maps.channels:,} {'map' if maps.channels == 1 else 'maps'} of {maps.size}"
    if maps.kind == "strip":
        shape = f"{maps.channels:,} units"
    elif maps.kind == "volume" and maps.values.shape[2] > 1:
        shape += f", slices z 0 to {maps.values.shape[2] - 1} in rows"
    elif maps.kind == "signal":
        shape += f": {axis} to the right, channels downwards"
    return f"{layer}   {shape}" if layer else ""
