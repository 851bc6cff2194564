"""What a layer should give out, computed in NumPy, independently of the framework."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from convscope.analysis.functions import activated
from convscope.analysis.operations import AT_ONCE, operate
from convscope.networks.computation import Computation

__all__ = ["Evaluated", "evaluate", "floor_of", "sweep", "tolerance_of"]

# Half the distance from one to the next number, and what a product may be taken for zero below:
# the smallest normal number, where units flush the subnormal ones.
_ROUNDOFF = {"float32": 2.0**-24, "float16": 2.0**-11, "bfloat16": 2.0**-8}
_SMALLEST = {"float32": 2.0**-126, "float16": 2.0**-24, "bfloat16": 2.0**-126}
_ROUNDOFFS = {"float32": 32, "float16": 4, "bfloat16": 4}


@dataclass(frozen=True, eq=False)
class Evaluated:
    """What units should hold.

    Attributes
    ----------
    values : numpy.ndarray
        ``(position, channel)``, float64.
    scale : numpy.ndarray
        ``(position, channel)``: to what a rounding error is relative. For a sum of products this
        is the sum of their absolute values, bias included, as a bound of float arithmetic has it
        (Higham, *Accuracy and Stability of Numerical Algorithms*, 2002, section 3.1); behind an
        activation function, that times how much the function spreads it, plus the absolute value.
    sums, sums_scale : numpy.ndarray
        The same before the activation function.
    """

    values: np.ndarray
    scale: np.ndarray
    sums: np.ndarray
    sums_scale: np.ndarray


def evaluate(
    computation: Computation, inputs: Sequence[np.ndarray], positions: np.ndarray
) -> Evaluated:
    """Compute all channels of a layer at some positions.

    Parameters
    ----------
    computation : Computation
    inputs : sequence of numpy.ndarray
        What the layer was given for one image: ``(channel, *space)`` each.
    positions : numpy.ndarray
        ``(position, axis)``, int: positions of the layer's map; of no axes for a layer without
        space.
    """
    # Not-a-number and infinite inputs are reported by what they are compared with.
    tolerance = tolerance_of(computation)
    with np.errstate(all="ignore"):
        sums, scale = operate(computation, inputs, positions)
        values, spread = activated(computation.activation, sums, scale, tolerance)
        return Evaluated(values, spread, sums, scale)


def sweep(
    computation: Computation, inputs: Sequence[np.ndarray], space: Sequence[int]
) -> Iterator[tuple[slice, Evaluated]]:
    """Compute all units of a layer, in blocks of positions of bounded memory.

    Parameters
    ----------
    computation : Computation
    inputs : sequence of numpy.ndarray
        ``(channel, *space)`` each; fastest with the channels last in memory.
    space : sequence of int
        Size of the layer's map.

    Yields
    ------
    slice, Evaluated
        Places among the positions in the order of `numpy.ndindex`, and what is there.
    """
    count = prod(space)
    step = max(1, AT_ONCE // _width(computation, inputs))
    for start in range(0, count, step):
        block = slice(start, min(start + step, count))
        flat = np.arange(block.start, block.stop)
        axes = np.unravel_index(flat, tuple(space)) if space else ()
        positions = np.stack(axes, axis=1) if axes else np.zeros((len(flat), 0), np.intp)
        yield block, evaluate(computation, inputs, positions)


def tolerance_of(computation: Computation) -> float:
    """Say how far off the framework may be, relative to the scale of a unit.

    Returns
    -------
    float
        32 roundoffs in float32 (1.9e-6), four in half precision (0.2 % in float16, 1.6 % in
        bfloat16).

    Notes
    -----
    Adding ``n`` products one after the other errs by up to ``n`` roundoffs of the sum of their
    absolute values; frameworks add in blocks, which is far better (Higham, *Accuracy and Stability
    of Numerical Algorithms*, 2002, chapters 3 and 4). Eight roundoffs were the most that was seen
    in whole networks, up to 25,088 products a unit, on the processors of three frameworks. In half
    precision they add in float32 and round once in the end.
    """
    return _ROUNDOFFS[computation.dtype] * _ROUNDOFF[computation.dtype]


def floor_of(computation: Computation) -> float:
    """Give a scale so small that differences in units below it mean nothing.

    So many products as a unit sums may each be taken for zero when they are smaller than the
    smallest number.
    """
    kernel = computation.weights.get("kernel")
    products = 1 if kernel is None else prod(kernel.shape[1:])
    return products * _SMALLEST[computation.dtype] / tolerance_of(computation)


def _width(computation: Computation, inputs: Sequence[np.ndarray]) -> int:
    """Count the numbers that one position needs at once."""
    channels = sum(len(values) for values in inputs)
    kernel = computation.weights.get("kernel")
    out = channels if kernel is None else len(kernel)
    if computation.operation == "normalisation" and len(computation.options["axes"]) > 1:
        # The whole map is normalised at once: doing so block by block would repeat it.
        return 1
    taps = prod(computation.geometry.kernel) if computation.geometry else 1
    return max(1, taps * channels, out)
