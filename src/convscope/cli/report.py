"""``convscope report``: the explorer as one page that works offline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convscope.cli.options import Images, Lesson, Quiet, opens_network

if TYPE_CHECKING:
    from convscope.networks import Network

__all__ = ["report"]


@opens_network
def report(
    network: Network,
    *,
    images: Images,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="A file that ends in .html.")
    ],
    survey: Annotated[
        str | None,
        typer.Option(metavar="STORE.zarr", help="A survey of the network, without its images."),
    ] = None,
    lesson: Lesson = None,
    quiet: Quiet = False,
) -> None:
    """Write the explorer as one page that works offline, from the disk.

    It holds every map of every layer for these images. What needs the network itself, such as
    muting, the page says in its place.
    """
    from convscope.cli.printing import progress_share, say_preparation
    from convscope.explorer.report import report as written

    with progress_share("writing", quiet=quiet) as progress:
        path = written(network, images, output, survey=survey, lessons=lesson, progress=progress)
    say_preparation(network, quiet=quiet)
    if not quiet:
        print(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
