"""Run a Keras model on each backend: once abstractly for its layers, then compiled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras
import numpy as np

from convscope.networks.editing import Place
from convscope.networks.keras.editing import editing
from convscope.networks.keras.signature import Signature
from convscope.networks.keras.tape import Call, Change, Tape
from convscope.networks.selection import LINEAR

__all__ = [
    "Compiled",
    "compile_run",
    "compiled",
    "float32",
    "recorded",
    "shapes_of",
    "tensors",
    "trace",
]

Compiled = Callable[[Any, Sequence[np.ndarray]], tuple[dict[str, np.ndarray], list[np.ndarray]]]
"""Takes the inputs in the model's own structure, and none or one array of edits; gives the values
by layer, and the outputs."""

Shapes = tuple[tuple[int, ...], ...]


def trace(model: Any, inputs: Any, signature: Signature) -> tuple[list[Call], Any, Any]:
    """Run a model for its layers alone.

    Parameters
    ----------
    model : keras.Model
        A built model.
    inputs : structure of numpy.ndarray
        Arrays of the shapes and dtypes to trace with; their values do not matter.
    signature : Signature
        How the model is called.

    Returns
    -------
    calls : list of Call
        Every layer call, in execution order. Their tensors carry shapes, on jax and tensorflow
        no values.
    given, outputs : structure of tensors
        The inputs as the model saw them, and what it gave out.
    """
    found: list[tuple[list[Call], Any, Any]] = []

    def forward(arrays: Any) -> Any:
        given = tensors(arrays)
        tape, outputs = recorded(model, given, signature)
        found.append((tape.calls, given, outputs))
        return keras.tree.flatten(outputs)

    match keras.backend.backend():
        case "jax":
            import jax

            values = [variable.value for variable in model.variables]
            jax.eval_shape(_on_jax(model, forward), values, inputs)
        case "tensorflow":
            import tensorflow as tf

            specs = keras.tree.map_structure(
                lambda array: tf.TensorSpec(array.shape, array.dtype), inputs
            )
            tf.function(forward, autograph=False).get_concrete_function(specs)
        case _:
            _eagerly(forward)(inputs)
    return found[-1]


def compile_run(
    model: Any,
    names: Sequence[str],
    signature: Signature,
    *,
    outputs: bool,
    edited: Mapping[str, Place],
    training: bool = False,
) -> Compiled:
    """Compile a forward pass that gives out the chosen layers' values.

    What no chosen layer (and no output, where those are not asked for) depends on is not computed
    on jax and tensorflow. The weights are those of the moment of each call.

    Parameters
    ----------
    model : keras.Model
        A built model; it is left as it was.
    names : sequence of str
        Names of layers, linear parts, or what a layer was given (``conv2d:input:0``).
    signature : Signature
        How the model is called.
    outputs : bool
        Whether the model's outputs are given out as well.
    edited : mapping of str to Place
        The layers whose values can be changed on the way, with an array that is given at each call.
    training : bool
        Whether the model is called as in training; what it would then change stays as it was.
    """
    linear = any(name.endswith(LINEAR) for name in (*names, *edited))

    def forward(given: Any) -> list[Any]:
        inputs, edits = tensors(given)
        change = editing(edits[0], edited) if edited else None
        with _keeping_its_state() if training else nullcontext():
            tape, result = recorded(
                model, inputs, signature, linear=linear, change=change, training=training
            )
        values = tape.values()
        wanted = [values[name] for name in names]
        return wanted + (keras.tree.flatten(result) if outputs else [])

    run = compiled(model, forward)

    def call(
        inputs: Any, edits: Sequence[np.ndarray] = ()
    ) -> tuple[dict[str, np.ndarray], list[np.ndarray]]:
        arrays = run((inputs, list(edits)))
        return dict(zip(names, arrays, strict=False)), arrays[len(names) :]

    return call


def compiled(model: Any, forward: Callable[[Any], list[Any]]) -> Callable[[Any], list[np.ndarray]]:
    """Compile a pass on the backend: it takes a structure of arrays and gives float32 arrays."""
    places: dict[Shapes, list[int]] = {}
    unique = _once_each(forward, places)
    match keras.backend.backend():
        case "jax":
            run = _jitted(model, unique)
        case "tensorflow":
            run = _on_tensorflow(unique)
        case _:
            run = _eagerly(unique)

    def call(inputs: Any) -> list[np.ndarray]:
        arrays = [float32(value) for value in run(inputs)]
        return [arrays[place] for place in places[shapes_of(inputs)]]

    return call


def recorded(
    model: Any,
    inputs: Any,
    signature: Signature,
    *,
    linear: bool = False,
    change: Change | None = None,
    beside: Sequence[Any] = (),
    training: bool = False,
) -> tuple[Tape, Any]:
    """Run a model on tensors once, with every layer call on a tape.

    Parameters
    ----------
    inputs : structure of tensors
    linear : bool
        Also record linear parts.
    change : callable, optional
        Changes values on the way; see `Tape`.
    beside : sequence of tensors
        Tensors whose traces are not those of the inputs, but belong to the pass as well.
    """
    tape = Tape(_belonging([inputs, *beside]), linear=linear, change=change)
    with tape.recording():
        outputs = signature.call(model, inputs, training=training)
    return tape, outputs


def tensors(inputs: Any) -> Any:
    """Turn the arrays of a structure into the backend's tensors."""
    return keras.tree.map_structure(keras.ops.convert_to_tensor, inputs)


