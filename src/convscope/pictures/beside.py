"""Mosaics beside each other, each with its own colours and colour bar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from convscope.arguments import mapping, text, texts, told
from convscope.errors import SelectionError
from convscope.pictures.colormap import full_palette
from convscope.pictures.drawing import Drawing
from convscope.pictures.picture import Picture, picture_given
from convscope.pictures.sheet import BAR_HEIGHT, BAR_WIDTH, MARGIN, TITLE, Sheet, text_width

__all__ = ["beside"]

# Inches.
_BETWEEN, _WIDE = 0.3, 3.6
_HIGHEST = 12.0


def beside(
    pictures: Sequence[Picture],
    *,
    titles: Sequence[str] | None = None,
    spans: Sequence[str] | None = None,
    title: str | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> Drawing:
    """Draw mosaics side by side, equally wide, each above its own colour bar.

    Parameters
    ----------
    pictures : sequence of Picture
    titles : sequence of str, optional
        Above each; by default their own.
    spans : sequence of str, optional
        What each colour bar is true for, in words; by default what the picture says.
    title : str, optional
        Above everything.
    provenance : mapping, optional
        Where the values came from; what each picture says of itself is kept under ``pictures``.

    Raises
    ------
    SelectionError
        When there is no picture, or titles or spans are not one a picture.
    """
    if not isinstance(pictures, Sequence) or not pictures:
        raise SelectionError(f"pictures {told(pictures)}: give a list of at least one picture")
    for picture in pictures:
        picture_given(picture, "pictures")
    if title is not None:
        text(title, "title")
    if provenance is not None:
        mapping(provenance, "provenance")
    bars = [picture.bar for picture in pictures]
    names = [picture.title for picture in pictures] if titles is None else texts(titles, "titles")
    words = [bar.words for bar in bars] if spans is None else texts(spans, "spans")
    for kind, given in (("titles", names), ("spans", words)):
        if len(given) != len(pictures):
            raise SelectionError(
                f"{len(given)} {kind} for {len(pictures)} pictures: give one for each"
            )
    bars = [replace(bar, words=said) for bar, said in zip(bars, words, strict=True)]
    colours = [_colours(picture) for picture in pictures]
    wide = min(_WIDE, *(_HIGHEST * part.shape[1] / part.shape[0] for part in colours))
    room = [max(wide, BAR_WIDTH + 0.1 + text_width(bar.words, 8)) for bar in bars]
    tall = max(wide * part.shape[0] / part.shape[1] for part in colours)
    top = MARGIN + TITLE * bool(title) + TITLE
    width = max(sum(room) + _BETWEEN * (len(room) - 1), text_width(title or "", 10)) + 2 * MARGIN
    sheet = Sheet(width, top + tall + 0.15 + BAR_HEIGHT, pictures[0].colormap)
    if title:
        sheet.words(title, MARGIN, MARGIN + 0.08, 10)
    left = MARGIN
    for picture, part, name, bar, across in zip(pictures, colours, names, bars, room, strict=True):
        sheet.fitted(name, left + wide / 2, top - 0.13, across)
        high = wide * part.shape[0] / part.shape[1]
        sheet.picture(part, (left, top, wide, high))
        sheet.palette = full_palette(picture.colormap)
        sheet.bar(bar, left, top + tall + 0.12, min(BAR_WIDTH, wide))
        left += across + _BETWEEN
    kept = [picture.full_provenance() for picture in pictures]
    return Drawing(sheet.figure, {**(provenance or {}), "titles": names, "pictures": kept})


def _colours(picture: Picture) -> np.ndarray:
    """Give the tiles with enough pixels that the marks of blank ones can be told apart."""
    return picture.zoomed(max(1, -(-600 // picture.tiling.shape[1]))).colours()
