"""Passes of a PyTorch model, forward and backward."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch.autograd.graph import get_gradient_edge

from convscope.networks.edit import Edit
from convscope.networks.editing import Place, layout, packed
from convscope.networks.gradients import Gradients, Sums
from convscope.networks.head import Head, layer_of
from convscope.networks.layer import Input, Layer
from convscope.networks.reductions import Reductions, as_reductions, columns_of
from convscope.networks.run import Batch, Run
from convscope.networks.selection import INPUT, named_layer
from convscope.networks.torch.call import Call
from convscope.networks.torch.evaluating import as_in_training, evaluating
from convscope.networks.torch.execution import float32, inference, recorded
from convscope.networks.torch.keeping import Keeping
from convscope.networks.torch.recorder import Keep, Over, targets_of
from convscope.networks.torch.reducing import Reducing
from convscope.networks.torch.saving import Saving
from convscope.networks.torch.signature import Signature
from convscope.networks.torch.structure import tensors_in
from convscope.networks.torch.sums import Order, strongest, summed
from convscope.networks.torch.tape import module_paths

__all__ = ["Passes"]

_Edits = Mapping[str, Edit] | None


class Passes:
    """The passes of one model.

    Parameters
    ----------
    model : torch.nn.Module
    signature : Signature
        How it is called.
    inputs : sequence of Input
    outputs : sequence of str
        What its outputs are called.
    layers : mapping of str to Layer
    calls : sequence of Call
        Of its trace.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        signature: Signature,
        inputs: Sequence[Input],
        outputs: Sequence[str],
        layers: Mapping[str, Layer],
        calls: Sequence[Call],
    ) -> None:
        self._model, self._signature = model, signature
        self._inputs, self._outputs = inputs, outputs
        self._layers, self._calls = layers, calls
        self._paths = module_paths(model)
        self._targets: dict[tuple[Any, ...], Any] = {}
        overwritten = {f"{call.name}{suffix}" for call in calls for suffix in call.overwritten}
        self._saved = overwritten & {call.over for call in calls}
        self._copied = overwritten - self._saved

    def run(self, batch: Batch, names: Sequence[str], *, outputs: bool, edits: _Edits) -> Run:
        """Run the model once; see `Network.run`."""
        for name in names:
            self._check(name)
        keeping = Keeping(names, self._copied, self._change(edits, len(batch.names)))
        every = list(dict.fromkeys((*names, *(edits or ()))))
        count = None if outputs else len(every)
        with inference(self._model):
            tensors = self._tensors(batch)
            result = self._forward(tensors, every, keeping.keep, keeping.over, count=count)
        if keeping.late:
            # Written over elsewhere than in the trace: copied from now on.
            self._copied |= keeping.late
            return self.run(batch, names, outputs=outputs, edits=edits)
        values = {name: float32(keeping[name]) for name in names}
        results = [float32(value) for value in tensors_in(result)] if outputs else []
        return Run(values, dict(zip(self._outputs, results, strict=False)))

    def run_in_training(self, batch: Batch, names: Sequence[str]) -> Mapping[str, np.ndarray]:
        """Run the model once as in training; see `Network.run_in_training`."""
        for name in names:
            self._check(name)
        keeping = Keeping(names, self._copied, lambda _, value: value)
        with as_in_training(self._model), torch.inference_mode(False), torch.no_grad():
            self._forward(self._tensors(batch), names, keeping.keep, keeping.over, count=len(names))
            values = {name: float32(keeping[name]).copy() for name in names}
        if keeping.late:
            self._copied |= keeping.late
            return self.run_in_training(batch, names)
        return values

    def reductions(
        self,
        batch: Batch,
        layers: Sequence[Layer],
        shift: np.ndarray,
        bar: np.ndarray,
        kept: Sequence[str],
    ) -> Reductions:
        """Run the model once and reduce every map; see `Network.reductions`."""
        columns = columns_of(layers)
        reducing = Reducing(
            *(
                {name: torch.from_numpy(part[own]) for name, own in columns.items()}
                for part in (np.asarray(shift, np.float32), np.asarray(bar, np.float32))
            )
        )
        values: dict[str, np.ndarray] = {}

        def keep(name: str, value: torch.Tensor) -> torch.Tensor:
            if name in columns:
                reducing.reduce(name, value)
            if name in kept:
                values[name] = float32(value).copy()
            return value

        every = list(dict.fromkeys((*columns, *kept)))
        with inference(self._model):
            result = self._forward(self._tensors(batch), every, keep, count=None)
        units = [np.full(own.stop - own.start, reducing.units[name])
                 for name, own in columns.items()]  # fmt: skip
        return as_reductions(
            float32(torch.cat([reducing.rows[name] for name in columns], dim=2)),
            np.concatenate(units),
            dict(zip(self._outputs, map(float32, tensors_in(result)), strict=False)),
            values,
        )

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
        score, _, values, found, slopes = self._differentiated(
            batch, head, seed, names, edits, inputs=inputs
        )
        return Gradients(
            float32(score),
            {name: float32(values[name]) for name in names},
            {name: float32(found[name]) for name in names},
            slopes,
        )

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
        names = list(dict.fromkeys((*products, *slopes)))
        score, value, values, found, _ = self._differentiated(batch, head, seed, names, edits)
        orders = [(name, self._order(name, product=True)) for name in products]
        orders += [(name, self._order(name, product=False)) for name in slopes]
        parts = [summed(values[name], found[name], order) for name, order in orders]
        clipped = {
            name: float32(part.clipped)
            for (name, _), part in zip(orders, parts, strict=True)
            if part.clipped is not None
        }
        totals = [float32(part.total) for part in parts]
        return Sums(
            float32(score),
            float32(value),
            dict(zip(products, totals, strict=False)),
            dict(zip(slopes, totals[len(products) :], strict=True)),
            clipped,
        )

    def _order(self, name: str, *, product: bool) -> Order:
        layer = named_layer(self._layers, name)
        limit = layer.bounds[1] if product and layer.bounds[0] is None else None
        return Order(product, limit)

    def _differentiated(
        self,
        batch: Batch,
        head: str | Head,
        seed: np.ndarray | None,
        names: Sequence[str],
        edits: _Edits,
        *,
        inputs: bool = False,
    ) -> tuple[torch.Tensor, torch.Tensor, dict[str, Any], dict[str, Any], dict[str, np.ndarray]]:
        top = layer_of(head)
        for name in (top, *names):
            named_layer(self._layers, name)
        signed = isinstance(head, Head) and self._is_signed(head)
        change = self._change(edits, len(batch.names))
        values: dict[str, torch.Tensor] = {}
        sources: dict[str, Any] = {}
        scored: list[torch.Tensor] = []
        saving = Saving(inputs)

        def keep(name: str, value: torch.Tensor) -> torch.Tensor:
            value = change(name, value)
            floating = value.is_floating_point()
            if name in wanted:
                saving.begin()
            if name in wanted and floating and not value.requires_grad:
                # Nothing before it can be differentiated; what comes after it can.
                value = value.detach().requires_grad_(True)
                sources[name] = value
                values[name] = value.detach().clone()
                value = value.clone()
            elif name in wanted:
                if floating:
                    # The place in the graph, which an in-place operation would take over.
                    sources[name] = get_gradient_edge(value)
                values[name] = value.detach().clone()
            if name == top:
                wide = value.float()
                weights = (
                    strongest(wide.detach(), signed=signed)
                    if seed is None
                    else torch.tensor(np.asarray(seed, np.float32), device=value.device)
                )
                values.setdefault(name, value.detach().clone())
                product = wide * weights
                scored.append(product.sum(dim=tuple(range(1, product.ndim))))
            return value

        wanted = frozenset(names)
        every = list(dict.fromkeys((*names, top, *(edits or ()))))
        with evaluating(self._model), torch.inference_mode(False), torch.enable_grad():
            leaves = self._tensors(batch)
            floats = [leaf for leaf in leaves if inputs and leaf.is_floating_point()]
            for leaf in floats:
                leaf.requires_grad_(True)
            # A copy, since a leaf cannot be written into in place.
            given = [leaf.clone() if leaf.requires_grad else leaf for leaf in leaves]
            with saving.during():
                self._forward(given, every, keep, count=len(every))
            score = scored[0]
            asked = [*sources.values(), *floats]
            found: Sequence[Any] = [None] * len(asked)
            if asked and score.requires_grad:
                found = torch.autograd.grad(score.sum(), asked, allow_unused=True)
        gradients = dict(zip(sources, found, strict=False))
        zeros = {name: torch.zeros_like(values[name], dtype=torch.float32) for name in names
                 if gradients.get(name) is None}  # fmt: skip
        slopes = self._slopes(batch, found[len(sources) :]) if inputs else {}
        return score.detach(), values[top], values, {**gradients, **zeros}, slopes

    def _is_signed(self, head: Head) -> bool:
        """Tell whether one channel scores two classes."""
        return head.activation == "sigmoid" and named_layer(self._layers, head.layer).channels == 1

    def _slopes(self, batch: Batch, found: Sequence[Any]) -> dict[str, np.ndarray]:
        """Give the gradients with respect to the inputs; zero where one is no float or unused."""
        slopes = iter(found)
        given: dict[str, np.ndarray] = {}
        for entry, dtype in zip(self._inputs, self._signature.dtypes, strict=True):
            slope = next(slopes) if dtype.is_floating_point else None
            array = batch.arrays[entry.name]
            given[entry.name] = np.zeros(array.shape, "f4") if slope is None else float32(slope)
        return given

    def _forward(
        self,
        tensors: Sequence[torch.Tensor],
        names: Sequence[str],
        keep: Keep,
        over: Over | None = None,
        *,
        count: int | None,
    ) -> Any:
        key = (over is None, *names)
        targets = self._targets.get(key)
        if targets is None:
            if len(self._targets) > 64:
                self._targets.clear()
            targets = self._targets[key] = targets_of(
                self._calls, names, self._saved if over else frozenset()
            )
        return recorded(
            self._model, self._paths, self._signature, tensors, targets, keep, over, count=count
        )

    def _tensors(self, batch: Batch) -> list[torch.Tensor]:
        return self._signature.tensors([batch.arrays[entry.name] for entry in self._inputs])

    def _check(self, name: str) -> None:
        if name not in self._given:
            named_layer(self._layers, name)

    @cached_property
    def _given(self) -> frozenset[str]:
        return frozenset(
            f"{call.name}{INPUT}{place}"
            for call in self._calls
            for place in range(len(call.inputs))
        )

    @cached_property
    def _places(self) -> Mapping[str, Place]:
        return layout(self._layers)

    def _change(self, edits: _Edits, images: int) -> Callable[[str, torch.Tensor], torch.Tensor]:
        if not edits:
            return lambda _, value: value
        places = {name: place for name, place in self._places.items() if name in edits}
        whole = torch.from_numpy(packed(edits, {**self._places, **places}, images))

        def change(name: str, value: torch.Tensor) -> torch.Tensor:
            if name not in places:
                return value
            place, ones = places[name], (1,) * (value.ndim - 2)
            scale, shift = (
                whole[row, :, place.start : place.stop]
                .reshape(images, place.stop - place.start, *ones)
                .to(value.device, value.dtype)
                for row in (0, 1)
            )
            return value * scale + shift

        return change
