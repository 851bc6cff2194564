"""Panels: mosaics and images as one figure of a paper, at its final size."""

from __future__ import annotations

import string
import textwrap
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convscope.arguments import flag, mapping, real, text, texts, told, whole
from convscope.errors import SelectionError
from convscope.pictures.cells import cell_of
from convscope.pictures.colormap import Place, full_palette
from convscope.pictures.column import column_inches
from convscope.pictures.drawing import Drawing
from convscope.pictures.picture import Picture
from convscope.pictures.sheet import BAR_WIDTH, Box, Sheet, shortened, text_width

__all__ = ["panels"]

# Points: Nature asks for letters of 8, bold, and for text of 5 to 7.
_LETTER, _TEXT, _FOOTER = 8.0, 7.0, 5.0
# Inches.
_BETWEEN, _ABOVE, _BAR, _LINE, _FOOTER_LINE = 0.14, 0.2, 0.33, 0.13, 0.085
_STRIP, _SHORTEST_BAR, _FRAME = 0.12, 0.9, 0.01
_DIGITS = 12


def panels(
    pictures: Sequence[Any],
    *,
    width: str | float = "single",
    columns: int | None = None,
    letters: str = "a",
    titles: Sequence[str] | None = None,
    footer: bool = False,
    dpi: int = 300,
    provenance: Mapping[str, Any] | None = None,
) -> Drawing:
    """Draw mosaics and images as the panels of one figure, at the size that it has in print.

    Text is 7 points, and text in PDF and SVG. A unit of a map is a whole number of pixels, and so
    is one of an image, so that nothing is interpolated; what that leaves of a panel's width stays
    free.

    Parameters
    ----------
    pictures : sequence of Picture or array
        What `convscope.mosaic` and `convscope.maps` give; images as uint8 arrays (y, x) or
        (y, x, 3).
    width : str or float
        Of the figure: ``"single"`` (83 mm) or ``"double"`` (174 mm), which fit the columns of
        Nature, IEEE, Elsevier, Springer and CVPR alike; ``"89 mm"``, ``"8.9 cm"``, ``"3.5 in"``,
        ``"252 pt"`` (of TeX); a number alone is inches.
    columns : int, optional
        Panels in a row; by default all that are, up to two, under ``"double"`` up to four.
    letters : {"a", "A", ""}
        What stands bold at the top left of each panel: a, b, c; A, B, C; nothing.
    titles : sequence of str, optional
        Beside the letters; by default the pictures' own.
    footer : bool
        Whether a line at the bottom says by hashes which network and images these are, from
        `provenance`; the whole hashes are written into the file in any case.
    dpi : int
        Pixels an inch, for which units are whole numbers of pixels; what `Drawing.save` uses.
    provenance : mapping, optional
        Where all this came from, such as what `Network.provenance` gives.

    Returns
    -------
    Drawing
        Saved as ``.pdf``, ``.svg`` or ``.png``, with its provenance inside.

    Raises
    ------
    SelectionError
        When a panel has more units than its width has pixels, there is none, titles are not one a
        panel, or the figure has no footer to write.
    """
    inches, dots = column_inches(width), real(dpi, "dpi", above=0)
    if provenance is not None:
        mapping(provenance, "provenance")
    signs = _signs(letters)
    if not isinstance(pictures, Sequence | np.ndarray) or isinstance(pictures, str | bytes):
        raise SelectionError(f"pictures {told(pictures)}: give a list of pictures")
    if not len(pictures):
        raise SelectionError("pictures []: give at least one")
    if columns is None:
        columns = min(len(pictures), 4 if width == "double" else 2)
    columns = min(whole(columns, "columns", 1, what="panels in a row"), len(pictures))
    names = [picture.title if isinstance(picture, Picture) else "" for picture in pictures]
    names = names if titles is None else texts(titles, "titles")
    if len(names) != len(pictures):
        raise SelectionError(f"{len(names)} titles for {len(pictures)} panels: give one for each")
    foot = ["", *_footer(provenance or {}, inches)] if flag(footer, "footer") else []
    across = (inches - _BETWEEN * (columns - 1)) / columns
    room = int(across * dots)
    found = [_Panel.of(picture, room, dots, place) for place, picture in enumerate(pictures)]
    above = _ABOVE if any(names) or letters else 0.0
    rows = [found[start : start + columns] for start in range(0, len(found), columns)]
    heights = [above + max(one.tall + one.below for one in row) for row in rows]
    whole_height = sum(heights) + _BETWEEN * (len(rows) - 1) + _FOOTER_LINE * len(foot)
    # Pixels count from the bottom: with a part of one, all pictures would lie between pixels.
    height = np.ceil(whole_height * dots) / dots
    sheet = Sheet(inches, float(height), "gray")
    top = 0.0
    for place, one in enumerate(found):
        row, column = divmod(place, columns)
        left = round(column * (across + _BETWEEN) * dots) / dots
        top = sum(heights[:row]) + _BETWEEN * row
        _heading(sheet, signs(place), names[place], (left, top, across, above))
        one.draw(sheet, left, round((top + above) * dots) / dots, across)
    for place, line in enumerate(foot):
        at = height - _FOOTER_LINE * (len(foot) - place - 0.5)
        sheet.words(line, 0.0, at, _FOOTER, color=sheet.colour(Place.INK_SOFT))
    said = [one.picture.full_provenance() if one.picture else {} for one in found]
    told_of = {
        "width_mm": round(inches * 25.4, 3),
        "dpi": dots,
        "pixels_a_unit": [one.zoom for one in found],
        "panels": said,
        "titles": list(names),
    }
    return Drawing(sheet.figure, {**(provenance or {}), **told_of}, dots)


