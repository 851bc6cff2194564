"""What is kept of many images, by channel: summaries that add up in any order."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from convscope.errors import InputError
from convscope.surveys.leaders import Leaders

__all__ = ["Moments", "Summary"]


@dataclass(frozen=True, eq=False)
class Moments:
    """Sums over the images of each class, the classes without images left out.

    All arrays but the first two are ``(class, channel)``. Sums are of differences from the survey's
    shift, which is near to the mean, so that nothing is lost when one is taken from the other.

    Attributes
    ----------
    label, images : numpy.ndarray
        ``(class,)``, int64: the classes, rising, -1 for images without one, and how many of their
        images were seen.
    units, positive, fired : numpy.ndarray
        int64: units seen, units above zero, and images on which some unit is not zero.
    total, square : numpy.ndarray
        float64: sums over the units of the differences from the shift, and of their squares.
    mean, mean_square : numpy.ndarray
        float64: the same of the images' means.
    minimum, maximum : numpy.ndarray
        float32, over the units.
    """

    label: np.ndarray
    images: np.ndarray
    units: np.ndarray
    positive: np.ndarray
    fired: np.ndarray
    total: np.ndarray
    square: np.ndarray
    mean: np.ndarray
    mean_square: np.ndarray
    minimum: np.ndarray
    maximum: np.ndarray

    @classmethod
    def none(cls, label: np.ndarray, channels: int) -> Moments:
        """Give the moments of classes of which no image has been seen yet."""
        shape = (len(label), channels)
        start = {"minimum": np.inf, "maximum": -np.inf}
        dtypes: dict[str, Any] = dict.fromkeys(("units", "positive", "fired"), np.int64)
        dtypes |= dict.fromkeys(start, np.float32)
        return cls(label, np.zeros(len(label), np.int64), **{
            entry.name: np.full(shape, start.get(entry.name, 0), dtypes.get(entry.name, np.float64))
            for entry in fields(cls)[2:]
        })  # fmt: skip

    def merge(self, other: Moments) -> Moments:
        """Add the images of another: exact but for the rounding of sums in float64."""
        if not len(other.label) or not len(self.label):
            return self if len(self.label) else other
        label = np.union1d(self.label, other.label)
        own, others = np.searchsorted(label, self.label), np.searchsorted(label, other.label)
        merged: dict[str, np.ndarray] = {"label": label}
        for entry in fields(self)[1:]:
            one, two = getattr(self, entry.name), getattr(other, entry.name)
            add: Any = {"minimum": np.minimum, "maximum": np.maximum}.get(entry.name, np.add)
            start = {"minimum": np.inf, "maximum": -np.inf}.get(entry.name, 0)
            whole = np.full((len(label), *one.shape[1:]), start, one.dtype)
            whole[own] = one
            whole[others] = add(whole[others], two)
            merged[entry.name] = whole
        return Moments(**merged)

    def together(self) -> Moments:
        """Sum over all classes, as one of label 0."""
        return replace(self, label=np.zeros(1, np.int64), **{
            entry.name: {"minimum": np.min, "maximum": np.max}.get(entry.name, np.sum)(
                getattr(self, entry.name), axis=0, keepdims=True
            )
            for entry in fields(self)[1:]
        })  # fmt: skip


@dataclass(frozen=True, eq=False)
class Summary:
    """What is kept of many images. Two of unlike images merge into that of both, in any order.

    Attributes
    ----------
    moments : Moments
    peaks, means : numpy.ndarray
        ``(channel, bin)``, uint32: histograms of each image's maximum and mean; see `grid`.
    leaders : Leaders
    class_peaks, class_means : numpy.ndarray
        ``(class, channel, bin)``, uint32, for the channels of the layers kept by class.
    class_maps : tuple of numpy.ndarray
        ``(class, channel, ...)``, float64, a layer: sums of the maps, for the same layers.
    confusion : numpy.ndarray
        ``(class, output)``, int64: how many images of a class the network gave to each output.
    profile_image, profile : numpy.ndarray
        ``(image,)`` and ``(image, channel)``, float32: the means of single images, spread evenly
        over the dataset.
    skipped : tuple of (int, str)
        Images that could not be read, and why.
    """

    moments: Moments
    peaks: np.ndarray
    means: np.ndarray
    leaders: Leaders
    class_peaks: np.ndarray
    class_means: np.ndarray
    class_maps: tuple[np.ndarray, ...]
    confusion: np.ndarray
    profile_image: np.ndarray
    profile: np.ndarray
    skipped: tuple[tuple[int, str], ...] = ()

    def merge(self, other: Summary) -> Summary:
        """Add the images of another summary, which must be others.

        Raises
        ------
        InputError
            When outputs or maps are of other sizes.
        """
        own, theirs = (
            [part.shape for part in (one.confusion, *one.class_maps)] for one in (self, other)
        )
        if own != theirs:
            raise InputError(
                "two summaries in the store are of networks with unlike outputs or maps: delete "
                "the store, and survey again"
            )
        order = np.argsort(np.concatenate([self.profile_image, other.profile_image]))
        return Summary(
            self.moments.merge(other.moments),
            self.peaks + other.peaks,
            self.means + other.means,
            self.leaders.merge(other.leaders),
            self.class_peaks + other.class_peaks,
            self.class_means + other.class_means,
            tuple(one + two for one, two in zip(self.class_maps, other.class_maps, strict=True)),
            self.confusion + other.confusion,
            np.concatenate([self.profile_image, other.profile_image])[order],
            np.concatenate([self.profile, other.profile])[order],
            tuple(sorted((*self.skipped, *other.skipped))),
        )
