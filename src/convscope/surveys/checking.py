"""Whether the arrays of a summary that lay in a store can be those of its survey."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from convscope.surveys.declared import Sizes
from convscope.surveys.grid import BINS
from convscope.surveys.leaders import NOBODY
from convscope.surveys.plan import Plan, profiled
from convscope.surveys.summary import Moments

__all__ = ["check_arrays"]

_OUTPUTS = range(10**6)
_SINGLE = ("minimum", "maximum")
_DOUBLE = ("total", "square", "mean", "mean_square")


def check_arrays(
    arrays: Mapping[str, np.ndarray], plan: Plan, layers: Sequence[Mapping[str, Any]]
) -> None:
    """Check the arrays that `packed` wrote, before memory is taken for what they say.

    Parameters
    ----------
    arrays : mapping of str to numpy.ndarray
    plan : Plan
    layers : sequence of mapping
        As the store keeps them.

    Raises
    ------
    ValueError
        When one is missing, or is of another size or dtype; the message names it.
    """
    for name, (dtype, sizes) in _expected(plan, layers).items():
        found = arrays.get(name)
        if found is None or found.dtype != dtype or not _fits(found.shape, sizes):
            raise ValueError(f"{name} is not what it has to be")
    label, classes = arrays["moments.label"], len(plan.classes)
    rows = {len(arrays[f"moments.{one.name}"]) for one in fields(Moments)}
    _need(rows == {len(label)} and np.all(np.diff(label) > 0), "moments.label")
    _need(np.all((label >= -1) & (label < classes)), "moments.label")
    _need(len(arrays["profile"]) == len(arrays["profile_image"]), "profile")
    image = arrays["leaders.image"]
    _need(np.all((image == NOBODY) | (image >= 0)), "leaders.image")
    for name, shape in _histograms(plan, layers).items():
        places, counts = arrays[f"{name}.places"], arrays[f"{name}.counts"]
        _need(tuple(arrays[f"{name}.shape"].tolist()) == shape, name)
        whole = int(np.prod(shape))
        _need(len(places) == len(counts), name)
        _need(np.all((places >= 0) & (places < whole)), name)


def _need(fits: Any, name: str) -> None:
    if not fits:
        raise ValueError(f"{name} is not what it has to be")


def _fits(shape: tuple[int, ...], sizes: Sizes) -> bool:
    return len(shape) == len(sizes) and all(
        size in axis for size, axis in zip(shape, sizes, strict=True)
    )


def _histograms(plan: Plan, layers: Sequence[Mapping[str, Any]]) -> dict[str, tuple[int, ...]]:
    channels, detailed = _channels(layers), _channels(_kept(plan, layers))
    # One place more than bins counts what is not a number.
    row, group = (channels, BINS + 1), (len(plan.classes), detailed, BINS + 1)
    return {"peaks": row, "means": row, "class_peaks": group, "class_means": group}


def _expected(
    plan: Plan, layers: Sequence[Mapping[str, Any]]
) -> dict[str, tuple[np.dtype[Any], Sizes]]:
    channels, classes = _channels(layers), len(plan.classes)
    own, group = _exactly(channels), _exactly(classes)
    rows = range(classes + 2)
    dtypes = {**dict.fromkeys(_SINGLE, "f4"), **dict.fromkeys(_DOUBLE, "f8")}
    found: dict[str, tuple[str, Sizes]] = {
        f"moments.{one.name}": (dtypes.get(one.name, "i8"), (rows, own))
        for one in fields(Moments)[2:]
    }
    found |= {f"moments.{name}": ("i8", (rows,)) for name in ("label", "images")}
    for name, dtype in (("value", "f4"), ("image", "i8"), ("position", "i4")):
        found[f"leaders.{name}"] = dtype, (own, _exactly(plan.k))
    for name, shape in _histograms(plan, layers).items():
        places = range(int(np.prod(shape)) + 1)
        found[f"{name}.shape"] = "i8", (_exactly(len(shape)),)
        found[f"{name}.places"], found[f"{name}.counts"] = ("i8", (places,)), ("u4", (places,))
    for place, name in enumerate(plan.per_class):
        shape = next(entry["shape"] for entry in layers if entry["name"] == name)
        found[f"maps.{place}"] = "f8", (group, *map(_exactly, shape))
    images = range(len(profiled(plan.images, max(1, channels))) + 1)
    found["confusion"] = "i8", (group, _OUTPUTS)
    found["profile_image"], found["profile"] = ("i8", (images,)), ("f4", (images, own))
    found["skipped"] = "u1", (range(2**31),)
    return {name: (np.dtype(dtype), sizes) for name, (dtype, sizes) in found.items()}


def _kept(plan: Plan, layers: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [entry for entry in layers if entry["name"] in plan.per_class]


def _channels(layers: Sequence[Mapping[str, Any]]) -> int:
    return sum(int(entry["shape"][0]) for entry in layers)


def _exactly(size: int | None) -> range:
    return _OUTPUTS if size is None else range(size, size + 1)
