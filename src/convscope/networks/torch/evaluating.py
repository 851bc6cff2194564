"""Run a model in evaluation mode, and leave it in the mode in which it was."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["evaluating"]

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
