"""A program of PyTorch operators: what is left of a model that was exported or scripted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch

from convscope.errors import ModelError

__all__ = ["Program", "UnrecordableError", "operator_of"]

# These read and write files.
_REFUSED = {"save", "from_file", "load"}


class UnrecordableError(ModelError):
    """A program does something that cannot be seen operator by operator."""


class Program(torch.nn.Module):  # type: ignore[misc]
    """A program that runs operator by operator, so that each can be seen.

    Parameters
    ----------
    names : sequence of str
        What its inputs are called.
    tensors : iterable of (str, torch.Tensor, bool)
        Path of every tensor that it holds, the tensor, and whether it is a weight.
    """

    def __init__(
        self, names: Sequence[str], tensors: Iterable[tuple[str, torch.Tensor, bool]]
    ) -> None:
        super().__init__()
        self.input_names = list(names)
        self.input_shapes: list[tuple[int | None, ...]] | None = None
        self.input_dtypes: list[torch.dtype] | None = None
        self.images: int | None = None
        self.title = ""
        self.held: dict[str, torch.Tensor] = {}
        for path, tensor, is_weight in tensors:
            self.held[path] = self._register(path, tensor, is_weight)

    def _register(self, path: str, tensor: torch.Tensor, is_weight: bool) -> torch.Tensor:
        module: torch.nn.Module = self
        *outer, name = path.split(".")
        for part in outer:
            # The letters keep a part from being taken for an attribute of modules.
            if not hasattr(module, f"part_{part}"):
                module.add_module(f"part_{part}", torch.nn.Module())
            module = getattr(module, f"part_{part}")
        if is_weight and (tensor.is_floating_point() or tensor.is_complex()):
            weight = torch.nn.Parameter(tensor.detach(), requires_grad=tensor.requires_grad)
            module.register_parameter(f"own_{name}", weight)
            return weight
        buffer = tensor.detach()
        module.register_buffer(f"own_{name}", buffer)
        return buffer


def operator_of(name: str, source: str) -> Any:
    """Give an operator by its name, ``aten::conv2d`` or ``aten::conv2d.default``.

    Raises
    ------
    UnrecordableError
        For one that does not compute with tensors alone, or that PyTorch does not have.
    """
    space, _, rest = name.partition("::")
    plain, _, overload = rest.partition(".")
    if space == "aten" and plain not in _REFUSED and hasattr(torch.ops.aten, plain):
        packet = getattr(torch.ops.aten, plain)
        if not overload:
            return packet
        if overload in packet.overloads():
            return getattr(packet, overload)
    raise UnrecordableError(
        f"{source} uses {name}, which cannot be recorded: open the live model that it was made "
        "from, or export it with operators of PyTorch alone"
    )
