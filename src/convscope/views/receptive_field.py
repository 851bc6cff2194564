"""A unit's view: the box on the image, and how much each pixel matters."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from convscope.analysis.receptive_field import ReceptiveField
from convscope.errors import SelectionError
from convscope.networks import Network
from convscope.views.input_picture import seen

if TYPE_CHECKING:
    from convscope.pictures.drawing import Drawing
    from convscope.pictures.sheet import Box, Sheet

__all__ = ["draw_field"]

_SIDE = 2.6
_COLORMAP = "inferno"
_EDGE = "#00c8ff"


def draw_field(network: Network, field: ReceptiveField, image: Any = None) -> Drawing:
    """Draw what a unit sees: the image with the box on it, and beside it the effective field.

    Parameters
    ----------
    network : Network
    field : ReceptiveField
        Of a layer over two axes of space.
    image : optional
        One image, as for `Network.activations`; without one, only the effective field is drawn.

    Raises
    ------
    SelectionError
        When there is nothing to draw: no image and no gradients, or an input that is no plane.
    """
    from convscope.pictures.drawing import Drawing
    from convscope.pictures.footer import colour_bar
    from convscope.pictures.sheet import BAR_HEIGHT, BAR_WIDTH, MARGIN, TITLE, Sheet, text_width

    picture = None if image is None else seen(network, network.batches(image)[0], 0)
    effective = None if field.effective is None else field.effective.values
    panels = [panel for panel in (picture, effective) if panel is not None]
    if not panels or (effective is not None and effective.ndim != 2):
        raise SelectionError(
            f"nothing of the field of {field.layer!r} can be drawn: give one image of a network "
            "that takes images"
        )
    tall = _SIDE * panels[0].shape[0] / panels[0].shape[1]
    title = f"{network.name}: {field}"
    words = "absolute gradient of the unit"
    width = 2 * MARGIN + len(panels) * (_SIDE + MARGIN)
    width = max(width, 2 * MARGIN + text_width(title, 9), BAR_WIDTH + text_width(words, 8) + 0.6)
    top = MARGIN + TITLE
    sheet = Sheet(
        width, top + tall + 0.15 + (BAR_HEIGHT if effective is not None else 0), _COLORMAP
    )
    sheet.words(title, MARGIN, MARGIN + 0.08, 9)
    left = MARGIN
    if picture is not None:
        pixels = np.broadcast_to(picture, (*picture.shape[:2], 3))
        _panel(sheet, pixels, field, (left, top, _SIDE, tall))
        left += _SIDE + MARGIN
    if effective is not None:
        largest = float(effective.max())
        places = np.rint(effective / (largest or 1.0) * 239).astype(np.uint8)
        _panel(sheet, places, field, (left, top, _SIDE, tall))
        bar = replace(colour_bar("fixed", False, (0.0, largest or 1.0)), words=words)
        sheet.bar(bar, MARGIN, top + tall + 0.15, BAR_WIDTH)
    return Drawing(
        sheet.figure,
        {
            "network": network.name,
            "layer": field.layer,
            "unit": list(field.unit),
            "box": None if field.box is None else [list(ends) for ends in field.box],
        },
    )


def _panel(sheet: Sheet, pixels: np.ndarray, field: ReceptiveField, place: Box) -> None:
    sheet.picture(pixels, place)
    if field.box is None or any(start == stop for start, stop in field.box):
        return
    left, top, width, height = place
    (y0, y1), (x0, x1) = field.box
    down, across = height / pixels.shape[0], width / pixels.shape[1]
    box = (left + x0 * across, top + y0 * down, (x1 - x0) * across, (y1 - y0) * down)
    sheet.frame(box, edgecolor=_EDGE, linewidth=1.5)