def _once_each(
    forward: Callable[[Any], list[Any]], places: dict[Shapes, list[int]]
) -> Callable[[Any], list[Any]]:
    """Give every tensor out once: layers that pass their input on would be copied.

    Whether a layer does so can depend on the shape, so `places` are kept by shape.
    """

    def unique(inputs: Any) -> list[Any]:
        values = forward(inputs)
        first: dict[int, int] = {}
        kept: list[Any] = []
        for value in values:
            if id(value) not in first:
                first[id(value)] = len(kept)
                kept.append(value)
        places[shapes_of(inputs)] = [first[id(value)] for value in values]
        return kept

    return unique


def shapes_of(inputs: Any) -> Shapes:
    """Give the shapes of the arrays of a structure."""
    return tuple(tuple(array.shape) for array in keras.tree.flatten(inputs))


def _keeping_its_state() -> AbstractContextManager[Any]:
    """Let what a model assigns to its variables be forgotten; on jax all passes do so."""
    return nullcontext() if keras.backend.backend() == "jax" else keras.StatelessScope()


def _on_jax(model: Any, forward: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    def stateless(variables: Any, inputs: Any) -> Any:
        with keras.StatelessScope(state_mapping=list(zip(model.variables, variables, strict=True))):
            return forward(inputs)

    return stateless


def _jitted(model: Any, forward: Callable[[Any], Any]) -> Callable[[Any], Any]:
    import jax

    jitted = jax.jit(_on_jax(model, forward))
    # Walking through a model for its variables takes a tenth of a small network's pass.
    variables = model.variables
    return lambda inputs: jitted([variable.value for variable in variables], inputs)


def _on_tensorflow(forward: Callable[[Any], Any]) -> Callable[[Any], Any]:
    import tensorflow as tf

    function = tf.function(forward, autograph=False)
    concrete: dict[tuple[Any, ...], Any] = {}

    def run(inputs: Any) -> Any:
        arrays = keras.tree.flatten(inputs)
        key = tuple((array.shape, array.dtype) for array in arrays)
        if key not in concrete:
            specs = keras.tree.map_structure(
                lambda array: tf.TensorSpec(array.shape, array.dtype), inputs
            )
            concrete[key] = function.get_concrete_function(specs)
        return concrete[key](keras.tree.map_structure(tf.constant, inputs))

    return run


def _eagerly(forward: Callable[[Any], Any]) -> Callable[[Any], Any]:
    if keras.backend.backend() != "torch":
        return forward
    import torch

    def without_gradients(inputs: Any) -> Any:
        with torch.no_grad():
            return forward(inputs)

    return without_gradients


def _belonging(given: Any) -> Callable[[Any], bool]:
    """Tell values of this pass from those of a loop body or a mapped function inside it."""
    several = keras.tree.flatten(given)
    match keras.backend.backend():
        case "jax":
            # A value that depends on no input is no tracer; it belongs as well.
            outer = [getattr(one, "_trace", None) for one in several]
            return lambda value: any(getattr(value, "_trace", outer[0]) is one for one in outer)
        case "tensorflow":
            graph = getattr(several[0], "graph", None)
            return lambda value: getattr(value, "graph", graph) is graph
        case "torch":
            import torch

            return lambda value: not torch._C._functorch.is_functorch_wrapped_tensor(value)
        case _:
            return lambda value: True


def float32(value: Any) -> np.ndarray:
    """Give a tensor as float32, without a copy where it is that already."""
    # Not keras.ops.convert_to_numpy, which copies on every backend.
    if keras.backend.backend() == "torch":
        value = value.detach().to("cpu")
        value = value.float() if value.is_floating_point() else value
    array = np.asarray(value)
    return array if array.dtype == np.float32 else array.astype(np.float32)
