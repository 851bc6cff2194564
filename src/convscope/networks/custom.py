"""Classes and functions of the person's own that a model file names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from convscope.errors import SelectionError
from convscope.networks.importing import IMPORTABLE, imported

__all__ = ["Custom", "custom_objects"]

Custom = Mapping[str, Any] | Iterable[Any] | str | None
"""``package.module:Class``, a class or function, several of these, or a mapping from names."""


def custom_objects(given: Custom) -> dict[str, Any]:
    """Find the classes and functions by the names under which a file knows them.

    Raises
    ------
    SelectionError
        For what is neither a class, nor a function, nor ``package.module:Class``.
    ModelError
        For what cannot be imported.
    """
    if given is None:
        return {}
    if isinstance(given, Mapping):
        return {str(name): _object(part) for name, part in given.items()}
    if isinstance(given, str) or callable(given) or not isinstance(given, Iterable):
        given = [given]
    found = {}
    for part in given:
        name = part.partition(":")[2] if isinstance(part, str) else getattr(part, "__name__", "")
        found[str(name)] = _object(part)
    return found


def _object(given: Any) -> Any:
    found = given
    if isinstance(given, str) and IMPORTABLE.match(given):
        found = imported(given, "package.module:Class")
    if not callable(found):
        raise SelectionError(
            f"custom {given!r} is no class: give package.module:Class, or in Python the class"
        )
    return found