@dataclass(frozen=True, eq=False)
class _Panel:
    """One panel: its pixels, and what stands below them.

    Attributes
    ----------
    picture : Picture or None
        None for an image.
    pixels : ndarray of uint8
        Palette places (y, x), or colours (y, x, 3), as many as are printed.
    zoom : int
        Pixels of a unit.
    dots : float
        Pixels an inch.
    lines : tuple of str
        What the colour bar is true for.
    marks : tuple of (str, str)
        The words of blank maps, and what is said of each.
    """

    picture: Picture | None
    pixels: NDArray[np.uint8]
    zoom: int
    dots: float
    lines: tuple[str, ...] = ()
    marks: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, given: Any, room: int, dots: float, place: int) -> _Panel:
        """Enlarge a panel to as many whole pixels a unit as its room has."""
        if not isinstance(given, Picture):
            cell = cell_of(given)
            if cell.values is None or cell.is_map:
                raise SelectionError(
                    f"panel {place + 1} of pictures {told(given)}: give what convscope.mosaic "
                    "draws, or an image as uint8"
                )
            zoom = _zoom(cell.values.shape[1], room, dots, place)
            return cls(None, cell.values.repeat(zoom, axis=0).repeat(zoom, axis=1), zoom, dots)
        zoom = _zoom(given.tiling.shape[1], room, dots, place)
        by_y, by_x = given.tiling.zooms(zoom)
        if given.tiling.strip:
            # Its height means nothing, and is the same in print whatever the resolution.
            by_y = max(1, round(_STRIP * dots / given.tiling.height))
        pixels = given.levels.repeat(by_y, axis=0).repeat(by_x, axis=1)
        letters = max(8, int(room / dots / text_width("x", _TEXT)))
        counts = Counter(given.words[channel] for channel in np.flatnonzero(given.blank))
        marks = [(word, f"{count} {word}") for word, count in counts.items()]
        if given.nan_count:
            marks.append(("not a number", f"{given.nan_count:,} units are not a number"))
        if given.infinite_count:
            marks.append(("infinite", f"{given.infinite_count:,} units are infinite"))
        lines = tuple(textwrap.wrap(given.bar.words, letters))
        return cls(given.zoomed(zoom), pixels, zoom, dots, lines, tuple(marks))

    @property
    def wide(self) -> float:
        return float(self.pixels.shape[1] / self.dots)

    @property
    def tall(self) -> float:
        return float(self.pixels.shape[0] / self.dots)

    @property
    def below(self) -> float:
        """Inches of the colour bar and the words."""
        if self.picture is None:
            return 0.0
        return _BAR + _LINE * (len(self.lines) + len(self.marks)) + 0.03 * bool(self.marks)

    def _bar(self, across: float) -> float:
        return min(BAR_WIDTH, across - 2 * _FRAME, max(self.wide, _SHORTEST_BAR))

    def draw(self, sheet: Sheet, left: float, top: float, across: float) -> None:
        """Draw it with its top left corner on a pixel."""
        if self.picture is not None:
            sheet.palette = full_palette(self.picture.colormap)
        sheet.exactly(self.pixels, (left, top, self.wide, self.tall))
        if self.picture is None:
            return
        for channel in np.flatnonzero(self.picture.blank).tolist():
            y0, x0, y1, x1 = (
                end / self.dots for end in self.picture.tiling.box(channel, self.zoom)
            )
            sheet.blank(self.picture.words[channel], (left + x0, top + y0, x1 - x0, y1 - y0))
        at = top + self.tall + 0.06
        sheet.bar(replace(self.picture.bar, words=""), left + _FRAME, at, self._bar(across))
        at += _BAR
        for line in self.lines:
            sheet.words(line, left, at, _TEXT, color=sheet.colour(Place.INK_SOFT))
            at += _LINE
        for mark in self.marks:
            sheet.legend([mark], left, at - _LINE / 2, _TEXT)
            at += _LINE


