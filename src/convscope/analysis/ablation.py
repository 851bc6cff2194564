"""What muting each channel of a layer costs a class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from convscope.analysis.target import Aim, aim
from convscope.analysis.units import channels_of
from convscope.errors import SelectionError
from convscope.networks import Batch, Edit, Network, network_given
from convscope.networks.selection import named_layer

if TYPE_CHECKING:
    import xarray

__all__ = ["ablation"]

# Rows that pass through the network at once, each with another channel muted. More gain little and
# cost memory; the activations of so many images of 224 x 224 pixels are a gigabyte or two.
_ROWS = 16


def ablation(
    network: Network,
    images: Any,
    layer: str,
    target: Any = None,
    *,
    channels: Sequence[int] | None = None,
) -> xarray.DataArray:
    """Rank the channels of a layer by what muting each costs the target class.

    Every channel is set to zero by itself, several in one pass of the network.

    Parameters
    ----------
    network : Network
    images
        As for `Network.activations`.
    layer : str
        A layer with channels, or a linear part.
    target : None, int, str, pair or Target
        The score; see `Target`. By default the class that the network gives each image.
    channels : sequence of int, optional
        Which channels; all by default.

    Returns
    -------
    xarray.DataArray
        Dims ``image, channel``, where not all channels are meant with their numbers as the
        coordinate ``channel``: the score less the score with that channel at zero. Positive where
        the channel speaks for the class. The attributes name layer, score (``words``) and the
        scores of the whole network (``score``).

    Raises
    ------
    SelectionError
        For a layer without channels, or a channel or class that does not exist.
    """
    import xarray

    network_given(network)
    entry = named_layer(network.layers, layer)
    count = entry.channels
    if count is None or not entry.has_image_axis:
        raise SelectionError(
            f"layer {layer!r} has no channels to mute: its axes are {', '.join(entry.dims)}"
        )
    chosen = channels_of(entry, count, range(count) if channels is None else channels)
    rows: list[np.ndarray] = []
    scores: list[float] = []
    words: list[str] = []
    names: list[str] = []
    for batch in network.batches(images):
        aimed = aim(network, batch, target)
        whole = _scores(network, batch, aimed, {})
        for image in range(len(batch.names)):
            without = [
                _scores(network, part, _rows_of(aimed, image, len(part.names)), {layer: edit})
                for part, edit in _muted_rows(batch, image, count, chosen)
            ]
            rows.append(whole[image] - np.concatenate(without)[: len(chosen)])
        scores += whole.tolist()
        words += aimed.words
        names += batch.names
    return xarray.DataArray(
        np.array(rows, np.float32),
        dims=("image", "channel"),
        coords={"image": names} | ({} if channels is None else {"channel": list(chosen)}),
        name="ablation",
        attrs={"network": network.name, "layer": layer, "words": words, "score": scores},
    )


def _muted_rows(
    batch: Batch, image: int, count: int, chosen: Sequence[int]
) -> Iterator[tuple[Batch, Edit]]:
    """Give the image as often as there are channels, each row with another one at zero.

    All batches have the same number of rows, so that the network is compiled for one; the last rows
    may mute nothing.
    """
    size = min(_ROWS, count)
    for start in range(0, len(chosen), size):
        scale = np.ones((size, count), np.float32)
        some = np.asarray(chosen[start : start + size])
        scale[np.arange(len(some)), some] = 0
        yield (
            replace(
                batch,
                arrays={
                    name: np.repeat(array[image : image + 1], size, axis=0)
                    for name, array in batch.arrays.items()
                },
                names=(batch.names[image],) * size,
                labels=(batch.labels[image],) * size,
                class_names=(batch.class_names[image],) * size,
            ),
            Edit(scale, np.zeros_like(scale)),
        )


def _rows_of(aimed: Aim, image: int, rows: int) -> Aim:
    return replace(aimed, seed=np.repeat(aimed.seed[image : image + 1], rows, axis=0))


def _scores(network: Network, batch: Batch, aimed: Aim, edits: dict[str, Edit]) -> np.ndarray:
    name = aimed.head.layer
    value = network.run(batch, [name], outputs=False, edits=edits).values[name]
    return np.asarray((value * aimed.seed).reshape(len(value), -1).sum(axis=1))
