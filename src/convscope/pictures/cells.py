"""What the cells of a table are, and which span governs each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convscope.arguments import real_array
from convscope.errors import SelectionError
from convscope.pictures.levels import levels
from convscope.pictures.scale import Floats, Scale, bounds_of, span_of

__all__ = ["Cell", "Ends", "cell_of", "places_of", "scaled"]

Ends = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Cell:
    """One cell of a table.

    Attributes
    ----------
    values : ndarray or None
        A feature map, float32 (y, x); a picture, uint8 (y, x, 3); None for an empty cell.
    """

    values: NDArray[Any] | None

    @property
    def is_map(self) -> bool:
        """Whether it holds a feature map, to which the scale applies."""
        return self.values is not None and self.values.ndim == 2

    @property
    def is_single(self) -> bool:
        """Whether it holds a map of one unit, which has no contrast of its own."""
        return self.values is not None and self.is_map and self.values.size == 1

    @property
    def aspect(self) -> float:
        """Height over width; 1 for an empty cell."""
        return 1.0 if self.values is None else self.values.shape[0] / self.values.shape[1]

    @property
    def word(self) -> str:
        """Why a map is blank; "active" when it is not."""
        if self.values is None or not self.is_map:
            return "active"
        found = bounds_of(self.values[None])
        low = float(found.low[0])
        if np.isnan(low):
            return "not a number"
        if found.finite[0] and low == float(found.high[0]) and self.values.size > 1:
            return "constant" if low else "zero here"
        return "active"


def cell_of(given: Any) -> Cell:
    """Read a cell.

    Parameters
    ----------
    given : array, DataArray or None
        Floats (y, x): a feature map. uint8 (y, x), (y, x, 1), (y, x, 3): a picture, shown as it is.

    Raises
    ------
    SelectionError
        For anything else.
    """
    if given is None:
        return Cell(None)
    array = real_array(given, "a cell", "(y, x), or uint8 (y, x) or (y, x, 3) for a picture")
    if array.size == 0:
        raise SelectionError(f"a cell of shape {array.shape} is empty: give None for no picture")
    if array.dtype == np.uint8 and (array.ndim == 2 or array.shape[2:] in ((1,), (3,))):
        grey = array[..., None] if array.ndim == 2 else array
        return Cell(np.broadcast_to(grey, (*grey.shape[:2], 3)))
    if array.ndim == 2 and array.dtype.kind in "fiub":
        with np.errstate(all="ignore"):
            return Cell(array.astype(np.float32, copy=False))
    raise SelectionError(
        f"a cell of {array.dtype} and shape {array.shape} cannot be drawn: give numbers (y, x), "
        "or uint8 (y, x) or (y, x, 3) for a picture"
    )


def scaled(
    cells: Sequence[Sequence[Cell]],
    scale: Scale,
    bounds: Ends | Sequence[Sequence[Ends | None]] | None,
    signed: bool | None,
) -> tuple[list[list[Ends | None]], bool]:
    """Find the span of every map of a table.

    Parameters
    ----------
    cells : rows of Cell
        The table.
    scale : Scale
        ``channel`` and ``sigma``: of each map, except that a map of a single unit has the span of
        its layer. ``layer`` and ``robust``: of each column. ``shared`` and ``fixed``: of the table.
    bounds : (float, float) or rows of (float, float), optional
        Smallest and largest value behind the scales ``shared``, ``layer`` and ``robust``, and of
        the layers of single units, known to the caller: for the table, or for each cell.
    signed : bool, optional
        Whether both signs are shown; by default, whether the maps hold both.

    Returns
    -------
    ends : rows of (float, float) or None
        None where there is no map, or no finite value in it.
    centred : bool
        Whether zero is in the middle of every span.
    """
    every = _maps(cell for row in cells for cell in row)
    if signed is None:
        low, high = bounds_of(_flat(every)).whole if every else (0.0, 0.0)
        signed = low < 0 < high
    groups: dict[int, Ends | None] = {}

    def ends_of(y: int, x: int) -> Ends | None:
        values = cells[y][x].values
        if values is None or not cells[y][x].is_map:
            return None
        own = scale.name in ("channel", "sigma")
        if scale.name == "fixed" or (own and not cells[y][x].is_single):
            return _ends(_flat([values]), scale, None, signed)
        given = _given(bounds, y, x)
        if given is not None:
            return _ends(values[None], Scale("shared"), given, signed)
        group = -1 if scale.name == "shared" else x
        if group not in groups:
            column = every if group < 0 else _maps(row[x] for row in cells if x < len(row))
            groups[group] = _ends(_flat(column), Scale("layer") if own else scale, None, signed)
        return groups[group]

    ends = [[ends_of(y, x) for x in range(len(row))] for y, row in enumerate(cells)]
    known = [pair for row in ends for pair in row if pair is not None]
    return ends, signed and all(low == -high for low, high in known)


def _maps(cells: Iterable[Cell]) -> list[NDArray[Any]]:
    return [cell.values for cell in cells if cell.values is not None and cell.is_map]


def _flat(several: Sequence[NDArray[Any]]) -> Floats:
    return np.concatenate([values.ravel() for values in several])[None]


def _given(bounds: Ends | Sequence[Sequence[Ends | None]] | None, y: int, x: int) -> Ends | None:
    if bounds is None:
        return None
    first = bounds[0]
    if isinstance(first, int | float | np.floating):
        return float(first), float(bounds[1])  # type: ignore[arg-type]
    found = bounds[y][x]  # type: ignore[index]
    return None if found is None else (float(found[0]), float(found[1]))


def _ends(values: Floats, scale: Scale, shared: Ends | None, signed: bool) -> Ends | None:
    span = span_of(values, scale, bounds_of(values), shared=shared, signed=signed)
    if np.isnan(span.low[0]):
        return None
    return float(span.low[0]), float(span.high[0])


def places_of(cell: Cell, ends: Ends | None) -> NDArray[np.uint8]:
    """Turn a map into palette places under a span."""
    assert cell.values is not None
    low, high = ends or (0.0, 1.0)
    found, _ = levels(cell.values[None], Scale("fixed", low, high))
    places: NDArray[np.uint8] = found[0]
    return places
