"""A PyTorch model as a network."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import torch

from convscope.errors import ConvscopeError, InputError, ModelError
from convscope.inputs.preparation import Preparation
from convscope.networks.base import Network
from convscope.networks.computation import Computation
from convscope.networks.edit import Edit
from convscope.networks.expectation import Options, Sidecar, check_labels, expected_preparation
from convscope.networks.feeding import shapes_of, wanted
from convscope.networks.given import Given
from convscope.networks.gradients import Gradients, Sums
from convscope.networks.head import Head
from convscope.networks.layer import Input, Layer
from convscope.networks.reasons import reason_of
from convscope.networks.run import Batch, Run
from convscope.networks.selection import INPUT, named_layer
from convscope.networks.torch.computation import computation_of
from convscope.networks.torch.describe import describe
from convscope.networks.torch.execution import inference, traced
from convscope.networks.torch.heads import heads_of
from convscope.networks.torch.moment import Moment
from convscope.networks.torch.passes import Passes
from convscope.networks.torch.pieces import joined, pieces
from convscope.networks.torch.program import UnrecordableError
from convscope.networks.torch.signature import (
    Signature,
    guesses,
    signature_of_arrays,
    signature_of_shapes,
)
from convscope.networks.torch.structure import named_tensors
from convscope.networks.torch.trace import Call

__all__ = ["TorchNetwork"]


@dataclass(frozen=True)
class _Description:
    calls: Sequence[Call]
    given: Mapping[str, tuple[Given, ...]]
    inputs: tuple[Input, ...]
    layers: Mapping[str, Layer]
    heads: Mapping[str, Head]
    outputs: Sequence[str]
    sizes: tuple[Sequence[tuple[int, ...]], Sequence[tuple[int, ...]]]
    moment: Moment


class TorchNetwork(Network):
    """A PyTorch model opened for looking inside.

    The model is executed as it is, in evaluation mode, and left as it was: its mode, hooks,
    gradients, device and memory format.

    Parameters
    ----------
    model : torch.nn.Module
        Any module; its ``forward`` takes tensors with images along the first axis.
    source : str
        Where it came from.
    sidecar : Sidecar
        Labels and preparation saved beside the model.
    options : Options
        What the person says of the preparation; goes before everything else.
    input_shape : sequence of (int or None), or mapping of str to such, optional
        Without the image axis; by the names of the arguments where there are several. Else it is
        guessed from the first weights, or learned from the first arrays.
    signature : Signature, optional
        How the model is called, where a file says so.
    preparation : Preparation, optional
        What the model's family wants.
    name : str, optional
        What it is called; the name of its class by default.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        source: str,
        *,
        sidecar: Sidecar | None = None,
        options: Options | None = None,
        input_shape: Any = None,
        signature: Signature | None = None,
        preparation: Preparation | None = None,
        name: str = "",
    ) -> None:
        self.model = _unwrapped(model)
        self.name = name or getattr(self.model, "title", "") or type(self.model).__name__
        self.source = source
        self.labels = sidecar.labels if sidecar else ()
        self._sidecar = sidecar or Sidecar()
        self._options = options or Options()
        self._family = preparation
        self._signature = signature
        if input_shape is not None:
            self._signature = signature_of_shapes(self.model, input_shape)
        self._described: _Description | None = None
        self._preparation: Preparation | None = None
        self._passes: Passes | None = None
        self._checked = False
        self._reason = ""
        self._lock = threading.RLock()

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The network's inputs, in order."""
        return self._description().inputs

    @property
    def layers(self) -> Mapping[str, Layer]:
        """All layers by name, in execution order."""
        return self._description().layers

    @property
    def heads(self) -> Mapping[str, Head]:
        """Where the scores of each output are, by the outputs' names."""
        return self._description().heads

    @property
    def parameters(self) -> tuple[int, int]:
        """Number of weights, and how many of them training changes; buffers are not counted."""
        weights = list(self.model.parameters())
        trainable = sum(weight.numel() for weight in weights if weight.requires_grad)
        return sum(weight.numel() for weight in weights), trainable

    @property
    def moment(self) -> object | None:
        """A token of the weights: equal to one taken before as long as they are the same."""
        return Moment(self.model)

    @property
    def preparation(self) -> Preparation | None:
        """What is done to images before the network sees them; None when it takes no images."""
        with self._lock:
            if self._preparation is None:
                found = expected_preparation(
                    self.inputs, self._options, self._sidecar, None, None, family=self._family
                )
                self._preparation = found
            return self._preparation

    def run(
        self,
        batch: Batch,
        layers: Sequence[str],
        *,
        outputs: bool = True,
        edits: Mapping[str, Edit] | None = None,
    ) -> Run:
        """Run the model once and record the chosen layers."""
        with self._failing_on(batch):
            passes, images = self._ready(), self._sure_signature().images
            found = [
                passes.run(part, layers, outputs=outputs, edits=own)
                for part, own, _ in pieces(batch, images, edits, None)
            ]
            return joined(found, len(batch.names), images)

    def gradients(
        self,
        batch: Batch,
        head: str,
        seed: np.ndarray,
        layers: Sequence[str],
        *,
        inputs: bool = True,
        edits: Mapping[str, Edit] | None = None,
    ) -> Gradients:
        """Differentiate a score with respect to the chosen layers' values and the inputs."""
        with self._failing_on(batch):
            passes, images = self._ready(), self._sure_signature().images
            found = [
                passes.gradients(part, head, cut, layers, inputs=inputs, edits=own)
                for part, own, cut in pieces(batch, images, edits, seed)
                if cut is not None
            ]
            return joined(found, len(batch.names), images)

    def sums(
        self,
        batch: Batch,
        head: Head,
        seed: np.ndarray | None,
        products: Sequence[str],
        slopes: Sequence[str] = (),
        *,
        edits: Mapping[str, Edit] | None = None,
    ) -> Sums:
        """Differentiate a score, and sum over every map where the gradients are made."""
        with self._failing_on(batch):
            passes, images = self._ready(), self._sure_signature().images
            found = [
                passes.sums(part, head, cut, products, slopes, edits=own)
                for part, own, cut in pieces(batch, images, edits, seed)
            ]
            return joined(found, len(batch.names), images)

    def computation(self, layer: str) -> Computation | None:
        """Say what a layer computes; None where that is not understood."""
        name = named_layer(self.layers, layer).name
        described = self._description()
        if Moment(self.model) != described.moment:
            described = self._described_again()
        for call in described.calls:
            if call.name == name:
                return computation_of(call, described.given[name], described.layers[name])
        return None

    def batches(self, images: Any) -> list[Batch]:
        """Prepare images; a model whose shapes nothing tells takes them from these."""
        if self._known_signature() is None:
            self._learn(images)
        return super().batches(images)

    def _ready(self) -> Passes:
        with self._lock:
            if self._passes is None:
                described = self._description()
                self._passes = Passes(
                    self.model,
                    self._sure_signature(),
                    described.inputs,
                    described.outputs,
                    described.layers,
                    described.calls,
                )
            return self._passes

    @contextmanager
    def _failing_on(self, batch: Batch) -> Iterator[None]:
        try:
            yield
        except ConvscopeError:
            raise
        except Exception as error:
            raise ModelError(
                f"{self.name} failed on {shapes_of(batch.arrays)}: {reason_of(error)}; "
                f"{wanted(self.inputs)}"
            ) from error

    def _learn(self, images: Any) -> None:
        """Take the shapes from the first arrays given."""
        floating = isinstance(images, np.ndarray) and images.dtype.kind == "f" and images.ndim > 1
        if not floating and not (isinstance(images, Mapping) and images):
            raise InputError(_unknown(self.name, self._reason))
        signature = signature_of_arrays(self.model, images)
        described = self._describe(signature)
        with self._lock:
            self._signature, self._described = signature, described

    def _known_signature(self) -> Signature | None:
        """Give how the model is called: known, or guessed and found to work; None otherwise."""
        with self._lock:
            if self._signature is None and not self._reason:
                for guess in guesses(self.model):
                    try:
                        described = self._describe(guess)
                    except UnrecordableError:
                        raise
                    except ModelError as error:
                        self._reason = self._reason or reason_of(error.__cause__ or error)
                        continue
                    if _answers_every_image(described, guess):
                        self._signature, self._described = guess, described
                        break
            return self._signature

    def _sure_signature(self) -> Signature:
        signature = self._known_signature()
        if signature is None:
            raise ModelError(_unknown(self.name, self._reason))
        return signature

    def _description(self) -> _Description:
        with self._lock:
            signature = self._sure_signature()
            if self._described is None:
                self._described = self._describe(signature)
            if not self._checked:
                self._checked = True
                classes = {shape[1] if len(shape) > 1 else 1 for shape in self._described.sizes[0]}
                check_labels(self.labels, classes, self.name)
            return self._described

    def _described_again(self) -> _Description:
        """Describe the model with the weights of this moment, which may be other tensors."""
        with self._lock:
            self._described, self._passes = self._describe(self._sure_signature()), None
            return self._described

    def _compare(self, signature: Signature, result: Any) -> None:
        """Refuse a script that gives something else when it is run operator by operator."""
        original = getattr(self.model, "original", None)
        if original is None:
            return
        with inference(self.model):
            wanted = list(named_tensors(original(*signature.example(0))))
        found = list(named_tensors(result))
        for (_, one), (_, other) in zip(found, wanted, strict=True):
            if not torch.allclose(one, other, rtol=1e-3, atol=1e-4, equal_nan=True):
                raise UnrecordableError(
                    f"{self.source} gives other values when it is run operator by operator, so it "
                    "cannot be recorded: open the live model that it was made from"
                )

    def _describe(self, signature: Signature) -> _Description:
        moment = Moment(self.model)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                trace, result = traced(self.model, signature, 0)
                again, second = traced(self.model, signature, 1)
        except ConvscopeError:
            raise
        except Exception as error:
            raise ModelError(
                f"{self.name} cannot be run on inputs of shape {_written(signature)}, so its "
                f"layers stay unknown: {reason_of(error)}; give the shape that it takes with "
                "--input-shape (input_shape=)"
            ) from error
        self._compare(signature, result)
        found = list(named_tensors(result))
        outputs = [path or "output" for path, _ in found]
        made = {path or "output": trace.made_by(tensor) for path, tensor in found}
        shapes = {name: tuple(tensor.shape) for name, tensor in
                  zip(signature.names, signature.example(0), strict=True)}  # fmt: skip
        trace.finish()
        again.finish()
        free = any(None in shape for shape in signature.shapes)
        layers, given = describe(
            trace.calls, _shapes(again.calls), shapes, signature.batches, free=free
        )
        inputs = tuple(
            Input(name, shape, _numpy_dtype(dtype), True)
            for name, shape, dtype in zip(
                signature.names, signature.shapes, signature.dtypes, strict=True
            )
        )
        return _Description(
            trace.calls,
            given,
            inputs,
            MappingProxyType(layers),
            heads_of(made, layers),
            outputs,
            (_sizes(result), _sizes(second)),
            moment,
        )


