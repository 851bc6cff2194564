"""Colormaps against matplotlib's, and what the reserved places must keep."""

import matplotlib
import numpy as np
import pytest

from convscope.errors import SelectionError
from convscope.pictures import CARRIED, LEVELS, Place, palette
from convscope.pictures.colormap import full_palette

POSITIONS = np.linspace(0, 1, LEVELS)


@pytest.mark.parametrize("name", [n for n in CARRIED if n != "paper"])
@pytest.mark.parametrize("suffix", ["", "_r"])
def test_carried_colormaps_equal_matplotlibs(name, suffix):
    theirs = matplotlib.colormaps[name + suffix](POSITIONS, bytes=True)[:, :3]
    difference = np.abs(palette(name + suffix).astype(int) - theirs)
    # Reversed, a sample may fall on the other side of an edge between two of the 256 colours.
    assert difference.max() <= (0 if not suffix else 4)


def test_other_names_come_from_matplotlib():
    theirs = matplotlib.colormaps["coolwarm"](POSITIONS, bytes=True)[:, :3]
    np.testing.assert_array_equal(palette("coolwarm"), theirs)
    assert palette("twilight_r").shape == (240, 3)


def lightness(colours):
    """L* of CIELAB, written out (CIE 15:2004, sRGB)."""
    part = colours / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    y = linear @ [0.2126729, 0.7151522, 0.0721750]
    return np.where(y > (6 / 29) ** 3, 116 * np.cbrt(y) - 16, y * (29 / 3) ** 3)


def test_paper_starts_white_and_darkens_evenly():
    colours = palette("paper")
    assert colours[0].tolist() == [255, 255, 255]
    steps = np.diff(lightness(colours))
    assert (steps < 0).all()
    assert steps.min() > 2.5 * steps.mean(), "no step is much larger than the others"
    assert lightness(colours)[-1] < 20


def test_an_unknown_colormap_names_the_near_ones():
    with pytest.raises(SelectionError, match=r"no colormap 'viridiss': did you mean 'viridis'"):
        palette("viridiss")


@pytest.mark.parametrize("name", CARRIED)
def test_the_gap_can_be_seen_beside_both_ends_and_the_middle(name):
    colours = full_palette(name).astype(int)
    for end in (0, 120, 239):
        assert np.abs(colours[Place.GAP] - colours[end]).max() >= 40


def test_places_are_sixteen_and_colours_cannot_be_changed():
    assert sorted(Place) == list(range(240, 256))
    with pytest.raises(ValueError, match="read-only"):
        palette("viridis")[0] = 0
    with pytest.raises(ValueError, match="read-only"):
        full_palette("viridis")[0] = 0
