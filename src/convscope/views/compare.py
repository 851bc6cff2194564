"""Images against layers: one channel, or the mean over channels, as a table of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from convscope.activations import Activations
from convscope.analysis.diagnosis import diagnosis
from convscope.arguments import flag, texts, whole
from convscope.errors import SelectionError
from convscope.networks import Batch, Layer, Network, network_given
from convscope.networks.selection import Selector
from convscope.pictures.colormap import palette
from convscope.pictures.scale import Scale
from convscope.views.input_picture import seen

if TYPE_CHECKING:
    from convscope.pictures.drawing import Drawing

__all__ = ["Cell", "channel_map", "compare"]


def compare(
    network: Network,
    images: Any,
    layers: Selector | Sequence[Selector] | None = None,
    *,
    channel: int | None = None,
    mean: bool = False,
    scale: str = "channel",
    colormap: str | None = None,
    input: bool = True,
    titles: Sequence[str] | None = None,
) -> Drawing:
    """Compare what layers make of several images: a row an image, a column a layer.

    All images pass through the network at once.

    Parameters
    ----------
    network : Network
    images
        As for `Network.activations`.
    layers : str, int, slice or sequence, optional
        Which layers; all by default.
    channel : int, optional
        Show this channel of every layer.
    mean : bool
        Show the mean over the channels instead.
    scale, colormap
        As for `maps`; ``shared`` spans the whole table.
    input : bool
        Begin every row with the image as the network sees it.
    titles : sequence of str, optional
        A title a row; by default the name of the image's class in its dataset, with the image's
        own name where several have that class, else the image's name.

    Returns
    -------
    Drawing
        Saved with ``.save("shoes.png")``, as PNG, PDF or SVG.

    Raises
    ------
    SelectionError
        When neither or both of `channel` and `mean` are given, when a layer has no such channel,
        or the titles are not one an image.
    """
    from convscope.pictures.figures import table

    network_given(network)
    flag(input, "input")
    if flag(mean, "mean") == (channel is not None):
        raise SelectionError(
            "compare shows either one channel or the mean over channels: give --channel N or --mean"
        )
    look = Scale.parse(scale)
    if colormap is not None:
        palette(colormap)
    batches = network.batches(images)
    beside = _row_titles(batches, titles)
    chosen = network.select(layers)
    if channel is not None:
        _check_channel(chosen, whole(channel, "channel"))
    activations = network.record(batches, chosen)
    cells = [
        [_cell(activations, layer, channel, image, look) for layer in chosen]
        for image in range(len(activations.images))
    ]
    names = [layer.name for layer in chosen]
    column_titles = names
    if input and network.preparation is not None:
        pictures = _inputs(network, batches)
        cells = [[Cell(picture), *row] for picture, row in zip(pictures, cells, strict=True)]
        column_titles = ["input", *names]
    what = "mean over channels" if mean else f"channel {channel}"
    return table(
        [[cell.values for cell in row] for row in cells],
        row_titles=beside,
        column_titles=column_titles,
        scale=look,
        colormap=colormap,
        bounds=None if look.name == "shared" else [[cell.ends for cell in row] for row in cells],
        words=[[cell.word for cell in row] for row in cells],
        title=f"{network.name}: {what}",
        provenance=_provenance(network, batches, names, what),
    )


@dataclass(frozen=True)
class Cell:
    """One picture of the table.

    Attributes
    ----------
    values : numpy.ndarray
        ``(y, x)``, float32: a feature map; uint8: a photograph.
    ends : tuple of (float, float) or None
        What the whole layer holds, for scales that span it, and for a map of a single unit.
    word : str or None
        Why the map is blank, or ``active``.
    """

    values: np.ndarray
    ends: tuple[float, float] | None = None
    word: str | None = None


def _cell(
    activations: Activations, layer: Layer, channel: int | None, image: int, scale: Scale
) -> Cell:
    whole = activations.array(layer.name, image)
    one = channel_map(activations, layer.name, channel, image)
    word = diagnosis(one[None], bounds=layer.bounds if channel is not None else (None, None))[0]
    if scale.name not in {"layer", "robust"} and one.size > 1:
        return Cell(one, None, word)
    finite = whole[np.isfinite(whole)] if whole.size else whole
    percent = (1, 99) if scale.name == "robust" else (0, 100)
    ends = np.percentile(finite, percent) if finite.size else (0, 0)
    return Cell(one, (float(ends[0]), float(ends[1])), word)


def channel_map(
    activations: Activations, layer: str, channel: int | None, image: int
) -> np.ndarray:
    """Give one feature map, or the mean over channels, as a picture's rows and columns.

    Parameters
    ----------
    channel : int or None
        None for the mean over channels.

    Returns
    -------
    numpy.ndarray
        ``(y, x)``; a signal is one row, the slices of a volume lie side by side; a layer without
        space is one row of all its units, whichever channel is asked for.
    """
    values = activations.array(layer, image)
    if values.ndim < 2:
        return values.reshape(1, -1)
    one = values.mean(axis=0) if channel is None else values[channel]
    if one.ndim == 1:
        return np.asarray(one.reshape(1, -1))
    if one.ndim == 3:
        return np.concatenate(list(one), axis=1)
    return np.asarray(one)


def _check_channel(layers: Sequence[Layer], channel: int) -> None:
    for layer in layers:
        if layer.space and layer.channels is not None and not 0 <= channel < layer.channels:
            raise SelectionError(
                f"layer {layer.name!r} has no channel {channel}: its channels are 0 to "
                f"{layer.channels - 1}; choose others with --layers"
            )


def _inputs(network: Network, batches: Sequence[Batch]) -> list[np.ndarray]:
    pictures = [
        seen(network, batch, image) for batch in batches for image in range(len(batch.names))
    ]
    return [
        picture[..., 0] if picture.shape[-1] == 1 else picture
        for picture in pictures
        if picture is not None
    ]


def _row_titles(batches: Sequence[Batch], titles: Sequence[str] | None) -> list[str]:
    names = [name for batch in batches for name in batch.names]
    if titles is not None:
        if len(texts(titles, "titles")) != len(names):
            raise SelectionError(
                f"{len(titles)} titles were given for {len(names)} images: give one an image"
            )
        return list(titles)
    classes = [name for batch in batches for name in batch.class_names]
    return [
        name if not own else own if classes.count(own) == 1 else f"{own}, {name}"
        for name, own in zip(names, classes, strict=True)
    ]


def _provenance(
    network: Network, batches: Sequence[Batch], names: Sequence[str], what: str
) -> dict[str, Any]:
    return {
        "network": network.name,
        "layers": list(names),
        "images": [name for batch in batches for name in batch.names],
        "shows": what,
        "preparation": network.fed(batches[0]),
    }
