"""From the calls of a graph to layers with shapes, inputs and receptive fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

from convscope.networks.geometry import Field, Geometry, joined_fields, space_of
from convscope.networks.given import Given
from convscope.networks.layer import Input, Layer, dims_of
from convscope.networks.onnx.calls import Call
from convscope.networks.onnx.constants import Constants
from convscope.networks.onnx.kinds import bounds_of, kind_of
from convscope.networks.onnx.order import channels_first_of, input_order
from convscope.networks.onnx.shapes import Shape, Shapes
from convscope.networks.onnx.sized import Sized, joined_axis, sees_everything
from convscope.networks.onnx.tensors import dtype_of
from convscope.networks.onnx.windows import geometry_of
from convscope.networks.selection import INPUT

__all__ = ["Description", "describe"]

_KEEPING = frozenset({"activation", "dropout", "normalization", "merge", "quantization"})

# What these take besides their value are no weights.
_WITHOUT_WEIGHTS = frozenset(
    {"Resize", "Upsample", "Pad", "Clip", "Dropout", "QuantizeLinear", "DequantizeLinear", "Pow"}
)


@dataclass(frozen=True)
class Description:
    """What is known of a graph before it is run.

    Attributes
    ----------
    calls : mapping of str to Call
        By the names of the layers.
    inputs : tuple of Input
    layers : mapping of str to Layer
    given : mapping of str to tuple of Given
        By the names of the calls.
    values : mapping of str to str
        The value of the graph that each layer and each `Given` is.
    """

    calls: Mapping[str, Call]
    inputs: tuple[Input, ...]
    layers: Mapping[str, Layer]
    given: Mapping[str, tuple[Given, ...]]
    values: Mapping[str, str]


@dataclass
class _Seen:
    """A value: where it came from and what of the input its units see."""

    name: str
    channels_first: bool
    fields: tuple[Field, ...] | None
    everything: bool = False


@dataclass
class _State:
    shapes: Shapes
    constants: Constants
    images: int | str
    image_size: tuple[int, ...] = ()
    seen: dict[str, _Seen] = field(default_factory=dict)
    counted: set[str] = field(default_factory=set)
    layers: dict[str, Layer] = field(default_factory=dict)
    calls: dict[str, Call] = field(default_factory=dict)
    given: dict[str, tuple[Given, ...]] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)

    def shape(self, value: str) -> tuple[int | None, ...]:
        """Give a value's whole shape, with None where it depends on the input."""
        known = self.shapes.values.get(value, Shape(0, None)).dims or ()
        return tuple(size if isinstance(size, int) else None for size in known)

    def has_image(self, value: str) -> bool:
        known = self.shapes.values.get(value, Shape(0, None)).dims
        return bool(known) and known is not None and known[0] == self.images


def describe(shapes: Shapes, calls: Sequence[Call], constants: Constants) -> Description:
    """Describe the layers of a graph, and what each call is given."""
    entries = shapes.program.inputs
    state = _State(shapes, constants, entries[0].dims[0] if entries[0].dims else 1)
    inputs = []
    for entry in entries:
        first = input_order(entry.name, len(entry.dims), calls)
        whole = tuple(size if isinstance(size, int) else None for size in entry.dims)
        space = space_of(whole, first)
        if not state.image_size and None not in space:
            state.image_size = tuple(size or 0 for size in space)
        state.seen[entry.name] = _Seen(entry.name, first, tuple(Field() for _ in space))
        shape = whole[1:] if state.has_image(entry.name) else whole
        inputs.append(Input(entry.name, shape, str(dtype_of(entry.kind)), first))
    for call in calls:
        _add(state, call)
    return Description(state.calls, tuple(inputs), state.layers, state.given, state.values)


def _add(state: _State, call: Call) -> None:
    kind = kind_of(call)
    taken = [call.inputs[place] for place in call.data]
    sources = [state.seen.get(value) for value in (*taken, *call.hidden)]
    known = [source for source in sources if source is not None]
    whole = len(known) == len(sources)
    for position, (suffix, value) in enumerate(call.outputs):
        if value not in state.shapes.values:
            # A sequence, a map or words: nothing that can be shown.
            continue
        name, shape = call.name + suffix, state.shape(value)
        ranks = [len(state.shape(one)) for one in taken]
        orders = [(state.seen[one].channels_first, rank) if one in state.seen else (True, rank)
                  for one, rank in zip(taken, ranks, strict=True)]  # fmt: skip
        first = channels_first_of(call, orders, len(shape), state.constants)
        sized = _sized(state, call, kind, taken, shape, first)
        geometry = None if sized is None else geometry_of(sized)
        fields, everything = _sees(call, kind, known, sized, geometry, whole=whole)
        state.seen[value] = _Seen(name, first, fields, everything)
        has_image = state.has_image(value)
        total, trainable = _own_parameters(state, call) if not position else (0, 0)
        state.calls[name], state.values[name] = call, value
        state.layers[name] = Layer(
            index=len(state.layers),
            name=name,
            kind=kind,
            operation=call.operation,
            dims=dims_of(len(shape), image=has_image)[has_image:],
            shape=_visible(shape, first, has_image),
            parameters=total,
            trainable=trainable,
            inputs=tuple(source.name for source in known) if whole else None,
            geometry=geometry,
            joined=joined_axis(call, len(shape), first) if len(taken) > 1 else None,
            receptive_field=_size(state, fields, everything),
            sees_everything=everything,
            bounds=bounds_of(call, state.constants),
            has_image_axis=has_image,
            channels_first=first,
        )
        if not position:
            state.given[call.name] = _given(state, call, kind, taken, first)


