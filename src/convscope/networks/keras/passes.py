"""Passes of a Keras model, forward and backward, each compiled once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras
import numpy as np

from convscope.networks.edit import Edit
from convscope.networks.editing import Place, layout, packed
from convscope.networks.given import Given
from convscope.networks.gradients import Gradients, Sums
from convscope.networks.head import Head, layer_of
from convscope.networks.keras.differentiation import Keeping, Order, compile_gradients, maps, sums
from convscope.networks.keras.execution import compile_run
from convscope.networks.keras.reducing import compile_reductions
from convscope.networks.keras.signature import Signature
from convscope.networks.layer import Input, Layer
from convscope.networks.reductions import Reductions, as_reductions
from convscope.networks.run import Batch, Run
from convscope.networks.selection import INPUT, named_layer

__all__ = ["Passes"]

# Compiled functions are large; a person asks for few sets of layers again and again.
_PLANS = 32

_Edits = Mapping[str, Edit] | None


@dataclass(frozen=True)
class _Plan:
    """A compiled pass and the values that it records."""

    call: Callable[..., Any]
    values: Sequence[Layer | Given]


class Passes:
    """The compiled passes of one model.

    Parameters
    ----------
    model : keras.Model
    signature : Signature
        How it is called.
    inputs : sequence of Input
    outputs : sequence of str
        What its outputs are called.
    layers : mapping of str to Layer
    given : mapping of str to sequence of Given
        What each layer call was given.
    """

    def __init__(
        self,
        model: Any,
        signature: Signature,
        inputs: Sequence[Input],
        outputs: Sequence[str],
        layers: Mapping[str, Layer],
        given: Mapping[str, Sequence[Given]],
    ) -> None:
        self._model, self._signature = model, signature
        self._inputs, self._outputs = inputs, outputs
        self._layers, self._given = layers, given
        self._plans: dict[tuple[Any, ...], _Plan] = {}
        self._lock = threading.RLock()

    def run(self, batch: Batch, names: Sequence[str], *, outputs: bool, edits: _Edits) -> Run:
        """Run the model once; see `Network.run`."""
        places = self._editable(edits)

        def build() -> _Plan:
            chosen = [self._recorded(name) for name in names]
            compiled = compile_run(
                self._model, names, self._signature, outputs=outputs, edited=places
            )
            return _Plan(compiled, chosen)

        plan = self._plan(("run", *names, outputs, *places), build)
        values, results = plan.call(self._packed(batch), self._changes(edits, places, batch))
        return Run(
            {value.name: _dims_ordered(values[value.name], value) for value in plan.values},
            dict(zip(self._outputs, map(self._ordered_output, results), strict=False)),
        )

    def run_in_training(self, batch: Batch, names: Sequence[str]) -> Mapping[str, np.ndarray]:
        """Run the model once as in training; see `Network.run_in_training`."""

        def build() -> _Plan:
            chosen = [self._recorded(name) for name in names]
            compiled = compile_run(
                self._model, names, self._signature, outputs=False, edited={}, training=True
            )
            return _Plan(compiled, chosen)

        plan = self._plan(("training", *names), build)
        values, _ = plan.call(self._packed(batch), ())
        return {value.name: _dims_ordered(values[value.name], value) for value in plan.values}

    def gradients(
        self,
        batch: Batch,
        head: str | Head,
        seed: np.ndarray | None,
        names: Sequence[str],
        *,
        inputs: bool,
        edits: _Edits,
    ) -> Gradients:
        """Differentiate a score with respect to layers' values; see `Network.gradients`."""
        plan, changes = self._differentiating(
            batch, head, names, maps, edits, key=(inputs, *names), inputs=inputs
        )
        given = None if seed is None else self._seed(layer_of(head), seed)
        scores, _, *kept = plan.call(self._packed(batch), given, changes)
        count = 2 * len(plan.values)
        values, gradients = (
            {
                layer.name: _dims_ordered(value, layer)
                for layer, value in zip(plan.values, kept[start:count:2], strict=True)
            }
            for start in (0, 1)
        )
        slopes = self._input_gradients(batch, kept[count:]) if inputs else {}
        return Gradients(scores, values, gradients, slopes)

    def sums(
        self,
        batch: Batch,
        head: Head,
        seed: np.ndarray | None,
        products: Sequence[str],
        slopes: Sequence[str],
        *,
        edits: _Edits,
    ) -> Sums:
        """Differentiate a score and sum over every map; see `Network.sums`."""
        orders = [(name, self._order(name, product=True)) for name in products]
        orders += [(name, self._order(name, product=False)) for name in slopes]
        plan, changes = self._differentiating(
            batch,
            head,
            list(dict.fromkeys((*products, *slopes))),
            sums(orders),
            edits,
            key=(len(products), *products, *slopes),
        )
        given = None if seed is None else self._seed(head.layer, seed)
        scores, value, *kept = plan.call(self._packed(batch), given, changes)
        limited = [name for name, order in orders if order.limit is not None]
        counts = [named_layer(self._layers, name).channels or 0 for name, _ in orders]
        found = kept[0] if kept else np.zeros((len(scores), 0), np.float32)
        *parts, clipped = np.split(found, np.cumsum(counts), axis=1)
        return Sums(
            scores,
            _dims_ordered(value, self._head_layer(head)),
            dict(zip(products, parts, strict=False)),
            dict(zip(slopes, parts[len(products) :], strict=True)),
            dict(zip(limited, clipped.T, strict=True)),
        )

    def reductions(
        self,
        batch: Batch,
        layers: Sequence[Layer],
        shift: np.ndarray,
        bar: np.ndarray,
        kept: Sequence[str],
    ) -> Reductions:
        """Run the model once and reduce every map; see `Network.reductions`.

        What is compiled cannot choose the maps that reach the bar: all peaks are looked up.
        """

        def build() -> _Plan:
            chosen = [self._recorded(name) for name in kept]
            return _Plan(compile_reductions(self._model, layers, kept, self._signature), chosen)

        names = [layer.name for layer in layers]
        plan = self._plan(("reductions", *names, None, *kept), build)
        rows, units, results, values = plan.call(self._packed(batch), shift)
        return as_reductions(
            rows,
            units,
            dict(zip(self._outputs, map(self._ordered_output, results), strict=False)),
            {
                one.name: _dims_ordered(value, one)
                for one, value in zip(plan.values, values, strict=True)
            },
        )

    def _order(self, name: str, *, product: bool) -> Order:
        layer = named_layer(self._layers, name)
        limit = layer.bounds[1] if product and layer.bounds[0] is None else None
        return Order(layer.channels_first, product, limit)

    def _head_layer(self, head: Head) -> Layer:
        return named_layer(self._layers, head.layer)

    def _differentiating(
        self,
        batch: Batch,
        head: str | Head,
        names: Sequence[str],
        keep: Keeping,
        edits: _Edits,
        *,
        key: tuple[Any, ...],
        inputs: bool = False,
    ) -> tuple[_Plan, Sequence[np.ndarray]]:
        places, top = self._editable(edits), layer_of(head)
        signed = (
            isinstance(head, Head)
            and head.activation == "sigmoid"
            and self._head_layer(head).channels == 1
        )

        def build() -> _Plan:
            chosen = [named_layer(self._layers, name) for name in names]
            call = compile_gradients(
                self._model,
                top,
                names,
                self._signature,
                keep,
                inputs=inputs,
                edited=places,
                signed=signed,
            )
            return _Plan(call, chosen)

        plan = self._plan((keep is maps, top, signed, *key, None, *places), build)
        return plan, self._changes(edits, places, batch)

    def _plan(self, key: tuple[Any, ...], build: Callable[[], _Plan]) -> _Plan:
        """Compile what is asked for once; what was asked for longest ago is forgotten."""
        with self._lock:
            plan = self._plans.pop(key, None) or build()
            self._plans[key] = plan
            if len(self._plans) > _PLANS:
                del self._plans[next(iter(self._plans))]
            return plan

    def _editable(self, edits: _Edits) -> Mapping[str, Place]:
        """Give the layers that a compiled function lets change: all of them, whichever is changed.

        What is multiplied by one is nearly free where it is compiled into other arithmetic; torch
        runs each operation by itself, and compiles nothing.
        """
        if not edits:
            return {}
        if keras.backend.backend() != "torch":
            return self._places
        return {name: place for name, place in self._places.items() if name in edits}

    @cached_property
    def _places(self) -> Mapping[str, Place]:
        return layout(self._layers)

    def _changes(
        self, edits: _Edits, places: Mapping[str, Place], batch: Batch
    ) -> Sequence[np.ndarray]:
        return [packed(edits, places, len(batch.names))] if edits else []

    def _packed(self, batch: Batch) -> Any:
        return self._signature.pack([batch.arrays[entry.name] for entry in self._inputs])

    def _seed(self, head: str, seed: np.ndarray) -> np.ndarray:
        """Bring a seed from the order of the dims into that of the framework."""
        layer = named_layer(self._layers, head)
        if layer.channels_first or layer.dims[:1] != ("channel",) or seed.ndim < 3:
            return np.asarray(seed, np.float32)
        return np.ascontiguousarray(np.moveaxis(seed, 1, -1), np.float32)

    def _input_gradients(self, batch: Batch, found: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        slopes = iter(found)
        return {
            entry.name: next(slopes)
            if batch.arrays[entry.name].dtype.kind == "f"
            else np.zeros_like(batch.arrays[entry.name], np.float32)
            for entry in self._inputs
        }

    def _recorded(self, name: str) -> Layer | Given:
        """Give what is known of a value that a run can record."""
        call, _, place = name.rpartition(INPUT)
        for value in self._given.get(call, ()) if call else ():
            if value.name == f"{call}{INPUT}{place}":
                return value
        return named_layer(self._layers, name)

    def _ordered_output(self, values: np.ndarray) -> np.ndarray:
        """Bring an output with space into the order of the dims."""
        if self._inputs[0].channels_first or not 3 <= values.ndim <= 5:
            return values
        return np.moveaxis(values, -1, 1)


def _dims_ordered(values: np.ndarray, layer: Layer | Given) -> np.ndarray:
    """Bring a value into the order of the dims, as a view."""
    if layer.channels_first or len(layer.dims) < 2 or layer.dims[0] != "channel":
        return values
    last = values.ndim - 1
    before = 1 if layer.has_image_axis else 0
    # A tenth of what np.moveaxis takes, which is felt where the whole pass takes 0.1 ms.
    return values.transpose(*range(before), last, *range(before, last))
