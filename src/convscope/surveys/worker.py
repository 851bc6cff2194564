"""Who surveys shards: a network and a dataset, opened once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from convscope.errors import InputError
from convscope.inputs.dataset import Dataset
from convscope.networks import Batch, Network
from convscope.networks.reductions import STATISTICS, Reductions, columns_of
from convscope.surveys.ahead import ahead
from convscope.surveys.plan import Plan, outputs_of, profiled
from convscope.surveys.shapes import layers_of
from convscope.surveys.stream import Piece, pieces
from convscope.surveys.summary import Summary
from convscope.surveys.tally import Tally

__all__ = ["Worker", "find_shift"]

_FIRST = 16
_TOTAL = STATISTICS.index("total")


@dataclass(frozen=True, eq=False)
class _Seen:
    """What the network made of some images.

    Attributes
    ----------
    piece : Piece
    found : Reductions or None
        None where no image could be read.
    values : numpy.ndarray or None
        ``(image, channel)``: what they compete by.
    """

    piece: Piece
    found: Reductions | None
    values: np.ndarray | None


class Worker:
    """Surveys shards of one plan.

    Parameters
    ----------
    network : Network
    dataset : Dataset
    plan : Plan
    shift : numpy.ndarray
        From `find_shift`.
    """

    def __init__(self, network: Network, dataset: Dataset, plan: Plan, shift: np.ndarray) -> None:
        self._network, self._dataset, self._plan, self._shift = network, dataset, plan, shift
        self._layers = layers_of(network, plan)
        self._columns = columns_of(self._layers)
        # The places of peaks are looked up of those maps alone that can still be among the leaders.
        self._bar = np.full(len(shift), -np.inf, np.float32)
        self._profiled = profiled(plan.images, len(shift))

    def survey(self, shard: int, progress: Callable[[int], None] = lambda images: None) -> Summary:
        """Survey one shard.

        Parameters
        ----------
        shard : int
        progress : callable
            Called with the number of images that are done, batch after batch.
        """
        places = self._plan.shard(shard)
        labels = self._labels(np.arange(places.start, places.stop))
        tally = Tally(
            self._shift,
            self._plan.k,
            labels.tolist(),
            (len(self._plan.classes), self._outputs),
            self._detailed,
        )
        # What comes out of some batches is added up while the next ones run and others are read.
        passes = self._network.passes_at_once
        stream = pieces(self._network, self._dataset, places, self._plan.batch)
        seen = ahead(
            partial(self._pass, tally),
            stream,
            workers=passes,
            waiting=passes,
            name="convscope-pass",
        )
        added = ahead(partial(self._add, tally), seen, workers=1, waiting=1, name="convscope-tally")
        for images in added:
            progress(images)
        if self._plan.ranking == "peak":
            self._bar = np.maximum(self._bar, tally.leaders.bar)
        return tally.summary()

    def _pass(self, tally: Tally, piece: Piece) -> _Seen:
        if piece.batch is None:
            return _Seen(piece, None, None)
        bar = np.maximum(self._bar, tally.leaders.bar)
        if self._plan.ranking != "peak":
            bar = np.full_like(bar, -np.inf)
        found = self._network.reductions(
            piece.batch, self._layers, self._shift, bar, kept=self._plan.per_class
        )
        values = found.maximum
        if self._plan.ranking == "contribution":
            values = self._contributions(piece.batch, self._labels(piece.images))
        count = len(piece.images)
        return _Seen(piece, _first(found, count), values[:count])

    def _add(self, tally: Tally, seen: _Seen) -> int:
        """Add what was seen, and give how many images are done with it."""
        for place, reason in seen.piece.skipped:
            tally.skip(int(self._indices(np.array([place]))[0]), reason)
        places, found, values = seen.piece.images, seen.found, seen.values
        done = len(places) + len(seen.piece.skipped)
        if found is None or values is None:
            return done
        labels = self._labels(places)
        outputs = self._given_outputs(found)
        if self._plan.among == "mistakes":
            values = np.where(self._are_mistakes(labels, outputs)[:, None], values, -np.inf)
        tally.add(
            found,
            self._indices(places),
            labels,
            values=values,
            outputs=outputs,
            profiled=np.isin(places, self._profiled),
        )
        return done

    def _labels(self, places: np.ndarray) -> np.ndarray:
        if self._dataset.labels is None:
            return np.zeros(len(places), np.int64)
        return np.asarray(self._dataset.labels[places], np.int64)

    def _indices(self, places: np.ndarray) -> np.ndarray:
        """Give what images are called in the whole dataset, of which this may be a sample."""
        return places if self._dataset.indices is None else self._dataset.indices[places]

    @cached_property
    def _outputs(self) -> int:
        """How many outputs a decision is made among; 0 where there is none."""
        outputs = outputs_of(self._network)
        return 2 if outputs == 1 else outputs

    def _given_outputs(self, found: Reductions) -> np.ndarray | None:
        if not self._outputs:
            return None
        scores = next(iter(found.outputs.values()))
        if scores.ndim != 2:
            return None
        if scores.shape[1] == 1:
            head = next(iter(self._network.heads.values()))
            middle = 0.5 if head.activation == "sigmoid" else 0.0
            return np.asarray(scores[:, 0] > middle, np.int64)
        return np.asarray(scores.argmax(axis=1))

    def _are_mistakes(self, labels: np.ndarray, outputs: np.ndarray | None) -> np.ndarray:
        truth = np.asarray(self._plan.truth)[labels]
        return np.asarray((outputs != truth) & (labels >= 0))

    def _contributions(self, batch: Batch, labels: np.ndarray) -> np.ndarray:
        """Give what every map adds to the score of its image's class, ``(image, channel)``.

        The class is the image's own where all of the batch have one and it is known which output
        means it, else the one that the network gives.
        """
        head = next(iter(self._network.heads.values()))
        seed = None
        if self._plan.truth is not None and (labels >= 0).all():
            wanted = np.asarray(self._plan.truth)[labels]
            wanted = np.concatenate(
                [wanted, np.repeat(wanted[-1:], len(batch.names) - len(wanted))]
            )
            channels = outputs_of(self._network)
            if channels == 1:
                seed = np.where(wanted[:, None] > 0, 1.0, -1.0).astype(np.float32)
            else:
                seed = np.eye(channels, dtype=np.float32)[wanted]
        names = [layer.name for layer in self._layers]
        sums = self._network.sums(batch, head, seed, names)
        return np.concatenate([sums.products[name] for name in names], axis=1)

    @cached_property
    def _detailed(self) -> dict[str, tuple[slice, tuple[int, ...]]]:
        return {
            layer.name: (self._columns[layer.name], tuple(size or 0 for size in layer.shape))
            for layer in self._layers
            if layer.name in self._plan.per_class
        }


def find_shift(network: Network, dataset: Dataset, plan: Plan) -> np.ndarray:
    """Find about what the mean of each channel is, from a few images spread over the dataset.

    Raises
    ------
    InputError
        When none of these images can be read.
    """
    layers = layers_of(network, plan)
    channels = sum(layer.channels or 0 for layer in layers)
    nothing, never = np.zeros(channels, np.float32), np.full(channels, np.inf, np.float32)
    means: list[np.ndarray] = []
    reason = ""
    places = np.unique(np.linspace(0, plan.images - 1, _FIRST).astype(int)).tolist()
    for piece in pieces(network, dataset, places, plan.batch):
        reason = piece.skipped[0][1] if piece.skipped else reason
        if piece.batch is not None:
            found = network.reductions(piece.batch, layers, nothing, never)
            means.append((found.rows[:, _TOTAL] / found.units)[: len(piece.images)])
    if not means:
        raise InputError(f"no image of {dataset.name} could be read: {reason}")
    every = np.concatenate(means)
    # What is no number is kept in the sums, and tells nothing of where the others lie.
    known = np.isfinite(every)
    shift = np.where(known, every, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.asarray(shift, np.float32)


def _first(found: Reductions, count: int) -> Reductions:
    """Leave out what only filled the batch."""
    return replace(
        found,
        rows=found.rows[:count],
        outputs={name: value[:count] for name, value in found.outputs.items()},
        values={name: value[:count] for name, value in found.values.items()},
    )
