"""From the calls of a traced model to layers with shapes, inputs and receptive fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from convscope.networks.geometry import Field, Geometry, joined_fields
from convscope.networks.given import Given
from convscope.networks.layer import Layer, dims_of
from convscope.networks.selection import INPUT
from convscope.networks.torch.call import Call, Value
from convscope.networks.torch.kinds import (
    bounds_of,
    geometry_of,
    joined_axis,
    kind_of,
    sees_everything,
)

__all__ = ["describe"]

_KEEPING = {"activation", "dropout", "normalization", "merge"}


@dataclass
class _Seen:
    """What of the network's input the units of a value see."""

    fields: tuple[Field, ...] | None
    everything: bool = False


@dataclass
class _State:
    image_size: tuple[int, ...]
    batches: tuple[int, int]
    others: Mapping[str, tuple[int, ...]]
    seen: dict[str, _Seen] = field(default_factory=dict)
    counted: set[int] = field(default_factory=set)
    layers: list[Layer] = field(default_factory=list)


def describe(
    calls: Sequence[Call],
    others: Mapping[str, tuple[int, ...]],
    inputs: Mapping[str, tuple[int, ...]],
    batches: tuple[int, int],
    *,
    free: bool = False,
) -> tuple[dict[str, Layer], dict[str, tuple[Given, ...]]]:
    """Describe the layers of a traced model, and what each call was given.

    Parameters
    ----------
    calls : sequence of Call
        Of a finished trace.
    others : mapping of str to tuple of int
        Shapes of the same values in a second trace, with another number of images and other sizes.
    inputs : mapping of str to tuple of int
        Shapes of the network's inputs in the first.
    batches : (int, int)
        Number of images in the two.
    free : bool
        Whether the network takes any size, so that the size of the input is none to be told.
    """
    sizes = [shape[2:] for shape in inputs.values()]
    state = _State(() if free or not sizes else sizes[0], batches, others)
    for name, shape in inputs.items():
        state.seen[name] = _Seen(tuple(Field() for _ in shape[2:]))
    given: dict[str, tuple[Given, ...]] = {}
    for call in calls:
        given[call.name] = _given(state, call)
        _add(state, call)
    return {layer.name: layer for layer in state.layers}, given


def _add(state: _State, call: Call) -> None:
    kind = kind_of(call)
    sources = [source for source, _, _ in call.inputs]
    parameters, trainable = _own_parameters(state, call)
    geometry = None if call.composite else geometry_of(call, kind)
    seen = _sees(state, call, kind, sources, geometry)
    known = all(source is not None for source in sources) and not call.composite
    for position, value in enumerate(call.outputs):
        has_image = _has_image(state, value.name, value.shape)
        state.seen[value.name] = seen
        state.layers.append(
            Layer(
                index=len(state.layers),
                name=value.name,
                kind=kind,
                operation=call.operation,
                dims=dims_of(len(value.shape), image=has_image)[has_image:],
                shape=_visible(state, value.name, value.shape, has_image),
                parameters=0 if position else parameters,
                trainable=0 if position else trainable,
                inputs=tuple(source.name for source in sources if source) if known else None,
                geometry=geometry,
                joined=joined_axis(call) if kind == "merge" else None,
                receptive_field=_size(state, seen),
                sees_everything=seen.everything,
                composite=call.composite,
                bounds=bounds_of(call),
                has_image_axis=has_image,
                channels_first=True,
            )
        )


def _given(state: _State, call: Call) -> tuple[Given, ...]:
    values = []
    for place, (_, shape, dtype) in enumerate(call.inputs):
        name = f"{call.name}{INPUT}{place}"
        has_image = _has_image(state, name, shape)
        values.append(
            Given(
                name,
                dims_of(len(shape), image=has_image)[has_image:],
                _visible(state, name, shape, has_image),
                has_image,
                True,
                dtype.removeprefix("torch."),
            )
        )
    return tuple(values)


def _has_image(state: _State, name: str, shape: tuple[int, ...]) -> bool:
    other = state.others.get(name, shape)
    return bool(shape) and (shape[0], other[:1]) == (state.batches[0], (state.batches[1],))


def _visible(
    state: _State, name: str, shape: tuple[int, ...], has_image: bool
) -> tuple[int | None, ...]:
    """Give a shape without images, with None where the traces differ."""
    other = state.others.get(name, shape)
    if len(other) != len(shape):
        return (None,) * (len(shape) - has_image)
    sizes = tuple(
        size if size == second else None for size, second in zip(shape, other, strict=True)
    )
    return sizes[1:] if has_image else sizes


def _own_parameters(state: _State, call: Call) -> tuple[int, int]:
    """Count the weights that no layer before has counted."""
    total = trainable = 0
    for weight in call.weights:
        if id(weight) not in state.counted:
            state.counted.add(id(weight))
            total += weight.numel()
            trainable += weight.numel() if weight.requires_grad else 0
    return total, trainable


def _sees(
    state: _State,
    call: Call,
    kind: str,
    sources: Sequence[Value | None],
    geometry: Geometry | None,
) -> _Seen:
    """Compose the fields of a layer; one of unknown geometry has none."""
    known = [state.seen[source.name] for source in sources if source is not None]
    if call.composite or not known or len(known) != len(sources):
        return _Seen(None)
    if any(one.everything for one in known):
        return _Seen(None, True)
    mixes = sees_everything(call, kind)
    if mixes and (known[0].fields or len(call.inputs[0][1]) == 2):
        return _Seen(None, True)
    fields = [one.fields for one in known if one.fields is not None]
    if len(fields) != len(known):
        return _Seen(None)
    if geometry is not None:
        return _Seen(joined_fields(fields, geometry))
    rank = len(call.outputs[0].shape)
    flat = kind == "reshape" and rank == 2
    without_space = kind in _KEEPING and len(call.inputs[0][1]) == 2
    return _Seen(fields[0] if flat or without_space else None)


def _size(state: _State, seen: _Seen) -> tuple[int, ...] | None:
    if seen.everything:
        return state.image_size or None
    return tuple(one.size for one in seen.fields) if seen.fields else None
