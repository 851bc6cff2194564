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
        How many slices along z a tile holds; 1 for a flat map.
    columns, rows : int
        Tiles in a row, and rows. The last row may be shorter.
    gap : int
        Units between tiles; none at the outer edge.
    strip : bool
        A layer without space: zoom widens its units and leaves their height.
    across : int
        How many slices lie side by side in a tile, before the next row of them begins; 0 for all.
    between : int
        Units between slices.
    """

    channels: int
    height: int
    width: int
    slices: int = 1
    columns: int = 1
    gap: int = 1
    strip: bool = False
    across: int = 0
    between: int = 0

    @property
    def rows(self) -> int:
        """How many rows of tiles there are."""
        return -(-self.channels // self.columns)

    @property
    def slice_columns(self) -> int:
        """How many slices lie side by side in a tile."""
        return self.across or self.slices

    @property
    def slice_rows(self) -> int:
        """How many rows of slices a tile has."""
        return -(-self.slices // self.slice_columns)

    @property
    def tile_width(self) -> int:
        """Width of a tile: all slices of a map that lie side by side."""
        return self.slice_columns * (self.width + self.between) - self.between

    @property
    def tile_height(self) -> int:
        """Height of a tile: all rows of slices of a map."""
        return self.slice_rows * (self.height + self.between) - self.between

    def slice_corner(self, z: int) -> tuple[int, int]:
        """Give where in its tile a slice begins: y and x, in units."""
        row, column = divmod(z, self.slice_columns)
        return row * (self.height + self.between), column * (self.width + self.between)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of all tiles with the gaps between them."""
        return (
            self.rows * (self.tile_height + self.gap) - self.gap,
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
        top = row * (self.tile_height + self.gap) * by_y
        left = column * (self.tile_width + self.gap) * by_x
        return top, left, top + self.tile_height * by_y, left + self.tile_width * by_x

    def channel_at(self, y: int, x: int, zoom: int = 1) -> tuple[int, ...] | None:
        """Say which unit a pixel shows.

        Returns
        -------
        tuple of int or None
            Channel, y, x (channel, z, y, x for maps with depth); None for a gap and outside.
        """
        by_y, by_x = self.zooms(zoom)
        row, y = divmod(y // by_y, self.tile_height + self.gap)
        column, x = divmod(x // by_x, self.tile_width + self.gap)
        if not (row >= 0 and 0 <= column < self.columns):
            return None
        channel = row * self.columns + column
        if y >= self.tile_height or x >= self.tile_width or channel >= self.channels:
            return None
        if self.strip:
            return channel, 0, 0
        if self.slices == 1:
            return channel, y, x
        down, y = divmod(y, self.height + self.between)
        across, x = divmod(x, self.width + self.between)
        z = down * self.slice_columns + across
        if y >= self.height or x >= self.width or z >= self.slices:
            return None
        return channel, z, y, x


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
