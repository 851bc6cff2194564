"""Run a PyTorch model: once in full for its layers, then for the values that are wanted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
import torch

from convscope.networks.torch.evaluating import evaluating
from convscope.networks.torch.recorder import Enough, Keep, Over, Recorder, Target
from convscope.networks.torch.signature import Signature
from convscope.networks.torch.tape import module_paths
from convscope.networks.torch.trace import Trace

__all__ = ["float32", "inference", "recorded", "traced"]


@contextmanager
def inference(model: torch.nn.Module) -> Iterator[None]:
    """Hold a model in evaluation mode and compute without gradients until the block ends."""
    # Tensors made in inference mode do not count the writes into them, which is what shows
    # in-place operations.
    with evaluating(model), torch.inference_mode(False), torch.no_grad():
        yield


def traced(model: torch.nn.Module, signature: Signature, which: int) -> tuple[Trace, Any]:
    """Run a model on an example, with all that it calls on record; give its outputs too.

    Parameters
    ----------
    which : int
        The first (0) or second example of the signature.
    """
    with inference(model):
        tensors = signature.example(which)
        trace = Trace(module_paths(model), dict(zip(signature.names, tensors, strict=True)),
                      constants_of(model))  # fmt: skip
        with trace.recording():
            outputs = signature.call(model, tensors)
    return trace, outputs


def recorded(
    model: torch.nn.Module,
    paths: Mapping[int, str],
    signature: Signature,
    tensors: Sequence[torch.Tensor],
    targets: Mapping[str, Target],
    keep: Keep,
    over: Over | None = None,
    *,
    count: int | None,
) -> Any:
    """Run a model with some values handed to `keep`; give its outputs, None where it stopped."""
    if not targets:
        return signature.call(model, tensors)
    recorder = Recorder(paths, targets, keep, over, count)
    with suppress(Enough), recorder.recording():
        return signature.call(model, tensors)
    return None


def constants_of(model: torch.nn.Module) -> list[torch.Tensor]:
    """Give all tensors that a model holds: weights, buffers, and plain attributes."""
    found = [*model.parameters(), *model.buffers()]
    for module in model.modules():
        found.extend(value for value in vars(module).values() if isinstance(value, torch.Tensor))
    return found


def float32(value: torch.Tensor) -> np.ndarray:
    """Give a tensor as float32, without a copy where it is that already."""
    value = value.detach()
    plain = value.dtype is torch.float32 and value.layout is torch.strided
    if plain and value.device.type == "cpu" and not value.is_neg():
        # Most are: a network of many small layers shows what the questions below cost.
        return np.asarray(value.numpy())
    if value.is_quantized:
        value = value.dequantize()
    if value.layout is not torch.strided:
        value = value.to_dense()
    if value.is_complex():
        value = value.abs()
    return np.asarray(value.to("cpu", torch.float32).resolve_conj().resolve_neg().numpy())
