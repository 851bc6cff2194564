"""Run a model in evaluation or training mode, and leave it as it was."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["as_in_training", "evaluating"]

_lock = threading.Lock()
# By the id of a module: the module, how many passes hold it, and whether it was training.
_held: dict[int, tuple[torch.nn.Module, int, bool]] = {}


@contextmanager
def evaluating(model: torch.nn.Module) -> Iterator[None]:
    """Hold a model and its modules in evaluation mode until the block ends.

    The last of several threads that hold a module puts it back; modules may be in unlike modes.
    The flags are set one by one, since a model may have a ``train()`` of its own.
    """
    modules = _modules(model)
    with _lock:
        for module in modules:
            _, count, training = _held.get(id(module), (module, 0, module.training))
            _held[id(module)] = (module, count + 1, training)
            if module.training:
                module.training = False
    try:
        yield
    finally:
        with _lock:
            for module in modules:
                _, count, training = _held.pop(id(module))
                if count > 1:
                    _held[id(module)] = (module, count - 1, training)
                elif training:
                    module.training = True


@contextmanager
def as_in_training(model: torch.nn.Module) -> Iterator[None]:
    """Hold a model in training mode until the block ends; its buffers are put back.

    In a model that is in training mode the parts that are not, such as frozen ones, stay so.
    """
    modules = [] if model.training else [one for one in _modules(model) if not one.training]
    buffers = [(buffer, buffer.detach().clone()) for buffer in model.buffers()]
    devices = {buffer.device for buffer in model.parameters() if buffer.device.type == "cuda"}
    for module in modules:
        module.training = True
    try:
        with torch.random.fork_rng(sorted(device.index for device in devices)):
            yield
    finally:
        for module in modules:
            module.training = False
        with torch.no_grad():
            for buffer, before in buffers:
                buffer.copy_(before)


def _modules(model: torch.nn.Module) -> list[torch.nn.Module]:
    """Give a model and all its parts; PyTorch's own way to do so names them too, and is slow."""
    found = {id(model): model}
    waiting = [model]
    while waiting:
        for part in waiting.pop()._modules.values():
            if part is not None and id(part) not in found:
                found[id(part)] = part
                waiting.append(part)
    return list(found.values())
