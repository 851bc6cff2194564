"""Classes against layers: the mean map of each over all images of the class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from convscope.errors import InputError, SelectionError, near
from convscope.pictures.scale import Scale
from convscope.surveys.opened import Survey

if TYPE_CHECKING:
    from convscope.pictures.drawing import Drawing

__all__ = ["class_maps"]


def class_maps(
    survey: Survey,
    layers: Sequence[str] | None = None,
    *,
    channel: int | None = None,
    classes: Sequence[str] | None = None,
    scale: str = "channel",
    colormap: str | None = None,
) -> Drawing:
    """Draw what layers make of whole classes: a row a class, a column a layer.

    Parameters
    ----------
    survey : Survey
        One that kept maps by class, of `per_class`.
    layers : sequence of str, optional
        Of those; all by default.
    channel : int, optional
        Show this channel of every layer instead of the mean over the channels.
    classes : sequence of str, optional
        All by default.
    scale, colormap
        As for `convscope.compare`; ``layer`` spans a column, ``shared`` the whole table.

    Returns
    -------
    Drawing
        Saved with ``.save("means.png")``, as PNG, PDF or SVG.

    Raises
    ------
    InputError
        When no maps were kept by class.
    SelectionError
        When a layer's were not, or it has no such channel, or there is no such class.
    """
    from convscope.pictures.figures import table

    look = Scale.parse(scale)
    if not survey.plan.per_class:
        raise InputError(
            f"{survey.path} keeps no maps by class: survey again with --per-class WHICH"
        )
    chosen = tuple(survey.plan.per_class if layers is None else layers)
    rows = tuple(survey.classes if classes is None else classes)
    _check(chosen, survey.plan.per_class, "layer whose maps were kept by class")
    _check(rows, survey.classes, "class")
    places = [survey.classes.index(name) for name in rows]
    cells = [_column(survey, layer, channel, places) for layer in chosen]
    percent = (1, 99) if look.name == "robust" else (0, 100)
    ends = [tuple(np.nanpercentile(column, percent).tolist()) for column in cells]
    images = survey.read("class_images")[places]
    what = "mean over channels" if channel is None else f"channel {channel}"
    return table(
        [[column[row] for column in cells] for row in range(len(rows))],
        row_titles=list(rows),
        column_titles=list(chosen),
        scale=look,
        colormap=colormap,
        bounds=[ends] * len(rows) if look.name in {"layer", "robust"} else None,
        title=f"{survey.network}: {what}, mean of {images.min():,} to {images.max():,} images"
        if images.min() < images.max()
        else f"{survey.network}: {what}, mean of {images.min():,} images",
        provenance={
            "network": survey.network,
            "layers": list(chosen),
            "images": f"{int(images.sum())} of {survey.dataset}",
            "shows": f"{what}, mean over the class",
            "preparation": survey.plan.preparation,
        },
    )


def _column(
    survey: Survey, layer: str, channel: int | None, classes: Sequence[int]
) -> list[np.ndarray]:
    maps = survey[layer]["class_map"].to_numpy()
    if channel is not None and not 0 <= channel < len(maps):
        raise SelectionError(
            f"layer {layer!r} has no channel {channel}: its channels are 0 to {len(maps) - 1}"
        )
    shown = maps.mean(axis=0) if channel is None else maps[channel]
    return [np.asarray(shown[one]).reshape(-1, shown.shape[-1]) for one in classes]


def _check(given: Sequence[str], known: Sequence[str], what: str) -> None:
    for name in given:
        if name not in known:
            raise SelectionError(f"{name!r} is no {what}: {near(name, known)}")
