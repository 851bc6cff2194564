"""Which PyTorch models open, and with what beside them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from convscope.errors import require
from convscope.networks.base import Network
from convscope.networks.expectation import Options, Sidecar

__all__ = ["SUFFIXES", "is_torch_model", "open_torch_file", "open_torch_model", "open_zoo"]

SUFFIXES = frozenset({".pt", ".pth", ".pt2", ".ckpt", ".bin", ".torchscript", ".jit", ".tar"})
"""What the names of PyTorch files end in."""


def is_torch_model(model: Any) -> bool:
    """Tell whether an object is a module or an exported program, without importing torch."""
    torch = sys.modules.get("torch")
    if torch is None:
        return False
    if isinstance(model, torch.nn.Module):
        return True
    export = sys.modules.get("torch.export")
    return export is not None and isinstance(model, export.ExportedProgram)


def open_torch_model(
    model: Any, source: str, sidecar: Sidecar, options: Options, input_shape: Any = None
) -> Network:
    """Open a live module, a TorchScript module or an exported program."""
    import torch

    from convscope.networks.torch.network import TorchNetwork

    if isinstance(model, torch.jit.ScriptModule):
        from convscope.networks.torch.scripted import ScriptedProgram

        model = ScriptedProgram(model, source)
    elif not isinstance(model, torch.nn.Module):
        import io

        from convscope.networks.torch.exported import read_exported

        # By way of the file's format, of which all that runs is known.
        file = io.BytesIO()
        torch.export.save(model, file)
        model = read_exported(file, source)
    return TorchNetwork(model, source, sidecar=sidecar, options=options, input_shape=input_shape)


def open_torch_file(
    path: Path,
    sidecar: Sidecar,
    options: Options,
    *,
    factory: Callable[[], Any] | None = None,
    input_shape: Any = None,
    trust_model: bool = False,
) -> Network:
    """Open a PyTorch file; see `convscope.networks.torch.files.load_file`."""
    require("torch", "torch", f"opening {path.name}")
    from convscope.networks.torch.files import load_file

    model = load_file(path, factory=factory, trust_model=trust_model)
    return open_torch_model(model, str(path), sidecar, options, input_shape)


def open_zoo(
    library: str, name: str, labels: tuple[str, ...], options: Options, input_shape: Any = None
) -> Network:
    """Open a network of timm or torchvision by name."""
    require("torch", "torch", f"opening {library}:{name}")
    from convscope.networks.torch.network import TorchNetwork
    from convscope.networks.torch.zoo import open_kept

    kept = open_kept(library, name)
    return TorchNetwork(
        kept.model,
        f"{library}:{name}",
        sidecar=Sidecar(labels or kept.labels),
        options=options,
        input_shape=input_shape,
        preparation=kept.preparation,
        name=name,
    )
