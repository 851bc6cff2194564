"""How wide a figure is: the column of a paper."""

from __future__ import annotations

import re

from convscope.arguments import real, told
from convscope.errors import SelectionError

__all__ = ["COLUMNS", "column_inches"]

COLUMNS = {"single": 83.0, "double": 174.0}
"""Millimetres of one column and of two that fit the usual papers; docs/figures.md lists these."""

_INCHES = {"mm": 1 / 25.4, "cm": 1 / 2.54, "in": 1.0, "pt": 1 / 72.27}
_WIDTH = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(mm|cm|in|pt)\s*")


def column_inches(width: str | float) -> float:
    """Give a width in inches.

    Parameters
    ----------
    width : str or float
        ``"single"`` or ``"double"``; a number with its unit, such as ``"89 mm"``, ``"8.9 cm"``,
        ``"3.5 in"`` or ``"252 pt"`` (TeX's points, 72.27 to an inch); a number alone is inches.

    Raises
    ------
    SelectionError
        For anything else.
    """
    if not isinstance(width, str):
        return real(width, "width", above=0)
    if width in COLUMNS:
        return COLUMNS[width] * _INCHES["mm"]
    found = _WIDTH.fullmatch(width)
    if found is None or not float(found[1]):
        raise SelectionError(
            f"width {told(width)}: give single, double, or a number with mm, cm, in or pt, such "
            "as '89 mm'"
        )
    return float(found[1]) * _INCHES[found[2]]
