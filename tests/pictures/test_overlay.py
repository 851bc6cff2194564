"""Maps over pictures: what a pixel's colour is, and what the legend says of it."""

import numpy as np
import pytest

from convscope.errors import SelectionError
from convscope.pictures import read_provenance
from convscope.pictures.colormap import palette
from convscope.pictures.overlay import Overlaid, blended, overlay, span_for

PHOTO = np.random.default_rng(0).integers(0, 256, (4, 6, 3), np.uint8)
VALUES = np.linspace(0, 2, 24, dtype=np.float32).reshape(4, 6)


def words(drawing):
    return [text.get_text() for axes in drawing.figure.axes for text in axes.texts]


def shown(drawing):
    return [part.get_array() for axes in drawing.figure.axes for part in axes.get_images()]


def test_nothing_is_laid_over_where_the_opacity_or_the_value_is_zero():
    np.testing.assert_array_equal(blended(PHOTO, VALUES, (0, 2), 0, "inferno"), PHOTO)
    np.testing.assert_array_equal(blended(PHOTO, 0 * VALUES, (0, 2), 1, "inferno"), PHOTO)
    np.testing.assert_array_equal(blended(PHOTO, 0 * VALUES, (0, 0), 1, "inferno"), PHOTO)


def test_a_pixel_is_mixed_of_picture_and_colour_by_its_value():
    colours = palette("inferno").astype(float)
    for opacity in (0.5, 1):
        found = blended(PHOTO, VALUES, (0, 2), opacity, "inferno")
        for y in range(4):
            for x in range(6):
                share = VALUES[y, x] / 2
                colour = colours[round(float(share) * 239)]
                mixed = PHOTO[y, x] + opacity * share * (colour - PHOTO[y, x])
                np.testing.assert_allclose(found[y, x], mixed, atol=0.51)
    strongest = blended(PHOTO, VALUES, (0, 2), 1, "inferno")[-1, -1]
    np.testing.assert_array_equal(strongest, palette("inferno")[239])


def test_both_signs_are_opaque_at_their_ends_and_clear_at_zero():
    values = np.array([[-3, 0, 3, 1.5]], np.float32)
    picture = np.full((1, 4, 3), 100, np.uint8)
    found = blended(picture, values, span_for(values), 1, "RdBu")
    np.testing.assert_array_equal(found[0, 0], palette("RdBu")[0])
    np.testing.assert_array_equal(found[0, 1], [100] * 3)
    np.testing.assert_array_equal(found[0, 2], palette("RdBu")[239])
    half = 100 + 0.5 * (palette("RdBu")[179].astype(float) - 100)
    np.testing.assert_allclose(found[0, 3], half, atol=1)


def test_spans_hold_zero():
    assert span_for([[1, 2]]) == (0, 2)
    assert span_for([[-1, 0.5]]) == (-1, 1)
    assert span_for([[-1, -0.5]]) == (-1, 1)
    assert span_for([[0, 0]]) == (0, 0)
    assert span_for([[0, np.nan, np.inf, 3]]) == (0, 3)


def test_what_is_no_number_is_seen_and_counted():
    values = np.array([[1, np.nan, np.inf]], np.float32)
    picture = np.zeros((1, 3, 3), np.uint8)
    found = blended(picture, values, (0, 1), 0.2, "viridis")
    assert found[0, 1].tolist() == [255, 0, 200]
    assert found[0, 2].tolist() == [255, 122, 0]
    drawn = overlay([Overlaid(values, picture)])
    assert any("2 values are not a number or infinite" in said for said in words(drawn))


