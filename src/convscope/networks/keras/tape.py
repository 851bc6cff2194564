"""What the layer calls of one forward pass gave out."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import keras

from convscope.networks.selection import INPUT, LINEAR

__all__ = ["TENSOR", "Call", "Change", "Tape", "has_linear_part", "own_activation", "unchanged"]

Change = Callable[[str, Any], Any]
"""Gives the value with which a pass goes on, from a layer's name and the value it computed."""

TENSOR = "a tensor"
"""Stands for a tensor among the arguments of a call."""

# Under this name what stands for an activation function while a layer is traced holds it.
_OWN = "_own_activation"

_active = threading.local()
# Interception replaces one method of a class that all models share, so only one thread may trace
# at a time; threads that merely run other models pass straight through.
_tracing = threading.RLock()


@dataclass
class Call:
    """One call of a layer or operation.

    Attributes
    ----------
    name : str
        Unique name: the path of the blocks it lies in, its own name, and ``#2`` when that is used
        again.
    operation : keras.Operation
        The layer or operation called.
    inputs : list
        The tensors it was given, in order.
    arguments : (tuple, dict)
        Its arguments, with `TENSOR` for every tensor.
    outputs : list of (str, tensor)
        The tensors it gave out, with the suffix that tells several apart (``:0``, ``:key``).
    linear : tensor or None
        What it computed before its activation function, where that was asked for.
    composite : bool
        Whether layers were called inside it.
    """

    name: str
    operation: Any
    inputs: list[Any]
    arguments: tuple[Any, Any] = ((), {})
    outputs: list[tuple[str, Any]] = field(default_factory=list)
    linear: Any = None
    composite: bool = False


@dataclass
class _Frame:
    call: Call
    prefix: str
    seen: Counter[str] = field(default_factory=Counter)


