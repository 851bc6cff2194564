"""Find the logits behind the outputs of a Keras model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from convscope.networks.head import Head
from convscope.networks.keras.tape import Call, own_activation
from convscope.networks.layer import Layer
from convscope.networks.selection import LINEAR

__all__ = ["heads_of"]


def heads_of(
    names: Sequence[str], outputs: Sequence[Any], calls: Sequence[Call], layers: Mapping[str, Layer]
) -> dict[str, Head]:
    """Say for every output which value holds its scores.

    Parameters
    ----------
    names : sequence of str
        What the outputs are called.
    outputs : sequence of tensors
        The outputs of the trace, in the same order.
    calls : sequence of Call
        The trace.
    layers : mapping of str to Layer

    Returns
    -------
    dict of str to Head
        Without outputs that no layer made, such as an input passed on.
    """
    made = {id(value): (call, suffix) for call in calls for suffix, value in call.outputs}
    return {
        name: _head(name, *made[id(value)], layers)
        for name, value in zip(names, outputs, strict=True)
        if id(value) in made
    }


def _head(output: str, call: Call, suffix: str, layers: Mapping[str, Layer]) -> Head:
    name = call.name + suffix
    activation = _activation(call.operation)
    layer = layers[name]
    if activation == "linear":
        return Head(output, name, activation)
    if layer.has_linear:
        return Head(output, name + LINEAR, activation)
    if layer.kind == "activation" and layer.inputs and layer.inputs[0] in layers:
        return Head(output, layer.inputs[0], activation)
    return Head(output, name, "linear")


def _activation(operation: Any) -> str:
    if isinstance(operation, keras.layers.Softmax):
        return "softmax"
    function = own_activation(operation)
    name = str(getattr(function, "__name__", type(operation).__name__.lower()))
    return {"softmax": "softmax", "log_softmax": "softmax", "sigmoid": "sigmoid"}.get(
        name, "linear"
    )
