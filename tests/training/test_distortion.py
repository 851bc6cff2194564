"""Distortions against what must come out where it can be said in advance."""

import numpy as np
import pytest

from convscope.training.distortion import Distortion

RNG = np.random.default_rng(1)
IMAGES = RNG.integers(0, 256, (40, 16, 16, 3), dtype=np.uint8)
GREY = np.zeros((200, 21, 21, 1), np.uint8)
GREY[:, 9:12, 9:12] = 200


def applied(distortion, images, seed=0):
    before = images.copy()
    out = distortion.apply(images, np.random.default_rng(seed))
    np.testing.assert_array_equal(images, before)
    assert out.shape == images.shape
    assert out.dtype == np.uint8
    return out


def centre(images):
    """Centre of mass of each image (y, x), in pixels from the middle."""
    mass = images[..., 0].astype(float)
    at = np.arange(images.shape[1]) - (images.shape[1] - 1) / 2
    total = mass.sum(axis=(1, 2))
    return (mass.sum(axis=2) @ at) / total, (mass.sum(axis=1) @ at) / total


def test_nothing_asked_nothing_done():
    np.testing.assert_array_equal(applied(Distortion(), IMAGES), IMAGES)
    np.testing.assert_array_equal(applied(Distortion(extends=True), IMAGES), IMAGES)


def test_mirror_gives_the_image_or_its_mirror():
    out = applied(Distortion(mirror=True, extends=True), IMAGES)
    same = np.array([np.array_equal(a, b) for a, b in zip(out, IMAGES, strict=True)])
    flipped = np.array([np.array_equal(a, b[:, ::-1]) for a, b in zip(out, IMAGES, strict=True)])
    assert np.all(same ^ flipped)
    assert 8 < same.sum() < 32


def test_shift_reaches_its_share_of_each_side_and_no_further():
    y, x = centre(applied(Distortion(shift=0.2), GREY))
    for moved in (y, x):
        assert 3.5 < np.abs(moved).max() <= 0.2 * 21 + 0.1
        assert abs(moved.mean()) < 1
    assert abs(np.corrcoef(y, x)[0, 1]) < 0.3


def test_zoom_scales_height_and_width_by_themselves():
    images = np.zeros((200, 41, 41, 1), np.uint8)
    images[:, 10:31, 10:31] = 255
    out = applied(Distortion(zoom=0.2), images)[..., 0] / 255
    height, width = out[:, :, 20].sum(axis=1), out[:, 20].sum(axis=1)
    for extent in (height, width):
        assert 0.8 * 21 - 0.6 <= extent.min() < 18
        assert 24 < extent.max() <= 1.2 * 21 + 0.6
    assert abs(np.corrcoef(height, width)[0, 1]) < 0.3


def test_rotation_turns_about_the_middle():
    images = np.zeros((300, 41, 41, 1), np.uint8)
    images[:, 20, 30:33] = 255
    y, x = centre(applied(Distortion(rotation=40), images))
    angle = np.rad2deg(np.arctan2(y, x))
    assert 35 < angle.max() <= 41
    assert -41 <= angle.min() < -35
    np.testing.assert_allclose(np.hypot(y, x), 11, atol=0.6)


def test_shear_slants_upright_strokes_and_leaves_level_ones():
    upright = np.zeros((100, 41, 41, 1), np.uint8)
    upright[:, 5:36, 20] = 255
    out = applied(Distortion(shear=0.2), upright)
    places = out[..., 0].argmax(axis=2)
    slope = (places[:, 35] - places[:, 5]) / 30
    assert 0.15 < slope.max() <= 0.24
    assert -0.24 <= slope.min() < -0.15
    level = np.swapaxes(upright, 1, 2).copy()
    rows = applied(Distortion(shear=0.2), level)[:, :, 20, 0].argmax(axis=1)
    np.testing.assert_array_equal(rows, 20)


def test_what_comes_in_from_outside():
    images = np.full((20, 15, 15, 3), 90, np.uint8)
    moved = Distortion(rotation=40, shift=0.2, shear=0.2, zoom=0.2)
    assert (applied(moved, images) == 0).any()
    edged = Distortion(rotation=40, shift=0.2, shear=0.2, zoom=0.2, extends=True)
    np.testing.assert_array_equal(applied(edged, images), 90)


def test_thickness_widens_and_narrows():
    images = np.zeros((200, 9, 9, 1), np.uint8)
    images[:, 3:6] = 200
    out = applied(Distortion(thickness=1.0), images)[..., 0].astype(int)
    inner = out[:, 2:-2]  # the frame of the picture is an edge too
    widths = out[:, :, 4].sum(axis=1) / 200
    assert 1 <= widths.min() < 1.3
    assert 4.7 < widths.max() <= 5
    assert inner.max() == 200
    wider = widths > 3
    np.testing.assert_array_equal(out[wider, 4, 4], 200)
    np.testing.assert_array_equal(out[~wider, 2, 4], 0)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_same_seed_gives_the_same(channels):
    everything = Distortion(15, 0.1, 0.2, 0.2, mirror=True, thickness=0.5, extends=True)
    images = IMAGES[..., :channels].copy()
    once, again = applied(everything, images, 3), applied(everything, images, 3)
    np.testing.assert_array_equal(once, again)
    assert (once != applied(everything, images, 4)).any()
