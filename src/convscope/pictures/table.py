"""Tables of maps: unlike sizes, equally large pictures, titles, true colour bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from convscope.arguments import ends, flag, mapping, real, text, texts, told
from convscope.errors import SelectionError
from convscope.pictures.cells import Cell, Ends, cell_of, places_of, scaled
from convscope.pictures.drawing import Drawing
from convscope.pictures.footer import ColourBar, colour_bar
from convscope.pictures.scale import Scale
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

__all__ = ["table"]

_NARROWEST = 4.2


def table(
    cells: Sequence[Sequence[Any]],
    *,
    row_titles: Sequence[str] | None = None,
    column_titles: Sequence[str] | None = None,
    scale: str | Scale = "channel",
    colormap: str | None = None,
    title: str | None = None,
    bounds: Ends | Sequence[Sequence[Ends | None]] | None = None,
    words: Sequence[Sequence[str | None]] | None = None,
    signed: bool | None = None,
    size: float = 1.2,
    provenance: Mapping[str, Any] | None = None,
) -> Drawing:
    """Draw maps of unlike size as a table of equally large pictures.

    Parameters
    ----------
    cells : rows of arrays
        Floats (y, x): a feature map. uint8 (y, x) or (y, x, 3): a picture, shown as it is. None: an
        empty cell. Rows may have unlike length.
    row_titles, column_titles : sequence of str, optional
        Written left of each row, and above each column.
    scale : str
        As for a mosaic. ``layer`` and ``robust`` look at the maps of a column, unless `bounds`
        tells what the whole layer holds; so does a map of a single unit, which has no contrast of
        its own, under ``channel`` and ``sigma``.
    colormap : str, optional
        By default viridis, or RdBu where zero is in the middle of every span.
    title : str, optional
        Written above everything.
    bounds : (float, float) or rows of (float, float), optional
        Smallest and largest value for ``shared``, ``layer`` and ``robust``, and of the layers of
        single units: for the whole table or for each cell.
    words : rows of str, optional
        Diagnosis of each map; used where a map is blank.
    signed : bool, optional
        Whether both signs are shown; by default, whether the maps hold both.
    size : float
        Inches across a cell.
    provenance : mapping, optional
        Where the values came from.

    Raises
    ------
    SelectionError
        For an empty table, a cell that cannot be drawn, an unknown scale or colormap.
    """
    chosen = Scale.parse(scale)
    rows = _rows(cells)
    count = max((len(row) for row in rows), default=0)
    if count == 0:
        raise SelectionError("a table without cells: give at least one map")
    _check_titles("row_titles", row_titles, len(rows))
    _check_titles("column_titles", column_titles, count)
    _check_beside(rows, bounds, words)
    if title is not None:
        text(title, "title")
    if signed is not None:
        flag(signed, "signed")
    if provenance is not None:
        mapping(provenance, "provenance")
    real(size, "size", above=0)
    ends, centred = scaled(rows, chosen, bounds, signed)
    name = colormap if colormap is not None else "RdBu" if centred else "viridis"
    bars = _bars(rows, ends, chosen, centred)
    grid = _Grid.around(rows, count, size, row_titles or (), bool(title), bool(column_titles))
    width = max(grid.width, _NARROWEST if None in bars else 0.0)
    if None in bars:
        width = max(width, grid.left + BAR_WIDTH + text_width(bars[None].words, 8) + 2 * MARGIN)
    sheet = Sheet(width, grid.below + (BAR_HEIGHT if bars else 0.0), name)
    _write_titles(sheet, grid, title, column_titles or (), row_titles or ())
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            word = words[y][x] if words is not None else None
            _draw_cell(sheet, cell, ends[y][x], _inside(cell, grid.box(y, x)), word)
    for column, bar in bars.items():
        wide = BAR_WIDTH if column is None else size
        sheet.bar(bar, grid.box(0, column or 0)[0], grid.below, wide)
    said = {"scale": str(chosen), "colormap": name, "signed": centred, "ends": ends}
    titles = {"rows": list(row_titles or ()), "columns": list(column_titles or ())}
    return Drawing(sheet.figure, {**(provenance or {}), **said, **titles})


@dataclass(frozen=True)
class _Grid:
    """Where the cells of a table lie, in inches."""

    left: float
    top: float
    size: float
    tall: float
    rows: int
    columns: int

    @classmethod
    def around(
        cls,
        rows: Sequence[Sequence[Cell]],
        columns: int,
        size: float,
        row_titles: Sequence[str],
        *above: bool,
    ) -> _Grid:
        """Leave room for the titles; cells are as high as most pictures are for their width."""
        aspects = [cell.aspect for row in rows for cell in row if cell.values is not None]
        tall = size * float(np.clip(np.median(aspects or [1.0]), 0.4, 2.5))
        left = MARGIN + max((text_width(words, 8) + 0.1 for words in row_titles), default=0.0)
        return cls(left, MARGIN + TITLE * 0.9 * sum(above), size, tall, len(rows), columns)

    @property
    def width(self) -> float:
        return self.left + self.columns * (self.size + SPACE) + MARGIN

    @property
    def below(self) -> float:
        return self.top + self.rows * (self.tall + SPACE) + 0.05

    def box(self, y: int, x: int) -> Box:
        step = self.size + SPACE, self.tall + SPACE
        return self.left + x * step[0], self.top + y * step[1], self.size, self.tall


def _rows(cells: Sequence[Sequence[Any]]) -> list[list[Cell]]:
    if not _is_list(cells) or not all(_is_list(row) for row in cells):
        raise SelectionError(f"cells {told(cells)}: give rows of arrays, a list of lists")
    return [[cell_of(cell) for cell in row] for row in cells]


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence | np.ndarray) and not isinstance(value, str | bytes)


def _check_beside(rows: Sequence[Sequence[Cell]], bounds: Any, words: Any) -> None:
    """Refuse bounds and words that are not those of the cells."""
    shape = [len(row) for row in rows]
    if bounds is not None and _of_cells(bounds, shape):
        for pair in (pair for row in bounds for pair in row if pair is not None):
            ends(pair, "bounds")
    elif bounds is not None:
        ends(bounds, "bounds")
    if words is None:
        return
    if not _of_cells(words, shape) or not all(
        word is None or isinstance(word, str) for row in words for word in row
    ):
        raise SelectionError(
            f"words {told(words)}: give rows of strings or None, one for each cell"
        )


def _of_cells(given: Any, shape: Sequence[int]) -> bool:
    return _is_list(given) and all(map(_is_list, given)) and [len(row) for row in given] == shape


def _check_titles(name: str, titles: Sequence[str] | None, count: int) -> None:
    if titles is not None and len(texts(titles, name)) != count:
        raise SelectionError(f"{len(titles)} {name} for a table with {count}: give one for each")


def _write_titles(
    sheet: Sheet, grid: _Grid, title: str | None, above: Sequence[str], beside: Sequence[str]
) -> None:
    if title:
        sheet.words(title, MARGIN, MARGIN + 0.08, 10)
    for x, words in enumerate(above):
        left, top, wide, _ = grid.box(0, x)
        sheet.fitted(words, left + wide / 2, top - 0.13, wide)
    for y, words in enumerate(beside):
        left, top, _, tall = grid.box(y, 0)
        sheet.words(words, left - 0.1, top + tall / 2, 8, ha="right")


def _inside(cell: Cell, box: Box) -> Box:
    """Fit a picture into its box without stretching it."""
    left, top, width, height = box
    wide, tall = min(width, height / cell.aspect), min(height, width * cell.aspect)
    return left + (width - wide) / 2, top + (height - tall) / 2, wide, tall


def _draw_cell(sheet: Sheet, cell: Cell, ends: Ends | None, box: Box, word: str | None) -> None:
    if cell.values is None:
        return
    if not cell.is_map:
        sheet.picture(cell.values, box)
    elif (own := cell.word) != "active":
        sheet.blank(word if word and word != "active" else own, box)
    else:
        sheet.picture(places_of(cell, ends), box)
    sheet.frame(box, linewidth=0.4)


def _bars(
    rows: Sequence[Sequence[Cell]], ends: list[list[Ends | None]], scale: Scale, centred: bool
) -> dict[int | None, ColourBar]:
    """Choose colour bars that are true: one for the table (None), or one for each column."""
    known = [(x, pair) for row in ends for x, pair in enumerate(row) if pair is not None]
    if not known:
        return {}
    if scale.governs:
        if len({pair for _, pair in known}) == 1:
            return {None: colour_bar(scale.name, centred, known[0][1])}
        columns = {x: {pair for at, pair in known if at == x} for x, _ in known}
        if all(len(pairs) == 1 for pairs in columns.values()):
            bars = {x: colour_bar(scale.name, centred, pairs.pop()) for x, pairs in columns.items()}
            return {x: _wordless(bar) for x, bar in bars.items()}
        low, high, middle = ("-end", "+end", "0") if centred else ("min", "max", "")
        said = "each map: its layer's " + ("± larger end" if centred else "min..max")
        return {None: ColourBar(None, low, high, middle, 0.5 if centred else 0.0, said)}
    only = known[0][1] if len(known) == 1 else None
    bar = colour_bar(scale.name, centred, only, one=only is not None)
    if any(cell.is_single for row in rows for cell in row):
        of_all = " (± its larger end)" if centred else ""
        bar = replace(bar, words=f"{bar.words}; a single unit: its layer's min..max{of_all}")
    return {None: bar}


def _wordless(bar: ColourBar) -> ColourBar:
    return replace(bar, words="")
