"""Figures with text: tables of maps with titles, numbered mosaics, matrices, pages for print.

They are drawn by matplotlib, which is imported when a figure is made, and never through pyplot.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convscope.arguments import real, told
from convscope.errors import SelectionError
from convscope.pictures.beside import beside
from convscope.pictures.colormap import LEVELS, Place
from convscope.pictures.drawing import Drawing
from convscope.pictures.lines import lines
from convscope.pictures.matrix import matrix
from convscope.pictures.mosaic import mosaic
from convscope.pictures.panels import panels
from convscope.pictures.picture import Picture, picture_given
from convscope.pictures.sheet import (
    BAR_HEIGHT,
    BAR_WIDTH,
    MARGIN,
    SPACE,
    TITLE,
    Box,
    Sheet,
    text_width,
)
from convscope.pictures.table import table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

__all__ = ["beside", "draw_picture", "lines", "matrix", "numbered", "page", "panels", "table"]

_NARROWEST = 4.2


def numbered(values: ArrayLike, *, size: float | None = None, **options: Any) -> Drawing:
    """Draw a mosaic with each channel's number above its tile.

    Parameters
    ----------
    values : array or DataArray
        As for `convscope.pictures.mosaic.mosaic`.
    size : float, optional
        Inches across a tile; by default what makes the page about 8 inches wide.
    **options
        As for `mosaic`: scale, colormap, columns, words and the others.
    """
    if size is not None:
        real(size, "size", above=0)
    picture = mosaic(values, **{**options, "gap": 0, "zoom": 1})
    tiling = picture.tiling
    if tiling.strip or tiling.height == 1:
        raise SelectionError("a layer without a plane has no tiles to number: draw its mosaic")
    # Small maps are enlarged in pixels too, so that the gap above them can be finer than a unit.
    zoom = -(-48 // min(tiling.tile_height, tiling.tile_width))
    wide = size or min(0.9, max(0.3, 7.7 / tiling.columns - SPACE))
    unit = wide / (tiling.tile_width * zoom)
    above, beside = round(0.17 / unit), round(SPACE / unit)
    tall, width = tiling.tile_height * zoom, tiling.tile_width * zoom
    places = picture.levels.repeat(zoom, axis=0).repeat(zoom, axis=1)
    canvas = np.full(
        (tiling.rows, above + tall, tiling.columns, beside + width), Place.PAPER, np.uint8
    )
    canvas[:, above:, :, beside:] = places.reshape(tiling.rows, tall, tiling.columns, width)
    pixels = canvas.reshape(tiling.rows * (above + tall), tiling.columns * (beside + width))
    left, top = MARGIN - beside * unit, MARGIN + (TITLE if picture.title else 0.0)
    box = (left, top, pixels.shape[1] * unit, pixels.shape[0] * unit)
    boxes = [
        (
            left + (column * (beside + width) + beside) * unit,
            top + (row * (above + tall) + above) * unit,
            width * unit,
            tall * unit,
        )
        for row, column in (divmod(channel, tiling.columns) for channel in range(tiling.channels))
    ]
    sheet = _with_footer(picture, pixels, box, boxes)
    sheet.frames(boxes)
    shown = picture.order or range(tiling.channels)
    for channel, tile in zip(shown, boxes, strict=True):
        sheet.fitted(str(channel), tile[0] + tile[2] / 2, tile[1] - 0.08, tile[2], 7)
    return Drawing(sheet.figure, picture.full_provenance())


def page(picture: Picture) -> Drawing:
    """Put a mosaic on a page with real text, for PDF and SVG."""
    zoomed = picture_given(picture).zoomed(max(1, picture.zoom))
    by_y, by_x = zoomed.tiling.zooms(zoomed.zoom)
    pixels = picture.levels.repeat(by_y, axis=0).repeat(by_x, axis=1)
    unit = min(max(pixels.shape[1] / 100, 3.0), 16.0) / pixels.shape[1]
    top = MARGIN + (TITLE if picture.title else 0.0)
    box = (MARGIN, top, pixels.shape[1] * unit, pixels.shape[0] * unit)
    tiles = (zoomed.tiling.box(place, zoomed.zoom) for place in range(zoomed.tiling.channels))
    boxes = [
        (MARGIN + x0 * unit, top + y0 * unit, (x1 - x0) * unit, (y1 - y0) * unit)
        for y0, x0, y1, x1 in tiles
    ]
    return Drawing(_with_footer(picture, pixels, box, boxes).figure, picture.full_provenance())


def _with_footer(
    picture: Picture, pixels: NDArray[np.uint8], box: Box, boxes: Sequence[Box]
) -> Sheet:
    """Draw the tiles, the marks of the blank ones, and title, colour bar and legend."""
    below = box[1] + box[3] + 0.15
    counts = Counter(picture.words[channel] for channel in np.flatnonzero(picture.blank))
    entries = [(word, f"{count} {word}") for word, count in counts.items()]
    if picture.nan_count:
        entries.append(("not a number", f"{picture.nan_count:,} units are not a number"))
    if picture.infinite_count:
        entries.append(("infinite", f"{picture.infinite_count:,} units are infinite"))
    height = below + BAR_HEIGHT + (0.2 if entries else 0.0)
    needed = 2 * MARGIN + sum(text_width(words, 8) + 0.51 for _, words in entries)
    width = max(box[0] + box[2] + MARGIN, _NARROWEST, needed)
    sheet = Sheet(width, height, picture.colormap)
    sheet.picture(pixels, box)
    for channel in np.flatnonzero(picture.blank).tolist():
        sheet.blank(picture.words[channel], boxes[channel])
    if picture.title:
        sheet.words(picture.title, MARGIN, MARGIN + 0.08, 10)
    sheet.bar(picture.bar, MARGIN, below, BAR_WIDTH)
    sheet.legend(entries, MARGIN, below + 0.38)
    return sheet


def draw_picture(picture: Picture, ax: Axes) -> AxesImage:
    """Draw the tiles of a picture into matplotlib axes, with a true colour bar beside them.

    Parameters
    ----------
    picture : Picture
        What to draw.
    ax : matplotlib.axes.Axes
        Where; its figure gets the colour bar.

    Returns
    -------
    matplotlib.image.AxesImage
        Of the colours, (y, x, 3); pointing at it names the channel and the unit.
    """
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import ListedColormap, Normalize

    picture_given(picture)
    if not isinstance(ax, Axes):
        raise SelectionError(f"ax {told(ax)}: give axes of matplotlib, such as pyplot.gca()")
    drawn = ax.imshow(picture.colours(), interpolation="nearest")
    ax.set(xticks=[], yticks=[], title=picture.title)

    def unit(x: float, y: float) -> str:
        found = picture.channel_at(round(y), round(x))
        return "" if found is None else f"channel {found[0]}, unit {found[1:]}"

    ax.format_coord = unit  # type: ignore[method-assign]
    bar = picture.bar
    ends = bar.ends if bar.ends is not None and bar.ends[0] < bar.ends[1] else None
    colours = ListedColormap(picture.palette[:LEVELS] / 255)
    scalar = ScalarMappable(Normalize(*(ends or (0.0, 1.0))), colours)
    figure = ax.get_figure(root=True)
    assert figure is not None
    shown = figure.colorbar(scalar, ax=ax, label=bar.words)
    if ends is None:
        middle = [(bar.zero, bar.middle)] if bar.middle else []
        ticks = [(0.0, bar.low), *middle, (1.0, bar.high)]
        shown.set_ticks([at for at, _ in ticks], labels=[words for _, words in ticks])
    return drawn
