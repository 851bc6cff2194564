"""What a layer has learnt: its kernels, or what excites its channels most."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from convscope.analysis.filters import kernels, takes_colours
from convscope.analysis.maximisation import STEPS, Maximised, maximise
from convscope.analysis.units import channels_of, one_layer
from convscope.arguments import flag
from convscope.errors import SelectionError
from convscope.networks import Network, network_given
from convscope.networks.selection import Selector

if TYPE_CHECKING:
    import xarray

    from convscope.pictures.drawing import Drawing

__all__ = ["Filters", "filters", "first_channels"]

_COLORMAP = "RdBu"
# Beyond that a picture is no longer looked at as a whole.
_LARGEST = 6_000_000
_IMAGES = 16
_KERNEL, _IMAGE = 110, 140


class Filters:
    """What a layer has learnt, as numbers and as a picture.

    Attributes
    ----------
    network : Network
    layer : str
    channels : tuple of int
        Those that are shown.
    count : int
        How many the layer has.
    kernels : xarray.DataArray or None
        ``(channel, input, y, x)``, of all channels, in the order in which the network takes its
        inputs; None where `maximised` is shown.
    maximised : Maximised or None
        What excites the channels most, where that was asked for.
    """

    def __init__(
        self,
        network: Network,
        layer: str,
        channels: tuple[int, ...],
        count: int,
        shown: xarray.DataArray | Maximised,
    ) -> None:
        self.network = network
        self.layer = layer
        self.channels = channels
        self.count = count
        self.maximised = shown if isinstance(shown, Maximised) else None
        self.kernels = None if isinstance(shown, Maximised) else shown

    @cached_property
    def drawing(self) -> Drawing:
        """The picture: a block a channel, with its number above."""
        if self.maximised is not None:
            return self._images(self.maximised)
        assert self.kernels is not None
        return self._kernels(self.kernels)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save by suffix as ``.png``, ``.pdf`` or ``.svg``; whole or not at all.

        Raises
        ------
        SelectionError
            For another suffix.
        OutputError
            When the file cannot be written.
        """
        self.drawing.save(path)

    def _repr_png_(self) -> bytes:
        return self.drawing._repr_png_()

    def __repr__(self) -> str:
        what = "kernels" if self.maximised is None else "maximised"
        return f"<Filters of {self.network.name}, {self.layer}: {what}, {self._which()}>"

    def _which(self) -> str:
        return f"{len(self.channels)} of {self.count} channels"

    def _kernels(self, every: xarray.DataArray) -> Drawing:
        from convscope.pictures.blocks import blocks
        from convscope.pictures.footer import colour_bar

        largest = _largest(every)
        pixels, rgb = _pixels(self.network, every, self.channels)
        inputs = "1 input" if every.shape[1] == 1 else f"{every.shape[1]} inputs"
        size = " x ".join(map(str, every.shape[2:]))
        words = "one scale for all kernels of the layer"
        bar = colour_bar("layer", True, (-largest, largest)) if largest and not rgb else None
        return blocks(
            pixels,
            [str(channel) for channel in self.channels],
            zoom=_kernel_zoom(pixels),
            title=f"{self.network.name}, {self.layer}: {inputs}, kernels of {size}, "
            f"{self._which()}",
            note=f"red, green and blue; grey is zero; {words}: ±{largest:.3g}" if rgb else "",
            bar=None if bar is None else replace(bar, words=words),
            colormap=_COLORMAP,
            provenance=self._provenance("kernels"),
        )

    def _images(self, found: Maximised) -> Drawing:
        from convscope.pictures.blocks import blocks

        titles = [
            f"{channel}: {value:.3g}" if value else f"{channel}: silent"
            for channel, value in zip(found.channels, found.excitation, strict=True)
        ]
        steps = len(found.course)
        return blocks(
            found.images,
            titles,
            zoom=max(1, _IMAGE // max(found.images.shape[1:3])),
            title=f"{self.network.name}, {self.layer}: what excites a channel most, "
            f"{self._which()}",
            note=f"channel: mean of its map; {steps} steps of gradient ascent, seed {found.seed}",
            provenance={**self._provenance("maximised"), "steps": steps, "seed": found.seed},
        )

    def _provenance(self, shows: str) -> dict[str, object]:
        return {
            "network": self.network.name,
            "layer": self.layer,
            "shows": shows,
            "channels": list(self.channels),
        }


def filters(
    network: Network,
    layer: Selector,
    channels: Sequence[int] | None = None,
    *,
    maximize: bool = False,
    steps: int = STEPS,
    seed: int = 0,
    progress: Callable[[], None] | None = None,
) -> Filters:
    """Show what a layer has learnt: its kernels, or the images that excite its channels most.

    Kernels are drawn in red, green and blue where the layer's input is the image, else one for
    each input channel, with zero in the middle of the colours; on one scale for the layer.

    Parameters
    ----------
    network : Network
    layer : str or int
        Name or index of one layer: a convolution, or any with channels under `maximize`.
    channels : sequence of int, optional
        By default as many of the first as can be looked at in one picture: see `first_channels`.
    maximize : bool
        Find what excites the channels most; see `convscope.analysis.maximisation.maximise`.
    steps, seed, progress
        For `maximise`.

    Raises
    ------
    SelectionError
        For a layer or channel that is not there, or a layer without kernels.
    ModelError, InputError
        When the network gives no gradients or takes no images, under `maximize`.
    """
    network_given(network)
    flag(maximize, "maximize")
    name = one_layer(network, layer).name
    chosen, count = first_channels(network, layer, maximize=maximize)
    if channels is not None:
        chosen = channels_of(network.select(layer)[0], count, channels)
    if not maximize:
        return Filters(network, name, chosen, count, kernels(network, layer))
    found = maximise(network, layer, chosen, steps=steps, seed=seed, progress=progress)
    return Filters(network, name, chosen, count, found)


def first_channels(
    network: Network, layer: Selector, *, maximize: bool = False
) -> tuple[tuple[int, ...], int]:
    """Choose the first channels of a layer that can be looked at in one picture.

    Returns
    -------
    channels : tuple of int
        With kernels as many as stay legible in six million pixels; else the first 16.
    count : int
        How many the layer has.

    Raises
    ------
    SelectionError
        As for `filters`.
    """
    if maximize:
        one = one_layer(network, layer)
        if one.channels is None:
            raise SelectionError(
                f"the number of channels of layer {one.name!r} depends on the input: choose "
                "another layer"
            )
        return tuple(range(min(one.channels, _IMAGES))), one.channels
    every = kernels(network, layer)
    pixels, _ = _pixels(network, every, (0,))
    one_block = pixels[0, :, :, 0].size * _kernel_zoom(pixels) ** 2
    return tuple(range(min(len(every), max(1, _LARGEST // one_block)))), len(every)


def _pixels(
    network: Network, every: xarray.DataArray, channels: Sequence[int]
) -> tuple[np.ndarray, bool]:
    """Draw the kernels of channels, (channel, y, x, 3), and say whether as red, green and blue."""
    from convscope.pictures.blocks import coloured, kernel_blocks

    values, largest = every.values[list(channels)], _largest(every)
    layer = network.select(str(every.name))[0]
    if values.ndim == 4 and values.shape[1] == 3 and takes_colours(network, layer):
        assert network.preparation is not None
        order = slice(None, None, -1 if network.preparation.order == "bgr" else 1)
        return coloured(values[:, order], largest), True
    if values.ndim == 3:
        # A row an input, so that a block shows what each position gathers.
        return kernel_blocks(values[:, None], largest, _COLORMAP), False
    columns = 0
    if values.ndim == 5:
        columns = values.shape[2]
        values = values.reshape(len(values), -1, *values.shape[3:])
    return kernel_blocks(values, largest, _COLORMAP, columns=columns), False


def _largest(every: xarray.DataArray) -> float:
    finite = every.values[np.isfinite(every.values)]
    return float(np.abs(finite).max()) if finite.size else 0.0


def _kernel_zoom(pixels: np.ndarray) -> int:
    """Give the pixels of a weight: at least three, so that a kernel can be made out."""
    return int(np.clip(_KERNEL // max(pixels.shape[1:3]), 3, 24))
