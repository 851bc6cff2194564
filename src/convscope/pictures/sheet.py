"""Sheet: one page measured in inches, on which maps, words and colour bars are put."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convscope.pictures.colormap import LEVELS, Place, full_palette
from convscope.pictures.footer import ColourBar

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "BAR_HEIGHT",
    "BAR_WIDTH",
    "MARGIN",
    "SPACE",
    "TITLE",
    "Box",
    "Sheet",
    "shortened",
    "text_width",
]

Box = tuple[float, float, float, float]
"""Left, top, width, height in inches from the top left of the sheet."""

BAR_HEIGHT = 0.5
"""Inches that a colour bar takes with its labels."""

BAR_WIDTH = 1.6
"""Inches that it is long, where it stands alone."""

MARGIN, SPACE, TITLE = 0.15, 0.08, 0.3
"""Inches at the edge of a sheet, between tiles, and for a line of title."""

_HATCHES = {
    "zero here": ("////", Place.ZERO),
    "silent": ("....", Place.SILENT),
    "dead": ("xxxx", Place.DEAD),
    "constant": ("----", Place.CONSTANT),
    "saturated": ("||||", Place.SATURATED),
    "muted": ("\\\\\\\\", Place.MUTED),
    "not a number": ("", Place.NAN),
}
_SMALLEST = 5.5


def text_width(words: str, size: float) -> float:
    """Estimate the width of words in inches; size in points."""
    return len(words) * size * 0.6 / 72


def shortened(words: str, room: float, size: float) -> str:
    """Leave out the middle of words that are longer than the room, in inches."""
    most = max(3, int(room / text_width("x", size)))
    if len(words) <= most + 1:
        return words
    return words[: most // 2] + "…" + words[len(words) - (most - most // 2 - 1) :]


class Sheet:
    """A page of a given size in inches; positions count from its top left corner.

    Everything lies in one axes, so that thousands of tiles cost little.
    """

    def __init__(self, width: float, height: float, colormap: str) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.width, self.height = width, height
        self.palette = full_palette(colormap)
        self.figure: Figure = Figure(figsize=(width, height), facecolor="white")
        FigureCanvasAgg(self.figure)
        self.axes = self.figure.add_axes((0, 0, 1, 1), frameon=False)
        self.axes.set(xlim=(0, width), ylim=(height, 0), xticks=[], yticks=[], autoscale_on=False)

    def colour(self, place: int) -> tuple[float, float, float]:
        """Give the colour of a palette place, 0..1."""
        red, green, blue = (float(part) / 255 for part in self.palette[place])
        return red, green, blue

    def picture(self, pixels: NDArray[np.uint8], box: Box) -> None:
        """Put pixels into a box: places (y, x), or colours (y, x, 3)."""
        left, top, width, height = box
        colours = self.palette[pixels] if pixels.ndim == 2 else pixels
        extent = (left, left + width, top + height, top)
        self.axes.imshow(colours, extent=extent, aspect="auto", interpolation="nearest")
        self.axes.set(xlim=(0, self.width), ylim=(self.height, 0))

    def exactly(self, pixels: NDArray[np.uint8], box: Box) -> None:
        """Put pixels into a box of as many pixels in print: none is left out or drawn twice."""
        left, top, width, height = box
        # Matplotlib 3.10 rounds sizes up: what floats leave above a pixel would be one more.
        self.picture(pixels, (left, top, width - 1e-9, height - 1e-9))
        # In PDF and SVG they are embedded as they are, not resampled to the page's pixels.
        self.axes.images[-1].set_interpolation("none")

    def frame(self, box: Box, place: int = Place.FRAME, **options: Any) -> None:
        """Draw the edge of a box."""
        from matplotlib.patches import Rectangle

        edge: dict[str, Any] = {"linewidth": 0.6, "edgecolor": self.colour(place)}
        options = {"fill": False, **edge, **options}
        self.axes.add_patch(Rectangle(box[:2], box[2], box[3], **options))

    def frames(self, boxes: Sequence[Box]) -> None:
        """Draw the edges of many boxes at once."""
        from matplotlib.collections import PatchCollection
        from matplotlib.patches import Rectangle

        edges = [Rectangle(box[:2], box[2], box[3]) for box in boxes]
        colour = self.colour(Place.FRAME)
        self.axes.add_collection(
            PatchCollection(edges, facecolor="none", edgecolor=colour, linewidth=0.4),
            autolim=False,
        )

    def words(self, words: str, x: float, y: float, size: float = 8, **options: Any) -> None:
        """Write a line of text at a place in inches."""
        options = {"color": self.colour(Place.INK), "va": "center"} | options
        # Underscores and dollars of layer names are themselves, not mathematics.
        self.axes.text(x, y, words, fontsize=size, parse_math=False, **options)

    def fitted(self, words: str, x: float, y: float, room: float, size: float = 8) -> None:
        """Write centred text as large as the room allows, shortened where nothing else helps."""
        size = max(_SMALLEST, min(size, size * room / max(text_width(words, size), 1e-9)))
        self.words(shortened(words, room, size), x, y, size, ha="center")

    def blank(self, word: str, box: Box) -> bool:
        """Mark a blank map with its hatch, and with its word if that fits; say whether it did."""
        pattern, place = _HATCHES.get(word, _HATCHES["constant"])
        ground = Place.NAN if word == "not a number" else Place.BLANK
        self.frame(
            box,
            place,
            fill=True,
            facecolor=self.colour(ground),
            hatch=pattern,
            linewidth=0,
        )
        size = min(8.0, 0.86 * 8 * box[2] / text_width(word, 8))
        if size < _SMALLEST or box[3] < 1.8 * size / 72:
            return False
        plain = {"boxstyle": "square,pad=0.25", "linewidth": 0, "facecolor": self.colour(ground)}
        self.words(word, box[0] + box[2] / 2, box[1] + box[3] / 2, size, ha="center", bbox=plain)
        return True

    def bar(self, bar: ColourBar, left: float, top: float, width: float) -> None:
        """Draw a colour bar with its numbers below it, and what it is true for to its right."""
        thick = 0.12
        steps = np.arange(LEVELS, dtype=np.uint8)[None]
        self.picture(steps, (left, top, width, thick))
        self.frame((left, top, width, thick))
        below = top + thick + 0.1
        self.words(bar.low, left, below, 7, ha="left")
        self.words(bar.high, left + width, below, 7, ha="right")
        at = left + bar.zero * width
        free = at - left > 0.1 + text_width(bar.low, 7)
        if bar.middle and free and left + width - at > 0.1 + text_width(bar.high, 7):
            ink = self.colour(Place.INK_SOFT)
            self.axes.plot([at, at], [top + thick, top + thick + 0.03], color=ink, linewidth=0.8)
            self.words(bar.middle, at, below, 7, ha="center")
        if bar.words:
            soft = self.colour(Place.INK_SOFT)
            self.words(bar.words, left + width + 0.1, top + thick / 2, 8, color=soft)

    def legend(
        self, entries: list[tuple[str, str]], left: float, top: float, size: float = 8
    ) -> None:
        """Explain marks: pairs of a diagnosis word and what to write beside its hatch."""
        for word, words in entries:
            box = (left, top, 0.2, 0.12)
            pattern, place = _HATCHES.get(word, _HATCHES["constant"])
            if word == "infinite":
                pattern, place = "", Place.INFINITE
            ground = place if not pattern else Place.BLANK
            self.frame(
                box, place, fill=True, facecolor=self.colour(ground), hatch=pattern * 2, linewidth=0
            )
            self.words(words, left + 0.26, top + 0.06, size)
            left += 0.26 + text_width(words, size) + 0.25
