"""Initial values of a model's variables, which cost time and are thrown away."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from convscope.errors import ModelError
from convscope.frameworks import import_keras

__all__ = ["thrown_away"]


@contextmanager
def thrown_away(at_most: int | None = None) -> Iterator[None]:
    """Let variables begin as zeros on this thread, where weights from a file replace them all.

    Keras compiles and runs every random initialiser of a model before it reads the weights: 1.1 s
    for a network of 28 x 28 on jax.

    Parameters
    ----------
    at_most : int, optional
        The most numbers that all variables together may have: a damaged configuration may want
        more than memory has.

    Raises
    ------
    ModelError
        For the first variable beyond that.
    """
    keras = import_keras("opening a model")
    thread = threading.get_ident()
    # None: as ever, but counted.
    value_of: dict[Any, int | None] = {
        keras.initializers.VarianceScaling: 0,
        keras.initializers.RandomNormal: 0,
        keras.initializers.RandomUniform: 0,
        keras.initializers.TruncatedNormal: 0,
        keras.initializers.Orthogonal: 0,
        keras.initializers.Zeros: 0,
        keras.initializers.Ones: 1,
        keras.initializers.Constant: None,
        keras.initializers.Identity: None,
    }
    originals = {cls: cls.__call__ for cls in value_of}
    room = [math.inf if at_most is None else at_most]

    def filled(cls: Any, value: int | None) -> Any:
        original = originals[cls]

        def start(self: Any, shape: Any, dtype: Any = None, **kwargs: Any) -> Any:
            if threading.get_ident() != thread or kwargs:
                return original(self, shape, dtype=dtype, **kwargs)
            room[0] -= math.prod(shape)
            if room[0] < 0:
                raise ModelError(
                    f"a layer wants weights of {' x '.join(map(str, shape))}, far more than the "
                    "file holds: it is damaged, save or copy it again"
                )
            if value is None:
                return original(self, shape, dtype=dtype)
            kind = keras.backend.standardize_dtype(dtype or keras.config.floatx())
            return np.full(shape, value, "float32" if kind == "bfloat16" else kind)

        return start

    try:
        for cls, value in value_of.items():
            cls.__call__ = filled(cls, value)
        yield
    finally:
        for cls, original in originals.items():
            cls.__call__ = original
