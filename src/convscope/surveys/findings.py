"""What a survey shows about channels: dead, rarely firing, selective, alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convscope.errors import InputError, SelectionError
from convscope.surveys.opened import Survey

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["WORDS", "alike", "alike_to", "areas", "areas_of", "best_classes", "codes", "dprime",
           "firing", "outline", "selective"]  # fmt: skip


WORDS = ("active", "dead", "constant", "not a number")
"""What a channel is over all images of a survey."""


def codes(survey: Survey) -> np.ndarray:
    """Give the word of every channel as its index in `WORDS`, ``(channel,)``."""
    fired, low, high = (survey.read(name) for name in ("fired", "minimum", "maximum"))
    # What is not a number has no smallest value, and is on no image zero.
    return np.select([np.isnan(low), fired == 0, low == high], [3, 1, 2], 0)


def firing(survey: Survey) -> pd.DataFrame:
    """Say how often each channel fires.

    Returns
    -------
    pandas.DataFrame
        Columns ``layer, channel, word, fired, share, minimum, maximum``: `fired` counts the images
        on which some unit is not zero, `share` is that of all; `word` is ``dead`` where there is
        none, ``constant`` where all units have one value, ``not a number`` where some unit is
        none, else ``active``.
    """
    import pandas as pd

    fired, low, high = (survey.read(name) for name in ("fired", "minimum", "maximum"))
    return pd.DataFrame(
        {
            **_places(survey),
            "word": np.array(WORDS, dtype=object)[codes(survey)],
            "fired": fired,
            "share": fired / max(survey.images, 1),
            "minimum": low,
            "maximum": high,
        }
    )


def dprime(survey: Survey, columns: slice = slice(None)) -> np.ndarray:
    """Compare each class with all others by the images' means.

    Parameters
    ----------
    survey : Survey
    columns : slice
        The channels, as `Survey.columns` has them; all by default.

    Returns
    -------
    numpy.ndarray
        ``(channel, class)``: the difference of the two means over the root of the mean of the two
        variances (Green and Swets, *Signal Detection Theory and Psychophysics*, 1966). Zero where
        neither varies nor differs; infinite where two constants differ; not-a-number for a class
        without images, or without others.

    Raises
    ------
    InputError
        When the images have no classes.
    """
    _need_classes(survey)
    images = survey.read("class_images").astype(np.float64)
    given, variance = (survey.read(f"class_image_{name}", columns) for name in ("mean", "variance"))
    others = images.sum() - images
    with np.errstate(invalid="ignore", divide="ignore"):
        # From the middle, as squares of large numbers would hide what small ones differ by.
        middle = np.where(images, given * images, 0).sum(axis=1, keepdims=True) / images.sum()
        mean = given - middle
        total = np.where(images, mean * images, 0)
        square = np.where(images, (variance + np.square(mean)) * images, 0)
        other_mean = (total.sum(axis=1, keepdims=True) - total) / others
        other_square = (square.sum(axis=1, keepdims=True) - square) / others
        other_variance = np.maximum(other_square - np.square(other_mean), 0)
        spread = np.sqrt((variance + other_variance) / 2)
        found = (mean - other_mean) / spread
    same = (np.abs(mean - other_mean) <= 1e-12 * np.abs(given)) & (spread == 0)
    return np.asarray(np.where(same, 0.0, found))


def areas(survey: Survey) -> dict[str, np.ndarray]:
    """Give the area under the ROC curve with which each class is told from all others.

    From the histograms of the images' maxima of layers surveyed with `per_class`; images in one bin
    count as equal.

    Returns
    -------
    dict of str to numpy.ndarray
        By layer, ``(channel, class)``, 0..1: how often an image of the class has a higher maximum
        than one of another; 0.5 tells nothing. Not-a-number for a class without images.
    """
    return {layer: areas_of(survey, layer) for layer in survey.plan.per_class}


def areas_of(survey: Survey, layer: str) -> np.ndarray:
    """Give `areas` of one layer, ``(channel, class)``."""
    counts = survey[layer]["class_histogram"].to_numpy().astype(np.float64)
    others = counts.sum(axis=1, keepdims=True) - counts
    below = np.cumsum(others, axis=2) - others
    with np.errstate(invalid="ignore", divide="ignore"):
        pairs = counts.sum(axis=2) * others.sum(axis=2)
        return np.asarray((counts * (below + others / 2)).sum(axis=2) / pairs)


def best_classes(values: np.ndarray) -> np.ndarray:
    """Give the class of the largest ``|d'|`` of every channel, from what `dprime` gives."""
    size = np.nan_to_num(np.abs(values), nan=-1.0, posinf=np.inf)
    return np.asarray(np.argmax(size, axis=1))


