"""Everything that is known of a network before an image is seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convscope import __version__
from convscope.analysis.attribution import METHODS
from convscope.explorer.answers.film import LEFT_OUT, told_film
from convscope.explorer.answers.survey import survey
from convscope.explorer.arrays import Arrays
from convscope.explorer.opened import Opened
from convscope.explorer.planes import shape_of
from convscope.explorer.sources import Source, thumbnail
from convscope.explorer.words import WORDS
from convscope.networks import Head, Layer, Network
from convscope.networks.blocks import blocks
from convscope.networks.selection import named_layer
from convscope.pictures.colormap import full_palette
from convscope.training.filmed_network import FilmedNetwork
from convscope.views.layers import layer_rows

__all__ = ["network"]

COLORMAPS = ("paper", "viridis", "inferno", "magma", "plasma", "cividis", "gray", "RdBu")
# Beyond that a hand cannot draw what the network was trained on.
_WIDEST_DRAWN = 64


def network(
    opened: Opened, names: Sequence[str], sources: Sequence[Source], arrays: Arrays
) -> dict[str, Any]:
    """Describe a network: its layers, how they hang together, what it takes and gives."""
    one = opened.network
    preparation = one.preparation
    colours = preparation.channels if preparation else None
    size = preparation.size if preparation else None
    return {
        "name": one.name,
        "source": one.source,
        "kind": type(one).__name__,
        "network": opened.place,
        "networks": list(names),
        "parameters": list(one.parameters),
        "inputs": [
            {"name": entry.name, "shape": list(entry.shape), "dtype": entry.dtype}
            for entry in one.inputs
        ],
        "preparation": preparation.describe() if preparation else None,
        "takes_images": preparation is not None,
        "size": list(size) if size else None,
        "colours": colours,
        "draws": bool(colours == 1 and size and size[1] <= _WIDEST_DRAWN),
        "labels": list(one.labels),
        "outputs": [_output(one, head) for head in one.heads.values()],
        "differentiable": one.differentiable,
        **opened.once("layers", lambda: _fixed(opened)),
        "images": [
            {
                "name": source.name,
                "label": source.label,
                "class_name": source.class_name,
                "thumbnail": _picture(source, arrays),
            }
            for source in sources
        ],
        "film": told_film(opened),
        "left_out": list(LEFT_OUT) if isinstance(one, FilmedNetwork) else [],
        "survey": None if opened.surveyed is None else survey(opened.surveyed, arrays),
        "methods": [
            {
                "name": method.name,
                "of_layer": method.of_layer,
                "differentiates": method.differentiates,
                "scored": method.scored,
                "reference": method.reference,
            }
            for method in METHODS.values()
        ],
        "colormaps": list(COLORMAPS),
        "palettes": {name: arrays.add(full_palette(name), "uint8") for name in COLORMAPS},
        "words": list(WORDS),
        "live": True,
        "version": __version__,
    }


def _fixed(opened: Opened) -> dict[str, Any]:
    """Give what takes long to say of a large network, and never changes."""
    one = opened.network
    with opened.running():
        layers = _layers(one)
    return {
        "layers": layers,
        "blocks": [vars(block) for block in blocks(one)],
        "edges": _edges(one),
    }


def _layers(one: Network) -> list[dict[str, Any]]:
    rows = layer_rows(one.layers.values())
    for row, layer in zip(rows, one.layers.values(), strict=True):
        shape = shape_of(layer)
        computation = one.computation(layer.name)
        row |= {
            "shape": list(shape) if shape else None,
            "space": list(layer.space),
            "dims": list(layer.dims),
            "whole": layer.sees_everything,
            "inputs": None if layer.inputs is None else list(layer.inputs),
            "linear": layer.has_linear,
            "weights": computation is not None,
        }
    return rows


def _output(one: Network, head: Head) -> dict[str, Any]:
    layer: Layer = named_layer(one.layers, head.layer)
    classes = layer.channels
    if classes == 1 and head.activation == "sigmoid":
        classes = 2
    return {
        "name": head.output,
        "layer": head.layer,
        "activation": head.activation,
        "classes": classes,
    }


def _edges(one: Network) -> list[list[int]]:
    """Give the known edges between layers, by index; -1 stands for an input of the network."""
    layers = one.layers
    return [
        [layers[source].index if source in layers else -1, layer.index]
        for layer in layers.values()
        for source in dict.fromkeys(layer.inputs or ())
    ]


def _picture(source: Source, arrays: Arrays) -> dict[str, Any] | None:
    pixels = thumbnail(source)
    return None if pixels is None else arrays.add(pixels, "uint8")
