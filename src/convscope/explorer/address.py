"""What of a network the address of the page names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

__all__ = ["Named", "named_by"]


@dataclass(frozen=True)
class Named:
    """The parts of a state that may be there or not.

    Attributes
    ----------
    image : int
    layer : str
        Empty where none is named.
    channel : int
        -1 where none is.
    unit : tuple of int
        y and x, or nothing.
    silent : tuple of (str, int)
        Layer and channel of all that are muted or solo.
    """

    image: int
    layer: str
    channel: int
    unit: tuple[int, ...]
    silent: tuple[tuple[str, int], ...]


def named_by(state: str) -> Named:
    """Read an address behind its ``#``, as state.js does: what cannot be read is not there.

    Parameters
    ----------
    state : str
        Such as ``i=3&l=conv2&c=12&yx=10,9&mute=conv4:6,9``.
    """
    pairs = (part.partition("=") for part in state.split("&"))
    given = {letters: unquote(value) for letters, _, value in pairs}
    unit = _numbers(given.get("yx", ""))
    return Named(
        image=_number(given.get("i", ""), 0),
        layer=given.get("l", ""),
        channel=_number(given.get("c", ""), -1),
        unit=unit if len(unit) == 2 else (),
        silent=tuple(one for key in ("mute", "solo") for one in _silent(given.get(key, ""))),
    )


def _silent(text: str) -> Iterator[tuple[str, int]]:
    for part in text.split(";"):
        layer, _, channels = part.rpartition(":")
        for channel in _numbers(channels) if layer else ():
            yield layer, channel


def _numbers(text: str) -> tuple[int, ...]:
    parts = text.split(",")
    return tuple(map(int, parts)) if all(one.isdecimal() for one in parts) else ()


def _number(text: str, otherwise: int) -> int:
    return int(text) if text.isdecimal() else otherwise
