"""How much each part of the input matters to a unit: its gradient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from convscope.analysis.units import channels_of
from convscope.networks import Batch, Input, Layer, Network
from convscope.networks.layer import dims_of

if TYPE_CHECKING:
    import xarray

__all__ = ["channel_axis", "effective_field"]

# More channels at once would take gigabytes in large networks, and change the mean little.
_CHANNELS = 8
_SEED = 0


def effective_field(
    network: Network,
    layer: Layer,
    unit: tuple[int, ...],
    batches: Sequence[Batch],
    entry: Input,
    channel: int | None,
) -> tuple[tuple[int, ...], xarray.DataArray | None]:
    """Measure how strongly each position of an input changes a unit.

    Parameters
    ----------
    network : Network
    layer : Layer
    unit : tuple of int
    batches : sequence of Batch
        Images; where there are none, one of random values is made.
    entry : Input
        With respect to which input.
    channel : int or None
        None for the mean over up to 8 channels, spread evenly. The gradients of several channels
        are never added, since they would cancel.

    Returns
    -------
    channels : tuple of int
        Those that were looked at.
    effective : xarray.DataArray or None
        Over the input's space: the absolute gradient, summed over the input's channels, mean over
        images and `channels`. None where the network gives no gradients, or the input is not
        floating-point.
    """
    if not network.differentiable or np.dtype(entry.dtype).kind != "f":
        return (), None
    total: np.ndarray | None = None
    count = 0
    channels: tuple[int, ...] = ()
    for image in _images(batches) if batches else iter([_noise(network)]):
        value = network.run(image, [layer.name], outputs=False).values[layer.name]
        channels = _channels(layer, value.shape[1], channel)
        seed = np.zeros((len(channels), *value.shape[1:]), np.float32)
        for place, chosen in enumerate(channels):
            seed[(place, chosen, *unit)] = 1
        several = _repeated(image, len(channels))
        slopes = network.gradients(several, layer.name, seed, []).inputs[entry.name]
        axis = channel_axis(network, entry)
        strength = np.abs(slopes) if axis is None else np.abs(slopes).sum(axis=axis)
        total = strength.sum(axis=0) + (0 if total is None else total)
        count += len(channels)
    assert total is not None
    return channels, _named(total / count, network, layer, unit, channels)


def channel_axis(network: Network, entry: Input) -> int | None:
    """Give the axis of an input's channels, the image axis included; None where it has none."""
    plane = len(entry.shape) == 2 and network.preparation is not None
    if plane or len(entry.shape) < 2:
        return None
    return 1 if entry.channels_first else len(entry.shape)


def _channels(layer: Layer, count: int, channel: int | None) -> tuple[int, ...]:
    if channel is not None:
        return channels_of(layer, count, [channel])
    spread = np.linspace(0, count - 1, min(count, _CHANNELS))
    return tuple(int(place) for place in np.rint(spread))


def _images(batches: Sequence[Batch]) -> Iterator[Batch]:
    for batch in batches:
        for place, name in enumerate(batch.names):
            arrays = {key: array[place : place + 1] for key, array in batch.arrays.items()}
            yield Batch(arrays, (name,), (None,), ("",), batch.prepared)


def _repeated(image: Batch, count: int) -> Batch:
    arrays = {name: np.repeat(array, count, axis=0) for name, array in image.arrays.items()}
    return Batch(arrays, image.names * count, (None,) * count, ("",) * count, image.prepared)


def _noise(network: Network) -> Batch:
    """Make one input of random values in the range that the network takes, always the same."""
    rng = np.random.default_rng(_SEED)
    arrays = {}
    for entry in network.inputs:
        shape = (1, *(size or 1 for size in entry.shape))
        if np.dtype(entry.dtype).kind != "f":
            arrays[entry.name] = np.zeros(shape, entry.dtype)
        elif network.preparation is None:
            arrays[entry.name] = rng.standard_normal(shape).astype(entry.dtype)
        else:
            low, high = network.preparation.bounds()
            arrays[entry.name] = rng.uniform(low, high, shape).astype(entry.dtype)
    return Batch(arrays, ("noise",), (None,), ("",), prepared=False)


def _named(
    values: np.ndarray,
    network: Network,
    layer: Layer,
    unit: tuple[int, ...],
    channels: Sequence[int],
) -> xarray.DataArray:
    import xarray

    dims = dims_of(values.ndim + 1, image=False)[1:]
    said = {"network": network.name, "layer": layer.name, "unit": unit, "channels": channels}
    return xarray.DataArray(values.astype(np.float32), dims=dims, name="effective", attrs=said)
