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
        The most numbers that a variable may have: a damaged configuration may want more than
        memory has.

    Raises
    ------
    ModelError
        For a variable of more numbers than that.
    """
    keras = import_keras("opening a model")
    thread = threading.get_ident()
    random = (
        keras.initializers.VarianceScaling,
        keras.initializers.RandomNormal,
        keras.initializers.RandomUniform,
        keras.initializers.TruncatedNormal,
        keras.initializers.Orthogonal,
    )
    constant = {keras.initializers.Zeros: 0, keras.initializers.Ones: 1}
    originals = {cls: cls.__call__ for cls in (*random, *constant)}

    def filled(cls: Any, value: int) -> Any:
        original = originals[cls]

        def start(self: Any, shape: Any, dtype: Any = None, **kwargs: Any) -> Any:
            if threading.get_ident() != thread or kwargs:
                return original(self, shape, dtype=dtype, **kwargs)
            if at_most is not None and math.prod(shape) > at_most:
                raise ModelError(
                    f"a layer wants weights of {' x '.join(map(str, shape))}, far more than the "
                    "file holds: it is damaged, save or copy it again"
                )
            kind = keras.backend.standardize_dtype(dtype or keras.config.floatx())
            return np.full(shape, value, "float32" if kind == "bfloat16" else kind)

        return start

    try:
        for cls in originals:
            cls.__call__ = filled(cls, constant.get(cls, 0))
        yield
    finally:
        for cls, original in originals.items():
            cls.__call__ = original
