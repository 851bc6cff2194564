"""Who computes the shards: this process, or the workers of a Ray cluster."""

from __future__ import annotations

import logging
import math
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
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
        if self.address is None:
            # Under `uv run` Ray would build this environment once more for every worker, here where
            # it is already; it reads this when it is imported.
            os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
        # Its code in C++ warns on stderr of every actor that is given a dataset.
        os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
        ray = require("ray", "survey", "the engine ray")
        data = require("ray.data", "survey", "the engine ray")
        started = not ray.is_initialized()
        # What it tells of its own doings would stand among the lines of a command.
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        data.DataContext.get_current().enable_progress_bars = False
        try:
            if started:
                _connect(ray, self.address)
            items = [{"shard": shard} for shard in shards]
            blocks = data.from_items(items, override_num_blocks=len(items))
            found = blocks.map_batches(
                _Actor,
                fn_constructor_args=(
                    self.opening,
                    ray.put(self.dataset),
                    self.plan,
                    self.store,
                    str(Path.cwd()),
                ),
                batch_size=1,
                compute=data.ActorPoolStrategy(size=self.workers),
                num_cpus=self._share_of(ray.cluster_resources()),
                num_gpus=self.gpus or None,
            )
            # Held until Ray is shut down: let go before, it tells of every worker that it stops.
            rows = found.iter_rows()
            for row in rows:
                shard = int(row["shard"])
                if row["failure"]:
                    raise _failures()[row["kind"]](row["failure"])
                progress(len(self.plan.shard(shard)))
                yield shard
        finally:
            if started:
                ray.shutdown()

    def _share_of(self, have: Mapping[str, float]) -> float:
        """Say what of a processor a worker takes.

        Workers that took all of them would leave none to those that feed them.

        Raises
        ------
        SelectionError
            When no worker would ever find its GPU.
        """
        # A cluster that is given by its address may grow.
        if self.address is None and self.gpus > have.get("GPU", 0):
            raise SelectionError(
                f"--gpus-per-worker {self.gpus:g} was asked for, and Ray sees "
                f"{have.get('GPU', 0):g} GPUs here: give fewer, or 0"
            )
        return min(0.5, math.floor(have.get("CPU", 1) / 2 / self.workers * 100) / 100)


class _Actor:
    """A worker of Ray: opens everything once, then computes shards."""

    def __init__(self, opening: Opening, dataset: Any, plan: Plan, store: str, folder: str) -> None:
        import ray

        # Paths may be relative. Where the folder is not there, nothing in it is either.
        with suppress(OSError):
            os.chdir(folder)
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
        _knock(address)
        own = {} if address else {"include_dashboard": False}
        with _signals_kept():
            ray.init(address=address, log_to_driver=False, logging_level="error", **own)
    except (OSError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        if address is None:
            raise SelectionError(
                f"Ray cannot be started on this machine: {reason}; take the engine serial, or give "
                "the --address of a cluster that runs"
            ) from error
        raise SelectionError(
            f"no Ray cluster could be reached at {address!r}: {reason}; give the --address of one "
            "that runs, or none for this machine"
        ) from error


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Let SIGTERM do what it did: Ray takes it, and its code in C++ aborts the process."""
    before = signal.getsignal(signal.SIGTERM)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    try:
        yield
    except SystemExit:
        before(signal.SIGTERM, None)
    finally:
        signal.signal(signal.SIGTERM, before)


def _knock(address: str | None) -> None:
    """See that somebody listens: Ray itself waits for minutes."""
    host, _, port = (address or "").removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()


def _failures() -> dict[str, type[ConvscopeError]]:
    return {kind.__name__: kind for kind in ConvscopeError.__subclasses__()}