def _sized(
    state: _State, call: Call, kind: str, taken: Sequence[str], shape: tuple[int | None, ...],
    first: bool,
) -> Sized | None:  # fmt: skip
    """Bring a call together with the sizes of its largest value given, by which space goes."""
    if not taken or taken[0] not in state.seen:
        return None
    whole = taken[0]
    if kind == "merge":
        whole = max(taken, key=lambda value: _extent(state.shape(value)))
    source = state.seen.get(whole)
    before = first if source is None or kind == "merge" else source.channels_first
    return Sized(call, kind, state.shape(whole), shape, before, state.constants)


def _extent(shape: tuple[int | None, ...]) -> tuple[int, int]:
    return len(shape), prod(size or 1000 for size in shape)


def _given(
    state: _State, call: Call, kind: str, taken: Sequence[str], order: bool
) -> tuple[Given, ...]:
    """Describe what a call is given, all in one order: values of unlike order broadcast as are."""
    found = []
    for place, value in enumerate(taken):
        name = f"{call.name}{INPUT}{place}"
        shape, has_image = state.shape(value), state.has_image(value)
        own = kind == "reshape" and value in state.seen
        first = state.seen[value].channels_first if own else order
        kept = state.shapes.values.get(value)
        dtype = dtype_of(kept.kind) if kept else None
        state.values[name] = value
        found.append(
            Given(
                name,
                dims_of(len(shape), image=has_image)[has_image:],
                _visible(shape, first, has_image),
                has_image,
                first,
                "bfloat16" if dtype is None else str(dtype),
            )
        )
    return tuple(found)


def _own_parameters(state: _State, call: Call) -> tuple[int, int]:
    """Count the weights that no layer before has counted; statistics are not trained."""
    total = trainable = 0
    if call.function in _WITHOUT_WEIGHTS:
        return 0, 0
    for place, name in enumerate(call.inputs):
        for source in state.constants.sources(name) if name else ():
            shape, floating = state.constants.stored(source)
            quantized = not floating and len(shape) > 1
            if source in state.counted or not shape or not (floating or quantized):
                continue
            state.counted.add(source)
            total += prod(shape)
            fixed = call.function == "BatchNormalization" and place > 2
            trainable += 0 if fixed else prod(shape)
    return total, trainable


def _sees(
    call: Call,
    kind: str,
    sources: Sequence[_Seen],
    sized: Sized | None,
    geometry: Geometry | None,
    *,
    whole: bool,
) -> tuple[tuple[Field, ...] | None, bool]:
    """Compose the fields of a layer; a layer of unknown geometry has none."""
    if sized is None or not sources or not whole or call.hidden:
        return None, False
    if any(source.everything for source in sources):
        return None, True
    if sees_everything(sized) and sources[0].fields is not None:
        return None, True
    fields = [source.fields for source in sources if source.fields is not None]
    if len(fields) != len(sources):
        return None, False
    if geometry is not None:
        return joined_fields(fields, geometry), False
    flat = kind == "reshape" and len(sized.out) == 2
    without_space = kind in _KEEPING and len(sized.given) == 2
    return (fields[0] if flat or without_space else None), False


def _size(
    state: _State, fields: tuple[Field, ...] | None, everything: bool
) -> tuple[int, ...] | None:
    if everything:
        return state.image_size or None
    return tuple(one.size for one in fields) if fields else None


def _visible(
    shape: tuple[int | None, ...], channels_first: bool, has_image: bool
) -> tuple[int | None, ...]:
    """Order a shape as the dims are, without images."""
    inner = list(shape[1:] if has_image else shape)
    if not channels_first and 2 <= len(inner) <= 4:
        inner = [inner[-1], *inner[:-1]]
    return tuple(inner)