def test_the_sheet_shows_the_picture_the_map_and_a_bar_by_the_same_rule():
    drawn = overlay([Overlaid(VALUES, PHOTO, ["dog.png", "logit of dog = 3"])], opacity=0.5)
    picture, mapped, bar = shown(drawn)
    np.testing.assert_array_equal(picture, PHOTO)
    grey = np.rint(PHOTO @ [0.299, 0.587, 0.114])[..., None].repeat(3, axis=2)
    expected = blended(grey.astype(np.uint8), VALUES, (0, 2), 0.5, "inferno")
    np.testing.assert_array_equal(mapped, expected)
    # Over white the bar begins white, over black it begins black, and both end half way.
    assert bar.shape == (2, 240, 3)
    assert bar[0, 0].tolist() == [255] * 3 and bar[1, 0].tolist() == [0] * 3
    last = palette("inferno")[239].astype(float)
    np.testing.assert_allclose(bar[0, 239], (255 + last) / 2, atol=1)
    np.testing.assert_allclose(bar[1, 239], last / 2, atol=1)
    said = words(drawn)
    assert {"dog.png", "logit of dog = 3", "0", "2", "input"} <= set(said)
    (legend,) = [line for line in said if "transparent" in line]
    assert legend.startswith("low values are transparent")
    assert "0 % at zero to 50 % at the high end" in legend


def test_every_row_has_its_own_ends_and_signs_hold_for_all():
    rows = [Overlaid(VALUES, PHOTO), Overlaid(VALUES - 3, PHOTO)]
    drawn = overlay(rows)
    assert drawn.provenance["ends"] == [(-2, 2), (-3, 3)]
    assert drawn.provenance["colormap"] == "RdBu"
    assert {"-2", "2", "-3", "3"} <= set(words(drawn))
    assert any(said.startswith("values near zero are transparent") for said in words(drawn))
    told = overlay([Overlaid(VALUES, PHOTO, ends=(0, 0.5))])
    assert told.provenance["ends"] == [(0, 0.5)]
    np.testing.assert_array_equal(shown(told)[2], shown(overlay([Overlaid(VALUES / 4, PHOTO)]))[2])


def test_opacity_zero_shows_the_grey_picture_and_says_so():
    drawn = overlay([Overlaid(VALUES, np.full((4, 6), 90, np.uint8))], opacity=0)
    assert (shown(drawn)[1] == 90).all()
    assert "opacity 0 %: the map is not shown" in words(drawn)


def test_a_map_of_zeros_says_so():
    drawn = overlay([Overlaid(0 * VALUES, PHOTO)])
    assert "nothing but zero to show" in words(drawn)
    assert len(shown(drawn)) == 2


def test_without_a_picture_the_map_stands_by_itself():
    drawn = overlay([Overlaid(VALUES, None)])
    mapped, bar = shown(drawn)
    np.testing.assert_array_equal(mapped[-1, -1], palette("inferno")[239])
    np.testing.assert_array_equal(bar[0], palette("inferno"))
    assert not any("transparent" in said for said in words(drawn))
    assert "input" not in words(drawn)


def test_it_is_saved_with_what_it_shows(tmp_path):
    drawn = overlay([Overlaid(VALUES, PHOTO)], provenance={"method": "grad-cam"}, notes=["a note"])
    for suffix in ("png", "pdf", "svg"):
        drawn.save(tmp_path / f"map.{suffix}")
        assert (tmp_path / f"map.{suffix}").stat().st_size > 1000
    told = read_provenance(tmp_path / "map.png")
    assert told["method"] == "grad-cam"
    assert told["opacity"] == 0.6
    assert told["legend"][-1] == "a note"
    assert "a note" in (tmp_path / "map.svg").read_text()


@pytest.mark.parametrize(
    ("rows", "options", "match"),
    [
        ([], {}, "at least one"),
        ([Overlaid(VALUES, PHOTO)], {"opacity": 1.5}, "opacity of 1.5.*from 0 to 1"),
        ([Overlaid(VALUES, PHOTO)], {"colormap": "virdis"}, "virdis"),
        ([Overlaid(VALUES, PHOTO[:3])], {}, "of the same height and width"),
        ([Overlaid(VALUES[0], PHOTO)], {}, r"a map \(y, x\)"),
        ([Overlaid(VALUES, PHOTO / 255)], {}, "cannot be drawn"),
    ],
)
def test_what_cannot_be_laid_over(rows, options, match):
    with pytest.raises(SelectionError, match=match):
        overlay(rows, **options)
