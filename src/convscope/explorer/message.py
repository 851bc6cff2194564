"""A message of the page, read field by field, and never trusted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from convscope.explorer.failures import NotUnderstood
from convscope.explorer.planes import MAXIMUM, MIDDLE

__all__ = ["Message"]

# Names are names of layers, images and methods; nothing that a person chose is longer.
_LONGEST = 4096
_MISSING = object()


class Message:
    """The fields of one message, each read as what it has to be.

    Parameters
    ----------
    fields : mapping
        As it came from the page.

    Raises
    ------
    NotUnderstood
        By every method: the field is missing, or is something else; the message names it.
    """

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields

    def has(self, name: str) -> bool:
        """Tell whether a field is given, and not null."""
        return self._fields.get(name) is not None

    def raw(self, name: str) -> Any:
        """Give a field as it came; None where it is missing."""
        return self._fields.get(name)

    def text(self, name: str, default: Any = _MISSING) -> str:
        """Read a short text."""
        value = self._given(name, default)
        if value is default:
            return str(value)
        return _text(value, name)

    def whole(self, name: str, low: int, high: int, default: Any = _MISSING) -> int:
        """Read a whole number from `low` to `high`, both included."""
        value = self._given(name, default)
        if value is default:
            return int(value)
        return _whole(value, name, low, high)

    def wholes(self, name: str, count: int, low: int, high: int) -> tuple[int, ...]:
        """Read `count` whole numbers from `low` to `high`."""
        value = self._given(name, _MISSING)
        if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != count:
            raise NotUnderstood(f"field {name!r} has to be a list of {count} whole numbers")
        return tuple(_whole(one, name, low, high) for one in value)

    def target(self) -> Any:
        """Read the class that is meant: null, an index, or two of them for their difference."""
        value = self._fields.get("target")
        if value is None:
            return None
        if isinstance(value, Sequence) and not isinstance(value, str):
            return tuple(self.wholes("target", 2, 0, 2**31 - 1))
        return _whole(value, "target", 0, 2**31 - 1)

    def flag(self, name: str) -> bool:
        """Read whether something is wanted; not, where nothing is said."""
        return self._fields.get(name) is True

    def depth(self) -> float | str:
        """Read where volumes are looked at: a share of their depth, the middle by default."""
        value = self._fields.get("depth")
        if value is None:
            return MIDDLE
        if value == MAXIMUM:
            return MAXIMUM
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise NotUnderstood(f"field 'depth' has to be {MAXIMUM!r} or a number from 0 to 1")
        return float(value)

    def layer(self) -> str | int:
        """Read which layer is meant: by name or by index."""
        value = self._given("layer", _MISSING)
        return _text(value, "layer") if isinstance(value, str) else _whole(value, "layer", 0, 2**31)

    def channels(self, name: str) -> dict[str, tuple[int, ...]]:
        """Read channels by layer; none where the field is missing."""
        value = self._fields.get(name)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise NotUnderstood(f"field {name!r} has to map layers to lists of channels")
        found: dict[str, tuple[int, ...]] = {}
        for layer, channels in value.items():
            if not isinstance(channels, Sequence) or isinstance(channels, str):
                raise NotUnderstood(f"field {name!r} has to map layers to lists of channels")
            read = sorted({_whole(one, name, 0, 2**31 - 1) for one in channels})
            if read:
                found[_text(layer, name)] = tuple(read)
        return found

    def messages(self, name: str, most: int) -> tuple[Mapping[str, Any], ...]:
        """Read a list of messages; none where the field is missing."""
        value = self._fields.get(name)
        if value is None:
            return ()
        if not isinstance(value, Sequence) or isinstance(value, str) or len(value) > most:
            raise NotUnderstood(f"field {name!r} has to be a list of at most {most} messages")
        if not all(isinstance(one, Mapping) for one in value):
            raise NotUnderstood(f"field {name!r} has to hold messages alone")
        return tuple(value)

    def _given(self, name: str, default: Any) -> Any:
        value = self._fields.get(name)
        if value is not None:
            return value
        if default is _MISSING:
            raise NotUnderstood(f"field {name!r} is missing")
        return default


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise NotUnderstood(f"field {name!r} has to be a short text")
    return value


def _whole(value: Any, name: str, low: int, high: int) -> int:
    # A page has one type of number: 3 may come as 3.0.
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise NotUnderstood(f"field {name!r} has to be a whole number from {low} to {high}")
    return value
