"""A film: its frames, and what a channel did over time."""

from __future__ import annotations

from typing import Any

from convscope.errors import SelectionError
from convscope.explorer.arrays import Arrays
from convscope.explorer.message import Message
from convscope.explorer.opened import Opened
from convscope.training.filmed_network import FilmedNetwork
from convscope.training.opened_film import OpenedFilm

__all__ = ["LEFT_OUT", "NEEDS_WEIGHTS", "film", "film_channel", "told_film"]

NEEDS_WEIGHTS = ("ablation", "books", "field", "lineage", "shares", "unit", "weights")
"""Questions that a film, which holds maps alone, cannot answer."""

LEFT_OUT = ("image", "mute", "ablation")
"""What a page does not offer for one; see leftout.js."""


def told_film(opened: Opened) -> dict[str, Any] | None:
    """Say which frames there are; None for a network that is no film."""
    if not isinstance(opened.network, FilmedNetwork):
        return None
    film = opened.network.film
    return {
        "steps": film.steps.tolist(),
        "training": [name for name in film if name in film.in_training],
    }


def film(opened: Opened, message: Message, arrays: Arrays) -> dict[str, Any]:
    """Look which frames there are by now, and how many channels of a layer were dead at each."""
    _film(opened)
    opened.look_again()
    layer = opened.layer(message.layer())
    dead = _film(opened).series("dead", layer.name)
    return {
        **(told_film(opened) or {}),
        "layer": layer.name,
        "channels": dead.shape[1],
        "dead": arrays.add(dead.sum(axis=1)),
    }


def film_channel(opened: Opened, message: Message, arrays: Arrays) -> dict[str, Any]:
    """Give the figures of one channel at every frame; NaN where one is not known."""
    shown = _film(opened)
    layer = opened.layer(message.layer())
    channel = message.whole("channel", 0, (layer.channels or 1) - 1)
    image = message.whole("image", 0, len(shown.images) - 1)
    in_training = message.flag("training") and layer.name in shown.in_training
    ends = "training_high" if in_training else "high"
    of_map = {
        name: shown.series(kept, layer.name)[:, image]
        for name, kept in (("high", ends), ("change", "change"))
    }
    of_kernel = {name: shown.series(name, layer.name) for name in ("gradient", "update")}
    figures = {**of_map, **of_kernel}
    return {
        "layer": layer.name,
        "channel": channel,
        "steps": shown.steps.tolist(),
        **{name: arrays.add(values[:, channel]) for name, values in figures.items()},
    }


def _film(opened: Opened) -> OpenedFilm:
    if not isinstance(opened.network, FilmedNetwork):
        raise SelectionError(
            f"{opened.network.name} is no film: open one with convscope explore FILM.zarr"
        )
    return opened.network.film
