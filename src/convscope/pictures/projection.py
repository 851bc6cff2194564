"""A volume's maps seen from the front: the largest value along the depth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from convscope.errors import SelectionError
from convscope.pictures.colormap import Place
from convscope.pictures.picture import Picture
from convscope.pictures.tiling import Tiling, near_square

__all__ = ["projection"]

_GAP = 1


def projection(picture: Picture, columns: int | None = None) -> Picture:
    """Draw the maximum projection of every map of a volume.

    Levels rise with values on every scale, so the largest level is that of the largest value, and
    a colour stands for the same value as in the picture of the slices.

    Parameters
    ----------
    picture : Picture
        Of slices, as `convscope.pictures.mosaic.mosaic` draws ``(channel, z, y, x)``.
    columns : int, optional
        Maps in a row; by default the picture becomes about 4 wide to 3 high.

    Returns
    -------
    Picture
        Of ``(channel, y, x)``: at each position the largest value along z; not a number where one
        of them is none.

    Raises
    ------
    SelectionError
        For a picture without slices.
    """
    slices = picture.tiling
    if slices.slices == 1:
        raise SelectionError(
            "only maps with depth have a projection along it: give the mosaic of (channel, z, y, x)"
        )
    channels, height, width = slices.channels, slices.height, slices.width
    columns = columns or near_square(channels, height + _GAP, width + _GAP)
    tiling = Tiling(channels, height, width, columns=min(columns, channels), gap=_GAP)
    levels = np.full(tiling.shape, Place.GAP, np.uint8)
    nan = infinite = 0
    for place in range(tiling.rows * tiling.columns):
        row, column = divmod(place, tiling.columns)
        top, left = row * (height + _GAP), column * (width + _GAP)
        tile = levels[top : top + height, left : left + width]
        if place >= channels:
            tile[...] = Place.PAPER
            continue
        tile[...] = _largest(picture, place)
        nan += int(np.count_nonzero(tile == Place.NAN))
        infinite += int(np.count_nonzero(tile == Place.INFINITE))
    levels.flags.writeable = False
    along = f"maximum along z of {slices.slices} slices"
    layer = picture.provenance.get("layer")
    maps = f"{channels:,} {'map' if channels == 1 else 'maps'} of {height} × {width}"
    return replace(
        picture,
        levels=levels,
        tiling=tiling,
        nan_count=nan,
        infinite_count=infinite,
        title=f"{layer}   {maps}: {along}" if layer else picture.title and along,
        provenance={**picture.provenance, "projection": along},
    )


def _largest(picture: Picture, place: int) -> NDArray[np.uint8]:
    """Give the largest level along z of one map; not a number goes before everything."""
    tiling = picture.tiling
    top, left, _, _ = tiling.box(place)
    corners = (tiling.slice_corner(z) for z in range(tiling.slices))
    stack = np.stack(
        [
            picture.levels[top + y : top + y + tiling.height, left + x : left + x + tiling.width]
            for y, x in corners
        ]
    )
    found: NDArray[np.uint8] = stack.max(axis=0)
    found[(stack == Place.NAN).any(axis=0)] = Place.NAN
    return found
