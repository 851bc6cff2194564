"""Which ONNX models open, and with what beside them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from convscope.errors import ConvscopeError, ModelError, require
from convscope.networks.base import Network
from convscope.networks.expectation import Options, Sidecar
from convscope.networks.reasons import reason_of

__all__ = ["SUFFIX", "is_onnx_model", "open_onnx_file", "open_onnx_model"]

SUFFIX = ".onnx"
"""What the names of ONNX files end in."""


def is_onnx_model(model: Any) -> bool:
    """Tell whether an object is an ONNX model, without importing onnx."""
    onnx = sys.modules.get("onnx")
    return onnx is not None and isinstance(model, onnx.ModelProto)


def open_onnx_file(path: Path, sidecar: Sidecar, options: Options) -> Network:
    """Open an ONNX file; see `convscope.networks.onnx.files.read_program`."""
    for module in ("onnx", "onnxruntime"):
        require(module, "onnx", f"opening {path.name}")
    from convscope.networks.onnx.files import read_program
    from convscope.networks.onnx.network import OnnxNetwork

    program = read_program(path)
    try:
        return OnnxNetwork(program, path.stem, str(path), sidecar=sidecar, options=options)
    except ConvscopeError:
        raise
    # A damaged file may hold anything where a number or a word is expected.
    except Exception as error:
        raise ModelError(
            f"{path} is damaged or written in an unusual way ({reason_of(error)}): export it again"
        ) from error


def open_onnx_model(model: Any, source: str, sidecar: Sidecar, options: Options) -> Network:
    """Open an ONNX model that was loaded or made in Python."""
    require("onnxruntime", "onnx", "opening an ONNX model")
    from convscope.networks.onnx.files import program_of
    from convscope.networks.onnx.network import OnnxNetwork

    program = program_of(model, None, source)
    name = str(model.graph.name) or source
    return OnnxNetwork(program, name, source, sidecar=sidecar, options=options)
