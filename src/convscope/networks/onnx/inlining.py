"""The functions that a file brings: their nodes are put where they are called, under its name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import onnx
from onnx import inliner

from convscope.errors import ModelError
from convscope.networks.onnx.names import named, unique

__all__ = ["inlined"]

_Key = tuple[str, str]

# A function that calls another twice, which calls another twice, ... fills any memory.
_MOST_NODES = 50_000
_DEEPEST = 100

# The package onnx opens no more functions, and every call gets one of its own.
_MOST_CALLS = 9_000

_PATH = "convscope:path:"


def inlined(model: onnx.ModelProto, source: str) -> list[onnx.NodeProto]:
    """Give the nodes of a graph with those of the file's functions in place of their calls.

    A node ``conv`` of a function that is called as ``block`` is ``block/conv``.

    Raises
    ------
    ModelError
        For functions that call themselves, or that would be too large in place.
    """
    if not model.functions:
        return list(model.graph.node)
    functions = {(one.domain, one.name): one for one in model.functions}
    calls = _checked(functions, model.graph.node, source)
    # Without the constants, which are large and are read from the model itself.
    plain = onnx.ModelProto(ir_version=model.ir_version, opset_import=model.opset_import)
    plain.graph.name = "inlined"
    held = {value.name: value for value in model.graph.input}
    sparse = [tensor.values for tensor in model.graph.sparse_initializer]
    for tensor in (*model.graph.initializer, *sparse):
        held.setdefault(tensor.name, onnx.ValueInfoProto(name=tensor.name))
    plain.graph.input.extend(held.values())
    plain.graph.output.extend(model.graph.output)
    plain.graph.node.extend(model.graph.node)
    plain.functions.extend(model.functions)
    if calls <= _MOST_CALLS:
        _open_up(plain, plain.graph.node, "", functions)
    nodes = list(inliner.inline_local_functions(plain).graph.node)
    names = {node.name for node in nodes if not node.doc_string.startswith(_PATH)}
    for node in nodes:
        if node.doc_string.startswith(_PATH):
            node.name = unique(node.doc_string.removeprefix(_PATH), names)
            node.doc_string = ""
    return nodes


def _open_up(
    plain: onnx.ModelProto,
    nodes: Iterable[onnx.NodeProto],
    prefix: str,
    functions: dict[_Key, onnx.FunctionProto],
) -> None:
    """Give every call a function of its own, whose nodes say where they are."""
    for node in nodes:
        path = prefix + named(node)
        function = functions.get((node.domain, node.op_type))
        if function is None:
            if prefix:
                node.doc_string = _PATH + path
            continue
        own = plain.functions.add()
        own.CopyFrom(function)
        own.name = node.op_type = f"convscope:{len(plain.functions)}:{function.name}"
        _open_up(plain, own.node, f"{path}/", functions)


def _checked(
    functions: dict[_Key, onnx.FunctionProto], nodes: Iterable[onnx.NodeProto], source: str
) -> int:
    """Refuse functions that call themselves or are too large in place; count the calls."""
    inside = {key: list(_called(one.node)) for key, one in functions.items()}
    found: dict[_Key, _Size] = {}
    while len(found) < len(inside):
        waiting = inside.keys() - found.keys()
        ends = [key for key in waiting if waiting.isdisjoint(inside[key])]
        if not ends:
            raise ModelError(f"{source} is damaged: its function {min(waiting)[1]!r} calls itself")
        found |= {key: _size(inside[key], found) for key in ends}
    whole = _size(_called(nodes), found)
    if whole.nodes > _MOST_NODES or whole.depth > _DEEPEST + 1:
        raise ModelError(
            f"{source} calls functions that hold {whole.nodes:,} nodes, {whole.depth - 1} inside "
            f"each other: at most {_MOST_NODES:,} and {_DEEPEST} can be opened; export it without "
            "functions"
        )
    return whole.calls - 1


@dataclass(frozen=True)
class _Size:
    """How much a function is in place: nodes, calls with its own, functions inside each other."""

    nodes: int
    calls: int
    depth: int


def _size(called: Iterable[_Key], known: Mapping[_Key, _Size]) -> _Size:
    parts = [known.get(key, _Size(1, 0, 0)) for key in called]
    return _Size(
        sum(part.nodes for part in parts),
        1 + sum(part.calls for part in parts),
        1 + max((part.depth for part in parts), default=0),
    )


def _called(nodes: Iterable[onnx.NodeProto]) -> Iterator[_Key]:
    """Give the operation of every node, those of bodies included."""
    for node in nodes:
        yield node.domain, node.op_type
        for attribute in node.attribute:
            for graph in (attribute.g, *attribute.graphs):
                yield from _called(graph.node)
