"""The kernels of a convolution, as numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convscope.analysis.units import one_layer
from convscope.errors import SelectionError, near
from convscope.networks import Layer, Network
from convscope.networks.layer import dims_of
from convscope.networks.selection import Selector

if TYPE_CHECKING:
    import xarray

__all__ = ["kernels", "takes_colours"]

_KEEPS_COLOURS = {"padding", "cropping", "preprocessing", "dropout", "normalization", "upsampling"}


def kernels(network: Network, layer: Selector) -> xarray.DataArray:
    """Give the kernels of a convolution.

    Parameters
    ----------
    network : Network
    layer : str or int
        Name or index of one convolution: plain, grouped, depthwise, separable or transposed, along
        one, two or three axes.

    Returns
    -------
    xarray.DataArray
        ``(channel, input, y, x)``, or ``x`` or ``z, y, x``: what each channel makes of each input
        channel of its group. A separable convolution is given as the one kernel that it amounts
        to. A transposed convolution spreads these values instead of gathering with them.

    Raises
    ------
    SelectionError
        When the layer has no kernels; the message names layers that do.
    """
    one = one_layer(network, layer)
    computation = network.computation(one.name) if one.kind == "conv" else None
    if computation is None or "kernel" not in computation.weights:
        raise SelectionError(_none_here(network, one))
    kernel = computation.weights["kernel"]
    if "pointwise" in computation.weights:
        inputs = int(computation.options["groups"])
        kernel = _composed(kernel, computation.weights["pointwise"], inputs)
    return _named(np.asarray(kernel, np.float32), network, one)


def _composed(depthwise: np.ndarray, pointwise: np.ndarray, inputs: int) -> np.ndarray:
    """Multiply the two steps of a separable convolution into one kernel."""
    multiple = len(depthwise) // inputs
    own = depthwise.reshape(inputs, multiple, *depthwise.shape[2:])
    mixing = pointwise.reshape(len(pointwise), inputs, multiple)
    return np.asarray(np.einsum("oim,im...->oi...", mixing, own))


def takes_colours(network: Network, layer: Layer) -> bool:
    """Tell whether the input channels of a layer are the red, green and blue of an image."""
    if network.preparation is None or network.preparation.channels != 3:
        return False
    entries = {entry.name for entry in network.inputs}
    while layer.inputs is not None and len(layer.inputs) == 1:
        if layer.inputs[0] in entries:
            return True
        layer = network.layers[layer.inputs[0]]
        if layer.kind not in _KEEPS_COLOURS or layer.channels != 3:
            return False
    return False


def _none_here(network: Network, layer: Layer) -> str:
    able = [other.name for other in network.layers.values() if other.kind == "conv"]
    if not able:
        return f"layer {layer.name!r} has no kernels: {network.name} has no convolution"
    return (
        f"layer {layer.name!r} ({layer.operation}) has no kernels: choose a convolution, "
        f"{near(layer.name, able)}"
    )


def _named(values: np.ndarray, network: Network, layer: Layer) -> xarray.DataArray:
    import xarray

    space = dims_of(values.ndim - 1, image=False)[1:]
    return xarray.DataArray(
        values,
        dims=("channel", "input", *space),
        name=layer.name,
        attrs={"network": network.name, "layer": layer.name, "kind": layer.kind},
    )
