"""Where the tiles of a mosaic lie, and which channel a pixel belongs to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from convscope.errors import SelectionError

__all__ = ["Tiling", "near_square"]

_ASPECT = 4 / 3
_FEW = 4


@dataclass(frozen=True)
class Tiling:
    """The geometry of a mosaic, in units: one unit is one pixel at zoom 1.

    Attributes
    ----------
    channels : int
        How many tiles there are; none is ever left out.
    height, width : int
        Size of one map (of one of its slices, for a map with depth).
    slices : int
        How many slices along z lie side by side in a tile; 1 for a flat map.
    columns, rows : int
        Tiles in a row, and rows. The last row may be shorter.
    gap : int
        Units between tiles; none at the outer edge.
    strip : bool
        A layer without space: zoom widens its units and leaves their height.
    """

    channels: int
    height: int
    width: int
    slices: int = 1
    columns: int = 1
    gap: int = 1
    strip: bool = False

    @property
    def rows(self) -> int:
        """How many rows of tiles there are."""
        return -(-self.channels // self.columns)

    @property
    def tile_width(self) -> int:
        """Width of a tile: all slices of a map."""
        return self.width * self.slices

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of all tiles with the gaps between them."""
        return (
            self.rows * (self.height + self.gap) - self.gap,
            self.columns * (self.tile_width + self.gap) - self.gap,
        )

    def zooms(self, zoom: int) -> tuple[int, int]:
        """Give the factors along y and x that a zoom means here."""
        return (1 if self.strip else zoom, zoom)

    def box(self, channel: int, zoom: int = 1) -> tuple[int, int, int, int]:
        """Give a tile's place.

        Returns
        -------
        (int, int, int, int)
            Top, left, bottom, right in pixels; bottom and right are just outside.

        Raises
        ------
        SelectionError
            When there is no such channel.
        """
        if not 0 <= channel < self.channels:
            raise SelectionError(
                f"no channel {channel}: this picture has channels 0..{self.channels - 1}"
            )
        row, column = divmod(channel, self.columns)
        by_y, by_x = self.zooms(zoom)
        top = row * (self.height + self.gap) * by_y
        left = column * (self.tile_width + self.gap) * by_x
        return top, left, top + self.height * by_y, left + self.tile_width * by_x

    def channel_at(self, y: int, x: int, zoom: int = 1) -> tuple[int, ...] | None:
        """Say which unit a pixel shows.

        Returns
        -------
        tuple of int or None
            Channel, y, x (channel, z, y, x for maps with depth); None for a gap and outside.
        """
        by_y, by_x = self.zooms(zoom)
        row, y = divmod(y // by_y, self.height + self.gap)
        column, x = divmod(x // by_x, self.tile_width + self.gap)
        if not (row >= 0 and 0 <= column < self.columns):
            return None
        channel = row * self.columns + column
        if y >= self.height or x >= self.tile_width or channel >= self.channels:
            return None
        if self.strip:
            return channel, 0, 0
        if self.slices > 1:
            z, x = divmod(x, self.width)
            return channel, z, y, x
        return channel, y, x


@lru_cache(maxsize=1024)
def near_square(channels: int, height: int, width: int) -> int:
    """Choose how many tiles make a row, so that the picture is about 4 wide to 3 high.

    A full last row is preferred while the picture stays between 3:4 and 2:1. Up to four maps stand
    in one row.
    """
    if channels <= _FEW:
        return channels

    def distance(columns: int) -> float:
        rows = -(-channels // columns)
        return abs(math.log(columns * width / (rows * height * _ASPECT)))

    full = [
        columns
        for columns in range(1, channels + 1)
        if channels % columns == 0
        and 0.75 <= columns * columns * width / (channels * height) <= 2.01
    ]
    if full:
        return min(full, key=distance)
    near = max(1, round(math.sqrt(channels * _ASPECT * height / width)))
    around = range(max(1, near - 2), min(channels, near + 2) + 1)
    return min(around or [channels], key=distance)
