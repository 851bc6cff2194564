"""A survey: one pass over a dataset that keeps what is worth keeping of every channel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from convscope.arguments import callback, choice, file_path, real, text, whole
from convscope.errors import InputError, OutputError, SelectionError
from convscope.inputs.dataset import Dataset
from convscope.inputs.datasets import open_dataset
from convscope.networks import Network, open_network
from convscope.networks.opening import Opening
from convscope.surveys.engines import ENGINES, Engine, Ray, Serial
from convscope.surveys.opened import Survey, open_survey
from convscope.surveys.plan import Plan, make_plan
from convscope.surveys.reopening import recorded
from convscope.surveys.result import arrays_of, seen_by_leaders
from convscope.surveys.shapes import layers_of
from convscope.surveys.size import size_of
from convscope.surveys.store import Store
from convscope.surveys.tree import missing, ready, root, superseded
from convscope.surveys.worker import find_shift

__all__ = ["survey"]

_Progress = Callable[[int, int], None]


def survey(
    model: Any,
    dataset: str | Path | Dataset,
    output: str | Path,
    *,
    layers: Any = None,
    per_class: Any = None,
    k: int = 9,
    ranking: str = "peak",
    among: str = "all",
    sample: int | None = None,
    seed: int = 0,
    batch: int | None = None,
    engine: str = "serial",
    workers: int = 2,
    gpus_per_worker: float = 0,
    address: str | None = None,
    begin: Callable[[int, int], None] | None = None,
    progress: _Progress | None = None,
) -> Survey:
    """Survey a network over a dataset, in one streaming pass.

    Kept are, of every channel: figures over all units and of each class, histograms of each image's
    maximum and mean, and the images that excite it most with the place of the peak. The work is cut
    into shards of 256 images or more; each is written whole, and an interrupted survey goes on
    where it was, to the same result.

    Parameters
    ----------
    model : path, str, object or Network
        As for `convscope.open`.
    dataset : path, str or Dataset
        As for `convscope.datasets.open_dataset`.
    output : path or str
        The store, ``NAME.zarr``; also an address of fsspec, such as ``s3://bucket/NAME.zarr``.
    layers, per_class : str, int, slice or sequence, optional
        The layers that are surveyed, all by default; and those of which histograms and mean maps
        are kept by class as well, none by default.
    k : int
        How many images are kept a channel.
    ranking : {"peak", "contribution"}
        By what images compete: the highest unit of the channel's map, or what the map adds to the
        score of the image's class (see `contributions`), which takes a backward pass.
    among : {"all", "mistakes"}
        Which images compete.
    sample, seed : int, optional
        Survey only so many images, drawn at random without replacement.
    batch : int, optional
        Images at once. By default so many that their maps stay in the processor's cache.
    engine : {"serial", "ray"}
        This process, or workers of Ray.
    workers, gpus_per_worker, address
        For ``ray``: how many workers, what each has of GPUs, and the address of a cluster that is
        there already.
    begin : callable, optional
        Called before the pass with the size of the store in bytes, at most, and the number of
        images that are done already.
    progress : callable, optional
        Called with the numbers of images that are done, and of all.

    Returns
    -------
    Survey
        See `open_survey`.

    Raises
    ------
    SelectionError
        For settings that are impossible, or that are not those of the survey in `output`.
    InputError, ModelError
        When the dataset or the model cannot be opened.
    OutputError
        When the store cannot be written, or another survey writes it.
    """
    choice(engine, "engine", ENGINES)
    whole(seed, "seed", 0)
    whole(workers, "workers", 1)
    real(gpus_per_worker, "gpus_per_worker", least=0)
    if address is not None:
        text(address, "address")
    for name, told in (("begin", begin), ("progress", progress)):
        callback(told, name)
    file_path(output, "output")
    store = Store(output)
    opened = dataset if isinstance(dataset, Dataset) else open_dataset(dataset)
    count = len(opened)
    if sample is not None:
        opened = opened.sample(whole(sample, "sample", 1, what="images"), seed)
    network = open_network(model)
    plan = make_plan(
        network, opened, layers, per_class, k=k, ranking=ranking, among=among, batch=batch
    )
    if store.other_files():
        raise OutputError(f"{store.path!r} is a folder with other files: give another -o")
    with store.locked():
        _begin(store, plan, network, opened, dataset, count)
        store.delete_partials()
        if store.is_finished:
            # It may have been stopped just before.
            store.delete_nodes()
        else:
            _work(store, plan, network, opened, engine, workers, gpus_per_worker, address,
                  begin, progress)  # fmt: skip
    return open_survey(output)


def _begin(
    store: Store, plan: Plan, network: Network, dataset: Dataset, given: Any, whole: int
) -> None:
    """Create the store, or see that it is that of the same survey."""
    if store.exists():
        try:
            unlike = store.plan().differences(plan)
        except InputError as error:
            raise OutputError(
                f"{store.path!r} is no survey that could go on: give another -o, or delete it"
            ) from error
        if unlike:
            raise SelectionError(
                f"{store.path!r} is a survey of another {_words(unlike)}: give another -o, or "
                "delete it"
            )
        return
    store.create(plan, _about(plan, network, dataset, given, whole))


def _work(
    store: Store, plan: Plan, network: Network, dataset: Dataset, engine: str,
    workers: int, gpus: float, address: str | None,
    begin: Callable[[int, int], None] | None, progress: _Progress | None,
) -> None:  # fmt: skip
    shift = store.read_shift()
    if shift is None:
        shift = find_shift(network, dataset, plan)
        store.write_shift(shift)
    _tidy(store, plan.shards)
    nodes = store.nodes()
    pending = missing(nodes, plan.shards)
    done = plan.images - sum(len(plan.shard(shard)) for shard in pending)
    if begin is not None:
        begin(size_of(network, plan, len(shift)), done)

    def count(images: int) -> None:
        nonlocal done
        done += images
        if progress is not None:
            progress(done, plan.images)

    chosen: Engine = Serial(network, dataset, plan, shift, store)
    if engine == "ray":
        chosen = Ray(_opening(network), dataset, plan, store.path, workers, gpus, address)
    if pending:
        for _ in chosen.run(pending, count):
            _merge(store, plan.shards)
    _merge(store, plan.shards)
    summary = store.read_node(root(plan.shards))
    dims = {layer.name: layer.dims for layer in layers_of(network, plan)}
    arrays = arrays_of(plan, dims, shift, summary)
    arrays |= seen_by_leaders(network, dataset, plan, arrays)
    about = {
        "images": int(summary.moments.images.sum()),
        "skipped": [list(one) for one in summary.skipped],
    }
    store.write_result(arrays, about)


def _merge(store: Store, shards: int) -> None:
    """Merge neighbours as long as there are two."""
    while (node := ready(store.nodes(), shards)) is not None:
        present = [child for child in node.children if child.shards(shards)]
        merged = store.read_node(present[0])
        for child in present[1:]:
            merged = merged.merge(store.read_node(child))
        store.write_node(node, merged)
        _tidy(store, shards)


def _tidy(store: Store, shards: int) -> None:
    """Delete what a merged summary holds as well: a survey may have been stopped just before."""
    for node in superseded(store.nodes(), shards):
        store.delete_node(node)


def _opening(network: Network) -> Opening:
    if network.opening is None:
        raise SelectionError(
            f"{network.name} is open in this process alone, and every worker opens it for itself: "
            "give the path or name of the model"
        )
    return network.opening


def _about(
    plan: Plan, network: Network, dataset: Dataset, given: Any, whole: int
) -> dict[str, Any]:
    """Say what a reader wants to know who has neither the network nor the dataset at hand."""
    layers = layers_of(network, plan)
    path = Path(str(given)) if isinstance(given, str | Path) else None
    where = str(given) if path is not None else ""
    if path is not None and (path.exists() or (path.parent.exists() and len(path.parts) > 1)):
        where = str(path.absolute())
    return {
        "network": network.name,
        "source": network.source,
        "opening": recorded(network.opening),
        "dataset": dataset.title or dataset.name,
        "dataset_source": where,
        "dataset_images": whole,
        "labels": list(network.labels),
        "layers": [
            {
                "name": layer.name,
                "index": layer.index,
                "kind": layer.kind,
                "dims": list(layer.dims),
                "shape": list(layer.shape),
            }
            for layer in layers
        ],
    }


def _words(entries: Iterable[str]) -> str:
    names: Sequence[str] = [
        {"per_class": "set of layers kept by class", "among": "set of images that compete",
         "truth": "meaning of the outputs", "images": "number of images",
         "layers": "set of layers", "batch": "number of images at once"}.get(name, name)
        for name in entries
    ]  # fmt: skip
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
