"""A PyTorch model as a network."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch

from convscope.errors import InputError, ModelError
from convscope.inputs.preparation import Preparation
from convscope.networks.base import ON_GPU, ON_PROCESSOR
from convscope.networks.computation import Computation
from convscope.networks.expectation import Options, Sidecar, check_labels, expected_preparation
from convscope.networks.head import Head
from convscope.networks.layer import Input, Layer
from convscope.networks.passing import PassingNetwork
from convscope.networks.reasons import reason_of
from convscope.networks.run import Batch
from convscope.networks.selection import named_layer
from convscope.networks.torch.computation import computation_of
from convscope.networks.torch.description import Description, description_of
from convscope.networks.torch.execution import float32
from convscope.networks.torch.moment import Moment
from convscope.networks.torch.passes import Passes
from convscope.networks.torch.pieces import Pieces
from convscope.networks.torch.program import UnrecordableError
from convscope.networks.torch.signature import (
    Signature,
    guesses,
    signature_of_arrays,
    signature_of_shapes,
)

__all__ = ["TorchNetwork"]


class TorchNetwork(PassingNetwork):
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
        self._described: Description | None = None
        self._preparation: Preparation | None = None
        self._passes: Passes | Pieces | None = None
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
    def maps_at_once(self) -> int:
        """How many bytes of activations a batch should have to be fastest, when all are reduced."""
        return ON_PROCESSOR if self._sure_signature().device.type == "cpu" else ON_GPU

    @property
    def passes_at_once(self) -> int:
        """How many passes side by side are fastest, when all activations are reduced.

        One computes while the other one's values are handed over.
        """
        return 2 if self._sure_signature().device.type == "cpu" else 1

    @property
    def moment(self) -> object | None:
        """A token of the weights: equal to one taken before as long as they are the same."""
        return Moment(self.model)

    def weights(self) -> Iterator[tuple[str, np.ndarray]]:
        """Give all parameters and buffers of the model by their paths."""
        for name, tensor in (*self.model.named_parameters(), *self.model.named_buffers()):
            yield name, float32(tensor)

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

    def _passing(self) -> Passes | Pieces:
        with self._lock:
            if self._passes is None:
                described, signature = self._description(), self._sure_signature()
                passes = Passes(
                    self.model,
                    signature,
                    described.inputs,
                    described.outputs,
                    described.layers,
                    described.calls,
                )
                images = signature.images
                self._passes = passes if images is None else Pieces(passes, images)
            return self._passes

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
                    if described.answers_every_image(guess):
                        self._signature, self._described = guess, described
                        break
            return self._signature

    def _sure_signature(self) -> Signature:
        signature = self._known_signature()
        if signature is None:
            raise ModelError(_unknown(self.name, self._reason))
        return signature

    def _description(self) -> Description:
        with self._lock:
            signature = self._sure_signature()
            if self._described is None:
                self._described = self._describe(signature)
            if not self._checked:
                self._checked = True
                classes = {shape[1] if len(shape) > 1 else 1 for shape in self._described.sizes[0]}
                check_labels(self.labels, classes, self.name)
            return self._described

    def _described_again(self) -> Description:
        """Describe the model with the weights of this moment, which may be other tensors."""
        with self._lock:
            self._described, self._passes = self._describe(self._sure_signature()), None
            return self._described

    def _describe(self, signature: Signature) -> Description:
        return description_of(self.model, signature, self.name, self.source)


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
