"""Compiled code called from inside a pass: XLA and TensorFlow take one pass of memory a figure."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from convscope.networks.reductions import STATISTICS, kernels, reduced, reduced_by_numpy

__all__ = ["can_be_called_on_jax", "called_on_jax", "called_on_tensorflow"]

_TARGET = "convscope_reduce_channels_last"
# XLA's own number of the interface that takes pointers to all operands.
_POINTERS = 1


@cache
def can_be_called_on_jax() -> bool:
    """Tell whether XLA calls it: not without numba, on a GPU or in a version of other ways.

    Not to be asked for the first time while something is traced.
    """
    import jax

    compiled = kernels()
    if compiled is None or jax.default_backend() != "cpu":
        return False
    code = jax.ffi.pycapsule(compiled.reduce_at_pointers.ctypes)
    values = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    shift = np.ones(4, np.float32)
    # The interface is an old one of XLA's: in a version without it anything may be raised, and maps
    # are then reduced by XLA itself.
    try:
        jax.ffi.register_ffi_target(_TARGET, code, platform="cpu", api_version=0)
        found = np.asarray(jax.jit(called_on_jax)(values, shift))
    except Exception:
        return False
    return np.array_equal(found, reduced_by_numpy(np.moveaxis(values, 2, 1), shift))


def called_on_jax(value: Any, shift: Any) -> Any:
    """Reduce ``(image, ..., channel)`` to ``(image, 6, channel)``, still in the cache."""
    import jax

    images, channels = value.shape[0], value.shape[-1]
    units = int(np.prod(value.shape[1:-1]))
    call = jax.ffi.ffi_call(
        _TARGET,
        jax.ShapeDtypeStruct((images, len(STATISTICS), channels), np.float32),
        custom_call_api_version=_POINTERS,
    )
    sizes = np.array([images, units, channels], np.int32)
    return call(value, shift, sizes)


def called_on_tensorflow(value: Any, shift: Any, *, first: bool) -> Any:
    """Leave the graph for a moment to reduce a layer's values to ``(image, 6, channel)``."""
    import tensorflow as tf

    def reduce(maps: np.ndarray, beside: np.ndarray) -> np.ndarray:
        return reduced(maps if first else np.moveaxis(maps, -1, 1), beside)

    rows = tf.numpy_function(reduce, [value, shift], tf.float32)
    rows.set_shape((value.shape[0], len(STATISTICS), value.shape[1 if first else -1]))
    return rows
