"""Why a map is blank, on maps made by hand."""

import numpy as np
import pytest
import xarray

from convscope.analysis.diagnosis import count_words, diagnosis
from convscope.analysis.statistics import Extent, extent


def words(*maps, **options):
    return diagnosis(np.array(maps, "float32"), **options)


def test_each_word():
    ramp = np.arange(4.0).reshape(2, 2)
    hole = ramp.copy()
    hole[0, 1] = np.nan
    endless = ramp.copy()
    endless[1, 1] = -np.inf
    flat, zero = np.full((2, 2), 0.3), np.zeros((2, 2))
    assert words(ramp, zero, flat, hole, endless, -flat) == [
        "active", "zero here", "constant", "not a number", "not a number", "constant",
    ]  # fmt: skip


def test_all_nan_is_not_a_number():
    assert words(np.full((3, 3), np.nan), np.full((3, 3), np.inf)) == ["not a number"] * 2


def test_minus_zero_is_zero():
    assert words([[-0.0, 0.0], [0.0, -0.0]]) == ["zero here"]


def test_a_single_unit_is_never_constant():
    assert words([0.5], [0.0], [-1.0]) == ["active", "zero here", "active"]
    assert diagnosis(np.array([0.5, 0.0], "float32")) == ["active", "zero here"]


def saturated(share, value=1.0):
    units = np.full(100, 0.5)
    units[: round(share * 100)] = value
    return units


@pytest.mark.parametrize(
    ("share", "word"), [(0.94, "active"), (0.95, "saturated"), (0.99, "saturated")]
)
def test_saturated_from_95_percent(share, word):
    assert words(saturated(share), bounds=(0.0, 1.0)) == [word]
    assert words(saturated(share, 0.0), bounds=(0.0, 1.0)) == [word]
    assert words(saturated(share)) == ["active"], "without bounds nothing saturates"


def test_a_thousandth_of_the_span_is_near():
    assert words(saturated(0.96, 0.9991), bounds=(0.0, 1.0)) == ["saturated"]
    assert words(saturated(0.96, 0.998), bounds=(0.0, 1.0)) == ["active"]


def test_one_sided_bounds():
    assert words(saturated(0.96, 6.0), bounds=(None, 6.0)) == ["saturated"]
    assert words(saturated(0.96, 0.0), bounds=(None, 6.0)) == ["active"]


def test_tanh_saturates_on_both_sides_together():
    units = np.concatenate([np.full(49, -1.0), np.full(49, 1.0), [0.0, 0.2]])
    assert words(units, bounds=(-1.0, 1.0)) == ["saturated"]


def test_zero_goes_before_saturated_and_a_flat_bound_is_saturated():
    assert words(np.zeros(9), bounds=(0.0, 1.0)) == ["zero here"]
    assert words(np.ones(9), bounds=(0.0, 1.0)) == ["saturated"]


def test_an_image_of_a_data_array():
    values = np.zeros((1, 2, 2, 2), "float32")
    values[0, 1, 0, 0] = 1
    array = xarray.DataArray(values, dims=("image", "channel", "y", "x"))
    assert diagnosis(array) == ["zero here", "active"]
    assert diagnosis(array[0]) == ["zero here", "active"]


def test_known_extents_are_taken():
    known = Extent(np.array([0.0], "float32"), np.array([0.0], "float32"))
    assert diagnosis(np.ones((1, 2, 2), "float32"), known=known) == ["zero here"]


def test_counts_begin_with_the_most_frequent():
    counts = count_words(["active", "constant", "active", "zero here", "active", "constant"])
    assert list(counts.items()) == [("active", 3), ("constant", 2), ("zero here", 1)]


@pytest.mark.parametrize("shape", [(3, 4, 5), (3,), (3, 7), (2, 3, 4, 5)])
def test_extents_in_any_memory_order(shape):
    values = np.random.default_rng(0).normal(size=shape).astype("float32")
    behind = np.moveaxis(np.ascontiguousarray(np.moveaxis(values, 0, -1)), -1, 0)
    flat = values.reshape(len(values), -1)
    for given in (values, behind):
        found = extent(given)
        np.testing.assert_array_equal(found.low, flat.min(axis=1))
        np.testing.assert_array_equal(found.high, flat.max(axis=1))


def test_an_extent_skips_no_nan():
    values = np.array([[1.0, np.nan], [1.0, 2.0]], "float32")
    found = extent(values)
    assert np.isnan(found.low[0]) and np.isnan(found.high[0])
    assert (found.low[1], found.high[1]) == (1, 2)
