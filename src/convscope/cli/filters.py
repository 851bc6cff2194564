"""``convscope filters``: what a layer has learnt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convscope.cli.options import Quiet, opens_network
from convscope.errors import SelectionError

if TYPE_CHECKING:
    from convscope.networks import Network

__all__ = ["filters"]


@opens_network
def filters(
    network: Network,
    *,
    layer: Annotated[str, typer.Option("--layer", metavar="L", help="Name or index of a layer.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="A .png, .pdf or .svg file.")
    ],
    channels: Annotated[
        str | None,
        typer.Option(metavar="WHICH", help="Indices and slices: 3,5,8 or 0:16."),
    ] = None,
    maximize: Annotated[
        bool, typer.Option("--maximize", help="The images that excite the channels most.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Where --maximize begins.")] = 0,
    quiet: Quiet = False,
) -> None:
    """Write what a layer has learnt: its kernels, or what excites its channels most.

    Kernels are coloured where the layer sees the image itself, else drawn one for each input
    channel; on one scale, with zero in the middle.
    """
    from convscope.analysis.maximisation import STEPS
    from convscope.cli.printing import progress_bar, say
    from convscope.pictures.drawing import check_suffix
    from convscope.views import filters as view

    check_suffix(output)
    first, count = view.first_channels(network, layer, maximize=maximize)
    chosen = first if channels is None else _chosen(channels, count)
    work = STEPS * len(chosen) if maximize else 0
    with progress_bar("maximising", work, quiet=quiet or not maximize) as advance:
        found = view.filters(network, layer, chosen, maximize=maximize, seed=seed, progress=advance)
    found.save(output)
    if channels is None and len(first) < count:
        say(
            f"channels 0 to {len(first) - 1} of {count}: choose others with --channels, such as "
            f"{len(first)}:{min(2 * len(first), count)}",
            quiet=quiet,
        )
    if not quiet:
        print(output)


def _chosen(text: str, count: int) -> list[int]:
    """Read a choice of channels; an index that does not exist is kept, to be complained of."""
    chosen: list[int] = []
    try:
        for part in text.split(","):
            if ":" in part:
                bounds = [int(bound) if bound.strip() else None for bound in part.split(":")]
                chosen += range(count)[slice(*bounds)]
            else:
                chosen.append(int(part))
    except (ValueError, TypeError):
        raise SelectionError(
            f"--channels {text!r} is no choice of channels: give indices and slices, such as 3,5,8 "
            "or 0:16"
        ) from None
    return list(dict.fromkeys(chosen))
