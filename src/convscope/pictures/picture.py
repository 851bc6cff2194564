"""Picture: all feature maps of a layer as pixels, and the truth about them."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from convscope.arguments import told, whole
from convscope.errors import SelectionError
from convscope.pictures import png
from convscope.pictures.blanks import WORDS, marked_tile
from convscope.pictures.colormap import LEVELS, Place, full_palette
from convscope.pictures.drawing import check_suffix
from convscope.pictures.files import write_atomically
from convscope.pictures.footer import ColourBar, colour_bar, footer
from convscope.pictures.scale import Floats, Scale
from convscope.pictures.tiling import Tiling

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

__all__ = ["Picture", "check_zoom", "picture_given"]

Bytes = NDArray[np.uint8]

_COMFORTABLE = (640, 1600)


def check_zoom(zoom: int) -> None:
    """Raise `SelectionError` when a zoom is not a whole number from 1."""
    whole(zoom, "zoom", 1, what="pixels for each unit")


def _slices(tiling: Tiling) -> dict[str, Any]:
    """Say where in a tile the slices of a volume lie."""
    if tiling.slices == 1:
        return {}
    one = [tiling.height, tiling.width]
    return {"slices": tiling.slices, "slice": one, "slices_in_a_row": tiling.slice_columns}


@dataclass(frozen=True, eq=False, repr=False)
class Picture:
    """A mosaic of feature maps: levels, and what they mean.

    Attributes
    ----------
    levels : ndarray of uint8, (y, x)
        The tiles at zoom 1, without footer. 0..239 are values between ``low`` and ``high`` of the
        channel; 240..255 are the reserved places of `convscope.pictures.colormap.Place`.
    tiling : Tiling
        Where the tiles lie.
    scale : Scale
        Which span the levels have.
    colormap : str
        Name of the colours.
    low, high : ndarray of float32, (channel,)
        The values that level 0 and level 239 stand for.
    minimum, maximum : ndarray of float32, (channel,)
        The smallest and largest finite value of each channel; NaN where there is none.
    words : tuple of str
        Diagnosis of each channel.
    blank : ndarray of bool, (channel,)
        Which tiles are flat and marked with their word.
    signed : bool
        Whether zero is in the middle of the colours.
    nan_count, infinite_count : int
        Units that are not a number, and that are infinite.
    zoom : int
        Pixels of a unit in the files and images made of this picture. A layer without space keeps
        its height.
    title : str
        Written beneath; may be empty.
    provenance : dict
        Where the values came from.
    order : tuple of int or None
        The channel that each tile shows; None where they stand as they are numbered. Everything
        above that is a channel each is in the order of the tiles.
    """

    levels: Bytes
    tiling: Tiling
    scale: Scale
    colormap: str
    low: Floats
    high: Floats
    minimum: Floats
    maximum: Floats
    words: tuple[str, ...]
    blank: NDArray[np.bool_]
    signed: bool = False
    nan_count: int = 0
    infinite_count: int = 0
    zoom: int = 1
    title: str = ""
    provenance: dict[str, Any] = field(default_factory=dict)
    order: tuple[int, ...] | None = None

    @property
    def palette(self) -> Bytes:
        """The 256 colours, (place, 3)."""
        return full_palette(self.colormap)

    @property
    def span(self) -> tuple[float, float] | None:
        """The one span that governs every tile; None where each channel has its own."""
        if not (self.scale.governs or self.tiling.channels == 1):
            return None
        if np.isnan(self.low[0]):
            return None
        return float(self.low[0]), float(self.high[0])

    @property
    def bar(self) -> ColourBar:
        """What the colour bar says."""
        one = self.tiling.channels == 1
        bar = colour_bar(self.scale.name, self.signed, self.span, one=one)
        if self.tiling.strip:
            return replace(bar, words=bar.words.replace("maps", "units"))
        return bar

    def channel_at(self, y: int, x: int) -> tuple[int, ...] | None:
        """Say which unit a pixel shows.

        Parameters
        ----------
        y, x : int
            Pixel of this picture at its zoom, from the top left.

        Returns
        -------
        tuple of int or None
            Channel, y, x of the unit in its map (channel, z, y, x for maps with depth; y = x = 0
            in a layer without space; y = 0 in a signal); None between tiles and outside them.
        """
        found = self.tiling.channel_at(whole(y, "y"), whole(x, "x"), self.zoom)
        if found is None or self.order is None:
            return found
        return (self.order[found[0]], *found[1:])

    def box(self, channel: int) -> tuple[int, int, int, int]:
        """Give the tile of a channel: top, left, bottom, right in pixels at this zoom.

        Raises
        ------
        SelectionError
            When there is no such channel.
        """
        channel = whole(channel, "channel")
        if self.order is not None and channel in self.order:
            channel = self.order.index(channel)
        return self.tiling.box(channel, self.zoom)

    def zoomed(self, zoom: int) -> Picture:
        """Give the same picture with another number of pixels for a unit."""
        check_zoom(zoom)
        return replace(self, zoom=int(zoom))

    @cached_property
    def _counts(self) -> list[tuple[str, int]]:
        found = Counter(self.words[channel] for channel in np.flatnonzero(self.blank))
        order = {word: place for place, word in enumerate(WORDS)}
        return sorted(found.items(), key=lambda item: order.get(item[0], len(order)))

    def tile_places(self) -> Bytes:
        """Give the tiles at this zoom as palette places, blank ones with their marks, (y, x)."""
        tiling = self.tiling
        by_y, by_x = tiling.zooms(self.zoom)
        drawn = self.levels
        if by_x > 1:
            drawn = drawn.repeat(by_x, axis=1)
        if by_y > 1:
            drawn = drawn.repeat(by_y, axis=0)
        if not self.blank.any():
            return drawn
        if drawn is self.levels:
            drawn = drawn.copy()
        height, width = tiling.tile_height * by_y, tiling.tile_width * by_x
        where = np.flatnonzero(self.blank)
        words = np.array([self.words[channel] for channel in where])
        rows = np.arange(height)[None, :, None]
        columns = np.arange(width)[None, None, :]
        for word in set(words.tolist()):
            row, column = np.divmod(where[words == word], tiling.columns)
            top = (row * (tiling.tile_height + tiling.gap) * by_y)[:, None, None]
            left = (column * (tiling.tile_width + tiling.gap) * by_x)[:, None, None]
            drawn[top + rows, left + columns] = marked_tile(word, height, width)
        return drawn

    def places(self) -> Bytes:
        """Give the whole picture as palette places: tiles from (0, 0), and the footer below."""
        return png.pixels_of(self._rows(reuse=False))

    def _rows(self, *, reuse: bool) -> Bytes:
        tiles = self.tile_places()
        odd = self.nan_count, self.infinite_count
        below = footer(self.title, self.bar, self._counts, odd, tiles.shape[1])
        rows = png.blank_rows(tiles.shape[0] + below.shape[0], below.shape[1], reuse=reuse)
        drawn = png.pixels_of(rows)
        drawn[: tiles.shape[0], : tiles.shape[1]] = tiles
        drawn[: tiles.shape[0], tiles.shape[1] :] = Place.PAPER
        drawn[tiles.shape[0] :] = below
        return rows

    def image(self) -> Image.Image:
        """Give a PIL image in mode P, with the footer."""
        return self._as_image(self.places())

    def tiles_image(self) -> Image.Image:
        """Give a PIL image in mode P, of the tiles alone."""
        return self._as_image(self.tile_places())

    def _as_image(self, places: Bytes) -> Image.Image:
        image = Image.fromarray(np.ascontiguousarray(places), "L")
        image.putpalette(self.palette.tobytes(), "RGB")
        return image

    def colours(self) -> Bytes:
        """Give the tiles as RGB, (y, x, 3), at this zoom."""
        coloured: Bytes = self.palette[self.tile_places()]
        return coloured

    def full_provenance(self) -> dict[str, Any]:
        """Give what is written into the file: `provenance`, and how it was drawn."""
        tiling = self.tiling
        span = self.span
        return {
            **self.provenance,
            "scale": str(self.scale),
            "colormap": self.colormap,
            "signed": self.signed,
            "low": self.low if span is None else span[0],
            "high": self.high if span is None else span[1],
            "levels": LEVELS,
            "channels": tiling.channels,
            "columns": tiling.columns,
            "tile": [tiling.tile_height, tiling.tile_width],
            "gap": tiling.gap,
            **_slices(tiling),
            "zoom": self.zoom,
            **({} if self.order is None else {"order": list(self.order)}),
        }

    def png(self) -> bytes:
        """Encode as an 8-bit palette PNG with the footer, and with provenance inside."""
        text = {png.KEYWORD: png.provenance_text(self.full_provenance())}
        return png.encode(self._rows(reuse=True), self.palette, text)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save as ``.png``, or on a page with text as ``.pdf`` or ``.svg``; whole or not at all.

        Raises
        ------
        SelectionError
            For another suffix.
        OutputError
            When the file cannot be written.
        """
        if check_suffix(path) == "png":
            write_atomically(path, self.png())
        else:
            from convscope.pictures.figures import page

            page(self).save(path)

    def _comfortable(self) -> Picture:
        """Enlarge to about 640 pixels wide, if that makes it no higher than 1,600."""
        height, width = self.tiling.shape
        by_x = -(-_COMFORTABLE[0] // width)
        by_y = by_x if self.tiling.strip else _COMFORTABLE[1] // height
        return self.zoomed(max(self.zoom, 1, min(by_x, by_y)))

    def _repr_png_(self) -> bytes:
        return self._comfortable().png()

    def show(self) -> None:
        """Open it large in the viewer of this computer."""
        self._comfortable().image().convert("RGB").show(title=self.title or "Convscope")

    def to_matplotlib(self, ax: Axes | None = None) -> AxesImage:
        """Draw the tiles and a true colour bar into axes; by default pyplot's current ones."""
        from convscope.pictures.figures import draw_picture

        if ax is None:
            from matplotlib import pyplot

            ax = pyplot.gca()
        return draw_picture(self, ax)

    def __repr__(self) -> str:
        tiling = self.tiling
        origin = " ".join(str(self.provenance[key]) for key in ("network", "layer")
                          if self.provenance.get(key))  # fmt: skip
        if tiling.strip:
            size = f"{tiling.channels} units"
        else:
            depth = f"{tiling.slices} x " if tiling.slices > 1 else ""
            size = f"{tiling.channels} maps of {depth}{tiling.height} x {tiling.width}"
        return f"<Picture {origin + ': ' if origin else ''}{size}, scale {self.scale}>"


def picture_given(value: object, name: str = "picture") -> Picture:
    """Give a picture that an argument must hold.

    Raises
    ------
    SelectionError
        For anything else.
    """
    if isinstance(value, Picture):
        return value
    raise SelectionError(f"{name} {told(value)}: give what convscope.mosaic draws")
