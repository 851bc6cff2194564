"""``convscope layers``: the table of a network's layers, and what they make of an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from convscope.cli.options import Json, LayerChoice, Quiet, Target, opens_network, target_of

if TYPE_CHECKING:
    from convscope.networks import Layer, Network

__all__ = ["layers"]


@opens_network
def layers(
    network: Network,
    *,
    chosen: LayerChoice = None,
    image: Annotated[
        str | None,
        typer.Option(
            metavar="IMAGE",
            help="Count the blank maps of each layer on this image, and say what its maps "
            "contribute to the class score.",
        ),
    ] = None,
    target: Target = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Print the layers, and why each has its size.

    Name, operation, shape, parameters, and how much of the input a unit sees.
    """
    from convscope.cli.printing import print_json, print_table
    from convscope.views.layers import layer_rows, seen_rows, size_note

    selected = network.select(chosen)
    rows = layer_rows(selected)
    explained = ""
    if image is not None:
        seen, explained = seen_rows(network, image, selected, target_of(target, network))
        rows = [{**row, **more} for row, more in zip(rows, seen, strict=True)]
    if json:
        print_json(rows)
        return
    columns = ["#", "layer", "operation", "channel x space", "parameters", "sees", "why this size"]
    table = [
        [
            layer.index,
            layer.name,
            layer.operation,
            " x ".join("any" if size is None else str(size) for size in layer.shape),
            f"{layer.parameters:,}",
            _field(layer),
            size_note(network, layer),
        ]
        for layer in selected
    ]
    if image is not None:
        columns[-1:] = ["blank maps", "contribution", "of the strongest maps"]
        table = [[*line[:-1], *_seen(row)] for line, row in zip(table, rows, strict=True)]
    title = None if quiet else f"{network.name} ({network.source})"
    print_table(columns, table, right=(0, 4, *([7] if image else [])), title=title)
    if not quiet:
        _say_more(network)
        if explained:
            print(f"contribution: the share of a layer's maps in the {explained}")


def _field(layer: Layer) -> str:
    if layer.sees_everything:
        return "whole input"
    if layer.receptive_field is None:
        return ""
    return " x ".join(map(str, layer.receptive_field))


def _seen(row: dict[str, Any]) -> list[str]:
    counts = row["diagnosis"]
    blank = ", ".join(f"{count:,} {word}" for word, count in counts.items() if word != "active")
    found = row["contribution"]
    if found is None:
        return [blank, "", ""]
    strongest = "  ".join(f"{one['index']}: {one['share']:+.3g}" for one in found["channels"])
    return [blank, f"{found['maps']:+.4g}", strongest]


def _say_more(network: Network) -> None:
    total, trainable = network.parameters
    for entry in network.inputs:
        print(f"input {entry.name}: array of shape {entry}")
    if network.preparation is not None:
        print(f"preparation of images: {network.preparation.describe()}")
    print(f"parameters: {total:,} in all, {trainable:,} trainable, {total - trainable:,} not")
