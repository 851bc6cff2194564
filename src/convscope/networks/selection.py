"""Which layers are meant: names, globs, kinds, indices and slices."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from convscope.arguments import is_whole, text, told
from convscope.errors import SelectionError, near
from convscope.networks.layer import Layer

__all__ = ["INPUT", "LINEAR", "Selector", "linear_part", "named_layer", "select_layers"]

LINEAR = ":linear"
INPUT = ":input:"
_SLICE = re.compile(r"^(-?\d*):(-?\d*)(?::(-?\d*))?$")

Selector = str | int | slice


def select_layers(
    layers: Mapping[str, Layer], selectors: Selector | Iterable[Selector] | None
) -> list[Layer]:
    """Choose layers.

    Parameters
    ----------
    layers : mapping of str to Layer
        All layers of a network, in execution order.
    selectors : str, int, slice, or several of them
        A name (``block1/conv``), a glob (``conv*``), a kind (``kind:conv``), an index (``3``,
        ``-1``), a slice of indices (``0:4``), each optionally with ``:linear`` for the linear
        part before a fused activation function. A string may hold several, separated by commas.
        None chooses all layers.

    Returns
    -------
    list of Layer
        In execution order, each once; a linear part comes before its layer.

    Raises
    ------
    SelectionError
        When a selector chooses nothing; the message names near matches.
    """
    if selectors is None:
        return list(layers.values())
    several: list[Any]
    if isinstance(selectors, str | slice) or is_whole(selectors):
        several = [selectors]
    elif isinstance(selectors, Iterable) and not isinstance(selectors, bytes | Mapping):
        several = list(selectors)
    else:
        raise _no_layer(selectors)
    if not several:
        raise SelectionError("no layer was chosen: give at least one, or None for all")
    chosen: dict[str, Layer] = {}
    for selector in several:
        parts = selector.split(",") if isinstance(selector, str) else [selector]
        for part in parts:
            for layer in _matching(layers, part.strip() if isinstance(part, str) else part):
                chosen.setdefault(layer.name, layer)
    return sorted(chosen.values(), key=lambda layer: (layer.index, not _is_linear(layer.name)))


def named_layer(layers: Mapping[str, Layer], name: str) -> Layer:
    """Give the layer, or the linear part, that has exactly this name.

    Raises
    ------
    SelectionError
        When there is none.
    """
    if text(name, "layer") in layers:
        return layers[name]
    whole = layers.get(name.removesuffix(LINEAR))
    if whole is not None and whole.has_linear:
        return linear_part(whole)
    raise SelectionError(f"no layer is called {name!r}: {near(name, layers)}")


def linear_part(layer: Layer) -> Layer:
    """Give the linear part before a layer's fused activation function, as a layer."""
    name = layer.name + LINEAR
    return replace(
        layer, name=name, parameters=0, trainable=0, bounds=(None, None), has_linear=False
    )


def _is_linear(name: str) -> bool:
    return name.endswith(LINEAR)


def _matching(layers: Mapping[str, Layer], selector: Selector) -> list[Layer]:
    ordered = list(layers.values())
    if isinstance(selector, slice):
        return _sliced(ordered, selector, str(selector))
    if is_whole(selector):
        return [_at(ordered, int(selector))]
    if not isinstance(selector, str):
        raise _no_layer(selector)
    if selector.endswith(LINEAR) and selector not in layers:
        return _linear_parts(layers, selector)
    if selector in layers:
        return [layers[selector]]
    if found := _SLICE.match(selector):
        bounds = [int(bound) if bound else None for bound in found.groups()]
        return _sliced(ordered, slice(*bounds), selector)
    if re.fullmatch(r"-?\d+", selector):
        return [_at(ordered, int(selector))]
    if selector.startswith("kind:"):
        return _of_kind(ordered, selector.removeprefix("kind:"))
    matches = [layer for layer in ordered if fnmatchcase(layer.name, selector)]
    if not matches:
        raise SelectionError(f"no layer is called {selector!r}: {near(selector, layers)}")
    return matches


def _no_layer(given: object) -> SelectionError:
    return SelectionError(
        f"layer {told(given)}: give a name, a glob, kind:KIND, an index or a slice of indices"
    )


def _sliced(ordered: Sequence[Layer], bounds: slice, given: str) -> list[Layer]:
    if not all(end is None or is_whole(end) for end in (bounds.start, bounds.stop, bounds.step)):
        raise _no_layer(bounds)
    chosen = [] if bounds.step == 0 else list(ordered[bounds])
    if not chosen:
        raise SelectionError(
            f"the slice {given} chooses none of the {len(ordered)} layers: give one from 0 to "
            f"{len(ordered)}, such as 0:4"
        )
    return chosen


def _at(ordered: Sequence[Layer], index: int) -> Layer:
    if not -len(ordered) <= index < len(ordered):
        raise SelectionError(
            f"there is no layer {index}: the {len(ordered)} layers have indices 0 to "
            f"{len(ordered) - 1}"
        )
    return ordered[index]


def _of_kind(ordered: Sequence[Layer], kind: str) -> list[Layer]:
    chosen = [layer for layer in ordered if fnmatchcase(layer.kind, kind)]
    if not chosen:
        kinds = list(dict.fromkeys(layer.kind for layer in ordered))
        raise SelectionError(f"no layer is of kind {kind!r}: {near(kind, kinds)}")
    return chosen


def _linear_parts(layers: Mapping[str, Layer], selector: str) -> list[Layer]:
    matches = _matching(layers, selector.removesuffix(LINEAR))
    parts = [linear_part(layer) for layer in matches if layer.has_linear]
    if not parts:
        able = [layer.name + LINEAR for layer in layers.values() if layer.has_linear]
        raise SelectionError(
            f"{selector!r} names no linear part (the value before a fused activation function): "
            f"{near(selector, able)}"
        )
    return parts
