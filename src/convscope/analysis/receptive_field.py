"""What a unit sees: the box on the input, and how much each part of it matters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from convscope.analysis.effective_field import channel_axis, effective_field
from convscope.analysis.reach import Reach, reach
from convscope.analysis.units import one_layer, unit_of
from convscope.arguments import text, whole
from convscope.errors import InputError, SelectionError, near
from convscope.networks import Batch, Input, Layer, Network, network_given
from convscope.networks.selection import Selector

if TYPE_CHECKING:
    import xarray

__all__ = ["ReceptiveField", "box_of", "input_space", "receptive_field", "sizes_of"]


@dataclass(frozen=True, eq=False)
class ReceptiveField:
    """The part of the input that a unit sees, per spatial axis in the order of the dims.

    Attributes
    ----------
    layer : str
    unit : tuple of int
        Its position in the layer's map; empty in a layer without space.
    input : str
        The input of the network that is looked at.
    size : tuple of int, or None
        How many positions the unit would see if the input went on beyond its edges. None where
        that is not known.
    box : tuple of (int, int), or None
        ``(start, stop)`` on the input, in pixels, stop excluded: no pixel outside of it changes
        the unit. ``(0, 0)`` where the unit sees nothing of this input; None where it is not known.
    unclipped : tuple of (int, int), or None
        The same as if the input went on beyond its edges; what lies beyond is padding.
    whole : bool
        Whether a layer on the way brings all positions together, so that the unit sees the whole
        input: global pooling, dense, attention, or a reshape that loses the positions.
    because : str
        The layer at which the positions are lost (`whole`), or before which hand-written code
        makes them unknown (`box` is None); else empty.
    channels : tuple of int
        The channels of the layer whose gradients `effective` is the mean of.
    effective : xarray.DataArray, or None
        The effective field: how strongly each position of the input changes the unit, as the
        absolute gradient, summed over the input's channels. None where the network gives no
        gradients or takes no numbers that can change a little.
    """

    layer: str
    unit: tuple[int, ...]
    input: str
    size: tuple[int, ...] | None
    box: tuple[tuple[int, int], ...] | None
    unclipped: tuple[tuple[int, int], ...] | None
    whole: bool
    because: str
    channels: tuple[int, ...]
    effective: xarray.DataArray | None

    @property
    def words(self) -> str:
        """Say in one line what the unit sees."""
        if self.box is None:
            return f"unknown: hand-written code before {self.because!r}"
        if self.whole:
            return f"whole input, since {self.because!r} brings all positions together"
        box = " x ".join(f"{start}..{stop - 1}" for start, stop in self.box)
        if any(start == stop for start, stop in self.box):
            return "nothing of the input"
        return f"{' x '.join(map(str, self.size or ()))}: {box} on the input"

    def __str__(self) -> str:
        place = f" at {', '.join(map(str, self.unit))}" if self.unit else ""
        return f"a unit of {self.layer}{place} sees {self.words}"


def receptive_field(
    network: Network,
    layer: Selector,
    unit: int | Sequence[int],
    images: Any = None,
    *,
    channel: int | None = None,
    input: str | None = None,
) -> ReceptiveField:
    """Find what a unit sees of the input.

    The box follows from the layers' windows alone: the positions that the unit needs are traced
    back through the graph one layer at a time and cut off at the edges of each, since what lies in
    the padding is nothing. The effective field is the gradient of the unit with respect to the
    input (Luo, Li, Urtasun and Zemel, *Understanding the effective receptive field in deep
    convolutional neural networks*, NeurIPS 2016).

    Parameters
    ----------
    network : Network
    layer : str or int
        Name or index of one layer, or of a linear part.
    unit : int or sequence of int
        Position in the map, in the order of the dims: ``(y, x)``; ``()`` in a layer without space.
    images
        As for `Network.activations`; the effective field is the mean over them. Without any, a
        network of fixed size gets random values from its own range, the same each time.
    channel : int, optional
        The unit's channel. The box is the same for all channels; without one, the effective field
        is the mean over channels: over all of them up to 8, else over 8 spread evenly.
    input : str, optional
        Which of several inputs; the first by default.

    Raises
    ------
    SelectionError
        For a unit, channel, layer or input that is not there.
    InputError
        When the network takes images of any size and none is given.
    """
    network_given(network)
    if channel is not None:
        whole(channel, "channel")
    one = one_layer(network, layer)
    entry = _entry(network, input)
    batches = [] if images is None else network.batches(images)
    sizes = sizes_of(network, one, batches)
    position = unit_of(one, unit, sizes[one.name])
    box, found = box_of(network, one, position, sizes, entry.name)
    beyond = reach(network, one, position, sizes, entry.name, clip=False)
    edges = tuple((0, size) for size in sizes[entry.name])
    unclipped = _ends(beyond, edges)
    channels, effective = effective_field(network, one, position, batches, entry, channel)
    return ReceptiveField(
        layer=one.name,
        unit=position,
        input=entry.name,
        size=None if unclipped is None else tuple(stop - start for start, stop in unclipped),
        box=box,
        unclipped=unclipped,
        whole=found.whole,
        because=found.because,
        channels=channels,
        effective=effective,
    )


def box_of(
    network: Network,
    layer: Layer,
    unit: tuple[int, ...],
    sizes: Mapping[str, tuple[int, ...]],
    entry: str,
) -> tuple[tuple[tuple[int, int], ...] | None, Reach]:
    """Find the box of a unit on an input once all sizes are known; see `ReceptiveField.box`."""
    found = reach(network, layer, unit, sizes, entry, clip=True)
    return _ends(found, tuple((0, size) for size in sizes[entry])), found


def _entry(network: Network, name: str | None) -> Input:
    entries = {entry.name: entry for entry in network.inputs}
    if name is None:
        return network.inputs[0]
    if text(name, "input") not in entries:
        raise SelectionError(f"{network.name} has no input {name!r}: {near(name, entries)}")
    return entries[name]


def _ends(found: Reach, edges: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...] | None:
    if found.whole:
        return edges
    if found.positions is None:
        return None
    if any(len(along) == 0 for along in found.positions):
        return ((0, 0),) * len(edges)
    return tuple((int(along[0]), int(along[-1]) + 1) for along in found.positions)


def sizes_of(
    network: Network, layer: Layer, batches: Sequence[Batch]
) -> dict[str, tuple[int, ...]]:
    """Find the size of the maps of all layers and inputs that a layer may depend on.

    Raises
    ------
    InputError
        When that depends on the images, and they are not given or differ in size.
    """
    before = [other for other in network.layers.values() if other.index < layer.index]
    known: dict[str, tuple[int | None, ...]] = {one.name: one.space for one in (*before, layer)}
    known |= {entry.name: input_space(network, entry, entry.shape) for entry in network.inputs}
    if any(None in space for space in known.values()):
        known |= _measured(network, [name for name in known if None in known[name]], batches)
    return {name: tuple(int(size or 0) for size in space) for name, space in known.items()}


def _measured(
    network: Network, names: Sequence[str], batches: Sequence[Batch]
) -> dict[str, tuple[int, ...]]:
    """Run a network that takes any size on the images; they must be of one size."""
    shapes = {tuple(array.shape[1:] for array in batch.arrays.values()) for batch in batches}
    if len(shapes) != 1:
        raise InputError(
            f"{network.name} takes images of any size, on which the field depends: give images of "
            "one size (images=)"
        )
    entries = {entry.name: entry for entry in network.inputs}
    layers = [name for name in names if name not in entries]
    run = network.run(batches[0], layers, outputs=False)
    inputs = {
        name: input_space(network, entry, batches[0].arrays[name].shape[1:])
        for name, entry in entries.items()
    }
    # Only the shapes of these values are needed, and images and channels come before space.
    return {name: value.shape[2:] for name, value in run.values.items()} | inputs


def input_space(network: Network, entry: Input, shape: Sequence[int | None]) -> tuple[Any, ...]:
    """Give the spatial sizes in the shape of an input, which is in the network's own order."""
    axis = channel_axis(network, entry)
    if axis is None:
        return tuple(shape)
    return (*shape[: axis - 1], *shape[axis:])
