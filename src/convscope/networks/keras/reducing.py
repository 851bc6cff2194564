"""Maps of a Keras model reduced to a few numbers, inside the compiled pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from convscope.networks.keras.calling import (
    called_on_jax,
    called_on_tensorflow,
    can_be_called_on_jax,
)
from convscope.networks.keras.execution import compiled, recorded, shapes_of, tensors
from convscope.networks.keras.signature import Signature
from convscope.networks.layer import Layer
from convscope.networks.selection import LINEAR

__all__ = ["compile_reductions"]

Reduce = Callable[
    [Any, np.ndarray], tuple[np.ndarray, np.ndarray, list[np.ndarray], list[np.ndarray]]
]
"""Takes the inputs in the model's own structure and the shift of every channel; gives the rows
``(image, 6, channel)``, the units of a map of every channel, the outputs, and the values that are
kept."""


def compile_reductions(
    model: Any, layers: Sequence[Layer], kept: Sequence[str], signature: Signature
) -> Reduce:
    """Compile a forward pass out of which only what is left of every map comes.

    Parameters
    ----------
    model : keras.Model
        A built model; it is left as it was.
    layers : sequence of Layer
    kept : sequence of str
        Layers whose values are given out whole.
    signature : Signature
        How the model is called.
    """
    linear = any(name.endswith(LINEAR) for name in (*(layer.name for layer in layers), *kept))
    reduce = _way()

    # How large maps are can depend on the size of the images; it is known once that is traced.
    units: dict[Any, np.ndarray] = {}

    def forward(given: Any) -> list[Any]:
        inputs, shift = tensors(given)
        tape, result = recorded(model, inputs, signature, linear=linear)
        values = tape.values()
        rows, sizes, start = [], [], 0
        for layer in layers:
            value = values[layer.name]
            channels = int(value.shape[1 if layer.channels_first else -1])
            stop = start + channels
            rows.append(
                reduce(ops.cast(value, "float32"), shift[start:stop], first=layer.channels_first)
            )
            sizes.append(np.full(channels, int(np.prod(value.shape[1:])) // channels))
            start = stop
        units[shapes_of(inputs)] = np.concatenate(sizes)
        whole = [values[name] for name in kept]
        return [ops.concatenate(rows, axis=2), *whole, *keras.tree.flatten(result)]

    run = compiled(model, forward)

    def call(
        inputs: Any, shift: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, list[np.ndarray], list[np.ndarray]]:
        rows, *others = run((inputs, np.asarray(shift, np.float32)))
        return rows, units[shapes_of(inputs)], others[len(kept) :], others[: len(kept)]

    return call


def _way() -> Callable[..., Any]:
    """Choose what reduces a layer's maps to ``(image, 6, channel)``; see `STATISTICS`."""
    match keras.backend.backend():
        case "jax" if can_be_called_on_jax():
            return _called_on_jax
        case "tensorflow" if not _has_gpu_on_tensorflow():
            return called_on_tensorflow
        case _:
            return _reduced


def _called_on_jax(value: Any, shift: Any, *, first: bool) -> Any:
    if first and len(value.shape) > 2:
        return _reduced(value, shift, first=first)
    return called_on_jax(value, shift)


def _reduced(value: Any, shift: Any, *, first: bool) -> Any:
    if len(value.shape) == 2:
        beside = value - shift
        above = ops.cast(value > 0, "float32")
        where = ops.zeros_like(value)
        return ops.stack([beside, beside * beside, value, value, above, where], axis=1)
    value = _plane(value, first=first)
    # One axis after the other: XLA reduces rows of memory faster than columns.
    rows, columns = (2, 2) if first else (1, 1)
    beside = value - (shift[:, None, None] if first else shift)

    def over(reduce: Callable[..., Any], what: Any) -> Any:
        return reduce(reduce(what, axis=rows), axis=columns)

    highest, where = _peak(value, first=first)
    above = ops.cast(value > 0, "float32")
    return ops.stack(
        [
            over(ops.sum, beside),
            over(ops.sum, beside * beside),
            over(ops.min, value),
            highest,
            over(ops.sum, above),
            where,
        ],
        axis=1,
    )


def _has_gpu_on_tensorflow() -> bool:
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))


def _plane(value: Any, *, first: bool) -> Any:
    """Give a signal or a volume two spatial axes, whose units follow in the same order."""
    shape = tuple(value.shape)
    space = shape[2:] if first else shape[1:-1]
    plane = (int(np.prod(space[:-1])), space[-1])
    images, channels = shape[0], shape[1 if first else -1]
    whole = (images, channels, *plane) if first else (images, *plane, channels)
    return value if shape == whole else ops.reshape(value, whole)


def _peak(value: Any, *, first: bool) -> tuple[Any, Any]:
    """Give each map's highest value, and the place of the first unit that has it.

    The row is found first, and only that row is searched: to carry places through the reduction of
    all units would cost more than all else that is reduced.
    """
    images, channels = value.shape[0], value.shape[1 if first else 3]
    height, width = value.shape[2:] if first else value.shape[1:3]
    axis = 2 if first else 1
    rows = ops.max(value, axis=3 if first else 2)
    highest = ops.max(rows, axis=axis)
    y = _first_equal(rows, highest, axis, height)
    shape = (images, channels, 1, 1) if first else (images, 1, 1, channels)
    index = ops.broadcast_to(
        ops.reshape(y, shape),
        (images, channels, 1, width) if first else (images, 1, width, channels),
    )
    row = ops.squeeze(ops.take_along_axis(value, index, axis=axis), axis=axis)
    x = _first_equal(row, highest, axis, width)
    return highest, ops.cast(y * width + x, "float32")


def _first_equal(values: Any, wanted: Any, axis: int, size: int) -> Any:
    """Give the first place along an axis that holds what is wanted; the last where none does.

    Not-a-number equals nothing.
    """
    places = ops.arange(size, dtype="int32")
    places = ops.reshape(places, (1, 1, size) if axis == 2 else (1, size, 1))
    found = ops.where(values >= ops.expand_dims(wanted, axis), places, size - 1)
    return ops.min(found, axis=axis)
