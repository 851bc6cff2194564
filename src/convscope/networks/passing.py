"""A network whose forward and backward passes are the work of one object."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np

from convscope.errors import ConvscopeError, ModelError
from convscope.networks.base import Network
from convscope.networks.edit import Edit
from convscope.networks.feeding import shapes_of, wanted
from convscope.networks.gradients import Gradients, Sums
from convscope.networks.head import Head
from convscope.networks.layer import Layer
from convscope.networks.reasons import reason_of
from convscope.networks.reductions import Reductions
from convscope.networks.run import Batch, Run

__all__ = ["AnyPasses", "ForwardPasses", "PassingNetwork"]

Edits = Mapping[str, Edit] | None


class ForwardPasses(Protocol):
    """The forward passes of one model."""

    def run(self, batch: Batch, names: Sequence[str], *, outputs: bool, edits: Edits) -> Run:
        """Run the model once; see `Network.run`."""


class AnyPasses(ForwardPasses, Protocol):
    """The forward and backward passes of one model."""

    def gradients(
        self,
        batch: Batch,
        head: str | Head,
        seed: np.ndarray | None,
        names: Sequence[str],
        *,
        inputs: bool,
        edits: Edits,
    ) -> Gradients:
        """Differentiate a score with respect to layers' values; see `Network.gradients`."""

    def sums(
        self,
        batch: Batch,
        head: Head,
        seed: np.ndarray | None,
        products: Sequence[str],
        slopes: Sequence[str],
        *,
        edits: Edits,
    ) -> Sums:
        """Differentiate a score and sum over every map; see `Network.sums`."""


class PassingNetwork(Network):
    """A network that hands its passes on, and says in one line what a model fails on."""

    @abstractmethod
    def _passing(self) -> Any:
        """Give the passes: `AnyPasses`, or `ForwardPasses` where `differentiable` is False."""

    def _why(self, error: Exception) -> str:
        """Say in a few words what the framework stumbled over."""
        return reason_of(error)

    def run(
        self,
        batch: Batch,
        layers: Sequence[str],
        *,
        outputs: bool = True,
        edits: Edits = None,
    ) -> Run:
        """Run the model once and record the chosen layers; see `Network.run`."""
        with self._failing_on(batch):
            passes: ForwardPasses = self._passing()
            return passes.run(batch, layers, outputs=outputs, edits=edits)

    @property
    def trains(self) -> bool:
        """Whether `run_in_training` can be asked for."""
        return hasattr(self._passing(), "run_in_training")

    def run_in_training(self, batch: Batch, layers: Sequence[str]) -> Mapping[str, np.ndarray]:
        """Run the network once as a step of its training; see `Network.run_in_training`."""
        if not self.trains:
            return super().run_in_training(batch, layers)
        with self._failing_on(batch):
            found: Mapping[str, np.ndarray] = self._passing().run_in_training(batch, layers)
            return found

    def reductions(
        self,
        batch: Batch,
        layers: Sequence[Layer],
        shift: np.ndarray,
        bar: np.ndarray,
        kept: Sequence[str] = (),
    ) -> Reductions:
        """Run the model once and reduce every map; see `Network.reductions`."""
        with self._failing_on(batch):
            reduce = getattr(self._passing(), "reductions", None)
            if reduce is None:
                return super().reductions(batch, layers, shift, bar, kept)
            found: Reductions = reduce(batch, layers, shift, bar, kept)
            return found

    def gradients(
        self,
        batch: Batch,
        head: str | Head,
        seed: np.ndarray | None,
        layers: Sequence[str],
        *,
        inputs: bool = True,
        edits: Edits = None,
    ) -> Gradients:
        """Differentiate a score with respect to layers' values; see `Network.gradients`."""
        with self._failing_on(batch):
            passes: AnyPasses = self._passing()
            return passes.gradients(batch, head, seed, layers, inputs=inputs, edits=edits)

    def sums(
        self,
        batch: Batch,
        head: Head,
        seed: np.ndarray | None,
        products: Sequence[str],
        slopes: Sequence[str] = (),
        *,
        edits: Edits = None,
    ) -> Sums:
        """Differentiate a score and sum over every map; see `Network.sums`."""
        with self._failing_on(batch):
            passes: AnyPasses = self._passing()
            return passes.sums(batch, head, seed, products, slopes, edits=edits)

    @contextmanager
    def _failing_on(self, batch: Batch) -> Iterator[None]:
        try:
            yield
        except ConvscopeError:
            raise
        except Exception as error:
            raise ModelError(
                f"{self.name} failed on {shapes_of(batch.arrays)}: {self._why(error)}; "
                f"{wanted(self.inputs)}"
            ) from error
