"""Summaries of shards add up to that of all images, whatever is added to what first."""

from dataclasses import fields
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.networks.reductions import as_reductions, reduced
from convscope.surveys.leaders import Leaders
from convscope.surveys.packing import packed, unpacked
from convscope.surveys.plan import Plan
from convscope.surveys.result import arrays_of
from convscope.surveys.tally import Tally
from surveys.expected import check_moments, figures, histogram, leaders, peaks, spread_of

CLASSES, K = 4, 3
# Offset and spread: also values far from zero beside what they vary by.
KINDS = [(0, 1), (1000, 1), (-1000, 0.1), (3e4, 0.5), (1e-12, 1e-13), (0.1, 0), (0, 0), (-2, 1e3)]
UNSORTED = {"profile", "skipped", "moments", "leaders"}


@st.composite
def passes(draw):
    """Draw values ``(image, channel, unit)``, labels, and a way to cut and merge them."""
    seed = draw(st.integers(0, 2**32 - 1))
    count = draw(st.integers(1, 40))
    rng = np.random.default_rng(seed)
    values = np.stack(
        [rng.normal(offset, spread, (count, 4)) for offset, spread in KINDS], axis=1
    ).astype(np.float32)
    if draw(st.booleans()):
        values = np.round(values, -2)  # Many ties.
    if draw(st.booleans()):
        values[rng.integers(count), rng.integers(len(KINDS)), rng.integers(4)] = np.nan
    labels = rng.integers(-1, draw(st.integers(0, CLASSES)), count)
    cuts = draw(st.lists(st.integers(0, count), max_size=5, unique=True))
    picks = draw(st.lists(st.integers(0, 10**6), min_size=12, max_size=12))
    return values, labels, sorted({0, *cuts, count}), picks


def tallied(values, labels, images, shift, batch=7):
    """Summarise some images as a worker does."""
    count = values.shape[1]
    detailed = {"layer": (slice(0, count), values.shape[1:])}
    tally = Tally(shift, K, labels.tolist(), (CLASSES, 2), detailed)
    units = np.full(count, values.shape[2])
    for start in range(0, len(values), batch):
        some = slice(start, start + batch)
        found = as_reductions(reduced(values[some], shift), units, {}, {"layer": values[some]})
        tally.add(found, images[some], labels[some], values=found.maximum,
                  outputs=images[some] % 2, profiled=images[some] % 3 == 0)  # fmt: skip
    return tally.summary()


