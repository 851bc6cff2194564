"""``convscope layers``: the table of a network's layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convscope.cli.options import Json, LayerChoice, Quiet, opens_network

if TYPE_CHECKING:
    from convscope.networks import Layer, Network

__all__ = ["layers"]


@opens_network
def layers(
    network: Network, *, chosen: LayerChoice = None, json: Json = False, quiet: Quiet = False
) -> None:
    """Print the layers, and why each has its size.

    Name, operation, shape, parameters, and how much of the input a unit sees.
    """
    from convscope.cli.printing import print_json, print_table
    from convscope.views.layers import layer_rows, size_note

    selected = network.select(chosen)
    if json:
        print_json(layer_rows(selected))
        return
    rows = [
        (
            layer.index,
            layer.name,
            layer.operation,
            " x ".join("any" if size is None else str(size) for size in layer.shape),
            f"{layer.parameters:,}",
            _field(layer),
            size_note(network, layer),
        )
        for layer in selected
    ]
    columns = ("#", "layer", "operation", "channel x space", "parameters", "sees", "why this size")
    title = None if quiet else f"{network.name} ({network.source})"
    print_table(columns, rows, right=(0, 4), title=title)
    if not quiet:
        total, trainable = network.parameters
        for entry in network.inputs:
            print(f"input {entry.name}: array of shape {entry}")
        if network.preparation is not None:
            print(f"preparation of images: {network.preparation.describe()}")
        print(f"parameters: {total:,} in all, {trainable:,} trainable, {total - trainable:,} not")


def _field(layer: Layer) -> str:
    if layer.sees_everything:
        return "whole input"
    if layer.receptive_field is None:
        return ""
    return " x ".join(map(str, layer.receptive_field))
