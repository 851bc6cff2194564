"""The slices of a volume in rows, and their maximum projection."""

import numpy as np
import pytest

from convscope.errors import SelectionError
from convscope.pictures.colormap import Place
from convscope.pictures.mosaic import mosaic
from convscope.pictures.projection import projection

RNG = np.random.default_rng(5)
SCALES = ("channel", "layer", "shared", "robust", "sigma", "fixed(-0.5, 1)")


def volumes(channels=3, z=7, y=4, x=5):
    return RNG.normal(size=(channels, z, y, x)).astype(np.float32)


def test_every_unit_of_every_slice_is_where_the_picture_says():
    values = volumes()
    picture = mosaic(values, scale="fixed(-4, 4)", columns=2)
    wanted = np.rint((np.clip(values, -4, 4) + 4) / 8 * 239)
    seen = set()
    height, width = picture.tiling.shape
    for y in range(height):
        for x in range(width):
            unit = picture.channel_at(y, x)
            if unit is not None:
                seen.add(unit)
                assert abs(int(picture.levels[y, x]) - wanted[unit]) <= 1
    assert seen == set(np.ndindex(*values.shape))
    assert picture.tiling.slice_rows > 1, "seven slices are not all beside each other"
    box = picture.box(1)
    assert picture.channel_at(box[0], box[1]) == (1, 0, 0, 0)
    assert picture.channel_at(box[2] - 1, box[3] - 1) in {None, (1, 6, 3, 4)}


def test_places_without_a_slice_are_paper_and_lines_between_slices_are_gaps():
    picture = mosaic(volumes(1, 7, 4, 5))
    tiling = picture.tiling
    assert tiling.slice_rows * tiling.slice_columns > 7
    top, left = tiling.slice_corner(tiling.slice_rows * tiling.slice_columns - 1)
    assert (picture.levels[top : top + 4, left : left + 5] == Place.PAPER).all()
    assert (picture.levels[:, 5] == Place.GAP).all()


def test_a_blank_volume_is_marked_as_one_tile():
    values = volumes()
    values[1] = 0
    picture = mosaic(values, words=["active", "dead", "active"])
    assert picture.blank.tolist() == [False, True, False]
    top, left, bottom, right = picture.box(1)
    tile = picture.tile_places()[top:bottom, left:right]
    assert (tile >= 240).all() and Place.DEAD in tile


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("shift", [0.0, 5.0], ids=["signed", "positive"])
def test_the_projection_has_the_level_that_the_largest_value_has_in_the_slices(scale, shift):
    values = volumes() + np.float32(shift)
    picture = mosaic(values, scale=scale, bounds=(-9, 9) if scale == "shared" else None)
    flat = projection(picture)
    assert flat.low is picture.low and flat.high is picture.high
    low, high = (end.astype(np.float64)[:, None, None] for end in (picture.low, picture.high))
    share = (values.max(axis=1).astype(np.float64) - low) / (high - low)
    for channel in range(3):
        top, left, bottom, right = flat.box(channel)
        drawn = flat.levels[top:bottom, left:right].astype(int)
        assert np.abs(drawn - np.clip(share[channel], 0, 1) * 239).max() <= 0.51
    assert "maximum along z of 7 slices" in flat.full_provenance()["projection"]


def test_not_a_number_stays_one_and_is_counted():
    values = volumes(2)
    values[0, 3, 1, 2], values[1, 2, 0, 0], values[1, 4, 0, 0] = np.nan, np.inf, np.nan
    flat = projection(mosaic(values))
    assert flat.levels[1, 2] == Place.NAN and flat.nan_count == 2 and flat.infinite_count == 0
    values[1, 4, 0, 0] = 0
    flat = projection(mosaic(values))
    assert flat.nan_count == 1 and flat.infinite_count == 1


def test_order_and_words_are_those_of_the_slices():
    values = volumes()
    values[2] = 3
    flat = projection(mosaic(values, order=[2, 0, 1]))
    assert flat.order == (2, 0, 1) and flat.words[0] == "constant" and flat.blank[0]
    assert flat.channel_at(0, flat.box(0)[1]) == (0, 0, 0)


def test_what_has_no_depth_has_no_projection():
    with pytest.raises(SelectionError, match="only maps with depth .*give the mosaic of"):
        projection(mosaic(RNG.random((3, 4, 5))))
