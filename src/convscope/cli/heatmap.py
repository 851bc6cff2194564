"""``convscope heatmap``: where in an image a score comes from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convscope.cli.options import Images, Quiet, opens_network

if TYPE_CHECKING:
    from convscope.networks import Network

__all__ = ["heatmap"]


@opens_network
def heatmap(
    network: Network,
    *,
    images: Images,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="A .png, .pdf or .svg file.")
    ],
    target: Annotated[
        str | None,
        typer.Option(
            metavar="CLASS", help="Class by index or name; each image's own best by default."
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(metavar="CLASS", help="Explain the difference to this class."),
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="grad-cam, grad-cam++, hires-cam, layer-cam, eigen-cam, score-cam, ablation-cam, "
            "saliency, smoothgrad, integrated-gradients or occlusion.",
        ),
    ] = "grad-cam",
    layer: Annotated[
        str | None,
        typer.Option(
            metavar="L",
            help="Layer by name or index; the last one with maps before the scores by default.",
        ),
    ] = None,
    opacity: Annotated[
        float, typer.Option(min=0, max=1, metavar="X", help="Of the strongest value, 0 to 1.")
    ] = 0.6,
    colormap: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Any colormap; inferno by default, RdBu for values of both signs.",
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Lay Grad-CAM, or another method of its kind, over images.

    A row an image. What was explained is printed: the class, its score, the method and the layer.
    """
    from convscope.analysis.attribution import heatmap as explained
    from convscope.analysis.target import Target
    from convscope.cli.printing import progress_share, say_preparation
    from convscope.pictures.colormap import palette
    from convscope.views.heatmap import captions, render

    if colormap is not None:
        palette(colormap)
    asked = None if target is None and against is None else Target(target, against)
    with progress_share(method, quiet=quiet) as progress:
        found = explained(network, images, asked, method, layer, progress=progress)
    render(network, found, opacity=opacity, colormap=colormap).save(output)
    say_preparation(network, quiet=quiet)
    if not quiet:
        print(*captions(found), output, sep="\n")
