"""Call layers on one another as the configuration of a functional model says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from convscope.errors import ModelError
from convscope.networks.keras.legacy.configuration import MODELS

__all__ = ["wired"]

Tensors = dict[tuple[str, int], list[Any]]


def wired(
    config: dict[str, Any], listed: Sequence[dict[str, Any]], layers: Mapping[str, Any]
) -> tuple[Any, Any]:
    """Make every call of a functional model.

    Keras 1 and 2 number the calls of a layer from 0 and those of a model used as a layer from 1,
    since a model was called once where it was made.

    Parameters
    ----------
    config : dict
        With ``input_layers`` and ``output_layers``.
    listed : sequence of dict
        The layers, each with ``inbound_nodes``: a list of calls, each a list of
        ``[layer, call, output, arguments]``.
    layers : mapping of str to keras.Layer

    Returns
    -------
    inputs, outputs : tensor, or lists or dicts of them, as in the file

    Raises
    ------
    ModelError
        For calls on what is not there.
    """
    tensors: Tensors = {}
    waiting: list[tuple[str, int, list[Any]]] = []
    for entry in listed:
        name = entry["name"]
        calls = [_call(node) for node in entry.get("inbound_nodes") or ()]
        if not calls and isinstance(layers[name], keras.layers.InputLayer):
            tensors[name, 0] = [layers[name].output]
        start = _first_call(entry, listed, config)
        waiting += [(name, start + place, call) for place, call in enumerate(calls)]
    while waiting:
        later = []
        for name, place, call in waiting:
            if all(reference in tensors for reference in _references(call, layers)):
                given, named = _arguments(call, tensors, layers)
                made = layers[name](given[0] if len(given) == 1 else given, **named)
                tensors[name, place] = keras.tree.flatten(made)
            else:
                later.append((name, place, call))
        if len(later) == len(waiting):
            name, place, call = later[0]
            missing = next(part for part in _references(call, layers) if part not in tensors)
            raise ModelError(
                f"layer {name!r} is called on {missing[0]!r} (call {missing[1]}), which nothing in "
                "the file makes: save the model again with the Keras that wrote it"
            )
        waiting = later
    return (
        _tensors(config.get("input_layers"), tensors, layers),
        _tensors(config.get("output_layers"), tensors, layers),
    )


def _call(node: Any) -> list[Any]:
    """Give a call as a list of ``[layer, call, output, arguments]``, also where it is just one."""
    if isinstance(node, list) and node and isinstance(node[0], str):
        return [node]
    if not isinstance(node, list) or not all(isinstance(part, list) for part in node):
        raise ModelError(
            "a layer's inbound_nodes are not those of Keras 1 or 2: save the model again with the "
            "Keras that wrote it"
        )
    return node


def _first_call(
    entry: dict[str, Any], listed: Sequence[dict[str, Any]], config: dict[str, Any]
) -> int:
    if entry["class_name"] not in MODELS:
        return 0
    name = entry["name"]
    nodes = [node for other in listed for node in other.get("inbound_nodes") or ()]
    return 0 if _mentions([nodes, config.get("output_layers")], name) else 1


def _mentions(node: Any, name: str) -> bool:
    """Tell whether anything refers to the call 0 of a layer."""
    if isinstance(node, dict):
        return any(_mentions(part, name) for part in node.values())
    if not isinstance(node, list):
        return False
    if len(node) in {3, 4} and node[0] == name and node[1] == 0:
        return True
    return any(_mentions(part, name) for part in node)


def _is_reference(node: Any, layers: Mapping[str, Any]) -> bool:
    return (
        isinstance(node, list)
        and len(node) in {3, 4}
        and isinstance(node[0], str)
        and node[0] in layers
        and isinstance(node[1], int)
        and isinstance(node[2], int)
    )


def _references(node: Any, layers: Mapping[str, Any]) -> list[tuple[str, int]]:
    """List the values that a call needs, those among its arguments too."""
    if _is_reference(node, layers):
        return [(node[0], node[1]), *(_references(node[3], layers) if len(node) == 4 else ())]
    parts = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return [found for part in parts for found in _references(part, layers)]


def _arguments(
    call: list[Any], tensors: Tensors, layers: Mapping[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    given: list[Any] = []
    named: dict[str, Any] = {}
    for part in call:
        if not _is_reference(part, layers):
            raise ModelError(
                f"a layer is called on {part[0] if part else 'nothing'!r}, which is not in the "
                "file: save the model again with the Keras that wrote it"
            )
        given.append(_one(part, tensors))
        if len(part) == 4 and isinstance(part[3], dict):
            named.update({key: _tensors(value, tensors, layers) for key, value in part[3].items()})
    return given, {key: value for key, value in named.items() if value is not None}


def _one(reference: list[Any], tensors: Tensors) -> Any:
    made = tensors[reference[0], reference[1]]
    if not 0 <= reference[2] < len(made):
        raise ModelError(
            f"layer {reference[0]!r} has {len(made)} outputs, and the file wants the one of index "
            f"{reference[2]}: save the model again with the Keras that wrote it"
        )
    return made[reference[2]]


def _tensors(node: Any, tensors: Tensors, layers: Mapping[str, Any]) -> Any:
    """Replace what refers to a value by the value; a list of one is the value itself."""
    if _is_reference(node, layers):
        if (node[0], node[1]) not in tensors:
            raise ModelError(
                f"the network gives out {node[0]!r} (call {node[1]}), which nothing in the file "
                "makes: save the model again with the Keras that wrote it"
            )
        return _one(node, tensors)
    if isinstance(node, dict):
        return {key: _tensors(part, tensors, layers) for key, part in node.items()}
    if isinstance(node, list):
        found = [_tensors(part, tensors, layers) for part in node]
        single = len(found) == 1 and _is_reference(node[0], layers)
        return found[0] if single else found
    return node
