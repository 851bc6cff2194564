"""What is found out about a PyTorch model by running it on two examples."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch

from convscope.errors import ConvscopeError, ModelError
from convscope.networks.given import Given
from convscope.networks.head import Head
from convscope.networks.layer import Input, Layer
from convscope.networks.reasons import reason_of
from convscope.networks.selection import INPUT
from convscope.networks.torch.call import Call
from convscope.networks.torch.describe import describe
from convscope.networks.torch.execution import inference, traced
from convscope.networks.torch.heads import heads_of
from convscope.networks.torch.moment import Moment
from convscope.networks.torch.program import UnrecordableError
from convscope.networks.torch.signature import Signature
from convscope.networks.torch.structure import named_tensors
from convscope.networks.torch.trace import Trace

__all__ = ["Description", "description_of"]

_Sizes = Sequence[tuple[int, ...]]


@dataclass(frozen=True)
class Description:
    """What is known of a model.

    Attributes
    ----------
    calls : sequence of Call
    given : mapping of str to tuple of Given
        What every call was given.
    inputs : tuple of Input
    layers : mapping of str to Layer
    heads : mapping of str to Head
        By the names of the outputs.
    outputs : sequence of str
        Their names.
    sizes : tuple of two sequences of shapes
        Of the outputs, in the two examples.
    moment : Moment
        The weights with which it was found out.
    """

    calls: Sequence[Call]
    given: Mapping[str, tuple[Given, ...]]
    inputs: tuple[Input, ...]
    layers: Mapping[str, Layer]
    heads: Mapping[str, Head]
    outputs: Sequence[str]
    sizes: tuple[_Sizes, _Sizes]
    moment: Moment

    def answers_every_image(self, signature: Signature) -> bool:
        """Tell whether there is one answer an image: a wrong size may be folded into images."""
        return bool(self.layers) and all(
            shape[:1] == (count,)
            for sizes, count in zip(self.sizes, signature.batches, strict=True)
            for shape in sizes[:1]
        )


def description_of(
    model: torch.nn.Module, signature: Signature, name: str, source: str
) -> Description:
    """Run a model on the two examples of a signature.

    Raises
    ------
    ModelError
        When it cannot be run on inputs of these shapes.
    UnrecordableError
        When it is a script that gives something else operator by operator.
    """
    moment = Moment(model)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            trace, result = traced(model, signature, 0)
            again, second = traced(model, signature, 1)
    except ConvscopeError:
        raise
    except Exception as error:
        raise ModelError(
            f"{name} cannot be run on inputs of shape {_written(signature)}, so its layers stay "
            f"unknown: {reason_of(error)}; give the shape that it takes with --input-shape "
            "(input_shape=)"
        ) from error
    _compare(model, signature, result, source)
    made = {path or "output": trace.made_by(tensor) for path, tensor in named_tensors(result)}
    trace.finish()
    again.finish()
    layers, given = _described(trace, again, signature)
    return Description(
        trace.calls,
        given,
        _inputs(signature),
        MappingProxyType(layers),
        heads_of(made, layers),
        list(made),
        (_sizes(result), _sizes(second)),
        moment,
    )


def _described(
    trace: Trace, again: Trace, signature: Signature
) -> tuple[dict[str, Layer], dict[str, tuple[Given, ...]]]:
    examples = zip(signature.names, signature.example(0), strict=True)
    shapes = {name: tuple(tensor.shape) for name, tensor in examples}
    free = any(None in shape for shape in signature.shapes)
    return describe(trace.calls, _shapes(again.calls), shapes, signature.batches, free=free)


def _compare(model: torch.nn.Module, signature: Signature, result: Any, source: str) -> None:
    """Refuse a script that gives something else when it is run operator by operator."""
    original = getattr(model, "original", None)
    if original is None:
        return
    try:
        with inference(model):
            wanted = list(named_tensors(original(*signature.example(0))))
    except RuntimeError as error:
        raise UnrecordableError(
            f"{source} fails where PyTorch runs it ({reason_of(error)}): save it again"
        ) from error
    found = list(named_tensors(result))
    for (_, one), (_, other) in zip(found, wanted, strict=True):
        if not torch.allclose(one, other, rtol=1e-3, atol=1e-4, equal_nan=True):
            raise UnrecordableError(
                f"{source} gives other values when it is run operator by operator, so it cannot be "
                "recorded: open the live model that it was made from"
            )


def _inputs(signature: Signature) -> tuple[Input, ...]:
    entries = zip(signature.names, signature.shapes, signature.dtypes, strict=True)
    return tuple(Input(name, shape, _numpy_dtype(dtype), True) for name, shape, dtype in entries)


def _numpy_dtype(dtype: torch.dtype) -> str:
    """Name the dtype in which NumPy gives an input; it has no bfloat16."""
    return "float32" if dtype == torch.bfloat16 else str(dtype).removeprefix("torch.")


def _sizes(outputs: Any) -> list[tuple[int, ...]]:
    return [tuple(tensor.shape) for _, tensor in named_tensors(outputs)]


def _shapes(calls: Sequence[Call]) -> dict[str, tuple[int, ...]]:
    shapes = {value.name: value.shape for call in calls for value in call.outputs}
    for call in calls:
        for place, (_, shape, _) in enumerate(call.inputs):
            shapes[f"{call.name}{INPUT}{place}"] = shape
    return shapes


def _written(signature: Signature) -> str:
    return " and ".join(
        "(images, " + ", ".join("any" if size is None else str(size) for size in shape) + ")"
        for shape in signature.shapes
    )