class Tape:
    """Records every layer call of one forward pass of one model, on one thread.

    Parameters
    ----------
    belongs : callable
        Whether a tensor belongs to the pass that is recorded, and not to a loop or a mapped
        function inside it, whose values do not exist outside.
    linear : bool
        Also keep what layers compute before their activation function.
    change : callable, optional
        Given the name of a layer, or of a linear part, and its value, gives the value with which
        the pass goes on, and which is recorded.
    """

    def __init__(
        self,
        belongs: Callable[[Any], bool],
        *,
        linear: bool = False,
        change: Change | None = None,
    ) -> None:
        self.calls: list[Call] = []
        self._belongs = belongs
        self._linear = linear
        self._change = change or unchanged
        self._frames: list[_Frame] = []
        self._closed = 0
        self._entered: tuple[Any, Any, Any] = (None, (), {})
        # By the id of a tensor that a layer cast to its own dtype: that tensor, which must stay
        # alive for its id to stay its own, and the one that the layer was given.
        self._cast: dict[int, tuple[Any, Any]] = {}

    def values(self) -> dict[str, Any]:
        """Give all that was recorded, by the names of layers, linear parts and layers' inputs."""
        values = {}
        for call in self.calls:
            for suffix, value in call.outputs:
                values[call.name + suffix] = value
            if call.linear is not None:
                values[call.name + LINEAR] = call.linear
            for place, value in enumerate(call.inputs):
                values[f"{call.name}{INPUT}{place}"] = value
        return values

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Intercept layer calls on this thread until the block ends, however it ends."""
        with _tracing:
            original, enter = keras.Operation.__call__, keras.Layer.__call__

            def intercepted(operation: Any, *args: Any, **kwargs: Any) -> Any:
                tape = getattr(_active, "tape", None)
                if tape is None:
                    return original(operation, *args, **kwargs)
                return tape._call(original, operation, args, kwargs)

            def entered(layer: Any, *args: Any, **kwargs: Any) -> Any:
                tape = getattr(_active, "tape", None)
                if tape is not None:
                    tape._entered = (layer, args, kwargs)
                return enter(layer, *args, **kwargs)

            previous = getattr(_active, "tape", None)
            _active.tape = self
            keras.Operation.__call__, keras.Layer.__call__ = intercepted, entered
            try:
                yield
            finally:
                keras.Operation.__call__, keras.Layer.__call__ = original, enter
                _active.tape = previous

    def _call(self, original: Any, operation: Any, args: Any, kwargs: Any) -> Any:
        outer = self._frames[-1] if self._frames else None
        if self._closed or not _is_layer(operation, outer):
            return original(operation, *args, **kwargs)
        inputs = self._inputs(operation, args, kwargs)
        if not all(map(self._belongs, inputs)):
            with self._closing():
                return original(operation, *args, **kwargs)
        if outer is not None and _is_activation_of(operation, outer.call.operation):
            value = outer.call.linear = self._change(outer.call.name + LINEAR, args[0])
            return original(operation, value, *args[1:], **kwargs)
        name = self._name(operation, outer)
        call = Call(name, operation, inputs, _without_tensors((args, kwargs)))
        start = len(self.calls)
        loops = isinstance(operation, keras.layers.RNN | keras.layers.TimeDistributed)
        self._frames.append(_Frame(call, name + "/" if outer else ""))
        try:
            with self._linear_part(call), self._closing() if loops else nullcontext():
                outputs = original(operation, *args, **kwargs)
        finally:
            self._frames.pop()
        return self._record(call, outputs, start)

    @contextmanager
    def _closing(self) -> Iterator[None]:
        """Let the calls inside a loop pass unrecorded and unnamed."""
        self._closed += 1
        try:
            yield
        finally:
            self._closed -= 1

    def _inputs(self, operation: Any, args: Any, kwargs: Any) -> list[Any]:
        """Find the tensors that the caller gave: before casts, without masks that Keras adds."""
        layer, given, named = self._entered
        if layer is not operation:
            return _tensors((args, kwargs))
        named = {key: value for key, value in named.items() if key != "mask"}
        originals = _tensors((given, named))
        cast = _tensors((args, {key: kwargs.get(key) for key in named}))
        if len(originals) != len(cast):
            return cast
        originals = [self._cast.get(id(value), (value, value))[1] for value in originals]
        for value, source in zip(cast, originals, strict=True):
            if value is not source:
                self._cast[id(value)] = (value, source)
        return originals

    def _name(self, operation: Any, outer: _Frame | None) -> str:
        if outer is None:
            return str(operation.name)
        outer.seen[operation.name] += 1
        repeat = outer.seen[operation.name]
        return outer.prefix + str(operation.name) + (f"#{repeat}" if repeat > 1 else "")

    def _record(self, call: Call, outputs: Any, start: int) -> Any:
        parts = {id(value) for part in self.calls[start:] for _, value in part.outputs}
        call.composite = bool(parts)
        call.outputs = [
            (suffix, value)
            for suffix, value in _named(outputs)
            if id(value) not in parts and self._belongs(value)
        ]
        if not call.outputs:
            return outputs
        if not self._frames and any(part.name == call.name for part in self.calls):
            call.name += "#2"
        self.calls.append(call)
        changed = {
            id(value): self._change(call.name + suffix, value) for suffix, value in call.outputs
        }
        call.outputs = [(suffix, changed[id(value)]) for suffix, value in call.outputs]
        return keras.tree.map_structure(lambda value: changed.get(id(value), value), outputs)

    @contextmanager
    def _linear_part(self, call: Call) -> Iterator[None]:
        operation = call.operation
        if not self._linear or not has_linear_part(operation):
            yield
            return
        activation = operation.activation
        if isinstance(activation, keras.Operation):
            yield
            return
        thread = threading.get_ident()

        def keeping(value: Any, *args: Any, **kwargs: Any) -> Any:
            if threading.get_ident() == thread and self._belongs(value):
                value = call.linear = self._change(call.name + LINEAR, value)
            return activation(value, *args, **kwargs)

        setattr(keeping, _OWN, activation)
        # Through __dict__: an assignment would be seen by the layer's own tracking of attributes.
        operation.__dict__["activation"] = keeping
        try:
            yield
        finally:
            operation.__dict__["activation"] = activation


_FUSED = (
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.Conv3D,
    keras.layers.Conv1DTranspose,
    keras.layers.Conv2DTranspose,
    keras.layers.Conv3DTranspose,
    keras.layers.DepthwiseConv1D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv1D,
    keras.layers.SeparableConv2D,
    keras.layers.Dense,
    keras.layers.EinsumDense,
)


def own_activation(operation: Any) -> Any:
    """Give a layer's own activation function, also while another thread traces the layer."""
    function = getattr(operation, "activation", None)
    return getattr(function, _OWN, function)


def has_linear_part(operation: Any) -> bool:
    """Tell whether a layer applies an activation function of its own to a linear value."""
    return (
        isinstance(operation, _FUSED)
        and operation.activation is not None
        and operation.activation is not keras.activations.linear
    )


def unchanged(_: str, value: Any) -> Any:
    """Go on with a value as it is."""
    return value


def _is_layer(operation: Any, outer: _Frame | None) -> bool:
    """Tell layers, and operations of a functional graph, from operations in hand-written code."""
    if isinstance(operation, keras.layers.InputLayer):
        return False
    if outer is None or isinstance(operation, keras.Layer):
        return True
    graph = getattr(outer.call.operation, "operations", ())
    return any(operation is member for member in graph)


def _is_activation_of(operation: Any, outer: Any) -> bool:
    return isinstance(outer, _FUSED) and operation is outer.activation


def _tensors(structure: Any) -> list[Any]:
    return [
        value
        for value in keras.tree.flatten(structure)
        if keras.ops.is_tensor(value) and not isinstance(value, keras.Variable)
    ]


def _without_tensors(arguments: Any) -> Any:
    return keras.tree.map_structure(
        lambda value: TENSOR if keras.ops.is_tensor(value) else value, arguments
    )


def _named(outputs: Any) -> list[tuple[str, Any]]:
    if keras.ops.is_tensor(outputs):
        return [("", outputs)]
    named = []
    for path, value in keras.tree.flatten_with_path(outputs):
        if keras.ops.is_tensor(value):
            suffix = "/".join(str(part) for part in path)
            named.append((f":{suffix}" if suffix else "", value))
    return named
