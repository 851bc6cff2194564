"""Matrices of shares: layers against layers, a cell a pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convscope.arguments import mapping, real_array, text, texts
from convscope.errors import SelectionError
from convscope.pictures.colormap import LEVELS, Place
from convscope.pictures.drawing import Drawing
from convscope.pictures.footer import ColourBar
from convscope.pictures.sheet import (
    BAR_HEIGHT,
    BAR_WIDTH,
    MARGIN,
    TITLE,
    Box,
    Sheet,
    text_width,
)

__all__ = ["matrix"]

# Inches.
_PAGE, _LARGEST, _SMALLEST = 8.0, 0.42, 0.12
_WRITTEN = 0.3
_AXIS = 0.22
# Longer names lose their middle: what tells layers apart is at both ends.
_LETTERS = 36


def matrix(
    values: ArrayLike,
    *,
    row_names: Sequence[str] | None = None,
    column_names: Sequence[str] | None = None,
    row_title: str | None = None,
    column_title: str | None = None,
    colormap: str = "viridis",
    title: str | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> Drawing:
    """Draw shares from 0 to 1 as a matrix of colours, such as what `similarity` gives.

    Parameters
    ----------
    values : array or DataArray, (row, column)
        What lies below 0 or above 1 has the colour of the end. Not-a-number has its own colour,
        with a legend. Where there is room, the number is written into its cell.
    row_names, column_names : sequence of str, optional
        A name a row and a column; by default the coordinates of a DataArray, else numbers.
    row_title, column_title : str, optional
        What the rows and columns are; by default the networks that a DataArray's ``attrs`` name.
    colormap, title : str, optional
        By default the title says what the ``attrs`` of a DataArray do.
    provenance : mapping, optional
        Where the values came from; above the ``attrs`` of a DataArray.

    Returns
    -------
    Drawing
        The first row at the top. It grows with the matrix, so that 50 names stay legible.

    Raises
    ------
    SelectionError
        For an empty array or one of other than two axes, names that are not one a row or column,
        or an unknown colormap.
    """
    shares = real_array(values, "values", "(row, column)").astype(np.float64)
    if shares.ndim != 2 or shares.size == 0:
        raise SelectionError(f"an array of shape {shares.shape} is no matrix: give (row, column)")
    for name, words in (("row_title", row_title), ("column_title", column_title), ("title", title)):
        if words is not None:
            text(words, name)
    if provenance is not None:
        mapping(provenance, "provenance")
    about: dict[str, Any] = dict(getattr(values, "attrs", {}))
    rows = _names("row_names", row_names, values, 0, shares.shape[0])
    columns = _names("column_names", column_names, values, 1, shares.shape[1])
    beside = about.get("network", "") if row_title is None else row_title
    above = about.get("other_network", "") if column_title is None else column_title
    said = _said(about) if title is None else title
    cell = float(np.clip(_PAGE / max(shares.shape), _SMALLEST, _LARGEST))
    letter = min(8.0, cell * 72 * 0.8)
    left = MARGIN + _AXIS * bool(beside) + _widest(rows, letter)
    top = MARGIN + TITLE * bool(said) + _AXIS * bool(above) + _widest(columns, letter)
    box = (left, top, shares.shape[1] * cell, shares.shape[0] * cell)
    missing = int(np.count_nonzero(np.isnan(shares)))
    sheet = _sheet(box, said, bool(missing), colormap)
    sheet.picture(_levels(shares), box)
    _write_names(sheet, box, cell, letter, rows, columns)
    if beside:
        sheet.words(
            beside, MARGIN + 0.08, top + box[3] / 2, 9, rotation=90, ha="center", va="center"
        )
    if above:
        sheet.words(above, left + box[2] / 2, MARGIN + TITLE * bool(said) + 0.08, 9, ha="center")
    if cell >= _WRITTEN:
        _write_shares(sheet, box, cell, shares)
    below = top + box[3] + 0.15
    bar = ColourBar((0.0, 1.0), "0", "1", "", 0.0, _beyond(shares))
    sheet.bar(bar, left, below, BAR_WIDTH)
    if missing:
        sheet.legend(
            [("not a number", f"{missing:,} not a number")], left, below + BAR_HEIGHT - 0.12
        )
    told = {"scale": "fixed(0, 1)", "colormap": colormap, "rows": rows, "columns": columns}
    return Drawing(sheet.figure, {**about, **(provenance or {}), **told})


def _names(
    option: str, given: Sequence[str] | None, values: Any, axis: int, count: int
) -> list[str]:
    names: Any = None if given is None else texts(given, option)
    if names is None:
        dims, coords = getattr(values, "dims", ()), getattr(values, "coords", {})
        known = len(dims) == 2 and dims[axis] in coords
        names = coords[dims[axis]].values if known else range(count)
    if len(names) != count:
        raise SelectionError(f"{len(names)} {option} for a matrix with {count}: give one for each")
    return [_short(str(name)) for name in names]


def _short(name: str) -> str:
    half = (_LETTERS - 1) // 2
    return name if len(name) <= _LETTERS else f"{name[:half]}…{name[-half:]}"


def _said(about: Mapping[str, Any]) -> str:
    measure = str(about.get("measure", "")).partition(",")[0]
    if not measure or "dataset" not in about:
        return measure
    return f"{measure}, {about.get('images', 0):,} images of {about['dataset']}"


def _widest(names: Sequence[str], letter: float) -> float:
    return max(text_width(name, letter) for name in names) + 0.1


def _sheet(box: Box, title: str, legend: bool, colormap: str) -> Sheet:
    bar = box[0] + BAR_WIDTH + text_width("below 0: as 0", 8) + 0.1
    width = max(box[0] + box[2], bar, MARGIN + text_width(title, 10)) + MARGIN
    height = box[1] + box[3] + 0.15 + BAR_HEIGHT + 0.2 * legend
    sheet = Sheet(width, height, colormap)
    if title:
        sheet.words(title, MARGIN, MARGIN + 0.08, 10)
    return sheet


def _levels(shares: NDArray[np.float64]) -> NDArray[np.uint8]:
    levels = np.rint(np.clip(np.nan_to_num(shares), 0, 1) * (LEVELS - 1)).astype(np.uint8)
    levels[np.isnan(shares)] = Place.NAN
    return levels


def _beyond(shares: NDArray[np.float64]) -> str:
    """Say what the ends of the bar also stand for."""
    ends = [("below 0: as 0", np.nanmin(shares, initial=0) < 0)]
    ends.append(("above 1: as 1", np.nanmax(shares, initial=1) > 1))
    return ", ".join(words for words, there in ends if there)


def _write_names(
    sheet: Sheet, box: Box, cell: float, letter: float, rows: Sequence[str], columns: Sequence[str]
) -> None:
    left, top, _, _ = box
    for place, name in enumerate(rows):
        sheet.words(name, left - 0.05, top + (place + 0.5) * cell, letter, ha="right")
    for place, name in enumerate(columns):
        at = left + (place + 0.5) * cell
        sheet.words(name, at, top - 0.05, letter, rotation=90, ha="center", va="bottom")


def _write_shares(sheet: Sheet, box: Box, cell: float, shares: NDArray[np.float64]) -> None:
    """Write every number, dark on light and light on dark."""
    levels = _levels(shares)
    for (y, x), share in np.ndenumerate(shares):
        if np.isnan(share):
            continue
        red, green, blue = sheet.colour(int(levels[y, x]))
        light = 0.299 * red + 0.587 * green + 0.114 * blue > 0.42
        place = (box[0] + (x + 0.5) * cell, box[1] + (y + 0.5) * cell)
        colour = sheet.colour(Place.INK if light else Place.PAPER)
        sheet.words(f"{share + 0.0:.2f}", *place, 7, ha="center", color=colour)
