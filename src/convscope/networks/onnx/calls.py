"""The calls of an ONNX graph that are layers, under their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import onnx

from convscope.networks.onnx.names import named, unique
from convscope.networks.onnx.program import Program
from convscope.networks.selection import INPUT, LINEAR

__all__ = ["Call", "calls_of"]

_OWN = {"", "ai.onnx"}
_KNOWN = {*_OWN, "com.microsoft", "ai.onnx.ml"}


@dataclass(frozen=True, eq=False)
class Call:
    """A node of a graph whose value depends on the network's inputs.

    Attributes
    ----------
    name : str
        The node's own name, or that of its first output.
    operation : str
        ``Conv``; with the domain where it is not one of ONNX's own: ``com.microsoft.FusedConv``.
    function : str
        The operation's bare name; empty for domains that nothing is known of.
    version : int
        Of the domain's operations.
    attributes : mapping of str to object
    inputs : tuple of str
        The values that it takes, in order; empty words where one is left out.
    data : tuple of int
        The places of those that depend on the network's inputs.
    hidden : tuple of str
        Such values that bodies of the node take from around them.
    outputs : tuple of (str, str)
        What follows the name, and the value, of each output that is a layer.
    """

    name: str
    operation: str
    function: str
    version: int
    attributes: Mapping[str, Any]
    inputs: tuple[str, ...]
    data: tuple[int, ...]
    hidden: tuple[str, ...]
    outputs: tuple[tuple[str, str], ...]

    @property
    def own(self) -> bool:
        """Whether the operation is one of ONNX's own."""
        return "." not in self.operation

    def input(self, place: int) -> str:
        """Give the name of an input; empty where it is left out."""
        return self.inputs[place] if place < len(self.inputs) else ""


def calls_of(program: Program) -> list[Call]:
    """Give the calls that are layers, in execution order.

    Constants are none, nor is arithmetic with shapes: what does not depend on the values of an
    input. Of the outputs of a call those count that are used, and the first.
    """
    names: set[str] = {entry.name for entry in program.inputs}
    calls = []
    for node, taken in zip(program.nodes, program.taken, strict=True):
        made = [name for name in node.output if name in program.moving]
        kept = [name for place, name in enumerate(made) if not place or name in program.used]
        if not kept:
            continue
        inputs = tuple(node.input)
        data = tuple(place for place, name in enumerate(inputs) if name in program.moving)
        hidden = sorted((taken & program.moving) - set(inputs))
        suffixes = [""] if len(kept) == 1 else [f":{place}" for place in range(len(kept))]
        calls.append(
            Call(
                unique(_name_of(node), names),
                node.op_type if node.domain in _OWN else f"{node.domain}.{node.op_type}",
                node.op_type if node.domain in _KNOWN else "",
                program.opsets.get("" if node.domain in _OWN else node.domain, 1),
                _attributes(node.attribute),
                inputs,
                data,
                tuple(hidden),
                tuple(zip(suffixes, kept, strict=True)),
            )
        )
    return calls


def _name_of(node: onnx.NodeProto) -> str:
    """Name a call; a number by itself would be taken for an index."""
    name = named(node).strip("/")
    if not name or name.lstrip("-").isdigit():
        name = f"{node.op_type}_{name}"
    # These words have a meaning in the names of layers.
    return name.replace(INPUT, "_input_").replace(LINEAR, "_linear")


def _attributes(attributes: Sequence[onnx.AttributeProto]) -> dict[str, Any]:
    found = {}
    for attribute in attributes:
        value = onnx.helper.get_attribute_value(attribute)
        found[attribute.name] = value.decode("latin-1") if isinstance(value, bytes) else value
    return found
