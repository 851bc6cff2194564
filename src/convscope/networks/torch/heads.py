"""Find the logits behind the outputs of a PyTorch model."""

from __future__ import annotations

from collections.abc import Mapping

from convscope.networks.head import Head
from convscope.networks.layer import Layer
from convscope.networks.torch.call import Value
from convscope.networks.torch.kinds import number

__all__ = ["heads_of"]

_ACTIVATIONS = {"softmax": "softmax", "log_softmax": "softmax", "sigmoid": "sigmoid"}


def heads_of(outputs: Mapping[str, Value | None], layers: Mapping[str, Layer]) -> dict[str, Head]:
    """Say for every output, by its name, which value holds its scores.

    Outputs that no layer made, such as an input passed on, have none.
    """
    return {
        name: _head(name, value, layers)
        for name, value in outputs.items()
        if value is not None and value.name in layers
    }


def _head(output: str, value: Value, layers: Mapping[str, Layer]) -> Head:
    call = value.call
    assert call is not None
    activation = _ACTIVATIONS.get(call.function)
    if activation == "softmax":
        dim, rank = number(call, "dim", None), len(value.shape)
        if not isinstance(dim, int) or dim % rank != 1:
            activation = None
    before = call.inputs[0][0] if len(call.inputs) == 1 else None
    if activation is None or before is None or before.name not in layers:
        return Head(output, value.name, "linear")
    return Head(output, before.name, activation)
