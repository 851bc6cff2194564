"""``convscope maps``: every feature map of every layer, one PNG a layer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from convscope.cli.options import (
    Colormap,
    Images,
    LayerChoice,
    Mute,
    MuteTo,
    Quiet,
    Scale,
    Solo,
    Target,
    opens_network,
    silenced,
    target_of,
)

if TYPE_CHECKING:
    from convscope.analysis.muting import MutedNetwork
    from convscope.inputs.images import Image
    from convscope.inputs.samples import Sample
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
    sort: Annotated[
        str,
        typer.Option(metavar="BY", help="Order of the tiles: index, contribution, mean, maximum."),
    ] = "index",
    target: Target = None,
    mute: Mute = None,
    solo: Solo = None,
    mute_to: MuteTo = "zero",
    quiet: Quiet = False,
) -> None:
    """Write every feature map: one PNG a layer.

    The input as the network sees it and maps.json lie beside them. A saved picture still holds the
    levels of its maps, one unit to one pixel unless --zoom is given. Volumes are slices and their
    maximum projection, signals a heat strip and lines. With several images each gets a folder of
    its own.
    """
    from convscope.cli.printing import progress_bar, say_preparation
    from convscope.views import maps as view
    from convscope.views.map_files import folder_names

    pictures = network.read(images)
    muted = silenced(network, images, mute, solo, mute_to)
    names = folder_names([picture.name for picture in pictures])
    # One image after the other, so that memory does not grow with their number; a shared scale
    # has to know them all.
    together = len(pictures) == 1 or scale == "shared"
    groups = [pictures] if together else [[picture] for picture in pictures]
    files = 0
    for place, group in enumerate(groups):
        drawn = view.maps(
            muted or network,
            group,
            chosen,
            scale=scale,
            colormap=colormap,
            columns=columns,
            zoom=zoom,
            numbers=numbers,
            sort=sort,
            target=target_of(target, network),
        )
        if place == 0:
            say_preparation(network, quiet=quiet)
        folder = output if together else output / names[place]
        with progress_bar(group[0].name, len(drawn) * len(group), quiet=quiet) as advance:
            files += len(drawn.save(folder, progress=lambda _, advance=advance: advance()))
        if not quiet:
            _report(drawn)
            if muted:
                _report_changes(muted, group)
    if not quiet:
        print(f"{files} files in {output}")


def _report(drawn: Maps) -> None:
    for image, name in enumerate(drawn.images):
        counts = drawn.image(image).counts()
        total = sum(counts.values())
        blank = [f"{count:,} {word}" for word, count in counts.items() if word != "active"]
        print(", ".join([f"{name}: {total:,} maps of {len(drawn)} layers", *blank]))


def _report_changes(muted: MutedNetwork, images: list[Image | Sample]) -> None:
    from convscope.analysis.effect import effect

    found = effect(muted, images)
    for place, image in enumerate(images):
        before, after = (_best(muted, output[place]) for output in (found.before, found.after))
        changed = ", ".join(
            f"{layer} {change[place]:.1%}" for layer, change in found.changes.items()
        )
        print(f"{image.name}: {before} became {after}; changed: {changed}")


def _best(network: Network, output: Any) -> str:
    from convscope.views.predictions import best_classes

    (best,) = best_classes(network, output, 1)
    return f"{best['label'] or best['index']} {best['score']:.4f}"
