"""Find the logits behind the outputs of an ONNX graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from convscope.networks.head import Head
from convscope.networks.layer import Layer
from convscope.networks.onnx.calls import Call

__all__ = ["heads_of"]

_ACTIVATIONS = {"Softmax": "softmax", "LogSoftmax": "softmax", "Sigmoid": "sigmoid"}
_PASSING = frozenset({"Identity", "Cast"})


def heads_of(
    outputs: Sequence[str],
    values: Mapping[str, str],
    calls: Mapping[str, Call],
    layers: Mapping[str, Layer],
) -> dict[str, Head]:
    """Say for every output which value holds its scores.

    Parameters
    ----------
    outputs : sequence of str
    values : mapping of str to str
        The value that each layer is.
    calls : mapping of str to Call
        The call that makes each layer.
    layers : mapping of str to Layer

    Returns
    -------
    dict of str to Head
        Without outputs that no layer makes, such as an input passed on.
    """
    makers = {value: name for name, value in values.items() if name in layers}
    return {
        output: _head(output, makers[output], calls, layers)
        for output in outputs
        if output in makers
    }


def _head(output: str, made: str, calls: Mapping[str, Call], layers: Mapping[str, Layer]) -> Head:
    name = made
    # What only passes its value on hides no more than the function before it.
    while calls[name].function in _PASSING and (before := _before(layers[name], layers)):
        name = before
    activation = _ACTIVATIONS.get(calls[name].function)
    logits = _before(layers[name], layers)
    if activation is None or logits is None:
        return Head(output, made, "linear")
    if activation == "softmax" and layers[name].dims[:1] != ("channel",):
        return Head(output, made, "linear")
    return Head(output, logits, activation)


def _before(layer: Layer, layers: Mapping[str, Layer]) -> str | None:
    known = layer.inputs
    return known[0] if known and len(known) == 1 and known[0] in layers else None
