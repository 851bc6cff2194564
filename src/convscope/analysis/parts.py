"""One unit taken apart: the patch, the kernel, the products, the sum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from convscope.analysis.arithmetic import Evaluated, evaluate, tolerance_of
from convscope.analysis.functions import activated, softmax_parts
from convscope.networks.computation import ELEMENTWISE, Computation

__all__ = ["Inputs", "Parts", "Unit", "one_value", "through_activation", "whole_unit"]


@dataclass(frozen=True, eq=False)
class Parts:
    """One unit taken apart, all numbers float64.

    Attributes
    ----------
    patch : numpy.ndarray
        What the unit looks at, ``(channel, *space)``; NaN where there is no input (padding). For a
        merge ``(term,)``: one value an input.
    kernel : numpy.ndarray or None
        By what the patch is multiplied, of the same shape.
    terms : numpy.ndarray
        What is put together: ``(channel,)``, the products of each input channel, for a
        convolution or dense layer; ``(term,)``, one value an input, for a merge; ``(*space)``, the
        values of the window, for a pooling or upsampling.
    source : int
        Which input the patch is from.
    channels : numpy.ndarray
        ``(channel,)``: which channels of that input.
    positions : tuple of numpy.ndarray
        One entry a spatial axis: at which positions of that input, beyond its ends in the padding.
    bias, sum, value, scale : float
        What is added; what comes before the activation function; what the unit should hold; to
        what an error is relative.
    winner : tuple of int or None
        Position in the input of the largest value of a maximum pooling.
    details : mapping of str to float
        Other numbers that enter: the mean of a normalisation, the denominator of a softmax.
    """

    patch: np.ndarray
    terms: np.ndarray
    sum: float
    value: float
    scale: float
    kernel: np.ndarray | None = None
    source: int = 0
    channels: np.ndarray = field(default_factory=lambda: np.zeros(0, np.intp))
    positions: tuple[np.ndarray, ...] = ()
    bias: float = 0.0
    winner: tuple[int, ...] | None = None
    details: Mapping[str, float] = field(default_factory=dict)


Inputs = Sequence[np.ndarray]
"""What a layer was given for one image: ``(channel, *space)`` each."""

Unit = tuple[int, ...]
"""Position in a map: ``(y, x)``, ``(x,)``, ``()``."""


def whole_unit(computation: Computation, inputs: Inputs, channel: int, unit: Unit) -> Parts:
    """Compute the unit before and behind its activation function."""
    found = _evaluated(computation, inputs, unit)
    nothing = np.zeros(0)
    return Parts(
        patch=nothing,
        terms=nothing,
        sum=float(found.sums[0, channel]),
        value=float(found.values[0, channel]),
        scale=float(found.scale[0, channel]),
    )


def one_value(
    computation: Computation,
    inputs: Inputs,
    channel: int,
    unit: Unit,
    source: int,
    place: tuple[int, ...],
) -> Parts:
    """Show the one value that a unit is made from: its input, channel and position."""
    value = inputs[source][place]
    patch = np.full((1,) * len(place), value, np.float64)
    return replace(
        whole_unit(computation, inputs, channel, unit),
        patch=patch,
        terms=patch.ravel(),
        source=source,
        channels=np.array([place[0]]),
        positions=tuple(np.array([at]) for at in place[1:]),
    )


def through_activation(
    computation: Computation,
    inputs: Inputs,
    channel: int,
    unit: Unit,
    known: tuple[float, float],
) -> tuple[float, float, dict[str, float]]:
    """Apply the activation function to a sum; a softmax needs those of all channels.

    Parameters
    ----------
    known : tuple of (float, float)
        The sum and its scale.

    Returns
    -------
    value, scale : float
    details : dict of str to float
        Other numbers that enter, as in `Parts`.
    """
    activation = computation.activation
    if activation.name in ELEMENTWISE:
        total, size = (np.array([[number]]) for number in known)
        value, scale = activated(activation, total, size, tolerance_of(computation))
        return value.item(), scale.item(), {}
    found = _evaluated(computation, inputs, unit)
    largest, _, total = softmax_parts(found.sums)
    details = {"largest logit": largest.item(), "denominator": total.item()}
    return float(found.values[0, channel]), float(found.scale[0, channel]), details


def _evaluated(computation: Computation, inputs: Inputs, unit: Unit) -> Evaluated:
    """Compute all channels of one position."""
    return evaluate(computation, inputs, np.array([unit], np.intp).reshape(1, -1))
