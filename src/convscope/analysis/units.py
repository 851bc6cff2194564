"""Which layer, unit and channels a person means."""

from __future__ import annotations

from collections.abc import Sequence

from convscope.arguments import is_whole, told, wholes
from convscope.errors import SelectionError
from convscope.networks import Layer, Network
from convscope.networks.selection import Selector

__all__ = ["channels_of", "one_layer", "unit_of"]


def one_layer(network: Network, layer: Selector) -> Layer:
    """Find one layer with channels.

    Raises
    ------
    SelectionError
        When the selector means none or several, or the layer's axes are not channels and space.
    """
    if layer is None:
        raise SelectionError("layer None: give the name or index of one layer")
    chosen = network.select(layer)
    if len(chosen) != 1:
        raise SelectionError(
            f"{told(layer)} means {len(chosen)} layers: name one, such as {chosen[0].name!r}"
        )
    one = chosen[0]
    if one.dims[:1] != ("channel",) or not one.has_image_axis:
        able = next((other.name for other in network.layers.values() if other.space), None)
        remedy = f", such as {able!r}" if able else ""
        raise SelectionError(
            f"layer {one.name!r} has the axes {', '.join(one.dims) or 'of no map'}, so it has no "
            f"units in channels: choose a layer with feature maps{remedy}"
        )
    return one


def unit_of(layer: Layer, unit: int | Sequence[int], space: Sequence[int]) -> tuple[int, ...]:
    """Check a unit's position.

    Parameters
    ----------
    layer : Layer
    unit : int or sequence of int
    space : sequence of int
        Size of the layer's maps.

    Raises
    ------
    SelectionError
        When it does not lie in the map; the message names what does.
    """
    position = tuple(unit) if isinstance(unit, Sequence) else (unit,)
    words = layer.dims[1:]
    inside = len(position) == len(space) and all(
        is_whole(at) and 0 <= at < size for at, size in zip(position, space, strict=False)
    )
    if inside:
        return tuple(int(at) for at in position)
    given = f"unit {told(unit)}" if position else "unit without a position"
    if isinstance(unit, tuple) and all(map(is_whole, unit)) and unit:
        given = f"unit {','.join(map(str, unit))}"
    if not space:
        raise SelectionError(
            f"layer {layer.name!r} has no {given}, since it has no space: give only a channel"
        )
    possible = ", ".join(
        f"{word} from 0 to {size - 1}" for word, size in zip(words, space, strict=True)
    )
    raise SelectionError(
        f"layer {layer.name!r} has no {given}: give {','.join(words)} with {possible}"
    )


def channels_of(layer: Layer, count: int, channels: Sequence[int]) -> tuple[int, ...]:
    """Check a choice of channels.

    Raises
    ------
    SelectionError
        When one does not exist, or none is given.
    """
    chosen = wholes(channels, "channels")
    if not chosen:
        raise SelectionError(f"no channel was chosen: layer {layer.name!r} has 0 to {count - 1}")
    for channel in chosen:
        if not 0 <= channel < count:
            raise SelectionError(
                f"layer {layer.name!r} has no channel {channel}: its channels are 0 to {count - 1}"
            )
    return tuple(chosen)
