"""Put the weights of a file into the layers that they belong to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import keras

from convscope.errors import ModelError, warn
from convscope.networks.keras.legacy.kernels import of_today, with_space
from convscope.networks.keras.legacy.saved import Era, SavedWeight

__all__ = ["load_stored", "load_weights"]

LayersOf = Callable[[Any], list[Any]]
Share = tuple[Any, list[SavedWeight]]


def load_weights(
    model: Any, saved: dict[str, list[SavedWeight]], era: Era, layers_of: LayersOf
) -> None:
    """Load weights by the names of the layers; by their order where the names differ.

    Parameters
    ----------
    model : keras.Model
    saved : dict of str to list of SavedWeight
        The weights of every layer that has any, in the order of the file.
    era : Era
        Which Keras wrote them.
    layers_of : callable
        Gives the layers of a model in the order of the file.

    Raises
    ------
    ModelError
        When layers, counts or shapes do not agree; the message names the first that does not.
    """
    shares = [
        share
        for layer, arrays in _paired(model, saved, layers_of)
        for share in _shares(layer, arrays, layers_of)
    ]
    if era.first and era.backend is None and any(with_space(layer) for layer, _ in shares):
        warn(
            "the file does not say which backend Keras 1 ran on when it was saved, and kernels "
            "saved on Theano are mirrored: they are taken as TensorFlow's; if it was Theano, set "
            "the attribute 'backend' of the file's 'model_weights' to 'theano' with h5py"
        )
    for layer, arrays in shares:
        _assign(layer, arrays, era)


def load_stored(shares: Iterable[Share]) -> None:
    """Load weights that a store has by layers already.

    Raises
    ------
    ModelError
        When counts or shapes do not agree.
    """
    for layer, arrays in shares:
        _assign(layer, arrays, Era("2.12", None))


def _paired(
    model: Any, saved: dict[str, list[SavedWeight]], layers_of: LayersOf
) -> list[tuple[Any, list[SavedWeight]]]:
    weighted = [layer for layer in layers_of(model) if layer.weights]
    # Keras 1 lists the layers inside nested models as if they stood alone.
    leaves = [layer for layer in _leaves(model, layers_of) if layer.weights]
    for layers in (weighted, leaves):
        if {layer.name for layer in layers} == set(saved):
            return [(layer, saved[layer.name]) for layer in layers]
    for layers in (weighted, leaves):
        if len(layers) == len(saved):
            return list(zip(layers, saved.values(), strict=True))
    here = {layer.name for layer in weighted}
    alone = [name for name in saved if name not in here]
    missing = [layer.name for layer in weighted if layer.name not in saved]
    first = (
        f"{alone[0]!r} is only among the weights" if alone else f"{missing[0]!r} has no weights"
        if missing else "the names agree in part"
    )  # fmt: skip
    raise ModelError(
        f"the weights do not fit the architecture: {len(saved)} layers with weights, and "
        f"{len(weighted)} that want some; {first}: give the architecture they were saved with"
    )


def _leaves(model: Any, layers_of: LayersOf) -> Iterable[Any]:
    for layer in layers_of(model):
        if isinstance(layer, keras.Model) and layer.layers:
            yield from _leaves(layer, layers_of)
        else:
            yield layer


def _shares(layer: Any, arrays: list[SavedWeight], layers_of: LayersOf) -> list[Share]:
    """Divide the weights of a model used as a layer among the layers inside it."""
    if not (isinstance(layer, keras.Model) and hasattr(layer, "layers") and layer.layers):
        return [(layer, arrays)]
    leaves = [leaf for leaf in _leaves(layer, layers_of) if leaf.weights]
    named = {array.key: array for array in arrays}
    if len(named) == len(arrays):
        wanted = [[(leaf.name, name) for name in _names(leaf)] for leaf in leaves]
        if sorted(key for keys in wanted for key in keys) == sorted(named):
            return [
                (leaf, [named[key] for key in keys])
                for leaf, keys in zip(leaves, wanted, strict=True)
            ]
    return _in_order(layer, leaves, arrays)


def _in_order(layer: Any, leaves: Sequence[Any], arrays: list[SavedWeight]) -> list[Share]:
    """Divide by order: what training changes comes first, of all layers, then what it does not."""
    total = sum(len(leaf.weights) for leaf in leaves)
    if total != len(arrays):
        raise ModelError(
            f"model {layer.name!r} wants {total} weights, and the file has {len(arrays)}: give the "
            "architecture they were saved with"
        )
    given = iter(arrays)
    shares: dict[int, list[SavedWeight]] = {id(leaf): [] for leaf in leaves}
    for kind in ("trainable_weights", "non_trainable_weights"):
        for leaf in leaves:
            shares[id(leaf)] += [next(given) for _ in getattr(leaf, kind)]
    return [(leaf, shares[id(leaf)]) for leaf in leaves]


def _weights(layer: Any) -> list[Any]:
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def _names(layer: Any) -> list[str]:
    """Give the names of a layer's weights as Keras 2 wrote them."""
    names = [str(weight.name) for weight in _weights(layer)]
    if isinstance(layer, keras.layers.DepthwiseConv1D | keras.layers.DepthwiseConv2D):
        return ["depthwise_kernel" if name == "kernel" else name for name in names]
    return names


def _assign(layer: Any, arrays: list[SavedWeight], era: Era) -> None:
    variables = _weights(layer)
    bare = dict(zip(_names(layer), variables, strict=True))
    if len(bare) == len(arrays) and set(bare) == {array.key[1] for array in arrays}:
        variables = [bare[array.key[1]] for array in arrays]
    values = of_today(layer, [array.value for array in arrays], era)
    if len(values) != len(variables):
        raise ModelError(
            f"layer {layer.name!r} wants {len(variables)} weights, and the file has {len(values)}: "
            "give the architecture they were saved with"
        )
    for variable, value in zip(variables, values, strict=True):
        if tuple(variable.shape) != value.shape:
            raise ModelError(
                f"layer {layer.name!r}: its {variable.name} is {_shape(value.shape)} in the file, "
                f"and {_shape(variable.shape)} in the architecture: give the architecture it was "
                "saved with"
            )
        variable.assign(value)
    if hasattr(layer, "finalize_state"):
        layer.finalize_state()


def _shape(shape: Iterable[int]) -> str:
    return " x ".join(str(size) for size in shape) or "one number"
