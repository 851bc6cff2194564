"""Weights as archives hold them: a tree of the attributes under which Python kept the layers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import h5py
import keras

from convscope.errors import ModelError
from convscope.networks.keras.legacy.saved import SavedWeight

__all__ = ["is_store", "stored_weights"]

_OLD = "_layer_checkpoint_dependencies"
_PLACES = (_OLD, "layers")


def is_store(group: h5py.Group) -> bool:
    """Tell whether a group is the root of such a tree."""
    return any(place in group for place in _PLACES)


def stored_weights(
    model: Any, group: h5py.Group, layers_of: Callable[[Any], list[Any]]
) -> list[tuple[Any, list[SavedWeight]]]:
    """Find the weights of every layer.

    The tree names layers by their class and a number. Keras 2.12 to 2.15 list a layer with weights
    twice, so that its class counts two; others count one.

    Parameters
    ----------
    model : keras.Model
    group : h5py.Group
        The root of the file.
    layers_of : callable
        Gives the layers of a model in the order of the file.

    Returns
    -------
    list of (keras.Layer, list of SavedWeight)
        For layers, and layers inside layers, with weights of their own.

    Raises
    ------
    ModelError
        When the tree is not that of the model.
    """
    return list(_model(model, group, layers_of))


Found = Iterator[tuple[Any, list[SavedWeight]]]


def _model(model: Any, group: h5py.Group, layers_of: Callable[[Any], list[Any]]) -> Found:
    place = next((group[place] for place in _PLACES if place in group), None)
    layers = layers_of(model)
    if not isinstance(place, h5py.Group):
        raise ModelError(
            f"the file has no weights of the model {model.name!r}: save or copy it again"
        )
    filled = {name for name in place if _has_arrays(place[name])}
    for twice in (True, False):
        names = _names(layers, twice)
        wanted = {name for name, layer in zip(names, layers, strict=True) if layer.weights}
        if wanted == filled:
            break
    else:
        odd = sorted(wanted ^ filled)
        raise ModelError(
            f"the weights of {model.name!r} do not fit its layers, {odd[0]!r} is only on one side: "
            "save the model again with the Keras that wrote it"
        )
    for name, layer in zip(names, layers, strict=True):
        if layer.weights:
            yield from _layer(layer, place[name], layers_of)


def _layer(layer: Any, group: h5py.Group, layers_of: Callable[[Any], list[Any]]) -> Found:
    if isinstance(layer, keras.Model) and any(place in group for place in _PLACES):
        yield from _model(layer, group, layers_of)
        return
    own = group.get("vars")
    if isinstance(own, h5py.Group) and len(own):
        places = sorted(own, key=lambda text: int(text) if text.isdigit() else -1)
        yield layer, [SavedWeight(place, own[place]) for place in places]
    for name in group:
        part = getattr(layer, name, None)
        if name != "vars" and isinstance(part, keras.Layer) and _has_arrays(group[name]):
            yield from _layer(part, group[name], layers_of)


def _names(layers: Sequence[Any], twice: bool) -> list[str]:
    counts: dict[str, int] = {}
    names = []
    for layer in layers:
        kind = _snake_case(_class_name(layer))
        count = counts.get(kind, 0)
        names.append(f"{kind}_{count}" if count else kind)
        counts[kind] = count + (2 if twice and layer.weights else 1)
    return names


def _class_name(layer: Any) -> str:
    return type(layer).__name__


def _snake_case(name: str) -> str:
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def _has_arrays(group: Any) -> bool:
    found: list[str] = []

    def look(name: str, part: Any) -> bool | None:
        if isinstance(part, h5py.Dataset):
            found.append(name)
            return True
        return None

    if isinstance(group, h5py.Group):
        group.visititems(look)
    return bool(found)
