"""The configuration of a network, however it was wrapped when it was saved."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

__all__ = ["LARGEST", "MODELS", "configuration_of", "inner_entries", "layer_entries", "parsed"]

MODELS = frozenset({"Sequential", "Functional", "Model", "Container"})
"""Classes of models whose configuration says all; ``Container`` is Keras 1's."""

LARGEST = 16 * 2**20
"""Bytes of JSON that are read: a thousand layers take 1 MB; brackets grow by thirty."""

_DEEPEST = 6
# A network in a network in a network has some 30.
_MOST_BRACKETS = 200


def parsed(text: str | bytes) -> Any:
    """Parse JSON.

    Raises
    ------
    ValueError
        For what is no JSON, also for brackets too deep to follow and for more than `LARGEST`.
    """
    if len(text) > LARGEST:
        raise ValueError(f"it is of {len(text) / 2**20:.0f} MB, more than any network needs")
    try:
        found = json.loads(text)
    except RecursionError:
        raise ValueError("its brackets are too deep") from None
    level = [found]
    for _ in range(_MOST_BRACKETS):
        level = [part for node in level for part in _parts(node)]
        if not level:
            return found
    raise ValueError("its brackets are too deep")


def configuration_of(given: Any, depth: int = _DEEPEST) -> dict[str, Any] | None:
    """Find the network in what JSON holds.

    Parameters
    ----------
    given : object
        A configuration with ``class_name`` and ``config``; the bare ``get_config()`` of a
        functional or Sequential model, which is a list before Keras 2.2.3; any of them encoded as
        a string once more, or inside another object.

    Returns
    -------
    dict or None
        With ``class_name`` and ``config``, where the config of a Sequential is an object too; None
        where there is no network.
    """
    if depth == 0:
        return None
    if isinstance(given, str):
        try:
            return configuration_of(parsed(given), depth - 1)
        except ValueError:
            return None
    if isinstance(given, list):
        return _sequential({}, given) if given and all(map(_is_entry, given)) else None
    if not isinstance(given, dict):
        return None
    if _is_entry(given):
        return _whole(given)
    if isinstance(given.get("layers"), list):
        if "input_layers" in given:
            return {"class_name": "Functional", "config": given}
        return _sequential(given, given["layers"]) if all(map(_is_entry, given["layers"])) else None
    found = (configuration_of(part, depth - 1) for part in given.values())
    return next((entry for entry in found if entry is not None), None)


def layer_entries(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """List the layers in the configuration of a model, as it lists them."""
    config = entry["config"]
    listed = config if isinstance(config, list) else config.get("layers", ())
    return [part for part in listed if _is_entry(part)]


def inner_entries(node: Any) -> Iterator[dict[str, Any]]:
    """Give every object with a class inside a configuration, itself first."""
    if isinstance(node, dict):
        if _is_entry(node):
            yield node
        for value in node.values():
            yield from inner_entries(value)
    elif isinstance(node, list):
        for value in node:
            yield from inner_entries(value)


def _parts(node: Any) -> Iterable[Any]:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()


def _is_entry(given: Any) -> bool:
    return (
        isinstance(given, dict) and isinstance(given.get("class_name"), str) and "config" in given
    )


def _whole(entry: dict[str, Any]) -> dict[str, Any] | None:
    if isinstance(entry["config"], list):
        return _sequential(entry, entry["config"])
    return entry if isinstance(entry["config"], dict) else None


def _sequential(around: dict[str, Any], layers: list[Any]) -> dict[str, Any]:
    named = {key: around[key] for key in ("name", "trainable") if key in around}
    built = {key: around[key] for key in ("build_input_shape",) if key in around}
    return {"class_name": "Sequential", "config": {**named, **built, "layers": layers}}
