"""The table of a network's layers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from convscope.analysis.bias import bias_alone
from convscope.analysis.contributions import Books, books
from convscope.analysis.diagnosis import CONSTANT, count_words, diagnosis, reasons
from convscope.errors import SelectionError
from convscope.networks import Batch, Layer, Network, network_given
from convscope.views.contributions import contribution_rows
from convscope.views.look import drawable

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["layer_rows", "layers", "seen_rows", "size_note"]


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


def seen_rows(
    network: Network, image: Any, chosen: Sequence[Layer], target: Any = None
) -> tuple[list[dict[str, Any]], str]:
    """Say what layers make of one image, as plain values.

    Parameters
    ----------
    network : Network
    image
        One image, as for `Network.activations`.
    chosen : sequence of Layer
    target : None, int, str, pair or Target
        The score whose shares are given; see `Target`.

    Returns
    -------
    rows : list of dict
        ``diagnosis``, the count of channels by word, most frequent first; ``reasons``, more of
        the blank ones by channel; ``contribution``, what `contribution_rows` gives for that layer,
        or None where the score does not depend on it or the network gives no gradients.
    words : str
        What the score is; empty where there is none.
    """
    batches = network.batches(image)
    if len(batches) > 1 or len(batches[0].names) > 1:
        raise SelectionError("layers looks at one image: give one")
    activations = network.record(batches, chosen)
    kept = _books(network, batches, target)
    shares = {} if kept is None else {row["layer"]: row for row in contribution_rows(kept, 0, 3)}
    rows = []
    for layer in chosen:
        values, _ = drawable(activations.array(layer.name), layer)
        words = diagnosis(values, bounds=layer.bounds)
        bias = bias_alone(network, layer.name) if CONSTANT in words else None
        told = reasons(values, words, bounds=layer.bounds, bias=bias)
        rows.append(
            {
                "diagnosis": count_words(words),
                "reasons": {str(channel): said for channel, said in told.items()},
                "contribution": shares.get(layer.name),
            }
        )
    return rows, "" if kept is None else f"{kept.words[0]} = {kept.score[0]:.5g}"


def _books(network: Network, batches: Sequence[Batch], target: Any) -> Books | None:
    if not network.differentiable or (not network.heads and target is None):
        return None
    return books(network, batches, target)


def layers(network: Network) -> pd.DataFrame:
    """Give the table of a network's layers.

    Returns
    -------
    pandas.DataFrame
        One row a layer, indexed by name, with the columns of `layer_rows` and ``size``: why the
        maps have their size, from input size, kernel, stride and padding.
    """
    import pandas as pd

    rows = layer_rows(network_given(network).layers.values())
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
