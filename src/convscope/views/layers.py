"""The table of a network's layers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from convscope.networks import Layer, Network

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["layer_rows", "layers", "size_note"]


def layer_rows(chosen: Iterable[Layer]) -> list[dict[str, Any]]:
    """Describe layers as plain values, ready for JSON.

    Returns
    -------
    list of dict
        ``index, name, kind, operation, shape, parameters, trainable, receptive_field, composite``:
        ``shape`` without the image axis in the order of the dims, None where it depends on the
        input; ``receptive_field`` its size ``[y, x]`` or None; ``trainable`` the number of
        parameters that training changes.
    """
    return [
        {
            "index": layer.index,
            "name": layer.name,
            "kind": layer.kind,
            "operation": layer.operation,
            "shape": list(layer.shape),
            "parameters": layer.parameters,
            "trainable": layer.trainable,
            "receptive_field": None
            if layer.receptive_field is None
            else list(layer.receptive_field),
            "composite": layer.composite,
        }
        for layer in chosen
    ]


def layers(network: Network) -> pd.DataFrame:
    """Give the table of a network's layers.

    Returns
    -------
    pandas.DataFrame
        One row a layer, indexed by name, with the columns of `layer_rows` and ``size``: why the
        maps have their size, from input size, kernel, stride and padding.
    """
    import pandas as pd

    rows = layer_rows(network.layers.values())
    for row, layer in zip(rows, network.layers.values(), strict=True):
        row["size"] = size_note(network, layer)
    return pd.DataFrame(rows).set_index("name")


def size_note(network: Network, layer: Layer) -> str:
    """Say why the maps of a layer have their size.

    Returns
    -------
    str
        ``(28 - 2 + 0)/1 + 1 = 27``; for both axes where they differ; empty for layers that keep
        the size or have no window.
    """
    geometry = layer.geometry
    if geometry is None or geometry.is_pointwise or not layer.inputs:
        return ""
    space = _space_of(network, layer.inputs[0])
    if not space or None in space:
        return ""
    sizes = [int(size or 0) for size in space]
    notes = [geometry.size_formula(sizes, axis) for axis in range(len(sizes))]
    if len(set(notes)) == 1:
        return notes[0]
    words = layer.dims[1:]
    return "; ".join(f"{word}: {note}" for word, note in zip(words, notes, strict=True))


def _space_of(network: Network, name: str) -> tuple[int | None, ...]:
    if name in network.layers:
        return network.layers[name].space
    entry = next(entry for entry in network.inputs if entry.name == name)
    return entry.shape[1:] if entry.channels_first else entry.shape[:-1]
