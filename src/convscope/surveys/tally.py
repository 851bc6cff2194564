"""A summary in the making: images are added to it in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from convscope.networks.reductions import STATISTICS, Reductions
from convscope.surveys.grid import BINS
from convscope.surveys.leaders import Leaders
from convscope.surveys.summary import Moments, Summary

__all__ = ["Tally"]

_PEAK = STATISTICS.index("peak")


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
        from convscope.surveys.adding import add_images

        count, channels = found.maximum.shape
        places = np.searchsorted(self._moments.label, labels)
        single = np.empty((count, channels), np.float32)
        bins = np.empty((2, count, channels), np.int32)
        moments = self._moments
        np.add.at(moments.images, places, 1)
        for place in places:
            moments.units[place] += found.units
        add_images(
            np.ascontiguousarray(found.rows), places, found.units.astype(np.float64), self._shift,
            moments.positive, moments.fired, moments.total, moments.square, moments.mean,
            moments.mean_square, moments.minimum, moments.maximum,
            self._peaks, self._means,
            single, bins,
        )  # fmt: skip
        known = labels >= 0
        if self._detailed and known.any():
            classes = labels[known, None], np.arange(len(self._columns))
            for counts, own in zip((self._class_peaks, self._class_means), bins, strict=True):
                np.add.at(counts, (*classes, own[known][:, self._columns]), np.uint32(1))
            for name, sums in self._maps.items():
                for row in np.flatnonzero(known):
                    sums[labels[row]] += found.values[name][row]
        self.leaders.admit(values, images, found.rows[:, _PEAK].astype(np.int32))
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
