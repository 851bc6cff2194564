"""What a store says of its survey, checked before it is believed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from convscope.surveys.grid import BINS
from convscope.surveys.plan import AMONG, RANKINGS, Plan, profiled

__all__ = ["FIGURES", "Sizes", "check_about", "check_plan", "sizes_of"]

FIGURES = ("count", "mean", "variance", "minimum", "maximum", "positive", "fired", "image_mean",
           "image_variance")  # fmt: skip
"""Names of the figures of every channel."""

# More outputs, channels or positions along an axis has no network.
_MOST = 10**6
_MOST_AXES = 6

Sizes = tuple[range, ...]
"""Of an array: the sizes that each of its axes may have."""


def check_plan(entry: Any) -> None:
    """Check a plan as a store keeps it.

    Raises
    ------
    ValueError
        The message names what is wrong.
    """
    told = _mapping(entry, "plan")
    for name in ("layers", "per_class", "classes"):
        _each(told, name, _text)
    for name in ("network", "dataset", "preparation"):
        _need(_text(told.get(name)), name)
    for name in ("k", "images", "batch"):
        _need(_whole(told.get(name), 1, 2**40), name)
    _need(told.get("ranking") in RANKINGS and told.get("among") in AMONG, "ranking")
    _need(told["layers"] and set(told["per_class"]) <= set(told["layers"]), "layers")
    _need(len(set(told["layers"])) == len(told["layers"]), "layers")
    _need(told["classes"] and told["k"] <= _MOST, "classes")
    truth = told.get("truth")
    if truth is not None:
        _each(told, "truth", lambda one: _whole(one, 0, _MOST))
        _need(len(truth) == len(told["classes"]), "truth")


def check_about(told: Mapping[str, Any]) -> None:
    """Check the attributes of a store, the plan among them.

    Raises
    ------
    ValueError
        The message names what is wrong.
    """
    check_plan(told.get("plan"))
    for name in ("network", "source", "dataset", "dataset_source"):
        _need(_text(told.get(name, "")), name)
    for name in ("images", "dataset_images"):
        _need(told.get(name) is None or _whole(told[name], 0, 2**40), name)
    if "labels" in told:
        _each(told, "labels", _text)
    if told.get("opening") is not None:
        opening = _mapping(told["opening"], "opening")
        _need(_text(opening.get("model")), "opening")
        _mapping(opening.get("options"), "opening")
    if "skipped" in told:
        _each(told, "skipped", _is_skipped)
    _each(told, "layers", _is_layer)
    _need([one["name"] for one in told["layers"]] == list(told["plan"]["layers"]), "layers")


def sizes_of(plan: Plan, layers: Sequence[Mapping[str, Any]]) -> dict[str, Sizes]:
    """Say of every array that a result can have how large it has to be.

    Parameters
    ----------
    plan : Plan
    layers : sequence of mapping
        As the store keeps them.
    """
    channels = sum(int(entry["shape"][0]) for entry in layers)
    kept = [entry for entry in layers if entry["name"] in plan.per_class]
    detailed = sum(int(entry["shape"][0]) for entry in kept)
    row, group, rank = _exactly(channels), _exactly(len(plan.classes)), _exactly(plan.k)
    column, output = _exactly(BINS), range(_MOST)
    images = range(len(profiled(plan.images, max(1, channels))) + 1)
    by_class = (_exactly(detailed), group, column)
    found: dict[str, Sizes] = {
        **dict.fromkeys(FIGURES, (row,)),
        **{f"class_{name}": (row, group) for name in FIGURES},
        "class_images": (group,),
        "histogram": (row, column),
        "mean_histogram": (row, column),
        "confusion": (group, output),
        "profile_image": (images,),
        "profile": (row, images),
        **dict.fromkeys(("top_image", "top_value", "top_unit", "top_label"), (row, rank)),
        "top_crop": (row, rank, range(_MOST_AXES), _exactly(2)),
        "class_histogram": by_class,
        "class_mean_histogram": by_class,
    }
    for place, name in enumerate(plan.per_class):
        shape = next(entry["shape"] for entry in kept if entry["name"] == name)
        found[f"class_map/{place}"] = (
            _exactly(shape[0]), group, *map(_exactly, shape[1:])
        )  # fmt: skip
    return found


def _exactly(size: int | None) -> range:
    return range(_MOST) if size is None else range(size, size + 1)


def _is_layer(entry: Any) -> bool:
    if not isinstance(entry, dict):
        return False
    dims, shape = entry.get("dims"), entry.get("shape")
    return (
        _text(entry.get("name"))
        and _text(entry.get("kind"))
        and isinstance(dims, list)
        and isinstance(shape, list)
        and 0 < len(dims) == len(shape) < _MOST_AXES
        and all(map(_text, dims))
        and len(set(dims)) == len(dims)
        and _whole(shape[0], 1, _MOST)
        and all(size is None or _whole(size, 0, _MOST) for size in shape[1:])
        and np.prod([size or 1 for size in shape], dtype=float) < 2**40
    )


def _is_skipped(entry: Any) -> bool:
    return (
        isinstance(entry, list)
        and len(entry) == 2
        and _whole(entry[0], 0, 2**40)
        and _text(entry[1])
    )


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _whole(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _mapping(value: Any, name: str) -> Mapping[str, Any]:
    _need(isinstance(value, dict), name)
    found: Mapping[str, Any] = value
    return found


def _each(told: Mapping[str, Any], name: str, fits: Callable[[Any], bool]) -> None:
    _need(isinstance(told.get(name), list) and all(map(fits, told[name])), name)


def _need(fits: object, name: str) -> None:
    if not fits:
        raise ValueError(f"{name} is not what it has to be")
