"""A summary in the making: images are added to it in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from convscope.networks.reductions import Reductions
from convscope.surveys.grid import BINS, bins_of
from convscope.surveys.leaders import Leaders
from convscope.surveys.summary import Moments, Summary

__all__ = ["Tally"]


class Tally:
    """Adds up what is kept of the images of one shard.

    Parameters
    ----------
    shift : numpy.ndarray
        ``(channel,)``, float32: what sums of squares are taken from.
    k : int
        How many leaders a channel has.
    labels : sequence of int
        The classes of which images will come.
    confusion : (int, int)
        Numbers of classes and of outputs.
    detailed : mapping of str to (slice, tuple of int)
        By layer of which histograms and mean maps are kept by class: its channels, and the shape of
        its value, ``(channel, ...)``.
    """

    def __init__(
        self,
        shift: np.ndarray,
        k: int,
        labels: Sequence[int],
        confusion: tuple[int, int],
        detailed: Mapping[str, tuple[slice, tuple[int, ...]]],
    ) -> None:
        channels, classes = len(shift), confusion[0]
        self._shift = shift.astype(np.float64)
        self._moments = Moments.none(np.unique(np.asarray(labels, np.int64)), channels)
        self._peaks, self._means = (np.zeros((channels, BINS + 1), np.uint32) for _ in range(2))
        self.leaders = Leaders.none(channels, k)
        self._firsts = np.arange(channels, dtype=np.int64) * (BINS + 1)
        self._detailed = detailed
        self._columns = np.concatenate(
            [
                np.zeros(0, np.int64),
                *(np.arange(own.start, own.stop) for own, _ in detailed.values()),
            ]
        )
        by_class = (classes, len(self._columns), BINS + 1)
        self._class_peaks, self._class_means = (np.zeros(by_class, np.uint32) for _ in range(2))
        self._maps = {name: np.zeros((classes, *shape)) for name, (_, shape) in detailed.items()}
        self._confusion = np.zeros(confusion, np.int64)
        self._profiles: list[tuple[int, np.ndarray]] = []
        self._skipped: list[tuple[int, str]] = []

    def add(
        self,
        found: Reductions,
        images: np.ndarray,
        labels: np.ndarray,
        *,
        values: np.ndarray,
        outputs: np.ndarray | None,
        profiled: np.ndarray,
    ) -> None:
        """Add the images of one batch.

        Parameters
        ----------
        found : Reductions
        images, labels : numpy.ndarray
            ``(image,)``, int64: their places in the dataset and their classes, -1 for none.
        values : numpy.ndarray
            ``(image, channel)``: by what they compete to lead.
        outputs : numpy.ndarray or None
            ``(image,)``: which output the network gives each to; None where that has no meaning.
        profiled : numpy.ndarray
            ``(image,)``, bool: whose means are kept by themselves.
        """
        beside = found.total / found.units.astype(np.float64)
        single = (self._shift + beside).astype(np.float32)
        self._add_moments(found, beside, labels)
        peaks, means = bins_of(found.maximum), bins_of(single)
        for histogram, bins in ((self._peaks, peaks), (self._means, means)):
            # One index instead of two is several times faster.
            np.add.at(histogram.reshape(-1), (self._firsts + bins).reshape(-1), np.uint32(1))
        known = labels >= 0
        if self._detailed and known.any():
            places = labels[known, None], np.arange(len(self._columns))
            for counts, bins in ((self._class_peaks, peaks), (self._class_means, means)):
                np.add.at(counts, (*places, bins[known][:, self._columns]), np.uint32(1))
            for name, sums in self._maps.items():
                for row in np.flatnonzero(known):
                    sums[labels[row]] += found.values[name][row]
        self.leaders.admit(values, images, found.peak)
        if outputs is not None:
            np.add.at(self._confusion, (labels[known], outputs[known]), 1)
        self._profiles += [(int(images[row]), single[row]) for row in np.flatnonzero(profiled)]

    def skip(self, image: int, reason: str) -> None:
        """Take note of an image that could not be read."""
        self._skipped.append((image, reason))

    def summary(self) -> Summary:
        """Give what has been added so far."""
        profiles = sorted(self._profiles, key=lambda one: one[0])
        rows = [row for _, row in profiles]
        return Summary(
            self._moments,
            self._peaks,
            self._means,
            self.leaders,
            self._class_peaks,
            self._class_means,
            tuple(self._maps.values()),
            self._confusion,
            np.array([image for image, _ in profiles], np.int64),
            np.array(rows, np.float32).reshape(len(rows), len(self._shift)),
            tuple(sorted(self._skipped)),
        )

    def _add_moments(self, found: Reductions, beside: np.ndarray, labels: np.ndarray) -> None:
        moments = self._moments
        sums = (
            (moments.positive, found.positive.astype(np.int64)),
            (moments.fired, (found.maximum != 0) | (found.minimum != 0)),
            (moments.total, found.total),
            (moments.square, found.square),
            (moments.mean, beside),
            (moments.mean_square, np.square(beside)),
        )
        ends = ((moments.minimum, found.minimum, np.minimum),
                (moments.maximum, found.maximum, np.maximum))  # fmt: skip
        # Row by row: to gather the rows of a class first, or reduce over them at once, is slower.
        for row, place in enumerate(np.searchsorted(moments.label, labels)):
            moments.images[place] += 1
            moments.units[place] += found.units
            for kept, given in sums:
                kept[place] += given[row]
            for kept, given, end in ends:
                end(kept[place], given[row], out=kept[place])
