"""How strongly images excite the channels of a layer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from convscope.analysis.units import one_layer
from convscope.networks import Batch, Network
from convscope.networks.selection import Selector

if TYPE_CHECKING:
    import xarray

__all__ = ["excitation"]

_AT_ONCE = 64


def excitation(network: Network, layer: Selector, images: Any) -> xarray.DataArray:
    """Measure how strongly images excite the channels of a layer: the mean of each map.

    Parameters
    ----------
    network : Network
    layer : str or int
    images
        As for `Network.activations`; thousands are read and run in groups.

    Returns
    -------
    xarray.DataArray
        ``(image, channel)``, float32.
    """
    import xarray

    one = one_layer(network, layer)
    names: list[str] = []
    rows = []
    for batch in _batches(network, images):
        values = network.run(batch, [one.name], outputs=False).values[one.name]
        rows.append(values.mean(axis=tuple(range(2, values.ndim))))
        names += batch.names
    return xarray.DataArray(
        np.concatenate(rows), dims=("image", "channel"), coords={"image": names}, name=one.name
    )


def _batches(network: Network, images: Any) -> Iterator[Batch]:
    if network.preparation is None or (isinstance(images, np.ndarray) and images.dtype.kind == "f"):
        yield from network.batches(images)
        return
    pictures = network.read(images)
    # Prepared images take far more memory than those that were read.
    for start in range(0, len(pictures), _AT_ONCE):
        yield from network.batches(pictures[start : start + _AT_ONCE])
