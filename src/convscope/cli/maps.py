"""``convscope maps``: every feature map of every layer, one PNG a layer."""

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
    from convscope.views.maps import Maps

__all__ = ["maps"]


@opens_network
def maps(
    network: Network,
    *,
    images: Images,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Where to.")],
    chosen: LayerChoice = None,
    scale: Scale = "channel",
    colormap: Colormap = None,
    columns: Annotated[
        int | None, typer.Option(min=1, help="Maps per row; nearly square by default.")
    ] = None,
    zoom: Annotated[int, typer.Option(min=1, max=64, help="Pixels per unit.")] = 1,
    numbers: Annotated[
        bool, typer.Option("--numbers", help="Figures with each channel's number above its tile.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Write every feature map: one PNG a layer.

    The input as the network sees it and maps.json lie beside them. A saved picture still holds the
    levels of its maps, one unit to one pixel unless --zoom is given. With several images each gets
    a folder of its own.
    """
    from convscope.cli.printing import progress_bar, say_preparation
    from convscope.views import maps as view

    drawn = view.maps(
        network,
        images,
        chosen,
        scale=scale,
        colormap=colormap,
        columns=columns,
        zoom=zoom,
        numbers=numbers,
    )
    say_preparation(network, quiet=quiet)
    total = len(drawn) * len(drawn.images)
    with progress_bar("drawing", total, quiet=quiet) as advance:
        written = drawn.save(output, progress=lambda _: advance())
    if not quiet:
        _report(drawn, written, output)


def _report(drawn: Maps, written: list[Path], output: Path) -> None:
    for image, name in enumerate(drawn.images):
        blank: dict[str, int] = {}
        count = 0
        one = drawn.image(image)
        for layer in one:
            words = one.words(layer)
            count += len(words)
            for word in words:
                if word != "active":
                    blank[word] = blank.get(word, 0) + 1
        notes = ", ".join(f"{number:,} {word}" for word, number in blank.items())
        print(f"{name}: {count:,} maps of {len(one)} layers" + (f", {notes}" if notes else ""))
    print(f"{len(written)} files in {output}")