def selective(survey: Survey, layer: str | None = None) -> pd.DataFrame:
    """Rank channels by how well they tell one class from all others.

    Parameters
    ----------
    survey : Survey
    layer : str, optional
        One layer; all by default.

    Returns
    -------
    pandas.DataFrame
        Columns ``layer, channel, class, dprime, area``, the most selective first: for each channel
        the class of the largest ``|d'|``; `area` is not-a-number for layers that were not surveyed
        with `per_class`.
    """
    import pandas as pd

    values = dprime(survey)
    if values.shape[1] < 2:
        raise InputError(f"{survey.dataset} has one class alone: there is nothing to tell apart")
    best = best_classes(values)
    rows = np.arange(len(values))
    area = np.full(len(values), np.nan)
    for name, part in areas(survey).items():
        own = survey.columns[name]
        area[own] = part[np.arange(len(part)), best[own]]
    table = pd.DataFrame(
        {
            **_places(survey),
            "class": np.array(survey.classes, dtype=object)[best],
            "dprime": values[rows, best],
            "area": area,
        }
    )
    if layer is not None:
        table = table[table["layer"] == survey.layer(layer).attrs["layer"]]
    order = np.argsort(-np.nan_to_num(np.abs(table["dprime"].to_numpy()), nan=-1.0), kind="stable")
    return table.iloc[order].reset_index(drop=True)


def alike(survey: Survey, least: float = 0.95) -> pd.DataFrame:
    """Find channels of one layer that duplicate each other.

    Parameters
    ----------
    survey : Survey
    least : float
        The correlation, 0..1, from which two channels count as alike.

    Returns
    -------
    pandas.DataFrame
        Columns ``layer, channel, other, correlation``, the most alike first: Pearson's correlation
        of the means of single images, over the images whose means the survey kept (all of small
        networks, else at least 512 spread evenly). Channels whose means do not vary have none.
    """
    import pandas as pd

    if not 0 < least <= 1:
        raise SelectionError(f"a correlation of {least:g} was asked for: give one above 0, up to 1")
    found: list[tuple[str, int, int, float]] = []
    for name, own in survey.columns.items():
        kept, unit = _profiles(survey, own)
        correlation = unit @ unit.T
        one, two = np.nonzero(np.triu(correlation >= least, 1))
        found += [
            (name, int(kept[a]), int(kept[b]), float(min(correlation[a, b], 1.0)))
            for a, b in zip(one, two, strict=True)
        ]
    table = pd.DataFrame(found, columns=["layer", "channel", "other", "correlation"])
    return table.sort_values("correlation", ascending=False, kind="stable", ignore_index=True)


def alike_to(
    survey: Survey, layer: str, channel: int, least: float = 0.95
) -> list[tuple[int, float]]:
    """Find the channels of a layer that duplicate one of them, with their correlation; see `alike`.

    The most alike first.
    """
    kept, unit = _profiles(survey, survey.columns[layer])
    own = np.flatnonzero(kept == channel)
    if not len(own):
        return []
    correlation = unit @ unit[own[0]]
    order = np.argsort(-correlation, kind="stable")
    return [
        (int(kept[place]), float(min(correlation[place], 1.0)))
        for place in order
        if correlation[place] >= least and kept[place] != channel
    ]


def _profiles(survey: Survey, columns: slice) -> tuple[np.ndarray, np.ndarray]:
    """Give the channels whose images' means vary, and these means as vectors of length one."""
    profiles = survey.read("profile", columns).astype(np.float64)
    beside = profiles - profiles.mean(axis=1, keepdims=True)
    length = np.sqrt(np.square(beside).sum(axis=1))
    # What rounding alone makes of a constant is no variation.
    varies = length > 1e-6 * np.abs(profiles).max(axis=1, initial=0) * np.sqrt(beside.shape[1])
    varies &= np.isfinite(length) & (length > 0)
    kept = np.flatnonzero(varies)
    return kept, beside[kept] / length[kept, None]


def outline(survey: Survey) -> dict[str, Any]:
    """Say in a few figures what was found, as JSON has it."""
    table = firing(survey)
    return {
        "store": survey.path,
        "network": survey.network,
        "dataset": survey.dataset,
        "images": survey.images,
        "skipped": [{"image": place, "reason": reason} for place, reason in survey.skipped],
        "accuracy": survey.accuracy,
        "layers": len(survey),
        "channels": len(table),
        "dead": int((table["word"] == "dead").sum()),
        "constant": int((table["word"] == "constant").sum()),
    }


def _places(survey: Survey) -> dict[str, np.ndarray]:
    counts = [own.stop - own.start for own in survey.columns.values()]
    return {
        "layer": np.repeat(np.array(list(survey.columns), dtype=object), counts),
        "channel": np.concatenate([np.arange(count) for count in counts]),
    }


def _need_classes(survey: Survey) -> None:
    if not survey.has_classes:
        raise InputError(
            f"{survey.dataset} has no labels, so that nothing can be said of classes: survey a "
            "dataset with labels"
        )
