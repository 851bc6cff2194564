"""A heat map over the images as the network sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convscope.analysis.attribution import METHODS, Heatmap
from convscope.networks import Network
from convscope.views.input_picture import seen

if TYPE_CHECKING:
    from convscope.pictures.drawing import Drawing

__all__ = ["captions", "render"]

_CAPPED = ("saliency", "smoothgrad", "integrated-gradients")

OPACITY = 0.6
"""How opaque the strongest value of a map is, unless told otherwise."""


def render(
    network: Network,
    heatmap: Heatmap,
    *,
    opacity: float = OPACITY,
    colormap: str | None = None,
) -> Drawing:
    """Lay heat maps over their images, a row an image, with the image itself beside it.

    Parameters
    ----------
    network : Network
        The one that the heat map is of.
    heatmap : Heatmap
    opacity : float
        Of the strongest value of each map, 0..1; weaker ones are the more transparent.
    colormap : str, optional
        By default inferno, or RdBu around zero where there is evidence against the score as well.

    Returns
    -------
    Drawing
        Saved with ``.save("dog.png")``, as PNG, PDF or SVG. Where the network takes no images, the
        maps by themselves.

    Raises
    ------
    SelectionError
        For an opacity outside of 0..1, and an unknown colormap.
    """
    from convscope.pictures.overlay import Overlaid, overlay

    pictures = [
        seen(network, batch, image)
        for batch in heatmap.batches
        for image in range(len(batch.names))
    ]
    maps = heatmap.upsampled.values
    rows = [
        Overlaid(values, picture, _lines(heatmap, image), _ends(heatmap, values))
        for image, (values, picture) in enumerate(zip(maps, pictures, strict=True))
    ]
    place = f"{heatmap.method} of {heatmap.layer or 'the input'}"
    return overlay(
        rows,
        opacity=opacity,
        colormap=colormap,
        titles=("input", heatmap.method),
        title=f"{network.name}: {place}",
        notes=_notes(heatmap),
        provenance=_provenance(network, heatmap),
    )


def captions(heatmap: Heatmap) -> list[str]:
    """Say in one line an image what was explained and how: class, score, method, layer."""
    place = f"of {heatmap.layer}" if heatmap.layer else "of the input"
    size = " x ".join(map(str, heatmap.values.shape[1:]))
    lines = []
    for image, name in enumerate(heatmap.images):
        score, *gap = _lines(heatmap, image)[1:]
        said = ", ".join([score, f"{heatmap.method} {place} ({size})", *gap])
        lines.append(f"{name}: {said}")
    return lines


def _lines(heatmap: Heatmap, image: int) -> list[str]:
    words = heatmap.words[image]
    if heatmap.score is not None:
        words = f"{words} = {float(heatmap.score[image]):.4g}"
    lines = [heatmap.images[image], words]
    if heatmap.gap is not None:
        lines.append(f"completeness gap {float(heatmap.gap[image]):.2g}")
    return lines


def _ends(heatmap: Heatmap, values: np.ndarray) -> tuple[float, float] | None:
    """Let colours end where all but one in a hundred pixels do, if every pixel stands for itself.

    A few extreme pixels would leave the others without colour (Smilkov et al. 2017, section 3.1).
    """
    if heatmap.method not in _CAPPED or not np.isfinite(values).all():
        return None
    end = float(np.percentile(np.abs(values), 99))
    if not end:
        return None
    return (-end, end) if (values < 0).any() else (0.0, end)


def _notes(heatmap: Heatmap) -> list[str]:
    notes = []
    if heatmap.method in _CAPPED:
        notes.append("colours end at the 99th percentile of the magnitudes; beyond it they stay")
    given, shown = heatmap.values.shape[1:], heatmap.size
    if given != shown:
        sizes = [" x ".join(map(str, size)) for size in (given, shown)]
        notes.append(f"maps of {sizes[0]} units, enlarged to {sizes[1]} pixels (bilinear)")
    method = METHODS[heatmap.method]
    if method.rectified:
        notes.append("what speaks against the score is left out, as in the paper")
    elif bool(np.any(heatmap.values.values < 0)):
        notes.append("above zero: for the score; below zero: against it")
    return [*notes, f"{heatmap.method}: {heatmap.reference}"]


def _provenance(network: Network, heatmap: Heatmap) -> dict[str, Any]:
    return {
        "network": network.name,
        "images": list(heatmap.images),
        "method": heatmap.method,
        "layer": heatmap.layer,
        "explains": list(heatmap.words),
        "score": None if heatmap.score is None else heatmap.score.values.tolist(),
        "reference": heatmap.reference,
        "preparation": network.fed(heatmap.batches[0]),
    }
