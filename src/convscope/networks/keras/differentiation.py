"""Differentiate a score of a Keras model by every layer's value, in one backward pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from convscope.networks.editing import Place
from convscope.networks.keras.editing import editing
from convscope.networks.keras.execution import compiled, recorded, tensors
from convscope.networks.keras.signature import Signature
from convscope.networks.keras.tape import Change, unchanged
from convscope.networks.selection import LINEAR

__all__ = ["Keeping", "Order", "compile_gradients", "maps", "sums"]

Keeping = Callable[[Mapping[str, Any], Mapping[str, Any]], list[Any]]
"""Gives what is kept of the values and gradients of all layers."""

_Values = dict[str, Any]


def compile_gradients(
    model: Any,
    head: str,
    names: Sequence[str],
    signature: Signature,
    keep: Keeping,
    *,
    inputs: bool,
    edited: Mapping[str, Place],
    signed: bool = False,
) -> Callable[..., list[Any]]:
    """Compile a forward and a backward pass.

    Parameters
    ----------
    model : keras.Model
        A built model; it is left as it was.
    head : str
        The layer or linear part that holds the scores.
    names : sequence of str
        The layers or linear parts with respect to whose values the score is differentiated.
    signature : Signature
        How the model is called.
    keep : callable
        What is given out of the layers' values and gradients, made on the device.
    inputs : bool
        Whether the score is differentiated with respect to the inputs as well.
    edited : mapping of str to Place
        As for `compile_run`; the gradients are with respect to the changed values.
    signed : bool
        Whether a head of one channel scores two classes, for the pass without a seed.

    Returns
    -------
    callable
        Takes the inputs in the model's own structure and the seed, an array of the head's shape:
        the score of an image is the sum of seed x head over it, or without one its strongest
        channel; and none or one array of edits. Gives the scores, the head's value, what was kept,
        and the gradients with respect to the inputs.
    """
    linear = any(name.endswith(LINEAR) for name in (head, *names, *edited))

    def forward(given: Any) -> list[Any]:
        arrays, seeds, edits = tensors(given)
        edit = editing(edits[0], edited) if edited else unchanged
        floats, rebuild = _floating(arrays)

        def scored(
            floats: list[Any], change: Change = unchanged, beside: Sequence[Any] = ()
        ) -> Any:
            tape, _ = recorded(
                model,
                rebuild(floats),
                signature,
                linear=linear,
                change=lambda name, value: change(name, edit(name, value)),
                beside=[*seeds, *beside],
            )
            values = tape.values()
            scores = keras.ops.cast(values[head], "float32")
            seed = seeds[0] if seeds else _strongest(scores, signed=signed)
            return _per_image(scores * seed), {name: values[name] for name in (*names, head)}

        scores, values, gradients, slopes = _differentiate(scored, floats, names)
        # In the order of the names: jax sorts the keys of a dict that passes through it.
        kept = keep(*({name: found[name] for name in names} for found in (values, gradients)))
        return [scores, values[head], *kept, *(slopes if inputs else ())]

    run = compiled(model, forward)
    return lambda arrays, seed=None, edits=(): run(
        (arrays, [] if seed is None else [seed], list(edits))
    )


def _differentiate(
    scored: Callable[..., Any], floats: list[Any], names: Sequence[str]
) -> tuple[Any, _Values, _Values, list[Any]]:
    match keras.backend.backend():
        case "jax":
            return _on_jax(scored, floats, names)
        case "tensorflow":
            return _on_tensorflow(scored, floats, names)
        case _:
            return _on_torch(scored, floats, names)


def _on_jax(
    scored: Callable[..., Any], floats: list[Any], names: Sequence[str]
) -> tuple[Any, _Values, _Values, list[Any]]:
    """Differentiate with respect to zeros that are added to every value."""
    import jax
    import jax.numpy as jnp

    # Where no input is floating-point, only the mark belongs to the trace inside.
    mark = jnp.zeros(())
    shapes = jax.eval_shape(
        lambda floats, mark: scored(floats, unchanged, [mark])[1],
        floats,
        mark,
    )
    zeros = {
        name: jnp.zeros(shape.shape, shape.dtype)
        for name, shape in shapes.items()
        if name in names and jnp.issubdtype(shape.dtype, jnp.floating)
    }

    def total(zeros: _Values, given: list[Any]) -> Any:
        def change(name: str, value: Any) -> Any:
            return value + zeros[name] if name in zeros else value

        beside = [*zeros.values(), *floats]
        scores, values = scored(given, change, beside)
        return scores.sum(), (scores, values)

    _, pull, (scores, values) = jax.vjp(total, zeros, floats, has_aux=True)
    gradients, slopes = pull(jnp.ones((), "float32"))
    for name in names:
        gradients.setdefault(name, jnp.zeros(shapes[name].shape, "float32"))
    return scores, values, gradients, slopes


def _on_tensorflow(
    scored: Callable[..., Any], floats: list[Any], names: Sequence[str]
) -> tuple[Any, _Values, _Values, list[Any]]:
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(floats)
        scores, values = scored(floats)
        total = tf.reduce_sum(scores)
    sources = [values[name] for name in names]
    found = tape.gradient(
        total, [*sources, *floats], unconnected_gradients=tf.UnconnectedGradients.ZERO
    )
    gradients = dict(zip(names, found, strict=False))
    for name in names:
        if gradients[name] is None or not values[name].dtype.is_floating:
            gradients[name] = tf.zeros_like(values[name], "float32")
    return scores, values, gradients, found[len(sources) :]


def _on_torch(
    scored: Callable[..., Any], floats: list[Any], names: Sequence[str]
) -> tuple[Any, _Values, _Values, list[Any]]:
    import torch

    with torch.enable_grad():
        given = [value.detach().requires_grad_(True) for value in floats]
        scores, values = scored(given)
        sources = {name: values[name] for name in names if values[name].requires_grad}
        wanted = [*sources.values(), *given]
        found = torch.autograd.grad(scores.sum(), wanted, allow_unused=True)
    filled = [
        torch.zeros_like(value) if gradient is None else gradient
        for value, gradient in zip(wanted, found, strict=True)
    ]
    gradients = dict(zip(sources, filled, strict=False))
    for name in names:
        if name not in gradients:
            gradients[name] = torch.zeros_like(values[name], dtype=torch.float32)
    values = {name: value.detach() for name, value in values.items()}
    return scores.detach(), values, gradients, filled[len(sources) :]


def _floating(inputs: Any) -> tuple[list[Any], Callable[[list[Any]], Any]]:
    """Take the floating-point tensors out of a structure, and say how they are put back."""
    flat = keras.tree.flatten(inputs)
    places = [
        place
        for place, value in enumerate(flat)
        if keras.backend.is_float_dtype(keras.backend.standardize_dtype(value.dtype))
    ]

    def rebuild(floats: list[Any]) -> Any:
        whole = list(flat)
        for place, value in zip(places, floats, strict=True):
            whole[place] = value
        return keras.tree.pack_sequence_as(inputs, whole)

    return [flat[place] for place in places], rebuild


def _strongest(scores: Any, *, signed: bool) -> Any:
    """Make the seed of the channel that each image scores highest, ``(image, channel)``."""
    if signed:
        return keras.ops.where(scores > 0, 1.0, -1.0)
    return keras.ops.one_hot(keras.ops.argmax(scores, axis=1), scores.shape[1], dtype="float32")


def _per_image(product: Any) -> Any:
    axes = tuple(range(1, len(product.shape)))
    return keras.ops.sum(product, axis=axes) if axes else product


def maps(values: Mapping[str, Any], gradients: Mapping[str, Any]) -> list[Any]:
    """Keep the layers' values and gradients as they are."""
    return [part for name in values for part in (values[name], gradients[name])]


