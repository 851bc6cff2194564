"""The numbers of one feature map, as a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from convscope.arguments import flag, told, whole
from convscope.errors import SelectionError
from convscope.networks import Layer, Network, network_given
from convscope.networks.selection import Selector
from convscope.pictures.files import write_atomically

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Values", "values"]

_POSITIVE = "background-color: #2e7d32; color: white"


class Values:
    """One feature map as a table of numbers.

    Attributes
    ----------
    array : numpy.ndarray
        ``(y, x)``, float32.
    rows, columns : str
        What the rows and columns count: ``y`` and ``x``; for a layer without space ``channel``.
    title : str
        Network, layer, channel and image.
    """

    def __init__(self, array: np.ndarray, rows: str, columns: str, title: str) -> None:
        self.array = array
        self.rows = rows
        self.columns = columns
        self.title = title

    def to_pandas(self) -> pd.DataFrame:
        """Give the table as a DataFrame, rows y and columns x."""
        import pandas as pd

        frame = pd.DataFrame(self.array)
        frame.index.name, frame.columns.name = self.rows, self.columns
        return frame

    def style(self) -> Any:
        """Give the table as a pandas Styler with the positive cells marked."""
        styler = self.to_pandas().style.format(precision=6)
        return styler.map(lambda value: _POSITIVE if value > 0 else "").set_caption(self.title)

    def _repr_html_(self) -> str:
        return str(self.style().to_html())

    def __repr__(self) -> str:
        return f"{self.title}\n{self.to_pandas()}"

    def csv(self) -> str:
        """Write the table as CSV: a header row of x, a first column of y.

        Numbers are the shortest that give the same float32 again.
        """
        header = ",".join([f"{self.rows}/{self.columns}", *map(str, range(self.array.shape[1]))])
        lines = [
            ",".join([str(place), *(str(value) for value in row)])
            for place, row in enumerate(self.array)
        ]
        return "\n".join([header, *lines]) + "\n"

    def save(self, path: str | Path) -> None:
        """Write the table to a CSV file.

        Raises
        ------
        OutputError
            When the file cannot be written; none is left half-written.
        """
        write_atomically(path, self.csv().encode())


def values(
    network: Network, image: Any, layer: Selector, channel: int | None = None, *, mean: bool = False
) -> Values:
    """Give the numbers of one feature map.

    Parameters
    ----------
    network : Network
    image
        One image, as for `Network.activations`.
    layer : str or int
        Name or index of one layer.
    channel : int, optional
        Which map; a layer without space needs none and gives all its units.
    mean : bool
        Give the mean over the channels instead.

    Raises
    ------
    SelectionError
        When the selector means several layers, the layer has no such channel, several images are
        given, or a volume is asked for (its slices are to be taken from `Network.activations`).
    """
    network_given(network)
    flag(mean, "mean")
    if channel is not None:
        whole(channel, "channel")
    if layer is None:
        raise SelectionError("layer None: give the name or index of one layer")
    chosen = network.select(layer)
    if len(chosen) != 1:
        raise SelectionError(
            f"{told(layer)} means {len(chosen)} layers: name one, such as {chosen[0].name!r}"
        )
    one = chosen[0]
    activations = network.activations(image, one.name)
    if len(activations.images) != 1:
        raise SelectionError(f"{len(activations.images)} images were given: give one")
    array = activations.array(one.name)
    title = f"{network.name}, {one.name}, {_what(one, channel, mean)}, {activations.images[0]}"
    if array.ndim < 2:
        return Values(array.reshape(1, -1), "image", "channel", title)
    if array.ndim > 3:
        raise SelectionError(
            f"layer {one.name!r} has maps with {array.ndim - 1} axes: take a slice of "
            "network.activations(...) instead"
        )
    if mean and channel is not None:
        raise SelectionError(
            "values shows either one channel or the mean over channels: give --channel N or --mean"
        )
    if not mean and channel is None:
        raise SelectionError(
            f"layer {one.name!r} has {len(array)} channels: choose one with --channel, 0 to "
            f"{len(array) - 1}, or --mean"
        )
    if channel is not None and not 0 <= channel < len(array):
        raise SelectionError(
            f"layer {one.name!r} has no channel {channel}: its channels are 0 to {len(array) - 1}"
        )
    picked = array.mean(axis=0) if mean else array[channel]
    if picked.ndim == 1:
        return Values(picked.reshape(1, -1), "image", "x", title)
    return Values(np.ascontiguousarray(picked), "y", "x", title)


def _what(layer: Layer, channel: int | None, mean: bool) -> str:
    if not layer.space:
        return "all units"
    return "mean over channels" if mean else f"channel {channel}"
