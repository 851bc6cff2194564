"""Networks of timm and torchvision, with their weights, preparation and labels."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import torch

from convscope.errors import ModelError, SelectionError, near, require
from convscope.inputs.preparation import Preparation
from convscope.networks.reasons import reason_of

__all__ = ["Kept", "open_kept"]


@dataclass(frozen=True)
class Kept:
    """A network of a library.

    Attributes
    ----------
    model : torch.nn.Module
    preparation : Preparation
        What the library does to images.
    labels : tuple of str
        Names of the classes; empty where the library does not know them.
    """

    model: torch.nn.Module
    preparation: Preparation
    labels: tuple[str, ...] = ()


def open_kept(library: str, name: str) -> Kept:
    """Make a network of a library with its weights, which are downloaded once.

    Raises
    ------
    MissingExtraError
        When the library is not installed.
    SelectionError
        When it has no such network; the message names near matches.
    ModelError
        When the weights cannot be had.
    """
    opened = f"opening {library}:{name}"
    if library == "timm":
        timm = require("timm", None, opened)
        known: Sequence[str] = timm.list_models(pretrained=True)
        make: Callable[[Any, str], Kept] = _of_timm
        module = timm
    else:
        module = require("torchvision", None, opened)
        known = require("torchvision.models", None, opened).list_models()
        make = _of_torchvision
    plain = {choice.partition(".")[0] for choice in known}
    if name not in known and name not in plain:
        raise SelectionError(f"{library} has no network {name!r}: {near(name, sorted(plain))}")
    try:
        return make(module, name)
    except Exception as error:
        raise ModelError(
            f"{library} cannot make {name} with its weights ({reason_of(error)}): connect to the "
            "internet once, or open a file of your own"
        ) from error


def _of_timm(timm: Any, name: str) -> Kept:
    model = timm.create_model(name, pretrained=True)
    config = timm.data.resolve_model_data_config(model)
    channels, *size = config["input_size"]
    preparation = Preparation(
        (int(size[0]), int(size[1])),
        int(channels),
        mean=tuple(map(float, config["mean"])),
        std=tuple(map(float, config["std"])),
        source=f"as timm prepares for {name}",
        resize=_shorter(math.floor(int(size[0]) / float(config.get("crop_pct") or 1)), size),
    )
    labels: tuple[str, ...] = ()
    with suppress(Exception):
        # Labels are a comfort: without them the classes show as numbers.
        info = timm.data.ImageNetInfo(timm.data.infer_imagenet_subset(model))
        count = int(getattr(model, "num_classes", 0))
        labels = tuple(str(info.index_to_description(place)) for place in range(count))
    return Kept(model, preparation, labels)


def _of_torchvision(torchvision: Any, name: str) -> Kept:
    weights = torchvision.models.get_model_weights(name).DEFAULT
    model = torchvision.models.get_model(name, weights=weights)
    transforms = weights.transforms()
    shorter = getattr(transforms, "resize_size", None)
    size = getattr(transforms, "crop_size", None) or shorter
    preparation = Preparation(
        None if size is None else (int(size[0]), int(size[-1])),
        3,
        mean=_numbers(transforms, "mean"),
        std=_numbers(transforms, "std"),
        source=f"as torchvision prepares for {name}",
        resize=None if size is None or shorter is None else _shorter(int(shorter[0]), size),
    )
    return Kept(model, preparation, tuple(map(str, weights.meta.get("categories", ()))))


def _shorter(resize: int, size: Sequence[int]) -> int | None:
    """Give the pixels of the shorter side before the middle is cut out; None where none is."""
    return resize if resize >= max(map(int, size)) else None


def _numbers(transforms: Any, name: str) -> tuple[float, ...] | None:
    """Give a number a channel; those of detectors have none, since these prepare by themselves."""
    found = getattr(transforms, name, None)
    return None if found is None else tuple(map(float, found))