def shift_of(values):
    """Take a mean of few images, as a survey does."""
    return np.nanmean(values[:: max(1, len(values) // 3)], axis=(0, 2)).astype(np.float32)


def merged(parts, picks):
    """Merge any two until one is left."""
    parts = list(parts)
    for pick in picks:
        if len(parts) == 1:
            break
        one = parts.pop(pick % len(parts))
        other = parts.pop(pick // 7 % len(parts))
        parts.append(one.merge(other))
    (whole,) = parts
    return whole


def plan(count, channels):
    names = tuple(map(str, range(CLASSES)))
    return Plan(("layer",), ("layer",), names, None, K, "peak", "all", count, 7, "n", "d", "p")


@settings(max_examples=150, deadline=None)
@given(passes())
def test_merging_in_any_order_and_grouping_gives_what_numpy_gives_at_once(drawn):
    values, labels, cuts, picks = drawn
    images, shift = np.arange(len(values)), shift_of(values)
    pieces = [slice(*ends) for ends in pairwise(cuts)]
    parts = [tallied(values[one], labels[one], images[one], shift) for one in pieces]
    whole = merged(parts, picks)
    arrays = arrays_of(
        plan(len(values), values.shape[1]), {"layer": ("channel", "x")}, shift, whole
    )
    found = {name: array for name, (_, array) in arrays.items()}
    check(found, values, labels)


def check(found, values, labels):
    spread = spread_of(values)
    compare(found, "", figures(values), spread)
    np.testing.assert_array_equal(
        found["class_images"], [(labels == c).sum() for c in range(CLASSES)]
    )
    for label in range(CLASSES):
        own = values[labels == label]
        one = {name: array[:, label] for name, array in found.items() if name.startswith("class_")
               and array.ndim > 1 and name != "class_map/0"}  # fmt: skip
        if len(own):
            compare(one, "class_", figures(own), spread)
            np.testing.assert_allclose(
                found["class_map/0"][:, label], own.mean(axis=0, dtype=np.float64), 1e-6
            )
        else:
            assert all((np.isnan(array) | (array == 0)).all() for array in one.values())
            assert np.isnan(one["class_mean"]).all()
            assert np.isnan(one["class_minimum"]).all()
        counts = histogram(peaks(own)) if len(own) else 0
        np.testing.assert_array_equal(one["class_histogram"], counts)
    highest = peaks(values)
    np.testing.assert_array_equal(found["histogram"], histogram(highest))
    for channel, column in enumerate(highest.T):
        known = np.flatnonzero(~np.isnan(column))
        order, best = leaders(column[known, None], K)
        order, best = known[order[0]], best[0]
        count = len(order)
        np.testing.assert_array_equal(found["top_image"][channel], [*order, *[-1] * (K - count)])
        np.testing.assert_array_equal(found["top_value"][channel, :count], best)
        np.testing.assert_array_equal(
            found["top_unit"][channel, :count], values[order, channel].argmax(axis=1)
        )


def compare(found, prefix, wanted, spread):
    for name in ("count", "minimum", "maximum", "fired"):
        np.testing.assert_array_equal(
            found[prefix + name], wanted[name].astype(found[prefix + name].dtype), name
        )
    np.testing.assert_allclose(found[f"{prefix}positive"], wanted["positive"], 1e-12)
    moments = {
        name: found[prefix + name] for name in ("mean", "variance", "image_mean", "image_variance")
    }
    check_moments(moments, wanted, spread)


@settings(max_examples=30, deadline=None)
@given(passes())
def test_the_order_of_two_makes_no_difference_and_packing_none_at_all(drawn):
    values, labels, cuts, _ = drawn
    images, shift = np.arange(len(values)), shift_of(values)
    middle = cuts[len(cuts) // 2]
    one, other = (
        tallied(values[some], labels[some], images[some], shift)
        for some in (slice(0, middle), slice(middle, None))
    )
    same(one.merge(other), other.merge(one))
    same(one, unpacked(packed(one)))


def same(one, other):
    """Compare two records array for array."""
    for entry in fields(one):
        a, b = getattr(one, entry.name), getattr(other, entry.name)
        if hasattr(a, "__dataclass_fields__"):
            same(a, b)
        elif isinstance(a, tuple):
            assert len(a) == len(b)
            for left, right in zip(a, b, strict=True):
                np.testing.assert_array_equal(left, right)
        else:
            np.testing.assert_array_equal(a, b, entry.name)


def led(k, value, image):
    """Let images lead one channel."""
    found = Leaders.none(1, k)
    found.admit(np.float32(value)[:, None], np.array(image), np.zeros((len(image), 1), np.int32))
    return found


def test_of_equal_values_the_first_images_lead_whoever_comes_first():
    late, early = led(3, [1, 1, 1], [7, 8, 9]), led(3, [1, 1, 1], [1, 2, 3])
    assert late.merge(early).image.tolist() == [[1, 2, 3]]
    assert early.merge(late).image.tolist() == [[1, 2, 3]]
    assert late.image.tolist() == [[7, 8, 9]]


@pytest.mark.parametrize("value", [np.nan, -np.inf])
def test_what_is_no_number_leads_nothing(value):
    found = led(2, [value, -5], [0, 1])
    assert found.image[0, 0] == 1
    assert found.taken.tolist() == [[True, False]]
