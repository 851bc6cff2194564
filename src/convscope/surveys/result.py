"""From the summary of all images to the arrays of a store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields

import numpy as np

from convscope.errors import InputError
from convscope.inputs.dataset import Dataset
from convscope.networks import Network
from convscope.networks.reductions import columns_of
from convscope.surveys.crops import crops_of
from convscope.surveys.grid import BINS
from convscope.surveys.plan import Plan
from convscope.surveys.shapes import layers_of
from convscope.surveys.summary import Moments, Summary

__all__ = ["Arrays", "arrays_of", "seen_by_leaders", "statistics"]

Dims = Mapping[str, Sequence[str]]

Arrays = dict[str, tuple[tuple[str, ...], np.ndarray]]
"""By name: the dims and the values. The channels of all layers stand in one row."""


def arrays_of(plan: Plan, dims: Dims, shift: np.ndarray, summary: Summary) -> Arrays:
    """Make the arrays of a result; `open_survey` says what they mean.

    Parameters
    ----------
    plan : Plan
    dims : mapping of str to sequence of str
        The dims of the layers' values, without the image axis.
    shift : numpy.ndarray
    summary : Summary
    """
    found: Arrays = {
        name: (("channel",), values[0])
        for name, values in statistics(summary.moments.together(), shift).items()
    }
    by_class = _spread(summary.moments, len(plan.classes), len(shift))
    for name, values in statistics(by_class, shift).items():
        found[f"class_{name}"] = (("channel", "class"), np.ascontiguousarray(values.T))
    found["class_images"] = (("class",), by_class.images)
    found["histogram"] = (("channel", "bin"), summary.peaks[:, :BINS])
    found["mean_histogram"] = (("channel", "bin"), summary.means[:, :BINS])
    found["confusion"] = (("class", "output"), summary.confusion)
    found["profile_image"] = (("profile",), summary.profile_image)
    found["profile"] = (("channel", "profile"), np.ascontiguousarray(summary.profile.T))
    leaders = summary.leaders
    taken = leaders.taken
    unit = np.where(taken, leaders.position, -1).astype(np.int32)
    found["top_image"] = (("channel", "rank"), np.where(taken, leaders.image, -1))
    found["top_value"] = (("channel", "rank"), np.where(taken, leaders.value, np.nan))
    found["top_unit"] = (("channel", "rank"), unit)
    if plan.per_class:
        for name, counts in (("class_histogram", summary.class_peaks),
                             ("class_mean_histogram", summary.class_means)):  # fmt: skip
            moved = np.ascontiguousarray(np.moveaxis(counts[..., :BINS], 0, 1))
            found[name] = (("channel", "class", "bin"), moved)
    # By place: a block and a part of it, `block/conv`, cannot both be arrays of those names.
    for place, (name, sums) in enumerate(zip(plan.per_class, summary.class_maps, strict=True)):
        images = by_class.images.reshape(-1, *(1,) * (sums.ndim - 1))
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = (sums / images).astype(np.float32)
        moved = np.ascontiguousarray(np.moveaxis(mean, 0, 1))
        found[f"class_map/{place}"] = (("channel", "class", *dims[name][1:]), moved)
    return found


def statistics(moments: Moments, shift: np.ndarray) -> dict[str, np.ndarray]:
    """Turn sums into figures, ``(class, channel)``.

    Returns
    -------
    dict of str to numpy.ndarray
        `count` of units; their `mean`, `variance`, `minimum`, `maximum`; `positive`, the share
        above zero, 0..1; `fired`, the number of images on which some unit is not zero; the mean
        and variance of the images' own means. Not-a-number for classes without images.
    """
    images = moments.images[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = moments.total / moments.units
        image_mean = moments.mean / images
        variance = moments.square / moments.units - np.square(mean)
        image_variance = moments.mean_square / images - np.square(image_mean)
        found = {
            "count": moments.units,
            "mean": shift + mean,
            # Rounding can leave a little less than nothing of what is constant.
            "variance": np.maximum(variance, 0),
            "minimum": moments.minimum,
            "maximum": moments.maximum,
            "positive": moments.positive / moments.units,
            "fired": moments.fired,
            "image_mean": shift + image_mean,
            "image_variance": np.maximum(image_variance, 0),
        }
    # Where all units have one value, the sums know it but for their rounding.
    constant = (moments.minimum == moments.maximum) & (images > 0)
    for name, value in (("mean", moments.minimum), ("image_mean", moments.minimum),
                        ("variance", 0.0), ("image_variance", 0.0)):  # fmt: skip
        found[name] = np.where(constant, value, found[name])
    empty = moments.images == 0
    for name in ("minimum", "maximum"):
        found[name] = np.where(empty[:, None], np.nan, found[name]).astype(np.float32)
    return found


def _spread(moments: Moments, classes: int, channels: int) -> Moments:
    """Give a row to every class, those without images as well."""
    merged = Moments.none(np.arange(classes), channels).merge(moments)
    # The first row may be of images without a class.
    return Moments(*(getattr(merged, entry.name)[-classes:] for entry in fields(merged)))


def seen_by_leaders(network: Network, dataset: Dataset, plan: Plan, found: Arrays) -> Arrays:
    """Say of which classes the leading images are, and what of them the peaks see.

    Parameters
    ----------
    found : dict
        From `arrays_of`.

    Raises
    ------
    InputError
        When one of them is no image of the dataset.
    """
    image, unit = found["top_image"][1], found["top_unit"][1]
    indices = np.arange(len(dataset)) if dataset.indices is None else dataset.indices
    strange = image[(image >= 0) & ~np.isin(image, indices)]
    if strange.size:
        raise InputError(
            f"a summary in the store names image {strange[0]}, which is none of {dataset.name}: "
            "delete the store, and survey again"
        )
    seen: Arrays = {}
    if dataset.labels is not None:
        places = np.searchsorted(indices, image)
        label = np.where(image < 0, -1, np.asarray(dataset.labels)[places])
        seen["top_label"] = (("channel", "rank"), label.astype(np.int32))
    if network.preparation is not None and network.preparation.size is not None:
        layers = layers_of(network, plan)
        columns = columns_of(layers)
        crops = crops_of(network, layers, [unit[columns[layer.name]] for layer in layers])
        seen["top_crop"] = (("channel", "rank", "axis", "end"), np.concatenate(crops))
    return seen
