"""What a person gives a public function: refused in one line, by the name that it has there."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import numpy as np

from convscope.errors import SelectionError, near

__all__ = [
    "callback",
    "choice",
    "ends",
    "file_path",
    "flag",
    "is_whole",
    "mapping",
    "real",
    "real_array",
    "text",
    "texts",
    "told",
    "whole",
    "wholes",
]

_LONGEST = 60
# Others write themselves on several lines, or as long as they are.
_PLAIN = (str, bytes, int, float, list, tuple, dict, set, slice, os.PathLike)


def told(value: object) -> str:
    """Say in a few words on one line what was given."""
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and shape:
        return f"({type(value).__name__} of shape {shape})"
    words = repr(value) if value is None or isinstance(value, _PLAIN) else ""
    if words and "\n" not in words and len(words) <= _LONGEST:
        return words
    if isinstance(value, str):
        return f"{value[: _LONGEST - 1]!r}…"
    return f"({type(value).__name__})"


def is_whole(value: object) -> bool:
    """Tell whether a value is a whole number; True and 2.0 are none."""
    return type(value) is int or (isinstance(value, Integral) and not isinstance(value, bool))


def whole(
    value: Any, name: str, least: int | None = None, most: int | None = None, what: str = ""
) -> int:
    """Give a whole number within bounds.

    Parameters
    ----------
    value
        What was given.
    name : str
        The argument's.
    least, most : int, optional
        The bounds, both included.
    what : str
        What is counted.

    Raises
    ------
    SelectionError
        For anything else.
    """
    if is_whole(value) and (least is None or value >= least) and (most is None or value <= most):
        return int(value)
    bounds = ("" if least is None else f" from {least}") + ("" if most is None else f" to {most}")
    counted = f", {what}" if what else ""
    raise SelectionError(f"{name} {told(value)}: a whole number{bounds}{counted}")


def wholes(value: Any, name: str) -> list[int]:
    """Give several whole numbers; `whole` says what is raised."""
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise SelectionError(f"{name} {told(value)}: give a sequence of whole numbers")
    return [whole(one, name) for one in value]


def real(value: Any, name: str, *, above: float | None = None, least: float | None = None) -> float:
    """Give a finite number, greater than `above` and not less than `least`.

    Raises
    ------
    SelectionError
        For anything else.
    """
    number = float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan
    if (
        math.isfinite(number)
        and (above is None or number > above)
        and (least is None or number >= least)
    ):
        return number
    bounds = "" if above is None else f" above {above:g}"
    bounds += "" if least is None else f" from {least:g}"
    raise SelectionError(f"{name} {told(value)}: give a number{bounds}")


def ends(value: Any, name: str, *, apart: bool = False) -> tuple[float, float]:
    """Give two finite numbers, the lower first; unlike ones where they must lie `apart`.

    Raises
    ------
    SelectionError
        For anything else.
    """
    if isinstance(value, tuple | list | np.ndarray) and len(value) == 2:
        numbers = all(isinstance(end, Real) and not isinstance(end, bool) for end in value)
        if numbers and all(map(math.isfinite, value)):
            low, high = float(value[0]), float(value[1])
            if low < high or (low == high and not apart):
                return low, high
    raise SelectionError(f"{name} {told(value)}: give two finite numbers, the lower first")


def flag(value: Any, name: str) -> bool:
    """Give True or False; what only counts as such, as ``"no"`` would, is refused.

    Raises
    ------
    SelectionError
        For anything else.
    """
    if isinstance(value, bool | np.bool_):
        return bool(value)
    raise SelectionError(f"{name} {told(value)}: give True or False")


def text(value: Any, name: str) -> str:
    """Give a string.

    Raises
    ------
    SelectionError
        For anything else.
    """
    if isinstance(value, str):
        return value
    raise SelectionError(f"{name} {told(value)}: give a string")


def texts(value: Any, name: str) -> list[str]:
    """Give several strings; a single one is none, since its letters would be meant.

    Raises
    ------
    SelectionError
        For anything else.
    """
    if isinstance(value, Sequence | np.ndarray) and not isinstance(value, str | bytes):
        given = list(value)
        if all(isinstance(one, str) for one in given):
            return given
    raise SelectionError(f"{name} {told(value)}: give a sequence of strings")


def choice(value: Any, name: str, choices: Iterable[str]) -> str:
    """Give one of some words.

    Raises
    ------
    SelectionError
        For anything else; the message names near matches.
    """
    known = list(choices)
    if isinstance(value, str) and value in known:
        return value
    hint = near(value if isinstance(value, str) else "", known)
    raise SelectionError(f"{name} {told(value)}: {hint}")


def mapping(value: Any, name: str) -> Mapping[str, Any]:
    """Give a mapping, such as a dict.

    Raises
    ------
    SelectionError
        For anything else.
    """
    if isinstance(value, Mapping):
        return value
    raise SelectionError(f"{name} {told(value)}: give a dict")


def callback(value: Any, name: str) -> None:
    """Refuse what cannot be called; None may stand for nothing.

    Raises
    ------
    SelectionError
    """
    if value is not None and not callable(value):
        raise SelectionError(f"{name} {told(value)}: give a function, or None")


def file_path(value: Any, name: str = "path") -> Path:
    """Give the path of a file or folder.

    Raises
    ------
    SelectionError
        For what is neither a string nor a path of strings.
    """
    if isinstance(value, str) or (
        isinstance(value, os.PathLike) and isinstance(os.fspath(value), str)
    ):
        return Path(value)
    raise SelectionError(f"{name} {told(value)}: give a path, as a string or pathlib.Path")


def real_array(value: Any, name: str, possible: str) -> np.ndarray:
    """Give an array of real numbers, of a DataArray the values.

    Parameters
    ----------
    value, name
        As everywhere here.
    possible : str
        Which arrays can be given, such as ``(channel, y, x)``.

    Raises
    ------
    SelectionError
        For text, objects, complex numbers, rows of unlike length, and what is no array.
    """
    given = value.values if hasattr(value, "dims") else value
    if isinstance(given, str | bytes | Mapping):
        raise SelectionError(f"{name} {told(value)}: give an array {possible}")
    try:
        array = np.asarray(given)
    except (TypeError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise SelectionError(
            f"{name} {told(value)} cannot be made an array ({reason[:80]}): give {possible}"
        ) from error
    if array.dtype.kind not in "fiub":
        raise SelectionError(f"{name} of type {array.dtype}: give real numbers {possible}")
    return array
