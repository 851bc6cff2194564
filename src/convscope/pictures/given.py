"""What may be said beside the values of a mosaic or of lines, checked against their channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convscope.arguments import ends, flag, mapping, real_array, text, texts, told, whole, wholes
from convscope.errors import SelectionError

__all__ = ["check_given", "permutation"]


def check_given(
    channels: int,
    *,
    columns: int | None,
    low: ArrayLike | None,
    high: ArrayLike | None,
    bounds: tuple[float, float] | None,
    words: Sequence[str] | None,
    signed: bool | None,
    provenance: Mapping[str, Any] | None,
    title: str | None,
    order: Sequence[int] | None,
    axis: str,
) -> None:
    """Refuse what does not fit so many channels; see `convscope.pictures.mosaic.mosaic`.

    Raises
    ------
    SelectionError
        The message names the argument.
    """
    if columns is not None:
        whole(columns, "columns", 1, what="maps in each row")
    for name, plane in (("low", low), ("high", high)):
        if plane is not None:
            _one_a_channel(name, real_array(plane, name, "(channel,)"), channels)
    if bounds is not None:
        ends(bounds, "bounds")
    if words is not None:
        _one_a_channel("words", np.array(texts(words, "words"), object), channels)
    if signed is not None:
        flag(signed, "signed")
    if provenance is not None:
        mapping(provenance, "provenance")
    if title is not None:
        text(title, "title")
    if order is not None:
        permutation(order, channels)
    text(axis, "axis")


def permutation(order: Sequence[int], channels: int) -> NDArray[np.intp]:
    """Give an order of channels as an array.

    Raises
    ------
    SelectionError
        When it does not hold every channel once.
    """
    shown = np.array(wholes(order, "order"), np.intp)
    if not np.array_equal(np.sort(shown), np.arange(channels)):
        raise SelectionError(
            f"an order of {channels} tiles must hold every channel from 0 to {channels - 1} once, "
            f"and {told(order)} does not"
        )
    return shown


def _one_a_channel(name: str, given: NDArray[Any], channels: int) -> None:
    if given.shape != (channels,):
        count = f"{len(given)} entries" if given.ndim == 1 else f"the shape {given.shape}"
        raise SelectionError(f"{name} has {count} for {channels} channels: give one a channel")
