"""The names of nodes, which are those of layers."""

from __future__ import annotations

import onnx

__all__ = ["named", "unique"]


def named(node: onnx.NodeProto) -> str:
    """Give a node's own name, or that of its first output."""
    return str(node.name or next((name for name in node.output if name), node.op_type))


def unique(name: str, names: set[str]) -> str:
    """Give a name that is not among `names`, and add it: ``relu#2`` where there is a ``relu``."""
    found, count = name, 1
    while found in names:
        count += 1
        found = f"{name}#{count}"
    names.add(found)
    return found
