"""Other ways to record what the layers of a PyTorch network give out.

Each takes a model and its input, and gives what records it once. None of them but `hooks` with
copies and TorchLens gives right values before an in-place operation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import fx, nn

Recorder = Callable[[nn.Module, torch.Tensor], Callable[[], Any]]


def leaves(model: nn.Module) -> dict[str, nn.Module]:
    """Give the modules without parts."""
    return {name: part for name, part in model.named_modules() if not list(part.children())}


def hooks(model: nn.Module, tensor: torch.Tensor, *, copied: bool = False) -> Callable[[], Any]:
    """Record what the modules without parts give out, by plain hooks."""

    def run() -> dict[str, torch.Tensor]:
        kept: dict[str, torch.Tensor] = {}

        def keeper(name: str) -> Callable[..., None]:
            def keep(_: nn.Module, __: Any, output: torch.Tensor) -> None:
                kept[name] = output.clone() if copied else output

            return keep

        handles = [part.register_forward_hook(keeper(name)) for name, part in leaves(model).items()]
        try:
            with torch.no_grad():
                model(tensor)
        finally:
            for handle in handles:
                handle.remove()
        return kept

    return run


def copies(model: nn.Module, tensor: torch.Tensor) -> Callable[[], Any]:
    """Record by plain hooks that copy, which is what in-place operations ask for."""
    return hooks(model, tensor, copied=True)


def graph(model: nn.Module, tensor: torch.Tensor) -> Callable[[], Any]:
    """Let the traced graph give out every value, as torchvision's feature extraction does."""
    traced = fx.symbolic_trace(model)
    made = [node for node in traced.graph.nodes if node.op not in {"placeholder", "output"}]
    for node in traced.graph.nodes:
        if node.op == "output":
            node.args = ({each.name: each for each in made},)
    traced.recompile()

    def run() -> Any:
        with torch.no_grad():
            return traced(tensor)

    return run


def captum(model: nn.Module, tensor: torch.Tensor) -> Callable[[], Any]:
    """Record the modules without parts by captum's LayerActivation."""
    from captum.attr import LayerActivation

    activation = LayerActivation(model, list(leaves(model).values()))

    def run() -> Any:
        with torch.no_grad():
            return activation.attribute(tensor)

    return run


def torchlens(model: nn.Module, tensor: torch.Tensor) -> Callable[[], Any]:
    """Record every operation by TorchLens."""
    from torchlens import trace

    def run() -> Any:
        with torch.no_grad():
            return trace(model, tensor)

    return run


RECORDERS: dict[str, Recorder] = {
    "hooks": hooks,
    "copies": copies,
    "graph": graph,
    "captum": captum,
    "torchlens": torchlens,
}
