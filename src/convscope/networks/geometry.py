"""What a unit sees: the geometry of one layer, and how geometries compose along a graph."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor
from typing import Any, TypeVar

import numpy as np

__all__ = ["Field", "Geometry", "joined_fields", "same_padding", "sliced", "space_of"]


_Size = TypeVar("_Size", int, int | None)


def same_padding(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """Count the units that ``same`` padding adds before and after one axis.

    They give ceil(size / stride) units; the odd one comes behind, as TensorFlow has it.
    """
    reach = (kernel - 1) * dilation
    total = max((-(-size // stride) - 1) * stride + reach + 1 - size, 0)
    return total // 2, total - total // 2


@dataclass(frozen=True)
class Geometry:
    """Which positions of its input a unit of a layer looks at, per spatial axis.

    Every tuple has one entry a spatial axis, in the order of the dims: ``(z, y, x)``, ``(y, x)``
    or ``(x,)``. A unit at position ``u`` looks at ``u * stride - padding[0] + i * dilation`` for
    ``i`` in ``range(kernel)``; when `transposed`, the same relation holds with input and output
    exchanged.

    Attributes
    ----------
    kernel, stride, dilation : tuple of int
        Extent, step and spacing of the window, in units of the input.
    padding : tuple of (int, int)
        Units added before and after each axis. For ``same`` padding this depends on the size of
        the input.
    transposed : bool
        The layer spreads its input instead of gathering it: transposed convolution, upsampling.
    padding_name : str
        ``valid``, ``same``, ``causal``, or empty where the padding was given in numbers.
    """

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    transposed: bool = False
    padding_name: str = ""

    @classmethod
    def pointwise(cls, rank: int) -> Geometry:
        """Give the geometry of a layer whose units look at their own position alone."""
        ones = (1,) * rank
        return cls(ones, ones, ones, ((0, 0),) * rank)

    @property
    def is_pointwise(self) -> bool:
        """Whether every unit sees exactly one position."""
        return self == Geometry.pointwise(len(self.kernel))

    def fitted(self, sizes: Sequence[int]) -> Geometry:
        """Give the geometry on an input of these sizes: ``same`` padding depends on them."""
        if self.padding_name != "same" or self.transposed:
            return self
        axes = zip(sizes, self.kernel, self.stride, self.dilation, strict=True)
        return replace(self, padding=tuple(same_padding(*axis) for axis in axes))

    def looks_at(self, units: np.ndarray, axis: int) -> np.ndarray:
        """Give the positions of the input that units look at, along one axis.

        Parameters
        ----------
        units : numpy.ndarray
            Positions in the output, int64.
        axis : int
            The spatial axis.

        Returns
        -------
        numpy.ndarray
            Rising, each once, int64; those that lie in the padding as well, so they may be
            negative. Empty where a transposed layer leaves the units without any input.
        """
        stride, before = self.stride[axis], self.padding[axis][0]
        taps = np.arange(self.kernel[axis], dtype=np.int64) * self.dilation[axis]
        if not self.transposed:
            return np.unique(units[:, None] * stride - before + taps)
        sources, rest = np.divmod(units[:, None] + before - taps, stride)
        return np.unique(sources[rest == 0])

    def size_formula(self, sizes: Sequence[int], axis: int = -1) -> str:
        """Say why the output has its size along one axis.

        Parameters
        ----------
        sizes : sequence of int
            Size of the input along each spatial axis, in units.
        axis : int
            The axis to explain; the last by default.

        Returns
        -------
        str
            ``(28 - 2 + 0)/1 + 1 = 27``: input size, kernel and padding over stride, rounded down
            where the division leaves a rest. The kernel counts with its dilation.

        Notes
        -----
        The relation is (6) of Dumoulin and Visin, *A guide to convolution arithmetic for deep
        learning* (2016), and (13) for transposed convolutions.
        """
        size, stride = sizes[axis], self.stride[axis]
        extent = (self.kernel[axis] - 1) * self.dilation[axis] + 1
        padding = sum(self.padding[axis])
        if self.transposed:
            return (
                f"({size} - 1) x {stride} + {extent} - {padding} = "
                f"{(size - 1) * stride + extent - padding}"
            )
        exact, rest = divmod(size - extent + padding, stride)
        rounded = ", rounded down" if rest else ""
        return f"({size} - {extent} + {padding})/{stride} + 1 = {exact + 1}{rounded}"


@dataclass(frozen=True)
class Field:
    """The input positions that a unit sees along one axis.

    A unit at position ``u`` sees the inputs in ``[jump * u + low, jump * u + high]``.

    Attributes
    ----------
    jump : Fraction
        Input units between neighbouring units; below one after upsampling.
    low, high : Fraction
        Ends of the interval seen by the unit at position 0, both included.
    """

    jump: Fraction = Fraction(1)
    low: Fraction = Fraction(0)
    high: Fraction = Fraction(0)

    @property
    def size(self) -> int:
        """Number of input positions seen, padding included; the largest over all units."""
        return floor(self.high - self.low) + 1

    def through(self, geometry: Geometry, axis: int) -> Field:
        """Give the field of a layer whose input has this field.

        Notes
        -----
        For a gathering layer this is the recurrence of Araujo, Norris and Sim, *Computing
        receptive fields of convolutional neural networks*, Distill (2019). A transposed layer is
        its inverse: unit ``u`` is fed by the inputs ``i`` for which
        ``i * stride - padding + t * dilation = u`` with ``t`` in ``range(kernel)``.
        """
        stride, before = geometry.stride[axis], geometry.padding[axis][0]
        reach = (geometry.kernel[axis] - 1) * geometry.dilation[axis]
        if not geometry.transposed:
            return Field(
                self.jump * stride,
                self.low - self.jump * before,
                self.high + self.jump * (reach - before),
            )
        return Field(
            self.jump / stride,
            self.low + self.jump * Fraction(before - reach, stride),
            self.high + self.jump * Fraction(before, stride),
        )

    @staticmethod
    def union(fields: Iterable[Field]) -> Field | None:
        """Join the fields of the inputs of a merge; None when their steps differ."""
        joined = list(fields)
        if not joined or len({field.jump for field in joined}) > 1:
            return None
        return Field(
            joined[0].jump,
            min(field.low for field in joined),
            max(field.high for field in joined),
        )


def joined_fields(
    fields: Sequence[tuple[Field, ...]], geometry: Geometry
) -> tuple[Field, ...] | None:
    """Give the fields of a layer, one an axis, from those of all that it was given.

    None where these differ in their number of axes or in their steps.
    """
    rank = len(geometry.kernel)
    if any(len(several) != rank for several in fields):
        return None
    joined = []
    for axis in range(rank):
        union = Field.union(several[axis] for several in fields)
        if union is None:
            return None
        joined.append(union.through(geometry, axis))
    return tuple(joined)


def sliced(
    key: Sequence[Any], given: tuple[int, ...], taken: tuple[int, ...], channels_first: bool
) -> Geometry | None:
    """Give the geometry of a slice that keeps all axes and counts from the front."""
    if Ellipsis in key:
        place = list(key).index(Ellipsis)
        missing = (slice(None),) * (len(given) - len(key) + 1)
        key = (*key[:place], *missing, *key[place + 1 :])
    parts = [*key, *(slice(None),) * (len(given) - len(key))]
    if len(given) != len(taken) or not all(isinstance(part, slice) for part in parts):
        return None
    starts = tuple(part.start or 0 for part in parts)
    steps = tuple(1 if part.step is None else part.step for part in parts)
    if min(starts) < 0 or min(steps) < 1 or not space_of(given, channels_first):
        return None
    spaces = (space_of(part, channels_first) for part in (given, taken, starts, steps))
    padding = tuple(
        (-start, (count - 1) * step + 1 - size + start)
        for size, count, start, step in zip(*spaces, strict=True)
    )
    strides = space_of(steps, channels_first)
    ones = (1,) * len(strides)
    return Geometry(ones, strides, ones, padding)


def space_of(shape: tuple[_Size, ...], channels_first: bool) -> tuple[_Size, ...]:
    """Give the spatial part of a shape that has the image axis first."""
    return shape[2:] if channels_first else shape[1:-1]
