"""A survey that was made: figures, histograms and leading images of every channel."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from convscope.arguments import file_path, is_whole, text, told, whole
from convscope.errors import InputError, NotHeldError, SelectionError, near
from convscope.inputs.dataset import Dataset
from convscope.inputs.datasets import open_dataset
from convscope.inputs.images import Image
from convscope.surveys.declared import FIGURES, sizes_of
from convscope.surveys.grid import EDGES
from convscope.surveys.plan import Plan
from convscope.surveys.result import Arrays, arrays_of
from convscope.surveys.store import Store
from convscope.surveys.stored_arrays import StoredArrays
from convscope.surveys.summary import Summary
from convscope.surveys.tree import Node, superseded

if TYPE_CHECKING:
    import xarray

__all__ = ["Survey", "open_survey"]


def open_survey(path: str | Path) -> Survey:
    """Open what `survey` wrote.

    One that is not finished opens as well, with what its finished shards hold.

    Parameters
    ----------
    path : str or Path
        The store: a folder or an address.

    Returns
    -------
    Survey

    Raises
    ------
    InputError
        When it is no survey's store, or no shard of it is finished.
    """
    file_path(path)
    return Survey(Store(path))


class Survey(Mapping[str, "xarray.Dataset"]):
    """What is known of every channel over a dataset: a mapping from layer to `xarray.Dataset`.

    The variables of a layer, of dims ``channel``, ``class``, ``rank`` and ``bin``:

    ``count``, ``mean``, ``variance``, ``minimum``, ``maximum``, ``positive``
        Of the channel's units over all images; ``positive`` is the share above zero, 0..1.
    ``fired``
        On how many images some unit was not zero.
    ``image_mean``, ``image_variance``
        Mean and variance of the images' own means.
    ``histogram``, ``mean_histogram``
        How many images have their maximum, and their mean, in a bin; the coordinates ``low`` and
        ``high`` are its ends.
    ``class_mean``, ``class_variance``, ...
        The same figures by class; ``class_images`` counts the images.
    ``top_image``, ``top_value``, ``top_position``, ``top_label``, ``top_crop``
        The images that lead the channel, best first, as indices of the dataset (-1 for none), what
        they are ranked by, where the peak is in the map, their classes, and what that unit sees of
        the prepared image: start and stop along y and x, -1 where it is not known.
    ``class_histogram``, ``class_mean_histogram``, ``class_map``
        Of layers that were surveyed with `per_class`: histograms, and the mean map of each class.

    Attributes
    ----------
    plan : Plan
    network, source, dataset : str
        The names of the network, where it came from, and that of the dataset.
    labels : tuple of str
        Names of the network's outputs.
    is_finished : bool
    images : int
        How many were surveyed, the skipped ones left out.
    skipped : list of (int, str)
        Those that could not be read, and why.
    opening : mapping or None
        How the network was opened: ``model`` and ``options``; None where that cannot be said.
    """

    def __init__(self, store: Store) -> None:
        about, summary = _read(store)
        self._store, self._about = store, about
        self.path = store.path
        self.plan: Plan = store.plan()
        self.network, self.source, self.dataset = (
            str(about.get(name, "")) for name in ("network", "source", "dataset")
        )
        self.labels = tuple(about.get("labels", ()))
        self.is_finished = bool(about.get("finished"))
        self.opening: Mapping[str, Any] | None = about.get("opening")
        self._layers = {entry["name"]: entry for entry in about["layers"]}
        self._kept: dict[str, xarray.Dataset] = {}
        self._held: Arrays | None = None
        skipped, images = about.get("skipped", []), about.get("images", 0)
        if summary is not None:
            skipped = [list(one) for one in summary.skipped]
            images = summary.moments.images.sum()
            shift = store.read_shift()
            dims = {name: entry["dims"] for name, entry in self._layers.items()}
            if shift is None:
                raise InputError(f"nodes/shift in {store.path!r} is lost: survey again")
            self._held = arrays_of(self.plan, dims, shift, summary)
        # Places are looked up by these.
        self._highest = {"top_label": len(self.plan.classes), "top_image": 2**40}
        self.skipped = [(int(place), str(reason)) for place, reason in skipped]
        self.images = int(images)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the dataset's classes; one without a name where it has no labels."""
        return self.plan.classes

    @property
    def has_classes(self) -> bool:
        """Whether the images have classes."""
        return self.classes != ("",)

    @cached_property
    def _arrays(self) -> StoredArrays:
        return self._store.arrays(sizes_of(self.plan, self._about["layers"]))

    def __getitem__(self, layer: str) -> xarray.Dataset:
        if not isinstance(layer, str) or layer not in self._layers:
            raise NotHeldError(
                f"layer {told(layer)} was not surveyed in {self.path}: {near(str(layer), self)}"
            )
        if layer not in self._kept:
            self._kept[layer] = self._dataset(layer)
        return self._kept[layer]

    def __iter__(self) -> Iterator[str]:
        return iter(self._layers)

    def __len__(self) -> int:
        return len(self._layers)

    def __contains__(self, layer: object) -> bool:
        return layer in self._layers

    def layer(self, name: str) -> xarray.Dataset:
        """Give what is known of a layer.

        Raises
        ------
        SelectionError
            When it was not surveyed.
        """
        return self[name]

    @cached_property
    def columns(self) -> dict[str, slice]:
        """Which channels of the row of all layers are whose."""
        found, start = {}, 0
        for name, entry in self._layers.items():
            stop = start + int(entry["shape"][0])
            found[name] = slice(start, stop)
            start = stop
        return found

    def read(self, name: str, columns: slice = slice(None)) -> np.ndarray:
        """Read one array for all layers at once, ``(channel, ...)``, or for some channels."""
        text(name, "name")
        ends = (columns.start, columns.stop, columns.step) if isinstance(columns, slice) else ("",)
        if not all(end is None or is_whole(end) for end in ends):
            raise SelectionError(f"columns {told(columns)}: give a slice of channels")
        try:
            if self._held is not None:
                values = self._held[name][1][columns]
            else:
                values = self._arrays.read(name, columns)
        except KeyError as error:
            raise NotHeldError(f"the survey in {self.path} has no array {name!r}") from error
        highest = self._highest.get(name)
        if highest is not None and values.size and not -1 <= values.min() <= values.max() < highest:
            raise InputError(
                f"{name} in {self.path!r} is damaged, it says {values.max()}: survey again"
            )
        return values

    def holds(self, name: str) -> bool:
        """Tell whether there is an array of a name."""
        return name in self._held if self._held is not None else self._arrays.holds(name)

    @cached_property
    def confusion(self) -> xarray.DataArray:
        """How many images of each class the network gave to each output: dims class, output."""
        import xarray

        counts = self.read("confusion")
        outputs = list(self.labels)
        if len(outputs) != counts.shape[1]:
            outputs = [str(place) for place in range(counts.shape[1])]
        return xarray.DataArray(
            counts,
            dims=("class", "output"),
            coords={"class": list(self.classes), "output": outputs},
        )

    @property
    def accuracy(self) -> float | None:
        """Share of images of a class given to the output that means it; None where unknown."""
        counts = self.read("confusion")
        if self.plan.truth is None or not counts.sum():
            return None
        right = counts[np.arange(len(counts)), np.asarray(self.plan.truth)].sum()
        return float(right / counts.sum())

    @cached_property
    def source_dataset(self) -> Dataset:
        """The dataset that was surveyed, opened again.

        Raises
        ------
        InputError, SelectionError
            When it is not where it was, or is another.
        """
        where = str(self._about.get("dataset_source", ""))
        if not where:
            raise InputError(
                f"the dataset of {self.path} was given as an object, so that its images cannot be "
                "found: open the survey with dataset="
            )
        return open_dataset(where)

    def image(self, place: int) -> Image:
        """Read an image of the dataset.

        Raises
        ------
        InputError, SelectionError
            When the dataset is not where it was, or is another.
        """
        dataset, count = self.source_dataset, self._about.get("dataset_images")
        if count is not None and len(dataset) != count:
            raise InputError(
                f"{self._about['dataset_source']} has {len(dataset):,} images and had {count:,} "
                f"when {self.path} was made: put the same dataset there"
            )
        return dataset[whole(place, "place")]

    def _dataset(self, layer: str) -> xarray.Dataset:
        import xarray

        entry, own = self._layers[layer], self.columns[layer]
        channels = own.stop - own.start
        variables: dict[str, tuple[tuple[str, ...], np.ndarray]] = {
            name: (dims, self.read(name, own))
            for name, dims in _DIMS.items()
            if name not in _NOT_ALWAYS or self.holds(name)
        }
        variables["class_images"] = (("class",), self.read("class_images"))
        space = tuple(entry["shape"][1:])
        units = self.read("top_unit", own)
        if None not in space:
            if units.max(initial=-1) >= np.prod(space, dtype=np.int64):
                raise InputError(f"top_unit in {self.path!r} is damaged: survey again")
            places = np.stack(np.unravel_index(np.maximum(units, 0), space or (1,)), axis=-1)
            places = np.where(units[..., None] < 0, -1, places)[..., : len(space)]
            variables["top_position"] = (("channel", "rank", "axis"), places.astype(np.int32))
        if layer in self.plan.per_class:
            detailed = self._detailed_columns()[layer]
            for name in ("class_histogram", "class_mean_histogram"):
                values = self.read(name, detailed)
                variables[name] = (("channel", "class", "bin"), values)
            place = self.plan.per_class.index(layer)
            dims = ("channel", "class", *entry["dims"][1:])
            variables["class_map"] = (dims, self.read(f"class_map/{place}"))
        coords: dict[str, Any] = {
            "channel": np.arange(channels),
            "class": list(self.classes),
            "low": ("bin", EDGES[:-1]),
            "high": ("bin", EDGES[1:]),
        }
        if "top_position" in variables and space:
            coords["axis"] = list(entry["dims"][1:])
        attrs = {
            "layer": layer,
            "kind": entry["kind"],
            "network": self.network,
            "dataset": self.dataset,
            "images": self.images,
            "ranking": self.plan.ranking,
            "among": self.plan.among,
        }
        return xarray.Dataset(variables, coords=coords, attrs=attrs)

    def _detailed_columns(self) -> dict[str, slice]:
        found, start = {}, 0
        for name in self.plan.per_class:
            stop = start + int(self._layers[name]["shape"][0])
            found[name] = slice(start, stop)
            start = stop
        return found

    def __repr__(self) -> str:
        state = "" if self.is_finished else ", not finished"
        return (
            f"<Survey of {self.network} over {self.images:,} images of {self.dataset}: "
            f"{len(self)} layers{state}>"
        )