@dataclass(frozen=True)
class Order:
    """What is summed of a layer, and over which axes.

    Attributes
    ----------
    channels_first : bool
        Whether its channels come before space.
    product : bool
        Whether value x gradient is summed; the gradient is otherwise.
    limit : float or None
        A rectifier's upper limit, for products.
    """

    channels_first: bool
    product: bool
    limit: float | None = None


def sums(orders: Sequence[tuple[str, Order]]) -> Keeping:
    """Keep sums over every map, those of all layers in one tensor.

    Every tensor that leaves the device costs time, and a network may have hundreds of layers. The
    tensor is (image, channel of all layers, and then what each limit adds).
    """

    def keep(values: Mapping[str, Any], gradients: Mapping[str, Any]) -> list[Any]:
        found, clipped = [], []
        for name, order in orders:
            value, gradient = (
                keras.ops.cast(part[name], "float32") for part in (values, gradients)
            )
            rank = len(value.shape)
            axes = tuple(range(2, rank)) if order.channels_first else tuple(range(1, rank - 1))
            found.append(keras.ops.sum(value * gradient if order.product else gradient, axis=axes))
            if order.limit is not None:
                at_limit = keras.ops.cast(value >= order.limit, "float32") * gradient
                total = keras.ops.sum(at_limit, axis=tuple(range(1, rank))) * order.limit
                clipped.append(keras.ops.expand_dims(total, 1))
        return [keras.ops.concatenate([*found, *clipped], axis=1)] if found else []

    return keep
