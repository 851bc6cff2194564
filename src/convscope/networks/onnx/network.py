"""An ONNX graph as a network."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType

import numpy as np

from convscope.errors import ModelError, SelectionError
from convscope.inputs.preparation import Preparation
from convscope.networks.computation import Computation
from convscope.networks.edit import Edit
from convscope.networks.expectation import Options, Sidecar, check_labels, expected_preparation
from convscope.networks.gradients import Gradients, Sums
from convscope.networks.head import Head
from convscope.networks.layer import Input, Layer
from convscope.networks.onnx.calls import calls_of
from convscope.networks.onnx.computation import computation_of
from convscope.networks.onnx.constants import Constants
from convscope.networks.onnx.describe import describe
from convscope.networks.onnx.heads import heads_of
from convscope.networks.onnx.passes import Passes
from convscope.networks.onnx.pixels import pixel_order, pixel_range
from convscope.networks.onnx.program import Program
from convscope.networks.onnx.reasons import said
from convscope.networks.onnx.sessions import Sessions
from convscope.networks.onnx.shapes import known_shapes
from convscope.networks.onnx.tensors import dtype_of
from convscope.networks.passing import PassingNetwork
from convscope.networks.run import Batch
from convscope.networks.selection import named_layer

__all__ = ["OnnxNetwork"]


class OnnxNetwork(PassingNetwork):
    """An ONNX graph opened for looking inside, run by onnxruntime on the processor.

    Parameters
    ----------
    program : Program
        The graph, which stays as it is.
    name : str
        What it is called.
    source : str
        Where it came from.
    sidecar : Sidecar
        Labels and preparation saved beside the model.
    options : Options
        What the person says of the preparation; goes before everything else.

    Raises
    ------
    ModelError
        When onnxruntime refuses the graph.
    """

    def __init__(
        self,
        program: Program,
        name: str,
        source: str,
        *,
        sidecar: Sidecar | None = None,
        options: Options | None = None,
    ) -> None:
        self.name, self.source = name, source
        self.labels = sidecar.labels if sidecar else ()
        self._sidecar, self._options = sidecar or Sidecar(), options or Options()
        self._calls = calls_of(program)
        self._shapes = known_shapes(program, self._calls, source)
        self._program = self._shapes.program
        self._constants = Constants(self._program)
        self._described = describe(self._shapes, self._calls, self._constants)
        self._layers = MappingProxyType(self._described.layers)
        self._passes: Passes | None = None
        self._lock = threading.RLock()
        if not self._layers:
            raise ModelError(f"{source} computes nothing from its inputs that could be shown")
        sizes = {
            self._described.layers[layer].channels or 0
            for layer, value in self._described.values.items()
            if value in self._program.outputs and layer in self._layers
        }
        check_labels(self.labels, sizes, self.name)

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The network's inputs, in order."""
        return self._described.inputs

    @property
    def layers(self) -> Mapping[str, Layer]:
        """All layers by name, in execution order."""
        return self._layers

    @cached_property
    def heads(self) -> Mapping[str, Head]:
        """Where the scores of each output are, by the outputs' names."""
        described = self._described
        return heads_of(self._program.outputs, described.values, described.calls, self._layers)

    @property
    def parameters(self) -> tuple[int, int]:
        """Number of weights, and how many of them training changes."""
        layers = self._layers.values()
        return sum(one.parameters for one in layers), sum(one.trainable for one in layers)

    def weights(self) -> Iterator[tuple[str, np.ndarray]]:
        """Give all constants of the graph by their names."""
        for name in sorted({*self._program.weights, *self._program.constants}):
            value = self._constants.value(name)
            if value is not None:
                yield name, value

    @property
    def differentiable(self) -> bool:
        """Whether `gradients` and `sums` can be asked for: onnxruntime computes forward alone."""
        return False

    @cached_property
    def preparation(self) -> Preparation | None:
        """What is done to images before the network sees them; None when it takes no images."""
        metadata = self._program.metadata
        inside = pixel_range(metadata, self.inputs[0], self._calls, self._constants)
        stated = pixel_order(metadata)
        if inside is None and stated is not None:
            inside = (0.0, 1.0, "nothing says otherwise")
        found = expected_preparation(self.inputs, Options(), self._sidecar, inside, None)
        if found is None:
            return None
        if self._sidecar.preparation is None and stated is not None:
            found = Options(order=stated).apply(found)
        # Once more: what the person says is checked against the network's size.
        expected_preparation(self.inputs, self._options, self._sidecar, inside, None)
        return self._options.apply(found)

    def gradients(
        self,
        batch: Batch,
        head: str | Head,
        seed: np.ndarray | None,
        layers: Sequence[str],
        *,
        inputs: bool = True,
        edits: Mapping[str, Edit] | None = None,
    ) -> Gradients:
        """Refuse: onnxruntime computes forward alone."""
        raise self._forward_alone()

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
        """Refuse: onnxruntime computes forward alone."""
        raise self._forward_alone()

    def computation(self, layer: str) -> Computation | None:
        """Say what a layer computes; None where that is not understood."""
        name = named_layer(self._layers, layer).name
        call, value = self._described.calls[name], self._described.values[name]
        if value != call.outputs[0][1]:
            return None
        dtype = str(dtype_of(self._shapes.values[value].kind) or "bfloat16")
        given = self._described.given[call.name]
        return computation_of(call, given, self._layers[name], dtype, self._constants)

    def _forward_alone(self) -> SelectionError:
        return SelectionError(
            f"{self.name} is an ONNX graph, which gives no gradients: ask what needs none "
            "(score-cam, ablation-cam, eigen-cam, occlusion, muting), or open the network in the "
            "framework that it was exported from"
        )

    def _passing(self) -> Passes:
        with self._lock:
            if self._passes is None:
                sessions = Sessions(self._program, self.source)
                self._passes = Passes(sessions, self._shapes, self._described)
            return self._passes

    def _why(self, error: Exception) -> str:
        return said(error)