_DIMS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(FIGURES, ("channel",)),
    **{f"class_{name}": ("channel", "class") for name in FIGURES},
    "histogram": ("channel", "bin"),
    "mean_histogram": ("channel", "bin"),
    "top_image": ("channel", "rank"),
    "top_value": ("channel", "rank"),
    "top_label": ("channel", "rank"),
    "top_crop": ("channel", "rank", "image_axis", "end"),
}
# Without labels, without a size of the images, and before the survey's end.
_NOT_ALWAYS = ("top_label", "top_crop")


def _read(store: Store) -> tuple[dict[str, Any], Summary | None]:
    """Read what is told of a survey, and what its shards hold where it is not finished."""
    while True:
        about = store.attributes()
        if about.get("finished"):
            return about, None
        nodes = store.nodes()
        try:
            return about, _summed(store, nodes)
        except InputError:
            # Who makes the survey may have merged shards, or finished, in between.
            if store.nodes() == nodes and not store.is_finished:
                raise


def _summed(store: Store, nodes: Sequence[Node]) -> Summary:
    """Merge what is finished."""
    plan = store.plan()
    left = set(superseded(nodes, plan.shards))
    merge: Callable[[Summary, Summary], Summary] = Summary.merge
    summaries = [store.read_node(node) for node in nodes if node not in left]
    if not summaries:
        raise InputError(
            f"no shard of the survey in {store.path!r} is finished yet: run the same command again "
            "and look later"
        )
    return reduce(merge, summaries)
