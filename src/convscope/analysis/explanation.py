"""Where does a value come from? One unit, from its input to its value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from convscope.analysis.account import html_of, text_of
from convscope.analysis.arithmetic import tolerance_of
from convscope.analysis.dissection import take_apart
from convscope.analysis.parts import Parts
from convscope.analysis.units import channels_of, one_layer, unit_of
from convscope.arguments import whole
from convscope.errors import SelectionError
from convscope.networks import Computation, Layer, Network, network_given
from convscope.networks.layer import dims_of
from convscope.networks.selection import Selector

if TYPE_CHECKING:
    import xarray

__all__ = ["Explanation", "explain", "explain_unit"]


@dataclass(frozen=True, eq=False, repr=False)
class Explanation:
    """Where the value of one unit comes from.

    Attributes
    ----------
    network, layer, operation : str
        The network, the layer, and what its framework calls it: ``Conv2D``.
    computes : str
        What it does, in the words of `Computation`: ``convolution``, ``maximum pooling``.
    image : str
        What the image is called.
    channel : int
    unit : tuple of int
        Position in the map: ``(y, x)``, ``(x,)``; empty for a layer without space.
    sources : tuple of str
        The layers and network inputs whose values are taken; the names under which a run records
        them (``conv2d:input:0``) where code between the layers makes them unknown.
    source : str
        That of the patch.
    patch : xarray.DataArray
        The input values that the unit looks at, float64, dims ``channel`` and space, with their
        channels and positions in the input map as coordinates. NaN marks positions in the padding
        (beyond the map, so the coordinates say so too): they count as zero in a convolution and
        not at all in a pooling. For a merge ``term``: one value an input.
    kernel : xarray.DataArray or None
        By what the patch is multiplied, with the same dims; the reciprocal of the number of values
        for an average, the factor for a batch normalisation; None where nothing is multiplied.
    products : xarray.DataArray
        What is put together. For a convolution or dense layer, dim ``channel``: the sum of patch
        times kernel of each input channel. For a merge, dim ``term``: the values. For a pooling,
        dims of space: the values of the window, times the kernel where there is one.
    bias : float
        What is added to the products.
    sum : float
        What comes before the activation function.
    activation : str
        The name of the activation function; ``linear`` where there is none.
    value : float
        The unit's value as computed here, in NumPy and float64.
    recorded : float
        The unit's value as the framework gave it.
    difference : float
        ``recorded - value``.
    scale : float
        The sum of the absolute products and bias, as it reaches through the activation function:
        to what a rounding error is relative.
    tolerance : float
        How large `relative` may be in the precision of the framework.
    box : mapping of str to (int, int)
        First and last position of the patch in the input map, by axis; empty for a merge and for a
        layer without space.
    winner : tuple of int or None
        For a maximum pooling, the position in the input map of the value that won.
    details : mapping of str to float
        Other numbers that enter: mean and deviation of a normalisation, the largest logit and the
        denominator of a softmax.
    """

    network: str
    layer: str
    operation: str
    computes: str
    image: str
    channel: int
    unit: tuple[int, ...]
    sources: tuple[str, ...]
    source: str
    patch: xarray.DataArray
    kernel: xarray.DataArray | None
    products: xarray.DataArray
    bias: float
    sum: float
    activation: str
    value: float
    recorded: float
    scale: float
    tolerance: float
    box: Mapping[str, tuple[int, int]]
    winner: tuple[int, ...] | None
    details: Mapping[str, float]

    @property
    def difference(self) -> float:
        """The framework's value less the one computed here."""
        return self.recorded - self.value

    @property
    def relative(self) -> float:
        """The size of the difference relative to `scale`."""
        return abs(self.difference) / self.scale if self.scale else abs(self.difference)

    @property
    def ok(self) -> bool:
        """Whether the difference is within the tolerance."""
        return self.relative <= self.tolerance or self.difference == 0

    def ranking(self, count: int | None = None) -> list[tuple[int | str | tuple[int, ...], float]]:
        """Order the products by size, largest first, whatever their sign.

        Parameters
        ----------
        count : int, optional
            How many; all by default.

        Returns
        -------
        list of (int, str or tuple of int, float)
            Input channel, name of the term or position in the window, and its signed product.
            Padding has no place in it.
        """
        if count is not None:
            whole(count, "count", 0)
        values = self.products.values.ravel()
        order = np.argsort(-np.abs(values), kind="stable")
        order = order[~np.isnan(values[order])][:count]
        coords = [self.products.coords[dim].values for dim in self.products.dims]
        places = np.stack(np.unravel_index(order, self.products.shape), axis=1)
        ranked: list[tuple[int | str | tuple[int, ...], float]] = []
        for place, at in zip(places, order, strict=True):
            name = tuple(along[at].item() for along, at in zip(coords, place, strict=True))
            ranked.append((name[0] if len(name) == 1 else name, float(values[at])))
        return ranked

    def to_json(self, count: int | None = None) -> dict[str, Any]:
        """Give what ``convscope explain --json`` prints; padding is null, products are ranked.

        Parameters
        ----------
        count : int, optional
            How many products at most; all by default.
        """
        names = ("network", "layer", "operation", "computes", "image", "channel", "unit", "sources",
                 "source", "bias", "sum", "activation", "value", "recorded", "difference",
                 "relative", "tolerance", "ok", "winner")  # fmt: skip
        return {
            **{name: _plain(getattr(self, name)) for name in names},
            "box": {axis: list(ends) for axis, ends in self.box.items()},
            "patch": _plain(self.patch.values.tolist()),
            "kernel": None if self.kernel is None else _plain(self.kernel.values.tolist()),
            "products": [
                {"from": _plain(name), "product": _plain(value)}
                for name, value in self.ranking(count)
            ],
            "details": {name: _plain(value) for name, value in self.details.items()},
        }

    def __repr__(self) -> str:
        return text_of(self)

    def _repr_html_(self) -> str:
        return html_of(self)


