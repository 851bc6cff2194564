"""Who computes the shards: this process, or the workers of a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from convscope.errors import ConvscopeError, SelectionError, require
from convscope.inputs.dataset import Dataset
from convscope.networks import Network
from convscope.networks.opening import Opening
from convscope.surveys.plan import Plan
from convscope.surveys.store import Store
from convscope.surveys.tree import Node
from convscope.surveys.worker import Worker

__all__ = ["ENGINES", "Engine", "Ray", "Serial"]

ENGINES = ("serial", "ray")

Progress = Callable[[int], None]


class Engine(Protocol):
    """Computes shards, and leaves their summaries in the store."""

    def run(self, shards: Sequence[int], progress: Progress) -> Iterator[int]:
        """Give shards as they are finished, in any order.

        Parameters
        ----------
        shards : sequence of int
        progress : callable
            Called with numbers of images that are done.
        """


@dataclass(frozen=True)
class Serial:
    """One shard after the other, in this process.

    Attributes
    ----------
    network : Network
    dataset : Dataset
    plan : Plan
    shift : numpy.ndarray
    store : Store
    """

    network: Network
    dataset: Dataset
    plan: Plan
    shift: np.ndarray
    store: Store

    def run(self, shards: Sequence[int], progress: Progress) -> Iterator[int]:
        """Give shards as they are finished, in order."""
        worker = Worker(self.network, self.dataset, self.plan, self.shift)
        for shard in shards:
            self.store.write_node(Node(0, shard), worker.survey(shard, progress))
            yield shard


@dataclass(frozen=True)
class Ray:
    """Shards through Ray Data: every worker opens the network once.

    Attributes
    ----------
    opening : Opening
        How a worker opens the network.
    dataset : Dataset
    plan : Plan
    store : str
        Where all workers reach the store.
    workers : int
        How many at once.
    gpus : float
        Of one worker; it may be a share.
    address : str or None
        Of a cluster that is there; None for this machine alone.
    """

    opening: Opening
    dataset: Dataset
    plan: Plan
    store: str
    workers: int
    gpus: float
    address: str | None

    def run(self, shards: Sequence[int], progress: Progress) -> Iterator[int]:
        """Give shards as they are finished."""
        ray = require("ray", "survey", "the engine ray")
        data = require("ray.data", "survey", "the engine ray")
        started = not ray.is_initialized()
        if started:
            _connect(ray, self.address)
        data.DataContext.get_current().enable_progress_bars = False
        try:
            items = [{"shard": shard} for shard in shards]
            rows = data.from_items(items, override_num_blocks=len(items))
            found = rows.map_batches(
                _Actor,
                fn_constructor_args=(self.opening, ray.put(self.dataset), self.plan, self.store),
                batch_size=1,
                concurrency=self.workers,
                # A worker that took whole processors would leave none to those that feed it.
                num_cpus=0.5,
                num_gpus=self.gpus or None,
                max_restarts=-1,
                max_task_retries=-1,
            )
            for row in found.iter_rows():
                shard = int(row["shard"])
                if row["failure"]:
                    raise _failures()[row["kind"]](row["failure"])
                progress(len(self.plan.shard(shard)))
                yield shard
        finally:
            if started:
                ray.shutdown()


class _Actor:
    """A worker of Ray: opens everything once, then computes shards."""

    def __init__(self, opening: Opening, dataset: Any, plan: Plan, store: str) -> None:
        import ray

        self._given = (opening, ray.get(dataset), plan, Store(store))
        self._worker: Worker | None = None

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, list[Any]]:
        """Compute the shard of one row."""
        (shard,) = (int(shard) for shard in batch["shard"])
        failure = kind = ""
        try:
            self._compute(shard)
        except ConvscopeError as error:
            # As words: what Ray raises again on the other side is its own error, in many lines.
            failure, kind = str(error), type(error).__name__
        return {"shard": [shard], "failure": [failure], "kind": [kind]}

    def _compute(self, shard: int) -> None:
        opening, dataset, plan, store = self._given
        node = Node(0, shard)
        if self._worker is None:
            network = opening.open()
            shift = store.read_shift()
            if shift is None or network.fingerprint() != plan.network:
                raise SelectionError(
                    f"a worker opened another network than the survey's from {opening.model!r}: "
                    "let all workers see the same files"
                )
            self._worker = Worker(network, dataset, plan, shift)
        store.write_node(node, self._worker.survey(shard))


def _connect(ray: Any, address: str | None) -> None:
    try:
        own = {} if address else {"include_dashboard": False}
        ray.init(address=address, log_to_driver=False, logging_level="error", **own)
    except (ConnectionError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise SelectionError(
            f"no Ray cluster could be reached at {address!r}: {reason}; give the --address of one "
            "that runs, or none for this machine"
        ) from error


def _failures() -> dict[str, type[ConvscopeError]]:
    return {kind.__name__: kind for kind in ConvscopeError.__subclasses__()}
