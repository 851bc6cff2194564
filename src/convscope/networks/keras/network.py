"""A Keras model as a network."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property
from types import MappingProxyType
from typing import Any

import keras
import numpy as np

from convscope.errors import InputError, ModelError
from convscope.inputs.preparation import Preparation
from convscope.networks.base import ON_GPU
from convscope.networks.computation import Computation
from convscope.networks.expectation import Options, Sidecar, check_labels, expected_preparation
from convscope.networks.feeding import shapes_of
from convscope.networks.given import Given
from convscope.networks.head import Head
from convscope.networks.keras.computation import computation_of
from convscope.networks.keras.describe import describe, input_order
from convscope.networks.keras.execution import trace
from convscope.networks.keras.heads import heads_of
from convscope.networks.keras.lent import instead_of_weights, lent, standing_in
from convscope.networks.keras.moment import Moment, moment_of
from convscope.networks.keras.passes import Passes
from convscope.networks.keras.rescaling import input_is_plane, pixel_range
from convscope.networks.keras.signature import Signature, signature_of
from convscope.networks.keras.tape import Call
from convscope.networks.layer import Input, Layer
from convscope.networks.passing import PassingNetwork
from convscope.networks.reasons import reason_of
from convscope.networks.run import Batch
from convscope.networks.selection import INPUT, LINEAR, named_layer

__all__ = ["KerasNetwork"]

_MOST_PASSES = 8


class KerasNetwork(PassingNetwork):
    """A Keras model opened for looking inside.

    The model is executed as it is, in inference mode, and left as it was.

    Parameters
    ----------
    model : keras.Model
        Any model: Sequential, functional, subclassed.
    source : str
        Where it came from.
    sidecar : Sidecar
        Labels and preparation saved beside the model.
    options : Options
        What the person says of the preparation; goes before everything else.
    application : str, optional
        The family of ``keras.applications`` that it belongs to.
    """

    def __init__(
        self,
        model: keras.Model,
        source: str,
        *,
        sidecar: Sidecar | None = None,
        options: Options | None = None,
        application: str | None = None,
    ) -> None:
        self.model = model
        self.name = str(model.name)
        self.source = source
        self.labels = sidecar.labels if sidecar else ()
        self._sidecar = sidecar or Sidecar()
        self._options = options or Options()
        self._application = application
        self._signature: Signature | None = signature_of(model)
        self._described: tuple[list[Call], tuple[Input, ...], Mapping[str, Layer]] | None = None
        self._preparation: Preparation | None = None
        self._passes: Passes | None = None
        self._outputs: list[str] = []
        self._heads: Mapping[str, Head] = {}
        self._call_inputs: Mapping[str, tuple[Given, ...]] = {}
        self._lock = threading.RLock()

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The network's inputs, in order."""
        return self._description()[1]

    @property
    def layers(self) -> Mapping[str, Layer]:
        """All layers by name, in execution order."""
        return self._description()[2]

    @property
    def heads(self) -> Mapping[str, Head]:
        """Where the scores of each output are, by the outputs' names."""
        self._description()
        return self._heads

    @property
    def parameters(self) -> tuple[int, int]:
        """Number of weights, and how many of them training changes."""
        self._description()
        trainable = sum(int(np.prod(v.shape)) for v in self.model.trainable_weights)
        return int(self.model.count_params()), trainable

    @property
    def maps_at_once(self) -> int:
        """How many bytes of activations a batch should have to be fastest, when all are reduced.

        XLA on the processor computes one layer after the other for a whole batch, so that maps must
        still be in the cache when they are reduced.
        """
        if keras.backend.backend() == "jax":
            return 64_000_000 if _is_jax_on_processor() else ON_GPU
        return super().maps_at_once

    @property
    def passes_at_once(self) -> int:
        """How many passes side by side are fastest, when all activations are reduced.

        XLA uses little more than one processor for a batch as small as that.
        """
        return min(os.cpu_count() or 1, _MOST_PASSES) if _is_jax_on_processor() else 1

    @property
    def moment(self) -> object | None:
        """A token of the weights; None while ``fit`` has taken them out of the model on jax.

        Keras then gives values that it makes up: what the weights would be initialised to. With a
        film it is that of the copies from when the film last looked.
        """
        copies = [copy for _, copy in lent(self.model)]
        return Moment(copies) if copies else moment_of(self._variables)

    def weights(self) -> Iterator[tuple[str, np.ndarray]]:
        """Give all weights of the model, by their places; the seeds of dropout are none."""
        self._description()
        with standing_in(self.model):
            values = [keras.ops.convert_to_numpy(variable) for variable in self.model.weights]
        # No names: Keras counts those of unnamed layers on through a process.
        yield from ((str(place), value) for place, value in enumerate(values))

    @cached_property
    def _variables(self) -> list[Any]:
        self._description()
        return list(self.model.variables)

    @property
    def preparation(self) -> Preparation | None:
        """What is done to images before the network sees them; None when it takes no images."""
        with self._lock:
            if self._preparation is None:
                calls, inputs, _ = self._description()
                self._preparation = expected_preparation(
                    inputs,
                    self._options,
                    self._sidecar,
                    pixel_range(calls),
                    self._application,
                    planes=input_is_plane(calls),
                )
            return self._preparation

    def _passing(self) -> Passes:
        with self._lock:
            if self._passes is None:
                _, inputs, layers = self._description()
                self._passes = Passes(
                    self.model,
                    self._description_signature(),
                    inputs,
                    self._outputs,
                    layers,
                    self._call_inputs,
                )
            return self._passes

    def holding(self) -> AbstractContextManager[None]:
        """Answer with the weights of this moment, where they are copies; see `Network.holding`."""
        pairs = lent(self.model)
        return instead_of_weights(self.model, pairs) if pairs else nullcontext()

    @contextmanager
    def _failing_on(self, batch: Batch) -> Iterator[None]:
        with super()._failing_on(batch), standing_in(self.model):
            yield

    def computation(self, layer: str) -> Computation | None:
        """Say what a layer or linear part computes; None where that is not understood."""
        name = named_layer(self.layers, layer).name
        whole = name.removesuffix(LINEAR)
        for call in self._description()[0]:
            if call.name == whole:
                given = self._call_inputs[whole]
                with standing_in(self.model):
                    return computation_of(call, given, self.layers[whole], linear=name != whole)
        return None

    def batches(self, images: Any) -> list[Batch]:
        """Prepare images; a model that was never built takes its shapes from these."""
        if self._signature is None:
            self._build(images)
        return super().batches(images)

    def _build(self, images: Any) -> None:
        """Learn the shapes from the first arrays given, on which a new model makes its weights."""
        floating = isinstance(images, np.ndarray) and images.dtype.kind == "f" and images.ndim > 1
        if not floating and not (isinstance(images, Mapping) and images):
            raise InputError(_unbuilt(self.name))
        signature = Signature.of_arrays(self.model, images)
        try:
            signature.call(self.model, signature.example(0))
        except Exception as error:
            given = images if isinstance(images, Mapping) else {"input": images}
            raise ModelError(
                f"{self.name} could not be built on {shapes_of(given)}: {reason_of(error)}; give "
                "arrays of the shapes that it was written for"
            ) from error
        self._signature = signature_of(self.model) or signature

    def _description_signature(self) -> Signature:
        if self._signature is None:
            raise ModelError(_unbuilt(self.name))
        return self._signature

    def _description(self) -> tuple[list[Call], tuple[Input, ...], Mapping[str, Layer]]:
        with self._lock:
            if self._described is None:
                with standing_in(self.model):
                    self._described = self._describe(self._description_signature())
            return self._described

    def _describe(
        self, signature: Signature
    ) -> tuple[list[Call], tuple[Input, ...], Mapping[str, Layer]]:
        try:
            _complete(self.model, signature)
            calls, given, outputs = trace(self.model, signature.example(0), signature)
            again, _, _ = trace(self.model, signature.example(1), signature)
        except Exception as error:
            raise ModelError(
                f"{self.name} cannot be run, so its layers stay unknown: {reason_of(error)}"
            ) from error
        others = {
            call.name + suffix: tuple(value.shape)
            for call in again
            for suffix, value in call.outputs
        }
        others |= {
            f"{call.name}{INPUT}{place}": tuple(value.shape)
            for call in again
            for place, value in enumerate(call.inputs)
        }
        first = input_order(calls)
        inputs = tuple(
            Input(name, shape, dtype, first)
            for name, shape, dtype in zip(
                signature.names, signature.shapes, signature.dtypes, strict=True
            )
        )
        tensors = dict(zip(signature.names, keras.tree.flatten(given), strict=True))
        layers, self._call_inputs = describe(calls, tensors, others, signature.batches)
        self._outputs = _output_names(self.model, outputs)
        self._heads = heads_of(self._outputs, keras.tree.flatten(outputs), calls, layers)
        sizes = {int(value.shape[-1]) for value in keras.tree.flatten(outputs) if value.shape}
        check_labels(self.labels, sizes, self.name)
        # The tensors of the trace are not needed any more, and would keep it alive.
        light = [Call(call.name, call.operation, [], call.arguments) for call in calls]
        return light, inputs, MappingProxyType(layers)


def _complete(model: Any, signature: Signature) -> None:
    """Let layers that have no weights yet make them: in a trace they would make tracers.

    ``model.build(shape)`` marks a hand-written model as built without building its layers.
    """
    if any(not layer.built for layer in model._flatten_layers()):
        signature.call(model, signature.example(0))


def _output_names(model: Any, outputs: Any) -> list[str]:
    """Name the outputs: by their keys, by the layers that make them, else by their places."""
    paths = [path for path, _ in keras.tree.flatten_with_path(outputs)]
    made_by = list(getattr(model, "output_names", None) or ())
    if isinstance(outputs, list | tuple) and len(set(made_by)) == len(paths):
        return made_by
    return ["/".join(str(part) for part in path) or "output" for path in paths]


def _unbuilt(name: str) -> str:
    return (
        f"the shapes of the inputs of {name} are unknown, since it was never built or takes "
        "several arguments: give activations() a floating-point array with a leading image axis, "
        "or a dict of arrays by name of the argument"
    )


def _is_jax_on_processor() -> bool:
    if keras.backend.backend() != "jax":
        return False
    import jax

    return bool(jax.default_backend() == "cpu")