def _zoom(units: int, room: int, dots: float, place: int) -> int:
    if units > room:
        raise SelectionError(
            f"panel {place + 1} is {units:,} units wide and has {room:,} pixels at {dots:g} dpi: "
            "give fewer panels or tiles in a row, a greater width, or more dpi"
        )
    return room // units


def _signs(letters: str) -> Callable[[int], str]:
    if text(letters, "letters") not in {"a", "A", ""}:
        raise SelectionError(f"letters {told(letters)}: one of: 'a', 'A', ''")
    names = {"a": string.ascii_lowercase, "A": string.ascii_uppercase}.get(letters, "")

    def sign(place: int) -> str:
        before, last = divmod(place, 26)
        return (names[before - 1] if before else "") + names[last] if names else ""

    return sign


def _heading(sheet: Sheet, sign: str, title: str, box: Box) -> None:
    left, top, across, _ = box
    start = 0.0
    if sign:
        sheet.words(sign, left, top + 0.09, _LETTER, weight="bold")
        start = text_width(sign, _LETTER) + 0.08
    if title:
        words = shortened(" ".join(title.split()), across - start, _TEXT)
        sheet.words(words, left + start, top + 0.09, _TEXT)


def _footer(provenance: Mapping[str, Any], inches: float) -> list[str]:
    """Say in small lines which network and images these are."""
    parts = []
    if "fingerprint" in provenance:
        name = provenance.get("network", "network")
        parts.append(f"{name} {str(provenance['fingerprint'])[:_DIGITS]}")
    for image in provenance.get("images", ()):
        if isinstance(image, Mapping) and "sha256" in image:
            parts.append(f"{image.get('name', 'image')} {str(image['sha256'])[:_DIGITS]}")
    if not parts:
        raise SelectionError(
            "footer True: there are no hashes to write: give provenance=network.provenance(images)"
        )
    version = provenance.get("convscope")
    said = "SHA-256: " + ", ".join(parts) + (f"; Convscope {version}" if version else "")
    return textwrap.wrap(said, max(20, int(inches / text_width("x", _FOOTER))))
