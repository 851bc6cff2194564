"""Maps laid over pictures, as transparent as they are weak, with a legend that says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convscope.errors import SelectionError
from convscope.pictures.cells import cell_of
from convscope.pictures.colormap import LEVELS, Place, full_palette
from convscope.pictures.drawing import Drawing
from convscope.pictures.levels import levels
from convscope.pictures.scale import Scale, bounds_of
from convscope.pictures.sheet import BAR_WIDTH, MARGIN, SPACE, TITLE, Box, Sheet, text_width
from convscope.pictures.text import number

__all__ = ["Overlaid", "blended", "overlay", "span_for"]

Bytes = NDArray[np.uint8]
Ends = tuple[float, float]

_LINE = 0.17
_THICK = 0.16
_LONGEST = 56
_BESIDE = 1.0


@dataclass(frozen=True, eq=False)
class Overlaid:
    """One map, the picture beneath it, and what is written beside them.

    Attributes
    ----------
    values : array of float, (y, x)
    picture : array of uint8, (y, x), (y, x, 1) or (y, x, 3), or None
        Of the same height and width; None draws the map by itself.
    words : sequence of str
        Lines of text.
    ends : (float, float) or None
        What the first and last colour stand for, where that is not what `span_for` gives.
    """

    values: ArrayLike
    picture: ArrayLike | None
    words: Sequence[str] = ()
    ends: Ends | None = None


def span_for(values: ArrayLike) -> Ends:
    """Give what the ends of the colours stand for: 0 and the largest value, or ± the larger end.

    Zero is where nothing is shown, so it is always in the span; values below zero put it in the
    middle. Values that are not finite are left out; a map of zeros has the span (0, 0).
    """
    low, high = bounds_of(np.asarray(values, np.float32)[None]).whole
    end = max(abs(low), abs(high))
    return (-end, end) if low < 0 else (0.0, end)


def blended(
    picture: ArrayLike, values: ArrayLike, ends: Ends, opacity: float, colormap: str
) -> Bytes:
    """Lay the colours of a map over a picture.

    A pixel is ``(1 - a) picture + a colour``, with ``a = opacity |value| / end``: nothing is shown
    where the value is zero, and the strongest value is as opaque as `opacity` says.

    Parameters
    ----------
    picture : array of uint8, (y, x, 3) or (y, x, 1)
    values : array of float, (y, x)
        Values that are not finite are drawn opaque, in the colours that stand for them.
    ends : (float, float)
        What the first and last colour stand for; see `span_for`.
    opacity : float
        0..1.
    colormap : str

    Returns
    -------
    ndarray of uint8, (y, x, 3)
    """
    plane = np.asarray(values, np.float32)
    places = _places(plane, ends)
    colours = np.asarray(full_palette(colormap)[places], np.float32)
    end = max(abs(ends[0]), abs(ends[1]))
    with np.errstate(all="ignore"):
        share = np.clip(np.abs(plane) / end, 0, 1) if end else np.zeros_like(plane)
    opaque = np.where(places < LEVELS, np.float32(opacity) * share, 1)[..., None]
    beneath = np.asarray(picture, np.float32)
    mixed: Bytes = np.rint(beneath + opaque * (colours - beneath)).astype(np.uint8)
    return mixed


def _places(values: NDArray[np.float32], ends: Ends) -> Bytes:
    low, high = ends if ends[0] < ends[1] else (0.0, 1.0)
    found, _ = levels(values[None], Scale("fixed", low, high))
    return np.asarray(found[0])


def overlay(
    rows: Sequence[Overlaid],
    *,
    opacity: float = 0.6,
    colormap: str | None = None,
    titles: tuple[str, str] = ("input", "map"),
    title: str | None = None,
    notes: Sequence[str] = (),
    size: float = 2.0,
    provenance: Mapping[str, Any] | None = None,
) -> Drawing:
    """Draw maps over their pictures, the pictures beside them, and a true colour bar for each.

    The pictures beneath the maps are grey, so that every colour is the map's.

    Parameters
    ----------
    rows : sequence of Overlaid
        One below the other; all with a picture or all without.
    opacity : float
        Of the strongest value of each map, 0..1; weaker ones are the more transparent.
    colormap : str, optional
        By default inferno, or RdBu where a map holds values below zero.
    titles : (str, str)
        Above the pictures, and above the maps.
    title : str, optional
        Above everything.
    notes : sequence of str
        Lines below everything, after the legend.
    size : float
        Inches across a picture.
    provenance : mapping, optional
        Where the values came from.

    Raises
    ------
    SelectionError
        When there is no row, a picture and its map differ in size, the opacity is not within 0..1
        or the colormap is unknown.
    """
    if not rows:
        raise SelectionError("an overlay without maps: give at least one")
    if not 0 <= opacity <= 1:
        raise SelectionError(f"an opacity of {opacity:g}: give one from 0 to 1, such as 0.6")
    planes = [np.asarray(row.values, np.float32) for row in rows]
    pictures = [_colours(row.picture, plane) for row, plane in zip(rows, planes, strict=True)]
    ends = [row.ends or span_for(plane) for row, plane in zip(rows, planes, strict=True)]
    signed = any(low < 0 for low, _ in ends)
    if signed:
        ends = [(-high, high) for _, high in ends]
    name = colormap or ("RdBu" if signed else "inferno")
    beside = all(picture is not None for picture in pictures)
    legend = [*_legend(opacity, signed=signed, beneath=beside), *_odd(planes), *notes]
    words = [[_short(line) for line in row.words] for row in rows]
    page = _Page.around(planes, words, legend, size, beside=beside, title=title or "")
    sheet = Sheet(page.width, page.height, name)
    if title:
        sheet.words(title, MARGIN, MARGIN + 0.08, 10)
    for column, said in enumerate(titles if beside else titles[1:]):
        left, top, wide, _ = page.box(0, column)
        sheet.fitted(said, left + wide / 2, top - 0.13, wide)
    for y, (plane, picture, pair) in enumerate(zip(planes, pictures, ends, strict=True)):
        if picture is not None:
            sheet.picture(picture, page.box(y, 0))
            sheet.frame(page.box(y, 0), linewidth=0.4)
        shown = page.box(y, int(beside))
        sheet.picture(_drawn(plane, picture, pair, opacity, name), shown)
        sheet.frame(shown, linewidth=0.4)
        _write_beside(sheet, page, y, words[y], pair, opacity if beside else None, name)
    for line, said in enumerate(legend):
        soft = sheet.colour(Place.INK_SOFT)
        sheet.words(said, MARGIN, page.below + (line + 0.5) * _LINE, 7.5, color=soft)
    drawn = {"opacity": opacity, "colormap": name, "ends": ends, "legend": legend}
    return Drawing(sheet.figure, {**(provenance or {}), **drawn})


@dataclass(frozen=True)
class _Page:
    """Where everything lies, in inches."""

    top: float
    wide: float
    tall: float
    step: float
    rows: int
    columns: int
    width: float
    lines: int

    @classmethod
    def around(
        cls,
        planes: Sequence[NDArray[np.float32]],
        words: Sequence[Sequence[str]],
        legend: Sequence[str],
        size: float,
        *,
        beside: bool,
        title: str,
    ) -> _Page:
        tall = size * float(np.clip(planes[0].shape[0] / planes[0].shape[1], 0.2, 2.5))
        most = max(len(lines) for lines in words)
        columns = 2 if beside else 1
        said = max((text_width(line, 8) for lines in words for line in lines), default=0.0)
        pictures = 2 * MARGIN + columns * (size + SPACE)
        lengths = [text_width(title, 10), *(text_width(line, 7.5) for line in legend)]
        return cls(
            top=MARGIN + TITLE * 0.9 * (1 + bool(title)),
            wide=size,
            tall=tall,
            step=max(tall, most * _LINE + _THICK + 0.4) + SPACE,
            rows=len(planes),
            columns=columns,
            width=max(pictures + max(said, BAR_WIDTH + 0.2) + 0.1, max(lengths) + 2 * MARGIN),
            lines=len(legend),
        )

    @property
    def below(self) -> float:
        return self.top + self.rows * self.step + 0.05

    @property
    def height(self) -> float:
        return self.below + self.lines * _LINE + MARGIN

    def box(self, y: int, x: int) -> Box:
        return MARGIN + x * (self.wide + SPACE), self.top + y * self.step, self.wide, self.tall

    def words_at(self, y: int) -> tuple[float, float]:
        left, top, _, _ = self.box(y, self.columns)
        return left + 0.05, top + 0.5 * _LINE


def _colours(picture: ArrayLike | None, plane: NDArray[np.float32]) -> Bytes | None:
    if picture is None:
        return None
    pixels = cell_of(picture).values
    if plane.ndim != 2 or pixels is None or pixels.ndim != 3 or pixels.shape[:2] != plane.shape:
        raise SelectionError(
            f"a map of shape {plane.shape} for a picture of shape {np.shape(picture)}: give a map "
            "(y, x) and a uint8 picture of the same height and width"
        )
    return np.asarray(pixels, np.uint8)


def _drawn(
    plane: NDArray[np.float32], picture: Bytes | None, ends: Ends, opacity: float, colormap: str
) -> Bytes:
    if picture is None:
        return np.asarray(full_palette(colormap)[_places(plane, ends)])
    # ITU-R 601, as pictures are made grey for networks.
    luma = np.rint(picture @ np.array([0.299, 0.587, 0.114], np.float32))
    return blended(luma[..., None], plane, ends, opacity, colormap)


def _write_beside(
    sheet: Sheet,
    page: _Page,
    y: int,
    words: Sequence[str],
    ends: Ends,
    opacity: float | None,
    colormap: str,
) -> None:
    left, top = page.words_at(y)
    for line, said in enumerate(words):
        sheet.words(said, left, top + line * _LINE, 8)
    at = top + (len(words) - 0.25) * _LINE
    if ends[0] == ends[1]:
        soft = sheet.colour(Place.INK_SOFT)
        sheet.words("nothing but zero to show", left, at + 0.25 * _LINE, 8, color=soft)
        return
    box = (left, at, BAR_WIDTH, _THICK)
    sheet.picture(_bar(ends, opacity, colormap), box)
    sheet.frame(box)
    below = at + _THICK + 0.1
    sheet.words(number(ends[0]), left, below, 7, ha="left")
    sheet.words(number(ends[1]), left + BAR_WIDTH, below, 7, ha="right")
    if ends[0] < 0:
        sheet.words("0", left + BAR_WIDTH / 2, below, 7, ha="center")


def _bar(ends: Ends, opacity: float | None, colormap: str) -> Bytes:
    """Draw a bar by the rule that drew the map: over white above, over black below."""
    steps = np.linspace(*ends, LEVELS, dtype=np.float32)[None].repeat(2, axis=0)
    if opacity is None:
        return np.asarray(full_palette(colormap)[_places(steps, ends)])
    ground = np.zeros((2, LEVELS, 3), np.uint8)
    ground[0] = 255
    return blended(ground, steps, ends, opacity, colormap)


def _legend(opacity: float, *, signed: bool, beneath: bool) -> list[str]:
    if not beneath:
        return ["each colour bar holds for the map to its left"]
    if opacity == 0:
        return ["opacity 0 %: the map is not shown"]
    low = "values near zero" if signed else "low values"
    end = "either end" if signed else "the high end"
    return [
        f"{low} are transparent: opacity rises from 0 % at zero to {100 * opacity:g} % at {end} "
        "of the map's own bar",
        "beneath the map the picture is grey; bars: upper half over white, lower half over black",
    ]


def _odd(planes: Sequence[NDArray[np.float32]]) -> list[str]:
    count = sum(int(np.count_nonzero(~np.isfinite(plane))) for plane in planes)
    return [f"{count:,} values are not a number or infinite: magenta, orange"] if count else []


def _short(line: str) -> str:
    if len(line) <= _LONGEST:
        return line
    return f"{line[: _LONGEST // 2]}…{line[-(_LONGEST // 2 - 1) :]}"
