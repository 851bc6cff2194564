"""What a PyTorch call computes, with the weights of this moment."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from convscope.networks.computation import Computation
from convscope.networks.given import Given
from convscope.networks.layer import Layer
from convscope.networks.torch.call import Call
from convscope.networks.torch.readers import READERS
from convscope.networks.torch.reading import Reading

__all__ = ["computation_of"]


def computation_of(call: Call, given: Sequence[Given], out: Layer) -> Computation | None:
    """Say what a call computes; None where that is not understood.

    Parameters
    ----------
    call : Call
    given : sequence of Given
        What it was given.
    out : Layer
        What it gives out.
    """
    reader = READERS.get(call.function)
    values: tuple[Given | Layer, ...] = (*given, out)
    if reader is None or not given or not all(_has_channels(value) for value in values):
        return None
    if any(tensor.is_quantized for tensor in _weights(call)):
        return None
    taken = reader(Reading(call, given, out))
    if taken is None:
        return None
    return Computation(
        taken.operation,
        tuple(value.name for value in given),
        taken.geometry,
        taken.options,
        {name: weight for name, weight in taken.weights.items() if weight is not None},
        taken.activation,
        _coarsest(call, given),
    )


def _has_channels(value: Given | Layer) -> bool:
    return value.has_image_axis and value.dims[:1] == ("channel",)


def _weights(call: Call) -> list[torch.Tensor]:
    return [value for value in call.arguments.values() if isinstance(value, torch.Tensor)]


_PRECISIONS = ("float64", "float32", "float16", "bfloat16")


def _coarsest(call: Call, given: Sequence[Given]) -> str:
    types = [value.dtype for value in given]
    types += [str(weight.dtype).removeprefix("torch.") for weight in _weights(call)]
    known = [_PRECISIONS.index(dtype) for dtype in types if dtype in _PRECISIONS]
    # Values are recorded as float32, whatever they were.
    return _PRECISIONS[max([1, *known])]
