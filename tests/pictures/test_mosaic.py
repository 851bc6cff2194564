"""Mosaics: every map in its place, whatever its shape; blank maps marked; bad input explained."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import xarray
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.errors import SelectionError
from convscope.pictures import Place, mosaic
from convscope.pictures.tiling import Tiling, near_square

RNG = np.random.default_rng(5)


def tile(picture, channel):
    top, left, bottom, right = picture.box(channel)
    return picture.tile_places()[top:bottom, left:right]


@pytest.mark.parametrize(
    ("shape", "columns"),
    [((24, 5, 4), 16), ((1, 3, 3), None), ((2048, 7, 7), None), ((3, 1, 9), 2), ((5, 40, 3), 2)],
)
@pytest.mark.parametrize("last", [False, True])
def test_every_map_is_in_its_tile(shape, columns, last):
    values = RNG.random(shape, dtype=np.float32)
    given_values = np.moveaxis(np.ascontiguousarray(np.moveaxis(values, 0, -1)), -1, 0)
    picture = mosaic(given_values if last else values, columns=columns)
    low, high = (end.astype(np.float64) for end in (values.min((1, 2)), values.max((1, 2))))
    for channel in range(shape[0]):
        wanted = (values[channel] - low[channel]) / (high[channel] - low[channel]) * 239
        assert np.abs(tile(picture, channel) - wanted).max() <= 0.51
    used = sum((b - t) * (r - e) for t, e, b, r in map(picture.box, range(shape[0])))
    assert used == values.size
    assert (picture.levels < 240).sum() == values.size


def test_24_channels_at_16_columns_are_two_rows_and_none_is_dropped():
    picture = mosaic(RNG.random((24, 5, 4)), columns=16)
    assert (picture.tiling.rows, picture.tiling.columns) == (2, 16)
    assert picture.levels.shape == (2 * 5 + 1, 16 * 4 + 15)
    assert (picture.levels[5] == Place.GAP).all()
    assert (picture.levels[:5, 4::5] == Place.GAP).all()
    assert (picture.levels[6:, 8 * 5 :] == Place.PAPER).all()


@pytest.mark.parametrize(
    ("channels", "height", "width", "columns"),
    [(1, 9, 9, 1), (3, 9, 9, 3), (16, 9, 9, 4), (32, 9, 9, 8), (64, 9, 9, 8), (128, 9, 9, 16),
     (2048, 9, 9, 64), (12, 30, 10, 6), (7, 9, 9, 3)],
)  # fmt: skip
def test_a_picture_is_about_as_wide_as_a_page(channels, height, width, columns):
    assert near_square(channels, height, width) == columns


@given(st.integers(1, 3000), st.integers(1, 300), st.integers(1, 300))
def test_a_row_never_has_more_places_than_maps(channels, height, width):
    assert 1 <= near_square(channels, height, width) <= channels


tilings = st.builds(
    Tiling,
    channels=st.integers(1, 40),
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    slices=st.integers(1, 3),
    columns=st.integers(1, 12),
    gap=st.integers(0, 3),
    across=st.integers(0, 3),
    between=st.integers(0, 2),
)


@settings(deadline=None)
@given(tilings, st.integers(1, 4), st.data())
def test_a_pixel_leads_back_to_its_channel(tiling, zoom, data):
    channel = data.draw(st.integers(0, tiling.channels - 1))
    z = data.draw(st.integers(0, tiling.slices - 1))
    top, left, bottom, right = tiling.box(channel, zoom)
    corner = tiling.slice_corner(z)
    y = data.draw(st.integers(0, tiling.height - 1))
    x = data.draw(st.integers(0, tiling.width - 1))
    within = data.draw(st.integers(0, zoom - 1))
    row, column = top + (corner[0] + y) * zoom + within, left + (corner[1] + x) * zoom + within
    assert row < bottom and column < right
    unit = (channel, z, y, x) if tiling.slices > 1 else (channel, y, x)
    assert tiling.channel_at(row, column, zoom) == unit
    if tiling.gap:
        assert tiling.channel_at(bottom, left, zoom) is None
        assert tiling.channel_at(top, right, zoom) is None
    assert tiling.channel_at(-1, left, zoom) is None
    assert tiling.channel_at(top, -1, zoom) is None


def test_missing_tiles_belong_to_nobody_and_boxes_have_an_end():
    picture = mosaic(RNG.random((5, 4, 4)), columns=3, zoom=2)
    assert picture.channel_at(10, 20) is None
    assert picture.channel_at(10, 11) == (4, 0, 0)
    with pytest.raises(SelectionError, match=r"no channel 5: this picture has channels 0\.\.4"):
        picture.box(5)


def test_up_to_four_slices_of_a_map_stand_side_by_side():
    values = RNG.random((2, 3, 4, 5), dtype=np.float32)
    picture = mosaic(values, scale="fixed(0, 1)", columns=1)
    drawn = tile(picture, 1)
    for z in range(3):
        assert np.abs(drawn[:, z * 6 : z * 6 + 5] - values[1, z] * 239).max() <= 0.51
    assert (drawn[:, [5, 11]] == Place.GAP).all()
    assert picture.channel_at(9 + 2, 6 + 3) == (1, 1, 2, 3)


def test_a_single_map_and_a_signal():
    assert mosaic(RNG.random((4, 6))).tiling.shape == (4, 6)
    signal = RNG.random((8, 30), dtype=np.float32)
    picture = mosaic(signal, dims=("channel", "x"), scale="fixed(0, 1)")
    assert picture.levels.shape == (8, 30)
    assert np.abs(picture.levels - signal * 239).max() <= 0.51
    assert picture.channel_at(3, 7) == (3, 0, 7)


def test_a_layer_without_space_is_one_strip_on_the_layer_scale():
    values = np.linspace(2, 5, 300).astype(np.float32)
    picture = mosaic(values)
    assert picture.levels.shape == (16, 300)
    assert str(picture.scale) == "layer" and picture.span == (2.0, 5.0)
    assert np.abs(picture.levels - (values - 2) / 3 * 239).max() <= 0.51
    assert not picture.blank.any()
    wide = picture.zoomed(4)
    assert wide.tile_places().shape == (16, 1200)
    assert wide.channel_at(15, 1199) == (299, 0, 0)
    assert wide.box(2) == (0, 8, 16, 12)


def test_a_map_of_one_unit_is_on_the_layer_scale_and_not_blank():
    picture = mosaic(np.array([0.0, 1.0, 4.0]).reshape(3, 1, 1))
    assert picture.levels[0, ::2].tolist() == [0, 60, 239]
    assert not picture.blank.any()
    assert picture.words == ("zero here", "active", "active")
    assert mosaic(np.zeros((1, 1))).levels.tolist() == [[0]]


def test_constant_maps_are_flat_and_named():
    values = RNG.random((4, 6, 6))
    values[1], values[2] = 0, -0.5
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for scale in ("channel", "layer", "shared", "robust", "sigma", "fixed(0, 1)"):
            picture = mosaic(values, scale=scale)
            assert picture.blank.tolist() == [False, True, True, False]
            top, left, bottom, right = picture.box(2)
            assert (picture.levels[top:bottom, left:right] == Place.BLANK).all()
    assert picture.words == ("active", "zero here", "constant", "active")


def test_words_come_from_the_diagnosis_and_each_has_its_own_hatch():
    values = np.zeros((6, 9, 9))
    values[5, 0, 0] = 1
    given_words = ["dead", "silent", "constant", "saturated", "active", "dead"]
    picture = mosaic(values, words=given_words, columns=6)
    assert picture.words == ("dead", "silent", "constant", "saturated", "zero here", "dead")
    assert picture.blank.tolist() == [True] * 5 + [False], "pixels follow the numbers"
    tiles = [tile(picture, channel).tobytes() for channel in range(5)]
    assert len(set(tiles)) == 5
    inks = (Place.DEAD, Place.SILENT, Place.CONSTANT, Place.SATURATED, Place.ZERO)
    for channel, ink in enumerate(inks):
        assert tile(picture, channel)[0, 0] == ink


def test_a_word_is_written_where_it_fits():
    picture = mosaic(np.zeros((1, 8, 8)), zoom=12)
    drawn = tile(picture, 0)
    assert (drawn == Place.INK).any() and not (drawn == Place.ZERO).any()
    small = tile(mosaic(np.zeros((1, 8, 8))), 0)
    assert (small == Place.ZERO).any() and not (small == Place.INK).any()


def test_nan_and_infinite_units_are_marked_counted_and_named():
    values = RNG.random((3, 5, 5)).astype(np.float32)
    values[0, 1, 2], values[1, 0, 0], values[1, 4, 4] = np.nan, np.inf, -np.inf
    values[2] = np.nan
    picture = mosaic(values, columns=3)
    assert (picture.nan_count, picture.infinite_count) == (26, 2)
    assert tile(picture, 0)[1, 2] == Place.NAN
    assert tile(picture, 1)[0, 0] == tile(picture, 1)[4, 4] == Place.INFINITE
    assert (tile(picture, 2) == Place.NAN).all()
    assert picture.words == ("not a number",) * 3
    assert np.isnan(picture.low[2])
    known = np.delete(values[0].ravel(), 7)
    assert (picture.low[0], picture.high[0]) == (known.min(), known.max())
    raw = np.array([values[c].min() for c in range(3)]), np.array([v.max() for v in values])
    same = mosaic(values, columns=3, low=raw[0], high=raw[1])
    np.testing.assert_array_equal(same.levels, picture.levels)


def test_a_data_array_says_what_it_is():
    array = xarray.DataArray(
        RNG.random((1, 3, 4, 5)),
        dims=("image", "channel", "y", "x"),
        coords={"image": ["boot.png"]},
        name="conv2d",
        attrs={"network": "shoes"},
    )
    picture = mosaic(array)
    assert picture.tiling.channels == 3 and picture.title.startswith("conv2d   3 maps of 4 × 5")
    assert picture.provenance == {"layer": "conv2d", "image": "boot.png", "network": "shoes"}
    assert repr(picture) == "<Picture shoes conv2d: 3 maps of 4 x 5, scale channel>"
    turned = mosaic(array.transpose("image", "y", "x", "channel"))
    np.testing.assert_array_equal(turned.levels, picture.levels)
    assert mosaic(array.isel(image=0, y=0)).levels.shape == (3, 5)


def test_anything_with_dims_and_values_will_do():
    bare = SimpleNamespace(dims=("x", "channel"), values=np.eye(3))
    assert mosaic(bare, scale="layer").levels.tolist() == (np.eye(3) * 239).tolist()


@pytest.mark.parametrize("kind", ["f2", "f8", "i8", "u1", "?"])
def test_any_real_type_is_drawn(kind):
    values = np.array([[[0, 1], [1, 0]]], kind)
    assert mosaic(values).levels.tolist() == [[0, 239], [239, 0]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"values": xarray.DataArray(np.zeros((2, 1, 3, 3)), dims=("image", "channel", "y", "x"))},
         r"2 images, and a mosaic shows one: choose it with \.isel\(image=0\)"),
        ({"values": np.zeros((1, 1, 1, 1, 1))}, r"5 axes cannot be drawn: give \(channel, y, x\)"),
        ({"values": np.zeros((0, 3, 3))}, r"nothing to draw in an array of shape \(0, 3, 3\)"),
        ({"values": np.zeros((2, 3)), "dims": ("axis1", "x")}, "axes channel, axis1, x cannot be"),
        ({"values": np.array(["a"])}, "values of type <U1: give real numbers"),
        ({"columns": 0}, "columns 0: a whole number from 1"),
        ({"zoom": 0}, "zoom 0: a whole number from 1"),
        ({"zoom": 1.5}, "zoom 1.5: a whole number from 1"),
        ({"gap": -1}, "gap -1: a whole number from 0"),
        ({"words": ["dead"]}, "words has 1 entries for 2 channels: give one a channel"),
        ({"low": [1.0]}, "low has 1 entries for 2 channels"),
        ({"bounds": (2, 1)}, r"bounds \(2, 1\): give two finite numbers, the lower first"),
        ({"colormap": "virids"}, "did you mean 'viridis'"),
        ({"scale": "sigm"}, "did you mean 'sigma'"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_explained(options, message):
    with pytest.raises(SelectionError, match=message):
        mosaic(**({"values": np.ones((2, 3, 3))} | options))
