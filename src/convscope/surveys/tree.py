"""The tree in which finished shards are merged: its shape depends on their number alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Node", "missing", "ready", "root", "superseded"]


@dataclass(frozen=True, order=True)
class Node:
    """A summary of some neighbouring shards.

    Sums of floats depend on the order of the additions. In a tree that is always the same they do
    not, whoever finishes which shard when.

    Attributes
    ----------
    level : int
        0 for one shard; one more for each time that two were merged.
    place : int
        From 0: it holds the shards ``place * 2**level`` and on, ``2**level`` of them where there
        are so many.
    """

    level: int
    place: int

    @property
    def parent(self) -> Node:
        """The node that it is merged into."""
        return Node(self.level + 1, self.place // 2)

    @property
    def children(self) -> tuple[Node, Node]:
        """The two nodes that are merged into it."""
        return Node(self.level - 1, 2 * self.place), Node(self.level - 1, 2 * self.place + 1)

    def shards(self, count: int) -> range:
        """Give the shards that it holds, of so many in all."""
        size = 1 << self.level
        return range(self.place * size, min((self.place + 1) * size, count))

    def __str__(self) -> str:
        return f"{self.level}-{self.place}"

    @classmethod
    def from_str(cls, text: str) -> Node:
        """Read a name that ``str`` gave.

        Raises
        ------
        ValueError
            When it is none.
        """
        level, place = text.split("-")
        return cls(int(level), int(place))


def root(count: int) -> Node:
    """Give the node that holds all shards."""
    return Node((count - 1).bit_length(), 0)


def missing(nodes: Iterable[Node], count: int) -> list[int]:
    """Give the shards that no node holds."""
    held = {shard for node in nodes for shard in node.shards(count)}
    return [shard for shard in range(count) if shard not in held]


def ready(nodes: Iterable[Node], count: int) -> Node | None:
    """Give a node whose parts are all there, so that it can be made of them; the lowest first."""
    present = set(nodes)
    for node in sorted(present):
        parent = node.parent
        if parent in present or node == root(count):
            continue
        if all(child in present or not child.shards(count) for child in parent.children):
            return parent
    return None


def superseded(nodes: Iterable[Node], count: int) -> list[Node]:
    """Give the nodes all of whose shards a higher one holds."""
    present = sorted(nodes)
    return [
        node
        for place, node in enumerate(present)
        if any(
            node.shards(count).start in higher.shards(count) and higher.level > node.level
            for higher in present[place + 1 :]
        )
    ]
