"""What a Keras model is called with: names, shapes, dtypes and structure of its inputs."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

__all__ = ["Signature", "signature_of"]

# Two traces with unlike numbers show which axes depend on the input. A size must survive the
# pooling of deep networks, and must differ after it.
_BATCHES = (2, 3)
_FREE = {1: (256, 288), 2: (224, 256), 3: (64, 96)}


@dataclass(frozen=True)
class Signature:
    """How a model is called.

    Attributes
    ----------
    names : tuple of str
        Names of the inputs.
    shapes : tuple of tuple of (int or None)
        Without the image axis; None where any size fits.
    dtypes : tuple of str
    structure : nested structure of int
        How the model wants its inputs: the places of the inputs, as a list, a dict, ...
    keywords : bool
        Whether the inputs are arguments of their own: ``model(left=..., right=...)``.
    """

    names: tuple[str, ...]
    shapes: tuple[tuple[int | None, ...], ...]
    dtypes: tuple[str, ...]
    structure: Any = 0
    keywords: bool = False

    @classmethod
    def of_arrays(cls, model: Any, arrays: np.ndarray | Mapping[str, Any]) -> Signature:
        """Give the signature with which a hand-written model takes these arrays.

        A dict is taken apart where its names are those of the arguments of the model's ``call``.
        """
        if isinstance(arrays, np.ndarray):
            return cls(("input",), (tuple(arrays.shape[1:]),), (keras.config.floatx(),))
        values = [np.asarray(array) for array in arrays.values()]
        return cls(
            tuple(arrays),
            tuple(tuple(value.shape[1:]) for value in values),
            tuple(
                keras.config.floatx() if value.dtype.kind == "f" else str(value.dtype)
                for value in values
            ),
            {name: place for place, name in enumerate(arrays)},
            set(arrays) <= set(inspect.signature(model.call).parameters),
        )

    @property
    def batches(self) -> tuple[int, int]:
        """Numbers of images in the two examples."""
        return _BATCHES

    def pack(self, arrays: Sequence[Any]) -> Any:
        """Bring arrays, one an input, into the structure that the model wants."""
        return keras.tree.map_structure(lambda place: arrays[place], self.structure)

    def example(self, which: int) -> Any:
        """Make inputs to trace with, the first or the second kind."""
        arrays = []
        for shape, dtype in zip(self.shapes, self.dtypes, strict=True):
            free = _FREE.get(sum(size is None for size in shape), (64, 96))[which]
            sizes = [free if size is None else size for size in shape]
            arrays.append(np.zeros((_BATCHES[which], *sizes), dtype))
        return self.pack(arrays)

    def call(self, model: Any, inputs: Any, *, training: bool = False) -> Any:
        """Call a model on packed inputs, in inference mode unless it is said."""
        if self.keywords:
            return model(**inputs, training=training)
        return model(inputs, training=training)


def signature_of(model: Any) -> Signature | None:
    """Read how a model is called; None when nothing tells the shapes of its inputs.

    Functional and built Sequential models know their inputs; a subclassed model knows the shapes
    with which it was built, but only the first where ``call`` takes several and ``build`` does not.
    """
    if getattr(model, "inputs", None):
        return _of_tensors(model)
    if not model.built:
        return None
    config = model.get_build_config() or {}
    if config.get("input_shape") is not None:
        several = len(_required(model)) > 1
        return None if several else _of_shapes(config["input_shape"], keywords=False)
    shapes = config.get("shapes_dict")
    if not shapes:
        return None
    named = {name.removesuffix("_shape"): shape for name, shape in shapes.items()}
    if len(named) == 1:
        return _of_shapes(next(iter(named.values())), keywords=False)
    return _of_shapes(named, keywords=True)


def _required(model: Any) -> list[str]:
    """Name the arguments that a model's ``call`` cannot do without."""
    return [
        name
        for name, parameter in inspect.signature(model.call).parameters.items()
        if parameter.default is parameter.empty
        and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    ]


def _of_tensors(model: Any) -> Signature:
    tensors = list(model.inputs)
    struct = getattr(model, "_inputs_struct", None)
    structure: Any = 0 if len(tensors) == 1 else list(range(len(tensors)))
    if struct is not None:
        structure = keras.tree.pack_sequence_as(struct, list(range(len(tensors))))
    return Signature(
        tuple(str(tensor.name) for tensor in tensors),
        tuple(tuple(tensor.shape[1:]) for tensor in tensors),
        tuple(str(tensor.dtype) for tensor in tensors),
        structure,
    )


def _of_shapes(shapes: Any, *, keywords: bool) -> Signature:
    if isinstance(shapes, Mapping):
        names = sorted(shapes)
        listed = [shapes[name] for name in names]
        structure: Any = {name: place for place, name in enumerate(names)}
    elif shapes and isinstance(shapes[0], list | tuple):
        listed = list(shapes)
        names = [f"input_{place}" for place in range(len(listed))]
        structure = list(range(len(listed)))
    else:
        listed, names, structure = [shapes], ["input"], 0
    return Signature(
        tuple(names),
        tuple(tuple(shape[1:]) for shape in listed),
        (keras.config.floatx(),) * len(listed),
        structure,
        keywords,
    )
