"""From the calls of a traced model to layers with shapes, inputs and receptive fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import keras

from convscope.networks.geometry import Field, Geometry, joined_fields, sliced, space_of
from convscope.networks.given import Given
from convscope.networks.keras.kinds import (
    bounds_of,
    channels_first_of,
    geometry_of,
    joined_axis,
    kind_of,
    sees_everything,
)
from convscope.networks.keras.tape import Call, has_linear_part
from convscope.networks.layer import Layer, dims_of
from convscope.networks.selection import INPUT

__all__ = ["describe", "input_order"]


@dataclass
class _Value:
    """A tensor of the trace: where it came from and what of the input its units see."""

    name: str
    channels_first: bool
    fields: tuple[Field, ...] | None
    everything: bool = False


@dataclass
class _State:
    framework_first: bool
    image_size: tuple[int, ...]
    values: dict[int, _Value] = field(default_factory=dict)
    counted: set[int] = field(default_factory=set)
    layers: list[Layer] = field(default_factory=list)
    given: dict[str, tuple[Given, ...]] = field(default_factory=dict)


def input_order(calls: Sequence[Call]) -> bool:
    """Tell whether a model puts channels first: what its first layer with an opinion says."""
    for call in calls:
        order = channels_first_of(call.operation)
        if order is not None:
            return order
    return bool(keras.config.image_data_format() == "channels_first")


def describe(
    calls: Sequence[Call],
    given: Mapping[str, Any],
    others: Mapping[str, tuple[int, ...]],
    batches: tuple[int, int],
) -> tuple[dict[str, Layer], dict[str, tuple[Given, ...]]]:
    """Describe the layers of a traced model, and what each call was given.

    Parameters
    ----------
    calls : sequence of Call
        From `trace`.
    given : mapping of str to tensor
        The model's inputs in that trace, by name.
    others : mapping of str to tuple of int
        Shapes of the same values in a second trace with another number of images and, where the
        model allows it, other sizes: what differs depends on the input.
    batches : (int, int)
        Number of images in the two traces.
    """
    state = _State(keras.config.image_data_format() == "channels_first", ())
    first = input_order(calls)
    for name, tensor in given.items():
        space = space_of(tuple(tensor.shape), first)
        state.image_size = state.image_size or space
        state.values[id(tensor)] = _Value(name, first, tuple(Field() for _ in space))
    for call in calls:
        _add(state, call, others, batches)
    return {layer.name: layer for layer in state.layers}, state.given


def _add(
    state: _State, call: Call, others: Mapping[str, tuple[int, ...]], batches: tuple[int, int]
) -> None:
    kind = kind_of(call.operation, composite=call.composite)
    sources = [state.values.get(id(value)) for value in call.inputs]
    parameters, trainable = _own_parameters(state, call)
    state.given[call.name] = _given(state, call, kind, sources, others, batches)
    for position, (suffix, value) in enumerate(call.outputs):
        name = call.name + suffix
        shape = tuple(int(size) for size in value.shape)
        other = others.get(name, shape)
        has_image = bool(shape) and (shape[0], other[:1]) == (batches[0], (batches[1],))
        first = _order(state, call, kind, sources, len(shape))
        geometry = _geometry(call, kind, shape, first)
        fields, everything = _fields(call, kind, sources, geometry, first)
        state.values[id(value)] = _Value(name, first, fields, everything)
        known = None if None in sources or call.composite else sources
        state.layers.append(
            Layer(
                index=len(state.layers),
                name=name,
                kind=kind,
                operation=type(call.operation).__name__,
                dims=dims_of(len(shape), image=has_image)[has_image:],
                shape=_visible_shape(shape, other, first, has_image),
                parameters=0 if position else parameters,
                trainable=0 if position else trainable,
                inputs=None if known is None else tuple(source.name for source in known if source),
                geometry=geometry,
                joined=_joined(call, kind, shape, first),
                receptive_field=_size(state, fields, everything),
                sees_everything=everything,
                composite=call.composite,
                bounds=bounds_of(call.operation),
                has_image_axis=has_image,
                channels_first=first,
                has_linear=has_linear_part(call.operation) and len(call.outputs) == 1,
            )
        )


def _given(
    state: _State,
    call: Call,
    kind: str,
    sources: Sequence[_Value | None],
    others: Mapping[str, tuple[int, ...]],
    batches: tuple[int, int],
) -> tuple[Given, ...]:
    """Describe what a call was given, all in one order: values of unlike order broadcast as are."""
    rank = len(call.outputs[0][1].shape)
    order = _order(state, call, kind, sources, rank)
    values = []
    for place, (value, source) in enumerate(zip(call.inputs, sources, strict=True)):
        name = f"{call.name}{INPUT}{place}"
        shape = tuple(int(size) for size in value.shape)
        other = others.get(name, shape)
        has_image = bool(shape) and (shape[0], other[:1]) == (batches[0], (batches[1],))
        first = source.channels_first if kind == "reshape" and source else order
        values.append(
            Given(
                name,
                dims_of(len(shape), image=has_image)[has_image:],
                _visible_shape(shape, other, first, has_image),
                has_image,
                first,
                str(keras.backend.standardize_dtype(value.dtype)),
            )
        )
    return tuple(values)


def _own_parameters(state: _State, call: Call) -> tuple[int, int]:
    """Count the weights that no layer before has counted."""
    total = trainable = 0
    for variable in getattr(call.operation, "weights", ()):
        if id(variable) in state.counted:
            continue
        state.counted.add(id(variable))
        size = prod(variable.shape)
        total += size
        trainable += size if variable.trainable else 0
    return total, trainable


def _order(
    state: _State, call: Call, kind: str, sources: Sequence[_Value | None], rank: int
) -> bool:
    own = channels_first_of(call.operation)
    if own is not None:
        return own
    sliced = _key(call) is not None and len(call.inputs[0].shape) == rank
    if (kind == "reshape" and not sliced) or not sources or sources[0] is None:
        known = next((value.channels_first for value in state.values.values()), False)
        return state.framework_first if kind == "reshape" else known
    return sources[0].channels_first


def _geometry(
    call: Call, kind: str, shape: tuple[int, ...], channels_first: bool
) -> Geometry | None:
    if call.composite or not call.inputs:
        return None
    space = space_of(tuple(call.inputs[0].shape), channels_first)
    key = _key(call)
    if key is not None:
        return sliced(key, tuple(call.inputs[0].shape), shape, channels_first)
    geometry = geometry_of(call.operation, kind, space, channels_first=channels_first)
    if geometry is None:
        return None
    kept = geometry.is_pointwise and space != space_of(shape, channels_first)
    return None if kept else geometry


def _key(call: Call) -> tuple[Any, ...] | None:
    """Say which part of a tensor an indexing operation takes; None for any other."""
    if type(call.operation).__name__ != "GetItem":
        return None
    args, kwargs = call.arguments
    key = kwargs["key"] if "key" in kwargs else args[1]
    return tuple(key) if isinstance(key, list | tuple) else (key,)


def _joined(call: Call, kind: str, shape: tuple[int, ...], channels_first: bool) -> int | None:
    if kind != "merge" or call.composite or len(call.inputs) < 2:
        return None
    return joined_axis(call.operation, len(shape), channels_first)


def _fields(
    call: Call,
    kind: str,
    sources: Sequence[_Value | None],
    geometry: Geometry | None,
    channels_first: bool,
) -> tuple[tuple[Field, ...] | None, bool]:
    """Compose the fields of a layer; a layer of unknown geometry has none."""
    known = [source for source in sources if source is not None]
    if call.composite or len(known) != len(sources) or not known:
        return None, False
    everything = any(source.everything for source in known)
    rank = len(call.inputs[0].shape)
    mixes = sees_everything(call.operation, kind, rank, channels_first=channels_first)
    if everything or (mixes and known[0].fields is not None):
        return None, True
    if any(source.fields is None for source in known):
        return None, False
    if geometry is None:
        flat = kind == "reshape" and type(call.operation).__name__ == "Flatten"
        without_space = kind in {"activation", "dropout", "normalization", "merge"} and rank == 2
        return (known[0].fields, False) if flat or without_space else (None, False)
    fields = [source.fields for source in known if source.fields is not None]
    return joined_fields(fields, geometry), False


def _size(
    state: _State, fields: tuple[Field, ...] | None, everything: bool
) -> tuple[int, ...] | None:
    if everything:
        return state.image_size or None
    if not fields:
        return None
    return tuple(field.size for field in fields)


def _visible_shape(
    shape: tuple[int, ...], other: tuple[int, ...], channels_first: bool, has_image: bool
) -> tuple[int | None, ...]:
    """Order a shape as the dims are, without images, with None where the traces differ."""
    sizes: list[int | None] = [
        size if size == second else None for size, second in zip(shape, other, strict=True)
    ]
    inner = sizes[1:] if has_image else sizes
    if not channels_first and 2 <= len(inner) <= 4:
        inner = [inner[-1], *inner[:-1]]
    return tuple(inner)
