"""Levels and spans against the formulas of each scale, written out in float64."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from convscope.errors import SelectionError
from convscope.pictures import Scale, mosaic
from convscope.pictures.levels import levels

RNG = np.random.default_rng(3)
POSITIVE = RNG.gamma(2.0, 1.5, (6, 9, 7)).astype(np.float32)
SIGNED = RNG.normal(0.3, 1.0, (6, 9, 7)).astype(np.float32)


def expected(values, low, high):
    """round((v - low) / (high - low) * 239), clipped, not yet rounded."""
    low, high = (np.reshape(np.asarray(end, np.float64), (-1, 1, 1)) for end in (low, high))
    return np.clip((values.astype(np.float64) - low) / (high - low) * 239, 0, 239)


def ends(values, scale):
    """Low and high of each scale for values of one sign."""
    of = values.astype(np.float64)
    flat = of.reshape(len(of), -1)
    ones = np.ones(len(of))
    return {
        "channel": lambda: (flat.min(1), flat.max(1)),
        "layer": lambda: (of.min() * ones, of.max() * ones),
        "shared": lambda: (-1.0 * ones, 20.0 * ones),
        "robust": lambda: tuple(np.percentile(of, q) * ones for q in (1, 99)),
        "sigma": lambda: (flat.mean(1) - 2 * flat.std(1), flat.mean(1) + 2 * flat.std(1)),
        "fixed(0.5, 6)": lambda: (0.5 * ones, 6.0 * ones),
    }[scale]()


ALL = ("channel", "layer", "shared", "robust", "sigma", "fixed(0.5, 6)")


def in_orders(values):
    """The same values in the memory orders of channels-first, channels-last, and neither."""
    last = np.ascontiguousarray(np.moveaxis(values, 0, -1))
    yield np.ascontiguousarray(values)
    yield np.moveaxis(last, -1, 0)
    yield np.repeat(values, 2, axis=1)[:, ::2]


@pytest.mark.parametrize("scale", ALL)
def test_levels_follow_the_formula_whatever_the_order_in_memory(scale):
    low, high = ends(POSITIVE, scale)
    bounds = (-1.0, 20.0) if scale == "shared" else None
    for values in in_orders(POSITIVE):
        found, span = levels(values, scale, bounds=bounds, signed=False)
        np.testing.assert_allclose(span.low, low, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(span.high, high, rtol=1e-5)
        assert np.abs(found - expected(POSITIVE, low, high)).max() <= 0.51


@pytest.mark.parametrize("scale", ["channel", "layer", "robust"])
def test_signed_values_get_a_span_around_zero(scale):
    low, high = ends(SIGNED, scale)
    end = np.maximum(np.abs(low), np.abs(high))
    found, span = levels(SIGNED, scale)
    assert span.signed and span.centred
    np.testing.assert_allclose(span.high, end, rtol=1e-5)
    np.testing.assert_array_equal(span.low, -span.high)
    assert np.abs(found - expected(SIGNED, -end, end)).max() <= 0.51


@pytest.mark.parametrize("scale", ["sigma", "fixed(0.5, 6)"])
def test_sigma_and_fixed_keep_their_span_for_signed_values(scale):
    low, high = ends(SIGNED, scale)
    found, span = levels(SIGNED, scale)
    assert span.signed and not span.centred
    np.testing.assert_allclose(span.low, low, rtol=1e-4, atol=1e-5)
    assert np.abs(found - expected(SIGNED, low, high)).max() <= 0.51


def test_signed_is_decided_once_for_the_whole_picture():
    values = np.stack([np.linspace(0, 1, 9), np.linspace(-2, 0, 9)]).reshape(2, 3, 3)
    picture = mosaic(values)
    assert picture.signed and picture.colormap == "RdBu"
    np.testing.assert_array_equal(picture.low, [-1, -2])
    np.testing.assert_array_equal(picture.high, [1, 2])
    assert not mosaic(values[:1]).signed and mosaic(values[:1]).colormap == "viridis"


def test_shared_ends_decide_the_sign_and_the_caller_may():
    assert mosaic(POSITIVE, scale="shared", bounds=(-3, 2)).span == (-3.0, 3.0)
    assert mosaic(POSITIVE, signed=True).low[0] == -POSITIVE[0].max()
    assert mosaic(SIGNED, signed=False).low[0] == SIGNED[0].min()


def test_an_explicit_colormap_wins_over_the_diverging_one():
    picture = mosaic(SIGNED, colormap="inferno")
    assert picture.colormap == "inferno"
    assert picture.low[0] == -picture.high[0]


def test_zero_is_one_level_in_every_signed_map():
    values = SIGNED.copy()
    values[:, 4, 4] = 0
    found, _ = levels(values)
    assert set(found[:, 4, 4].tolist()) == {120}


def test_robust_falls_back_where_nearly_all_is_zero():
    values = np.zeros((4, 10, 10), np.float32)
    values[0, 0, 0] = 5
    assert mosaic(values, scale="robust").span == (0.0, 5.0)


def test_nan_and_infinite_values_are_left_out_of_the_bounds():
    values = POSITIVE.copy()
    values[1, 0, 0], values[1, 0, 1], values[2, 3, 3] = np.nan, np.inf, -np.inf
    for scale in ALL:
        bounds = (-1.0, 20.0) if scale == "shared" else None
        known = np.where(np.isfinite(values), values, np.nan).astype(np.float64)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            _, span = levels(values, scale, bounds=bounds)
        if scale == "channel":
            np.testing.assert_allclose(span.low, np.nanmin(known, (1, 2)))
            np.testing.assert_allclose(span.high, np.nanmax(known, (1, 2)))
        if scale == "robust":
            np.testing.assert_allclose(span.low[0], np.nanpercentile(known, 1), rtol=1e-5)
        if scale == "sigma":
            mean, deviation = np.nanmean(known, (1, 2)), np.nanstd(known, (1, 2))
            np.testing.assert_allclose(span.high, mean + 2 * deviation, rtol=1e-5)


def test_bounds_that_are_given_are_not_computed_again():
    low, high = POSITIVE.min((1, 2)) - 1, POSITIVE.max((1, 2)) + 1
    picture = mosaic(POSITIVE, low=low, high=high, signed=False)
    np.testing.assert_array_equal(picture.low, low)
    np.testing.assert_array_equal(picture.high, high)


@pytest.mark.parametrize("shift", [1e3, 1e6, -1e6])
def test_a_small_span_far_from_zero_keeps_its_levels(shift):
    values = (POSITIVE * 0.5 + shift).astype(np.float32)
    low, high = ends(values, "channel")
    found, _ = levels(values, "channel")
    assert np.abs(found - expected(values, low, high)).max() <= 0.51


@pytest.mark.parametrize("factor", [1e38, 1e-38, 1e-44])
def test_the_ends_of_float32(factor):
    values = (SIGNED / np.abs(SIGNED).max() * np.float32(3)).astype(np.float64) * factor
    values = values.astype(np.float32)
    end = np.abs(values.astype(np.float64)).max((1, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found, _ = levels(values)
    assert np.abs(found - expected(values, -end, end)).max() <= 0.51


@settings(max_examples=60, deadline=None)
@given(
    arrays.arrays(
        np.float32,
        arrays.array_shapes(min_dims=3, max_dims=3, max_side=6),
        elements=st.floats(width=32),
    ),
    st.sampled_from(["channel", "layer", "shared", "robust", "sigma", "fixed(-1, 2)"]),
)
def test_no_value_whatever_gives_a_warning_or_a_wrong_place(values, scale):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture = mosaic(values, scale=scale)
        picture.png()
    assert picture.nan_count == np.isnan(values).sum()
    assert picture.infinite_count == np.isinf(values).sum()
    rank = np.argsort(values[0], axis=None, kind="stable")
    _, height, width = values.shape
    tile = picture.levels[:height, :width].ravel()[rank].astype(int)
    known = tile[np.isfinite(values[0].ravel()[rank])]
    assert (np.diff(known) >= 0).all(), "a larger value never has a lower level"


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("fixed(0,6)", 0, 6), ("fixed(-1.5, 2)", -1.5, 2), (" Fixed( 1e-3 , 1 )", 1e-3, 1)],
)
def test_a_fixed_scale_is_read(text, low, high):
    assert Scale.parse(text) == Scale("fixed", low, high)


def test_a_scale_says_itself():
    assert str(Scale.parse("fixed(0,6)")) == "fixed(0, 6)"
    assert str(Scale.parse("Layer")) == "layer"
    assert Scale.parse(Scale("sigma")) == Scale("sigma")


@pytest.mark.parametrize("text", ["fixed", "fixed(1)", "fixed(2,1)", "fixed(a,b)", "fixed(0,inf)"])
def test_a_fixed_scale_without_its_ends_says_what_it_needs(text):
    with pytest.raises(SelectionError, match=r"needs two numbers.*fixed\(0, 6\)"):
        Scale.parse(text)


def test_an_unknown_scale_names_the_near_and_the_possible():
    with pytest.raises(SelectionError, match="did you mean 'channel'"):
        Scale.parse("chanel")
    with pytest.raises(SelectionError, match=r"one of: channel, layer, .*fixed\(low, high\)"):
        Scale.parse("xyz")
