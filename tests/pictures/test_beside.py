"""Mosaics beside each other: what each one's colours and bar say."""

import numpy as np
import pytest

from convscope.errors import SelectionError
from convscope.pictures.colormap import full_palette
from convscope.pictures.figures import beside
from convscope.pictures.mosaic import mosaic


def test_each_keeps_its_own_colours_and_bar():
    values = np.linspace(0, 1, 4 * 5 * 6, dtype=np.float32).reshape(4, 5, 6)
    plain = mosaic(values, scale="layer", title="plain")
    signed = mosaic(4 * values - 1, scale="layer", signed=True, title="signed")
    drawing = beside([plain, signed], title="both")
    images = [image.get_array() for image in drawing.figure.axes[0].get_images()]
    tiles, bars = images[::2], images[1::2]
    for picture, shown, bar in zip((plain, signed), tiles, bars, strict=True):
        zoom = shown.shape[0] // picture.tiling.shape[0]
        np.testing.assert_array_equal(shown[::zoom, ::zoom], picture.colours())
        np.testing.assert_array_equal(bar[0], full_palette(picture.colormap)[:240])
    words = [text.get_text() for text in drawing.figure.axes[0].texts]
    assert {"both", "plain", "signed", "0", "1", "-3", "3"} <= set(words)
    assert [part["colormap"] for part in drawing.provenance["pictures"]] == ["viridis", "RdBu"]


def test_what_cannot_stand_beside_each_other():
    picture = mosaic(np.zeros((2, 3, 3), np.float32))
    with pytest.raises(SelectionError, match="pictures .*give a list of at least one picture"):
        beside([])
    with pytest.raises(SelectionError, match="1 titles for 2 pictures"):
        beside([picture, picture], titles=["one"])
    with pytest.raises(SelectionError, match="1 spans for 2 pictures"):
        beside([picture, picture], spans=["one"])
