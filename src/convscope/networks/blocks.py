"""Which layers of a network fold together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from convscope.networks.base import Network

__all__ = ["Block", "blocks"]

_SEPARATORS = re.compile(r"[/_.\-]+[^/_.\-]*$")


@dataclass(frozen=True)
class Block:
    """Layers that fold together: those from `first` to `last`, both included.

    Attributes
    ----------
    name : str
        The nested model or block, what the names of its layers have in common, or its last layer.
    first, last : int
        Indices of layers.
    """

    name: str
    first: int
    last: int


def blocks(network: Network) -> list[Block]:
    """Find the layers that fold together.

    Two kinds: the parts of a nested model or block, which their names tell, and the layers between
    two that every path to the first head crosses, as in a residual or inception block; an
    activation function right behind the merge belongs to it.

    Returns
    -------
    list of Block
        Of at least two layers, by first layer, the outer before the inner; one lies in another or
        beside it, never across its end. None is the whole network.
    """
    found: list[Block] = []
    for block in (*_nested(network), *_spans(network)):
        whole = (block.first, block.last) == (0, len(network.layers) - 1)
        if block.first < block.last and not whole and all(_fits(block, one) for one in found):
            found.append(block)
    return sorted(found, key=lambda block: (block.first, -block.last))


def _fits(block: Block, other: Block) -> bool:
    """Tell whether a block is another one than `other`, and lies in, around or beside it."""
    if (block.first, block.last) == (other.first, other.last):
        return False
    apart = block.last < other.first or other.last < block.first
    inside = other.first <= block.first and block.last <= other.last
    around = block.first <= other.first and other.last <= block.last
    return apart or inside or around


def _nested(network: Network) -> Iterator[Block]:
    """Give the parts of every nested model, the outer models first."""
    members: dict[str, list[int]] = {}
    for layer in network.layers.values():
        parts = layer.name.split("/")
        inside = len(parts) + layer.composite
        for depth in range(1, inside):
            members.setdefault("/".join(parts[:depth]), []).append(layer.index)
    for name in sorted(members, key=lambda name: name.count("/")):
        for first, last in _unbroken(members[name]):
            yield Block(name, first, last)


def _unbroken(indices: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Give the first and last of every run of neighbours."""
    first = last = indices[0]
    for index in indices[1:]:
        if index != last + 1:
            yield first, last
            first = index
        last = index
    yield first, last


def _spans(network: Network) -> Iterator[Block]:
    """Give the layers between those that every path to the first head crosses."""
    heads = iter(network.heads.values())
    head = next(heads, None)
    if head is None:
        return
    layers = list(network.layers.values())
    crossed = network.graph.crossed(head.layer)
    before = -1
    for layer in layers:
        if layer.name not in crossed or layer.index <= before:
            continue
        first, last = before + 1, layer.index
        before = last
        if first == last:
            continue
        behind = layers[last + 1 : last + 2]
        if behind and behind[0].kind == "activation" and behind[0].name in crossed:
            last = before = last + 1
        yield Block(_common([one.name for one in layers[first : last + 1]]), first, last)


def _common(names: Sequence[str]) -> str:
    """Give what names have in common, up to a separator; the last name where that is nothing."""
    shared = "".join(_alike(min(names), max(names)))
    if shared not in names:
        shared = _SEPARATORS.sub("", shared) if _SEPARATORS.search(shared) else ""
    return shared or names[-1]


def _alike(one: str, other: str) -> Iterator[str]:
    """Give the letters with which both names begin; of the first and last, those of all."""
    for letter, same in zip(one, other, strict=False):
        if letter != same:
            return
        yield letter
