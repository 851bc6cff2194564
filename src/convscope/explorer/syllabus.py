"""Which lessons a session offers: those that are given, and those of the embedded network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from convscope.errors import SelectionError, near
from convscope.explorer.address import named_by
from convscope.explorer.lesson import Lesson, Step, read_lesson
from convscope.explorer.sources import Source
from convscope.networks import Layer, Network
from convscope.training.recipes import embedded
from convscope.training.strokes import digits

__all__ = ["built_in_lessons", "lessons_for"]

_FOLDER = Path(__file__).with_name("lessons")
_BUILT_IN = (
    "convolution-by-hand",
    "why-pooling",
    "dead-channels",
    "what-carried-the-decision",
)


def built_in_lessons() -> tuple[Lesson, ...]:
    """Read the lessons that come along, written for the embedded network on the drawn digits."""
    return tuple(read_lesson(_FOLDER / f"{name}.toml") for name in _BUILT_IN)


def lessons_for(
    network: Network,
    images: Sequence[Source],
    lessons: str | Path | Sequence[str | Path] | None = None,
) -> tuple[Lesson, ...]:
    """Give the lessons that the page offers.

    Parameters
    ----------
    network : Network
    images : sequence of Source
        In the order in which a step names them.
    lessons : str, Path or sequence of these, optional
        Files, as `read_lesson` takes them; they come before those that come along.

    Raises
    ------
    InputError
        When a file holds no lesson.
    SelectionError
        When a step names what the network or the images do not have, or two lessons have one name.
    """
    several: Sequence[Any] = lessons if isinstance(lessons, list | tuple) else [lessons]
    found = [read_lesson(one) for one in several if one is not None]
    for lesson in found:
        for place, step in enumerate(lesson.steps, start=1):
            _check(f"lesson {lesson.name}, step {place}", step, network, images)
    if _is_demo(network, images):
        found += built_in_lessons()
    names = [one.name for one in found]
    for name in names:
        if names.count(name) > 1:
            raise SelectionError(f"two lessons are called {name}: rename the file of one of them")
    return tuple(found)


def _is_demo(network: Network, images: Sequence[Source]) -> bool:
    """Say whether the sentences of the lessons that come along are true here."""
    if Path(network.source).resolve() != embedded().resolve():
        return False
    drawn = [pixels for _, pixels in digits()]
    given = [getattr(one.content, "pixels", None) for one in images]
    return len(given) == len(drawn) and all(
        pixels is not None and np.array_equal(np.squeeze(pixels), own)
        for pixels, own in zip(given, drawn, strict=True)
    )


def _check(where: str, step: Step, network: Network, images: Sequence[Source]) -> None:
    named = named_by(step.show)
    if named.image and named.image >= len(images):
        raise SelectionError(
            f"{where} shows image {named.image}, and there are {len(images)}: give the images for "
            "which it was written"
        )
    if named.layer:
        layer = _layer(where, named.layer, network)
        _check_channel(where, layer, named.channel)
        _check_unit(where, layer, named.unit)
    for name, channel in named.silent:
        _check_channel(where, _layer(where, name, network), channel)


def _layer(where: str, name: str, network: Network) -> Layer:
    layers = network.layers
    if name not in layers:
        raise SelectionError(f"{where}: no layer is called {name!r}: {near(name, layers)}")
    return layers[name]


def _check_channel(where: str, layer: Layer, channel: int) -> None:
    if layer.channels is not None and channel >= layer.channels:
        raise SelectionError(
            f"{where} shows channel {channel} of {layer.name}, which has 0 to {layer.channels - 1}"
        )


def _check_unit(where: str, layer: Layer, unit: tuple[int, ...]) -> None:
    shown = layer.space[-2:]
    if any(size is not None and place >= size for place, size in zip(unit, shown, strict=False)):
        sizes = " x ".join("?" if size is None else str(size) for size in shown)
        raise SelectionError(
            f"{where} shows unit {unit[0]},{unit[1]} of {layer.name}, whose maps are {sizes}"
        )
