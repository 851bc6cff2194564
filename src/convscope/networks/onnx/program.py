"""An ONNX graph as it was read: nodes in execution order, its inputs, outputs and weights."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import onnx

from convscope.errors import ModelError

__all__ = ["Entry", "Program", "in_execution_order", "taken_by"]


@dataclass(frozen=True)
class Entry:
    """An input of a graph.

    Attributes
    ----------
    name : str
    kind : int
        The element type, as ``onnx.TensorProto`` numbers them.
    dims : tuple of (int or str)
        A name where any size fits.
    """

    name: str
    kind: int
    dims: tuple[int | str, ...]


@dataclass(frozen=True, eq=False)
class Program:
    """An ONNX graph.

    Attributes
    ----------
    nodes : tuple of onnx.NodeProto
        In execution order; constants are not among them.
    inputs : tuple of Entry
    outputs : tuple of str
    weights : mapping of str to numpy.ndarray
        Constants of some size, which every session shares.
    constants : mapping of str to onnx.TensorProto
        The others.
    sparse : tuple of onnx.SparseTensorProto
    opsets : mapping of str to int
        Version of every domain; ONNX's own is the empty word.
    version : int
        Of the file's format.
    metadata : mapping of str to str
    """

    nodes: tuple[onnx.NodeProto, ...]
    inputs: tuple[Entry, ...]
    outputs: tuple[str, ...]
    weights: Mapping[str, np.ndarray]
    constants: Mapping[str, onnx.TensorProto]
    sparse: tuple[onnx.SparseTensorProto, ...]
    opsets: Mapping[str, int]
    version: int
    metadata: Mapping[str, str]

    @cached_property
    def taken(self) -> tuple[frozenset[str], ...]:
        """What each node takes, also what its bodies take from around them."""
        return tuple(frozenset(taken_by(node)) for node in self.nodes)

    @cached_property
    def maker(self) -> Mapping[str, int]:
        """The place of the node that makes each value."""
        return {
            name: place for place, node in enumerate(self.nodes) for name in node.output if name
        }

    @cached_property
    def moving(self) -> frozenset[str]:
        """The values that depend on those of an input, not on its shape alone."""
        found = {entry.name for entry in self.inputs}
        for node, taken in zip(self.nodes, self.taken, strict=True):
            if node.op_type not in {"Shape", "Size"} and not found.isdisjoint(taken):
                found.update(node.output)
        return frozenset(found - {""})

    @cached_property
    def used(self) -> frozenset[str]:
        """The values that a node takes or that are outputs."""
        return frozenset(self.outputs).union(*self.taken)

    def behind(self, names: Iterable[str]) -> list[int]:
        """Give the places of the nodes that values are made by, in execution order."""
        found: set[int] = set()
        todo = [self.maker[name] for name in names if name in self.maker]
        while todo:
            place = todo.pop()
            if place not in found:
                found.add(place)
                todo += [self.maker[name] for name in self.taken[place] if name in self.maker]
        return sorted(found)

    def pinned(self, images: int) -> Program:
        """Give the program with a fixed number of images."""
        axis = self.inputs[0].dims[0]
        entries = tuple(
            replace(entry, dims=(images, *entry.dims[1:])) if entry.dims[:1] == (axis,) else entry
            for entry in self.inputs
        )
        return replace(self, inputs=entries)


def taken_by(node: onnx.NodeProto) -> set[str]:
    """Give the names of all values that a node takes, its bodies included."""
    taken = {name for name in node.input if name}
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            taken |= _outside(graph)
    return taken


def _outside(graph: onnx.GraphProto) -> set[str]:
    """Give what a body takes from around it."""
    made = {value.name for value in (*graph.input, *graph.initializer)}
    made |= {name for node in graph.node for name in node.output}
    taken = {value.name for value in graph.output}.union(*(taken_by(node) for node in graph.node))
    return taken - made


def in_execution_order(
    nodes: Sequence[onnx.NodeProto], known: Iterable[str], source: str
) -> list[onnx.NodeProto]:
    """Sort nodes so that none comes before what it takes; else they keep the file's order.

    Raises
    ------
    ModelError
        When values are made twice, by nobody, or from themselves.
    """
    maker: dict[str, int] = {}
    for place, node in enumerate(nodes):
        for name in node.output:
            if name and name in maker:
                raise ModelError(f"{source} is damaged: two nodes make the value {name!r}")
            maker[name] = place
    there = set(known)
    waiting: list[int] = []
    users: dict[int, list[int]] = {}
    for place, node in enumerate(nodes):
        sources = set()
        for name in taken_by(node):
            if name in maker:
                sources.add(maker[name])
            elif name not in there:
                raise ModelError(
                    f"{source} is damaged: {_called(node)} takes {name!r}, which nothing makes"
                )
        waiting.append(len(sources))
        for maker_place in sources:
            users.setdefault(maker_place, []).append(place)
    ordered = list(_released(waiting, users))
    if len(ordered) < len(nodes):
        stuck = next(node for node, count in zip(nodes, waiting, strict=True) if count)
        raise ModelError(
            f"{source} goes round in a circle, at {_called(stuck)}: a graph that runs has no "
            "circles, so export it again"
        )
    return [nodes[place] for place in ordered]


def _released(waiting: list[int], users: Mapping[int, Sequence[int]]) -> Iterator[int]:
    ready = [place for place, count in enumerate(waiting) if count == 0]
    while ready:
        place = heapq.heappop(ready)
        yield place
        for user in users.get(place, ()):
            waiting[user] -= 1
            if waiting[user] == 0:
                heapq.heappush(ready, user)


def _called(node: onnx.NodeProto) -> str:
    return f"the {node.op_type} {node.name or ', '.join(node.output)!r}"
