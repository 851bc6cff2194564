"""How alike the layers of one network, or of two, see the images of a dataset."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from convscope.analysis.similarity import LEAST, Products, centred_gram, products
from convscope.arguments import whole
from convscope.errors import InputError, SelectionError
from convscope.inputs.dataset import Dataset
from convscope.inputs.datasets import open_dataset
from convscope.networks import Layer, Network, open_network
from convscope.networks.naming import told_apart
from convscope.networks.selection import Selector
from convscope.surveys.stream import Piece, pieces

if TYPE_CHECKING:
    import xarray

__all__ = ["similarity"]

# Maps of a batch that are held at once, and how many images it has.
_BYTES = 2_000_000_000
_FEWEST, _MOST = 8, 64

_Layers = Selector | Sequence[Selector] | None


def similarity(
    one: Any,
    other: Any = None,
    *,
    dataset: str | Path | Dataset,
    layers: _Layers = None,
    other_layers: _Layers = None,
    sample: int | None = 1024,
    seed: int = 0,
    batch: int | None = None,
) -> xarray.DataArray:
    """Compare layers by linear CKA: of one network, or of two, over the same images.

    Linear centred kernel alignment (Kornblith, Norouzi, Lee and Hinton 2019, "Similarity of Neural
    Network Representations Revisited"): HSIC(K, L) / sqrt(HSIC(K, K) HSIC(L, L)), where K and L
    hold the products of every two images' rows, and a row is a layer's whole activation of an
    image. It does not change when a layer is turned (an orthogonal transformation, so also when
    its channels are put in another order) or multiplied by a number.

    HSIC is the unbiased estimator of Song et al. 2012, averaged over minibatches as Nguyen, Raghu
    and Kornblith 2021 do ("Do Wide and Deep Networks Learn the Same Things?", equations 2 and 3),
    each batch by its number of images. So memory is bounded by the batch, whatever the dataset; and
    what two unrelated layers have in common scatters about 0, and may be a little below it, where
    the biased estimator calls wide layers alike that share nothing. Images go in random order,
    since batches of one class each would miss what tells classes apart.

    Parameters
    ----------
    one, other : path, str, object or Network
        As for `convscope.open`. Without `other`, the layers of `one` with each other. Each network
        prepares the images in its own way.
    dataset : path, str or Dataset
        As for `convscope.datasets.open_dataset`.
    layers, other_layers : str, int, slice or sequence, optional
        Which layers; all that have a value an image by default. `other_layers` are those of
        `other`, or the columns where there is none; as `layers` by default.
    sample : int or None
        So many images, drawn at random without replacement; None for all.
    seed : int
        What chance depends on.
    batch : int, optional
        Images at once, at least 4. By default 64, or fewer, down to 8, so that the maps of a batch
        take less than 2 GB. Larger batches scatter less.

    Returns
    -------
    xarray.DataArray
        Dims ``layer, other_layer``, float64, -1..1; 1 for a layer with itself. Not a number for a
        layer that is the same on all images, or on all but one of each batch, and for one that
        holds a value that is not finite. ``attrs`` name the networks (by their files, where they
        have the same name) and the dataset, and count the ``images``: without those that cannot be
        read (``skipped``), and without a rest of fewer than 4 at the end.

    Raises
    ------
    SelectionError
        When there is no such layer, it has no value an image, or the images are too few.
    InputError
        When a network takes no images, the dataset cannot be opened, or images of unlike size
        give maps of unlike size.
    """
    if sample is not None:
        whole(sample, "sample", 1, what="images")
    whole(seed, "seed", 0)
    if batch is not None and whole(batch, "batch") < LEAST:
        raise SelectionError(_too_few(f"a batch of {batch} was asked for"))
    rows = _Side.of(one, layers)
    columns = _Side.of(
        rows.network if other is None else other, layers if other_layers is None else other_layers
    )
    opened = dataset if isinstance(dataset, Dataset) else open_dataset(dataset)
    drawn = opened if sample is None else opened.sample(sample, seed)
    if len(drawn) < LEAST:
        raise SelectionError(_too_few(f"{len(drawn)} of {opened.name} were given"))
    places = np.random.default_rng(seed).permutation(len(drawn)).tolist()
    sides = _merged(rows, columns)
    size = min(batch or min(side.at_once for side in sides), len(drawn))
    found, skipped = _summed(sides, rows, columns, drawn, places, size)
    if found is None:
        raise SelectionError(_too_few(f"too few at once of {opened.name} can be read"))
    return _labelled(found, rows, columns, opened, skipped)


@dataclass(frozen=True, eq=False)
class _Side:
    """A network, and the layers of it that are compared."""

    network: Network
    layers: tuple[Layer, ...]

    @classmethod
    def of(cls, model: Any, selectors: _Layers) -> _Side:
        network = open_network(model)
        if network.preparation is None:
            raise InputError(
                f"{network.name} takes no images, which is what a dataset holds: compare networks "
                "of images"
            )
        chosen = network.select(selectors)
        without = [layer.name for layer in chosen if not layer.has_image_axis]
        if without and selectors is not None:
            raise SelectionError(
                f"layer {without[0]!r} of {network.name} has no value an image: choose others"
            )
        return cls(network, tuple(layer for layer in chosen if layer.has_image_axis))

    @property
    def names(self) -> list[str]:
        return [layer.name for layer in self.layers]

    @property
    def at_once(self) -> int:
        """So many images that their maps fit; few where their size is not known."""
        sizes = [size for layer in self.layers for size in layer.shape]
        if None in sizes:
            return _FEWEST
        units = sum(int(np.prod(np.array(layer.shape, float))) for layer in self.layers)
        return int(np.clip(_BYTES // (4 * max(1, units)), _FEWEST, _MOST))


def _merged(rows: _Side, columns: _Side) -> list[_Side]:
    """Let a network run once for both, where it is the same."""
    if rows.network is not columns.network:
        return [rows, columns]
    every = {layer.name: layer for layer in (*rows.layers, *columns.layers)}
    return [_Side(rows.network, tuple(every.values()))]


def _summed(
    sides: Sequence[_Side],
    rows: _Side,
    columns: _Side,
    dataset: Dataset,
    places: Sequence[int],
    size: int,
) -> tuple[Products | None, int]:
    found: Products | None = None
    skipped = 0
    streams = [_batches(side, dataset, places, size) for side in sides]
    for together in zip(*streams, strict=True):
        skipped += together[0].skipped
        if together[0].images < LEAST:
            continue
        one, other = together[0].grams, together[-1].grams
        more = products([one[name] for name in rows.names], [other[name] for name in columns.names])
        found = more if found is None else found.merge(more)
    return found, skipped


@dataclass(frozen=True, eq=False)
class _Batch:
    """What one batch gave: a matrix (image, image) a layer."""

    images: int
    grams: dict[str, np.ndarray]
    skipped: int


def _batches(side: _Side, dataset: Dataset, places: Sequence[int], size: int) -> Iterator[_Batch]:
    stream = pieces(side.network, dataset, places, size)
    for start in range(0, len(places), size):
        # Images of unlike size come one by one.
        group: list[Piece] = []
        left = len(places[start : start + size])
        while left:
            group.append(next(stream))
            left -= len(group[-1].images) + len(group[-1].skipped)
        images = sum(len(piece.images) for piece in group)
        grams = _grams(side, group) if images >= LEAST else {}
        yield _Batch(images, grams, sum(len(piece.skipped) for piece in group))


def _grams(side: _Side, group: Sequence[Piece]) -> dict[str, np.ndarray]:
    parts: dict[str, list[np.ndarray]] = {name: [] for name in side.names}
    for piece in group:
        if piece.batch is None:
            continue
        values = side.network.run(piece.batch, side.names, outputs=False).values
        for name, several in parts.items():
            if len(values[name]) != len(piece.batch.names):
                raise SelectionError(
                    f"layer {name!r} of {side.network.name} has no value an image: choose others"
                )
            # Without those that fill the batch up.
            several.append(values[name][: len(piece.images)])
    return {name: centred_gram(_joined(side, name, parts.pop(name))) for name in side.names}


def _joined(side: _Side, name: str, several: Sequence[np.ndarray]) -> np.ndarray:
    if len(several) == 1:
        return several[0]
    if len({part.shape[1:] for part in several}) > 1:
        raise InputError(
            f"the images differ in size, and so do the maps of {name!r} in {side.network.name}: "
            "open the network with size=(height, width)"
        )
    return np.concatenate(several)


def _too_few(given: str) -> str:
    return f"unbiased HSIC needs at least {LEAST} images at once, and {given}: give more"


def _labelled(
    found: Products, rows: _Side, columns: _Side, dataset: Dataset, skipped: int
) -> xarray.DataArray:
    import xarray

    one, other = told_apart(rows.network, columns.network)
    return xarray.DataArray(
        found.similarity(),
        dims=("layer", "other_layer"),
        coords={"layer": rows.names, "other_layer": columns.names},
        name="similarity",
        attrs={
            "measure": "linear CKA, unbiased HSIC over minibatches",
            "network": one,
            "other_network": other,
            "dataset": dataset.title or dataset.name,
            "images": found.images,
            "skipped": skipped,
        },
    )
