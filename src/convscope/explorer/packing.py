"""Answers written down, so that a page without a session can give them."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from convscope.explorer.frames import encode

__all__ = ["Pack", "compressed", "key_of"]

# What an answer depends on, besides its type; stored.js has the same list.
_FIELDS = ("run", "image", "layer", "channel", "unit", "target", "method")

_ARRAY = {"dtype", "shape", "buffer"}

try:
    from isal import igzip
except ImportError:  # No wheel for this processor.
    igzip = None


def key_of(message: Mapping[str, Any]) -> list[Any]:
    """Give the key under which an answer is found: the type and what it depends on."""
    return [message.get("type"), *(message.get(name) for name in _FIELDS)]


@dataclass
class Pack:
    """Several answers that are unpacked together.

    Attributes
    ----------
    place : list
        What the answers are about: stored.js finds the pack by it.
    answers : list
        Key and reply; the replies' arrays refer to `buffers`.
    buffers : list of bytes
        No array twice.
    residuals : list of dict
        Which buffers hold no levels, but how these differ from what was expected: ``buffer``, and
        where that follows from the layer's input ``source``, the question about it, and
        ``stretched``; see `residual`.
    """

    place: list[Any]
    answers: list[tuple[list[Any], dict[str, Any]]] = field(default_factory=list)
    buffers: list[bytes] = field(default_factory=list)
    residuals: list[dict[str, Any]] = field(default_factory=list)
    _known: dict[tuple[str, bytes], int] = field(default_factory=dict, repr=False)

    def add(
        self, message: Mapping[str, Any], reply: dict[str, Any], buffers: Sequence[bytes]
    ) -> None:
        """Put an answer in."""
        types = dict(_types(reply))
        places = [self._put(types.get(at, ""), buffer) for at, buffer in enumerate(buffers)]
        self.answers.append((key_of(message), _moved(reply, places)))

    def _put(self, dtype: str, buffer: bytes) -> int:
        # Levels may be replaced, and numbers that look the same must not be then.
        place = self._known.setdefault((dtype, buffer), len(self.buffers))
        if place == len(self.buffers):
            self.buffers.append(buffer)
        return place

    def replace(self, place: int, residual: bytes, how: Mapping[str, Any]) -> None:
        """Hold in the place of levels how they differ from what was expected."""
        self.buffers[place] = residual
        self.residuals.append({"buffer": place, **how})

    def encoded(self) -> bytes:
        """Give it as text for a page: a frame, compressed, in base64."""
        header = {
            "keys": [key for key, _ in self.answers],
            "answers": [reply for _, reply in self.answers],
            "residuals": self.residuals,
        }
        return base64.b64encode(compressed(encode(header, self.buffers)))

    @property
    def label(self) -> str:
        """Its place as JSON of ASCII alone."""
        return json.dumps(self.place, separators=(",", ":"))


def compressed(data: bytes) -> bytes:
    """Compress for `DecompressionStream("gzip")`."""
    if igzip is not None:
        return bytes(igzip.compress(data, compresslevel=2))
    return gzip.compress(data, compresslevel=3, mtime=0)


def _types(value: Any) -> Iterator[tuple[int, str]]:
    """Give buffer and type of all arrays of a reply."""
    if isinstance(value, list):
        for one in value:
            yield from _types(one)
    elif isinstance(value, dict):
        if set(value) == _ARRAY:
            yield value["buffer"], value["dtype"]
        else:
            for one in value.values():
                yield from _types(one)


def _moved(value: Any, places: Sequence[int]) -> Any:
    """Let references to arrays name other buffers."""
    if isinstance(value, list):
        return [_moved(one, places) for one in value]
    if not isinstance(value, dict):
        return value
    if set(value) == _ARRAY:
        return {**value, "buffer": places[value["buffer"]]}
    return {key: _moved(one, places) for key, one in value.items()}
