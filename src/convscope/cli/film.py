"""``convscope film``: a training, as it saw the same images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from convscope.cli.options import Quiet

__all__ = ["film"]


def film(
    film: Annotated[
        str,
        typer.Argument(
            metavar="FILM", show_default=False, help="The folder that convscope.Film wrote."
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="A .gif file that moves, or a .png file with some frames side by side.",
        ),
    ],
    layer: Annotated[
        str | None,
        typer.Option(
            metavar="L",
            help="Name of a layer, or its place in the film; by default the first with maps in a "
            "plane.",
        ),
    ] = None,
    image: Annotated[
        int, typer.Option(metavar="I", help="Which of the film's images, from 0.")
    ] = 0,
    training: Annotated[
        bool,
        typer.Option(
            "--training",
            help="The maps as in a step of the training: batch normalization takes the statistics "
            "of the film's images, dropout drops.",
        ),
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Write how the maps of one layer came about while the network was trained.

    One scale holds for all frames; the step and the number of dead channels stand on each.
    """
    from convscope.cli.printing import say
    from convscope.training.film_pictures import check_suffix, film_pictures
    from convscope.training.opened_film import open_film

    check_suffix(output)
    opened = open_film(film)
    pictures = film_pictures(opened, layer, image, training=training)
    say(
        f"{len(opened.steps)} frames of {opened.network}, {len(opened)} layers, "
        f"{len(opened.images)} images: {pictures.layer} of {opened.images[pictures.image]}",
        quiet=quiet,
    )
    pictures.save(output)
    if not quiet:
        print(output)