def _answers_every_image(described: _Description, signature: Signature) -> bool:
    """Tell whether a model gives one answer an image: a wrong size may be folded into images."""
    return bool(described.layers) and all(
        shape[:1] == (count,)
        for sizes, count in zip(described.sizes, signature.batches, strict=True)
        for shape in sizes[:1]
    )


def _numpy_dtype(dtype: torch.dtype) -> str:
    """Name the dtype in which NumPy gives an input; it has no bfloat16."""
    return "float32" if dtype == torch.bfloat16 else str(dtype).removeprefix("torch.")


def _sizes(outputs: Any) -> list[tuple[int, ...]]:
    return [tuple(tensor.shape) for _, tensor in named_tensors(outputs)]


def _shapes(calls: Sequence[Call]) -> dict[str, tuple[int, ...]]:
    shapes = {value.name: value.shape for call in calls for value in call.outputs}
    for call in calls:
        for place, (_, shape, _) in enumerate(call.inputs):
            shapes[f"{call.name}{INPUT}{place}"] = shape
    return shapes


def _written(signature: Signature) -> str:
    return " and ".join(
        "(images, " + ", ".join("any" if size is None else str(size) for size in shape) + ")"
        for shape in signature.shapes
    )


def _unwrapped(model: torch.nn.Module) -> torch.nn.Module:
    """Give the model inside what compiles or spreads it, which runs other code than its own."""
    inner = getattr(model, "_orig_mod", None)
    if isinstance(model, torch.nn.DataParallel):
        inner = model.module
    return _unwrapped(inner) if isinstance(inner, torch.nn.Module) else model


def _unknown(name: str, reason: str) -> str:
    tried = f" (those that its weights suggest fail: {reason})" if reason else ""
    return (
        f"the shape of the input of {name} is unknown, since nothing in a PyTorch model tells it"
        f"{tried}: give it with --input-shape 3x224x224 (input_shape=(3, 224, 224)), or give "
        "activations() a "
        "floating-point array with a leading image axis, or a dict of arrays by argument"
    )