def explain(
    network: Network,
    images: Any,
    layer: Selector,
    channel: int,
    unit: int | Sequence[int] = (),
) -> Explanation:
    """Say where the value of one unit comes from.

    Parameters
    ----------
    network : Network
    images
        One image, as for `Network.activations`.
    layer : str or int
        Name or index of one layer; ``conv2d:linear`` for its linear part.
    channel : int
        Which map, from 0.
    unit : int or sequence of int
        Position in the map: ``(y, x)``, ``(z, y, x)``, ``x``; nothing for a layer without space.

    Returns
    -------
    Explanation
        Computed in NumPy from what the framework gave the layer, beside the framework's value.

    Raises
    ------
    SelectionError
        When the selector means several layers, several images are given, the layer has no such
        channel or unit, or what it computes is not understood.
    """
    network_given(network)
    whole(channel, "channel")
    one = one_layer(network, layer)
    computation = network.computation(one.name)
    if computation is None:
        raise SelectionError(_not_understood(network, one))
    batches = network.batches(images)
    names = [name for batch in batches for name in batch.names]
    if len(names) != 1:
        raise SelectionError(f"{len(names)} images were given: give one")
    values = network.run(batches[0], (one.name, *computation.inputs), outputs=False).values
    return explain_unit(
        computation,
        one,
        [values[name][0] for name in computation.inputs],
        values[one.name][0],
        channel,
        unit,
        network=network.name,
        image=names[0],
    )


def explain_unit(
    computation: Computation,
    layer: Layer,
    inputs: Sequence[np.ndarray],
    recorded: np.ndarray,
    channel: int,
    unit: int | Sequence[int] = (),
    *,
    network: str = "",
    image: str = "",
) -> Explanation:
    """Say where the value of one unit comes from, once the activations are known.

    Parameters
    ----------
    computation : Computation
        Of the layer.
    layer : Layer
    inputs : sequence of numpy.ndarray
        The values named in ``computation.inputs``, for one image: ``(channel, *space)`` each.
    recorded : numpy.ndarray
        The layer's activation for that image, ``(channel, *space)``.
    channel : int
    unit : int or sequence of int
    network, image : str
        What they are called.

    Raises
    ------
    SelectionError
        When the layer has no such channel or unit.
    """
    channels_of(layer, len(recorded), [channel])
    place = unit_of(layer, unit, recorded.shape[1:])
    parts = take_apart(computation, inputs, channel, place)
    sources = computation.inputs if layer.inputs is None else layer.inputs
    axes = dims_of(inputs[parts.source].ndim, image=False)
    merged = parts.patch.ndim == 1 and len(parts.channels) == 0
    box = {
        axis: (int(at[0]), int(at[-1]))
        for axis, at in zip(axes[1:], parts.positions, strict=False)
        if len(at)
    }
    return Explanation(
        network=network,
        layer=layer.name,
        operation=layer.operation,
        computes=computation.operation,
        image=image,
        channel=channel,
        unit=place,
        sources=tuple(sources),
        source="" if merged else sources[parts.source],
        patch=_patch(parts.patch, parts, axes, sources),
        kernel=None if parts.kernel is None else _patch(parts.kernel, parts, axes, sources),
        products=_products(parts, axes, sources),
        bias=parts.bias,
        sum=parts.sum,
        activation="prelu" if "slope" in computation.weights else computation.activation.name,
        value=parts.value,
        recorded=float(recorded[(channel, *place)]),
        scale=parts.scale,
        tolerance=tolerance_of(computation),
        box=box,
        winner=parts.winner,
        details=dict(parts.details),
    )


def _plain(value: Any) -> Any:
    """Make a value fit for JSON, which knows no number that is not finite."""
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _not_understood(network: Network, layer: Layer) -> str:
    known = [name for name in network.layers if network.computation(name) is not None]
    remedy = f"understood are {', '.join(known[:5])}" if known else "none of its layers is"
    more = f" and {len(known) - 5} more" if len(known) > 5 else ""
    return (
        f"what layer {layer.name!r} computes is not understood ({layer.kind}, "
        f"{layer.operation}): {remedy}{more}"
    )


def _patch(
    values: np.ndarray, parts: Parts, axes: Sequence[str], sources: Sequence[str]
) -> xarray.DataArray:
    import xarray

    if not len(parts.channels):
        return xarray.DataArray(values, dims=("term",), coords={"term": list(sources)})
    along = (parts.channels, *parts.positions)
    coords = {axis: list(at) for axis, at in zip(axes, along, strict=True)}
    return xarray.DataArray(values, dims=tuple(axes), coords=coords)


def _products(parts: Parts, axes: Sequence[str], sources: Sequence[str]) -> xarray.DataArray:
    """Name the terms: by input channel where there is one a channel, else by position."""
    import xarray

    if not len(parts.channels):
        return xarray.DataArray(parts.terms, dims=("term",), coords={"term": list(sources)})
    if parts.terms.ndim == 1 and len(parts.terms) == len(parts.channels):
        return xarray.DataArray(
            parts.terms, dims=("channel",), coords={"channel": list(parts.channels)}
        )
    coords = {axis: list(at) for axis, at in zip(axes[1:], parts.positions, strict=True)}
    return xarray.DataArray(parts.terms, dims=tuple(axes[1:]), coords=coords)
