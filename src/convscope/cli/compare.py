"""``convscope compare``: images against layers, as one table of pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convscope.cli.options import (
    Colormap,
    Images,
    LayerChoice,
    Quiet,
    Scale,
    opens_network,
)

if TYPE_CHECKING:
    from convscope.networks import Network

__all__ = ["compare"]


@opens_network
def compare(
    network: Network,
    *,
    images: Images,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="A .png, .pdf or .svg file.")
    ],
    chosen: LayerChoice = None,
    channel: Annotated[
        int | None, typer.Option(metavar="C", help="Show this channel of every layer.")
    ] = None,
    mean: Annotated[bool, typer.Option("--mean", help="Show the mean over the channels.")] = False,
    scale: Scale = "channel",
    colormap: Colormap = None,
    input: Annotated[
        bool, typer.Option("--input/--no-input", help="Begin every row with the input.")
    ] = True,
    titles: Annotated[
        str | None,
        typer.Option(metavar="A,B,...", help="Titles of the rows; classes or names by default."),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Write a table of pictures: images x layers.

    A row an image, a column a layer, for one channel or the mean over channels. One forward pass
    for all images.
    """
    from convscope.cli.printing import say_preparation
    from convscope.views import compare as view

    given = None if titles is None else [title.strip() for title in titles.split(",")]
    figure = view.compare(
        network,
        images,
        chosen,
        channel=channel,
        mean=mean,
        scale=scale,
        colormap=colormap,
        input=input,
        titles=given,
    )
    figure.save(output)
    say_preparation(network, quiet=quiet)
    if not quiet:
        print(output)
