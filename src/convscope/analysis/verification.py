"""The framework's values of a whole network beside independent arithmetic."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from convscope.analysis.arithmetic import floor_of, sweep, tolerance_of
from convscope.analysis.dissection import take_apart
from convscope.analysis.windows import rows
from convscope.arguments import callback
from convscope.errors import SelectionError
from convscope.networks import Computation, Layer, Network, network_given
from convscope.networks.selection import LINEAR

__all__ = ["LayerCheck", "Verification", "verify"]

UNITS = 64
"""Units of every layer that are taken apart one by one."""

# Sizes of images for a network that takes any: a size must survive the pooling of deep networks.
_FREE = {1: 256, 2: 224, 3: 64}


@dataclass(frozen=True)
class LayerCheck:
    """One layer, as the framework computed it and as arithmetic does.

    Attributes
    ----------
    name, kind, operation : str
        Of the layer.
    understood : bool
        Whether arithmetic knows how to compute it; if not, all that follows is 0 or None.
    units : int
        Units drawn at random and taken apart one by one: 64, or all where there are fewer.
    all_units : int
        Units compared in the sweep over the whole layer.
    max_abs : float or None
        The largest difference of both.
    max_rel : float or None
        The largest difference relative to the scale of its unit: for a sum of products the sum of
        their absolute values, since where large products cancel a ratio to the small value that is
        left would say nothing of the arithmetic.
    tolerance : float or None
        What `max_rel` may be, from the precision in which the framework computes.
    ok : bool or None
        Whether `max_rel` is within `tolerance`.
    """

    name: str
    kind: str
    operation: str
    understood: bool
    units: int = 0
    all_units: int = 0
    max_abs: float | None = None
    max_rel: float | None = None
    tolerance: float | None = None
    ok: bool | None = None


@dataclass(frozen=True)
class Verification:
    """A network verified on one image.

    Attributes
    ----------
    network : str
    image : str
        What the image is called.
    layers : tuple of LayerCheck
        In execution order.
    """

    network: str
    image: str
    layers: tuple[LayerCheck, ...]

    @property
    def ok(self) -> bool:
        """Whether no layer is above tolerance."""
        return all(layer.ok is not False for layer in self.layers)

    @property
    def understood(self) -> int:
        """Number of layers that arithmetic knows how to compute."""
        return sum(layer.understood for layer in self.layers)

    @property
    def kinds(self) -> dict[str, tuple[int, int]]:
        """By kind of layer: how many are understood, and how many there are."""
        known = Counter(layer.kind for layer in self.layers if layer.understood)
        every = Counter(layer.kind for layer in self.layers)
        return {kind: (known[kind], count) for kind, count in every.items()}

    def to_json(self) -> dict[str, Any]:
        """Give what ``convscope verify --json`` prints; a number that is not finite is null."""
        return {
            "layers": [
                {
                    "name": layer.name,
                    "kind": layer.kind,
                    "understood": layer.understood,
                    "units": layer.units,
                    "all_units": layer.all_units,
                    "max_abs": _finite(layer.max_abs),
                    "max_rel": _finite(layer.max_rel),
                    "tolerance": layer.tolerance,
                    "ok": layer.ok,
                }
                for layer in self.layers
            ],
            "understood": self.understood,
            "ok": self.ok,
        }

    def describe(self) -> str:
        """Say in one line how it ended."""
        wrong = [layer.name for layer in self.layers if layer.ok is False]
        units = sum(layer.all_units for layer in self.layers)
        known = f"{self.understood} of {len(self.layers)} layers understood, {units:,} units"
        if wrong:
            return f"{known}; {len(wrong)} layers above tolerance: {', '.join(wrong)}"
        return f"{known}; no layer above tolerance"

    def __repr__(self) -> str:
        return f"<Verification of {self.network!r} on {self.image}: {self.describe()}>"


def verify(
    network: Network,
    images: Any = None,
    *,
    progress: Callable[[str], None] | None = None,
) -> Verification:
    """Compute every unit of every layer that arithmetic understands, beside the framework's value.

    64 units of every layer, drawn at random with a fixed seed, are taken apart one by one, as
    `explain` does; and all units are computed at once, so that none can be wrong unseen, before
    the activation function as well as behind it. Both are done in NumPy, in float64, from what the
    framework gave the layer as its input.

    Parameters
    ----------
    network : Network
    images : optional
        One image, as for `Network.activations`; by default random numbers, with a fixed seed, in
        the range that the network takes.
    progress : callable, optional
        Called with the name of every layer that is done.

    Returns
    -------
    Verification

    Raises
    ------
    SelectionError
        When several images are given.
    """
    network_given(network)
    callback(progress, "progress")
    batches = network.batches(random_input(network) if images is None else images)
    count = sum(len(batch.names) for batch in batches)
    if count != 1:
        raise SelectionError(f"{count} images were given: give one")
    needed: dict[str, None] = {}
    for name, layer in network.layers.items():
        computation = network.computation(name)
        if computation is not None:
            parts = (name, name + LINEAR) if layer.has_linear else (name,)
            needed.update(dict.fromkeys((*parts, *computation.inputs)))
    values = network.run(batches[0], list(needed), outputs=False).values
    checks = []
    for layer in network.layers.values():
        # Asked for again, so that the weights of one layer alone are held.
        computation = network.computation(layer.name)
        check = LayerCheck(layer.name, layer.kind, layer.operation, understood=False)
        if computation is not None:
            inputs = [_channels_last(values[name][0]) for name in computation.inputs]
            linear = values[layer.name + LINEAR][0] if layer.has_linear else None
            check = _checked(layer, computation, inputs, values[layer.name][0], linear)
        checks.append(check)
        if progress is not None:
            progress(layer.name)
    return Verification(network.name, batches[0].names[0], tuple(checks))


def random_input(network: Network, seed: int = 0) -> dict[str, np.ndarray]:
    """Draw one input that the network may be given: uniform in the range of its preparation."""
    rng = np.random.default_rng(seed)
    preparation = network.preparation
    low, high = (0.0, 1.0) if preparation is None else preparation.bounds()
    arrays = {}
    for entry in network.inputs:
        free = _FREE.get(sum(size is None for size in entry.shape), 64)
        shape = [1, *(free if size is None else size for size in entry.shape)]
        if preparation is not None and preparation.size is not None and len(shape) == 4:
            space = slice(2, 4) if entry.channels_first else slice(1, 3)
            shape[space] = preparation.size
        array = rng.uniform(low, high, shape)
        arrays[entry.name] = array.astype(entry.dtype)
    return arrays


def _checked(
    layer: Layer,
    computation: Computation,
    inputs: Sequence[np.ndarray],
    recorded: np.ndarray,
    linear: np.ndarray | None,
) -> LayerCheck:
    """Compare one layer, and its linear part: a rectifier hides what is wrong below zero."""
    flat = rows(recorded)
    before = None if linear is None else rows(linear)
    floor = floor_of(computation)
    found: list[tuple[float, float]] = [(0.0, 0.0)]
    for block, known in sweep(computation, inputs, recorded.shape[1:]):
        found.append(_differences(flat[block], known.values, known.scale + floor))
        if before is not None:
            found.append(_differences(before[block], known.sums, known.sums_scale + floor))
    drawn = _draw(layer.name, recorded.size)
    for place in drawn:
        channel, *unit = (int(at) for at in np.unravel_index(place, recorded.shape))
        parts = take_apart(computation, inputs, channel, tuple(unit))
        one, scale = np.array([parts.value]), np.array([parts.scale])
        found.append(_differences(recorded[(channel, *unit)], one, scale + floor))
    absolute, relative = np.max(found, axis=0)
    tolerance = tolerance_of(computation)
    return LayerCheck(
        layer.name,
        layer.kind,
        layer.operation,
        understood=True,
        units=len(drawn),
        all_units=recorded.size,
        max_abs=float(absolute),
        max_rel=float(relative),
        tolerance=tolerance,
        ok=bool(relative <= tolerance),
    )


def _differences(
    recorded: np.ndarray, values: np.ndarray, scale: np.ndarray
) -> tuple[float, float]:
    """Give the largest absolute and relative difference; infinite where one alone is a number."""
    if values.size == 0:
        return 0.0, 0.0
    with np.errstate(all="ignore"):
        absolute = np.abs(recorded - values)
        relative = absolute / scale
    if not np.isfinite(absolute.sum()) or not np.isfinite(relative.sum()):
        same = (recorded == values) | (np.isnan(recorded) & np.isnan(values))
        absolute = np.where(same, 0.0, np.nan_to_num(absolute, nan=np.inf, posinf=np.inf))
        relative = np.where(same, 0.0, np.nan_to_num(relative, nan=np.inf, posinf=np.inf))
    return float(absolute.max()), float(relative.max())


def _draw(name: str, count: int) -> np.ndarray:
    """Draw units of a layer, each once; the same ones every time."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    if count <= UNITS:
        return np.arange(count)
    return rng.choice(count, UNITS, replace=False, shuffle=False)


def _channels_last(values: np.ndarray) -> np.ndarray:
    """Give ``(channel, *space)`` with the channels last in memory, where patches are gathered."""
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(values, 0, -1)), -1, 0)


def _finite(value: float | None) -> float | None:
    return value if value is not None and np.isfinite(value) else None
