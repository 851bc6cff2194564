"""Which layers a layer's value depends on, and which values every path must cross."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from convscope.networks.layer import Layer
from convscope.networks.selection import LINEAR

__all__ = ["Graph"]


class Graph:
    """The graph of a network's layers.

    Where code between layers hides what a value was made of, it is taken to depend on everything
    that it may: the parts of its block and what these take, or else all layers before it. So a
    layer may be said to have a path beside it that does not exist, never the other way round.

    Parameters
    ----------
    layers : mapping of str to Layer
        All layers of a network, in execution order.
    """

    def __init__(self, layers: Mapping[str, Layer]) -> None:
        self._layers = layers
        self._order = {name: place for place, name in enumerate(layers)}
        self._downstream: dict[str, frozenset[str]] = {}

    @cached_property
    def sources(self) -> Mapping[str, frozenset[str]]:
        """The layers and network inputs whose values each layer takes directly."""
        found: dict[str, frozenset[str]] = {}
        for layer in self._layers.values():
            known = layer.inputs
            found[layer.name] = self._hidden(layer) if known is None else frozenset(known)
        return found

    def _hidden(self, layer: Layer) -> frozenset[str]:
        """Give all that a value may be made of when code hides it."""
        block = layer.name if layer.composite else layer.name.rpartition("/")[0]
        before = list(self._layers)[: self._order[layer.name]]
        parts = [name for name in before if block and name.startswith(block + "/")]
        if not parts:
            return frozenset(before) | {""}
        taken = {
            source
            for part in parts
            for source in (self._layers[part].inputs or ())
            if not source.startswith(block + "/")
        }
        return frozenset(parts) | taken

    def upstream(self, layer: str) -> frozenset[str]:
        """Give all layers and inputs that a layer's value depends on, itself included."""
        return self._reached(layer.removesuffix(LINEAR), self.sources)

    def downstream(self, layer: str) -> frozenset[str]:
        """Give all layers whose value depends on a layer's, itself included."""
        if layer not in self._downstream:
            self._downstream[layer] = self._reached(layer.removesuffix(LINEAR), self._users)
        return self._downstream[layer]

    @cached_property
    def _users(self) -> Mapping[str, frozenset[str]]:
        users: dict[str, set[str]] = {}
        for name, taken in self.sources.items():
            for source in taken:
                users.setdefault(source, set()).add(name)
        return {name: frozenset(found) for name, found in users.items()}

    @staticmethod
    def _reached(start: str, edges: Mapping[str, Iterable[str]]) -> frozenset[str]:
        seen = {start}
        todo = [start]
        while todo:
            for name in edges.get(todo.pop(), ()):
                if name not in seen:
                    seen.add(name)
                    todo.append(name)
        return frozenset(seen)

    def crossed(self, head: str) -> frozenset[str]:
        """Give the layers that every path from the inputs to a layer crosses, itself included.

        Beside the others there is a path, such as a skip connection, so that they hold only a part
        of what the inputs bring.
        """
        upstream = self.upstream(head)
        head = head.removesuffix(LINEAR)
        order = [name for name in self._layers if name in upstream]
        # In execution order a layer is crossed when no value made before it is used after it.
        last_use = dict.fromkeys(upstream, -1)
        for place, name in enumerate(order):
            for source in self.sources[name]:
                if source in last_use:
                    last_use[source] = place
        crossed = set()
        reach = max((last_use[name] for name in upstream if name not in self._layers), default=-1)
        for place, name in enumerate(order):
            if reach <= place:
                crossed.add(name)
            reach = max(reach, last_use[name])
        return frozenset(crossed) | {head}
