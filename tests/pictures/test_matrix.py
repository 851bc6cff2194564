"""A matrix of shares: the colour of every cell, and what is written beside it."""

from itertools import pairwise

import numpy as np
import pytest
import xarray

from convscope.errors import SelectionError
from convscope.pictures import read_provenance
from convscope.pictures.colormap import LEVELS, Place, full_palette
from convscope.pictures.figures import matrix


def drawn(drawing):
    axes = drawing.figure.axes[0]
    return axes.get_images()[0], [text.get_text() for text in axes.texts]


def test_every_cell_has_the_colour_of_its_share():
    shares = np.array([[0, 0.25, 1], [-0.3, 1.4, np.nan]])
    image, words = drawn(matrix(shares, row_names=["a", "b"], column_names=list("xyz")))
    levels = [[0, round(0.25 * (LEVELS - 1)), LEVELS - 1], [0, LEVELS - 1, Place.NAN]]
    np.testing.assert_array_equal(image.get_array(), full_palette("viridis")[levels])
    assert {"a", "b", "x", "y", "z", "0", "1", "0.25", "-0.30", "1.40"} <= set(words)
    assert "1 not a number" in words
    assert "below 0: as 0, above 1: as 1" in words


def test_a_data_array_says_itself_what_it_is(tmp_path):
    found = xarray.DataArray(
        np.eye(2),
        dims=("layer", "other_layer"),
        coords={"layer": ["conv_1", "a_$name$_" + "x" * 60], "other_layer": ["p", "q"]},
        attrs={"measure": "linear CKA, unbiased", "network": "before", "other_network": "after",
               "dataset": "digits", "images": 1000},
    )  # fmt: skip
    drawing = matrix(found, provenance={"seed": 3})
    _, words = drawn(drawing)
    assert {"before", "after", "conv_1", "p", "linear CKA, 1,000 images of digits"} <= set(words)
    assert not any("not a number" in word or "as 0" in word for word in words)
    drawing.save(tmp_path / "matrix.png")
    told = read_provenance(tmp_path / "matrix.png")
    assert told["images"] == 1000
    assert told["seed"] == 3
    assert told["columns"] == ["p", "q"]


@pytest.mark.parametrize("count", [1, 12, 60, 150])
def test_names_neither_overlap_nor_leave_the_page(count):
    names = [f"block{place}/conv_with_a_name" for place in range(count)]
    drawing = matrix(np.eye(count), row_names=names, column_names=names, title="t" * 60)
    drawing.figure.canvas.draw()
    page = drawing.figure.bbox
    boxes = {text: text.get_window_extent() for text in drawing.figure.axes[0].texts}
    for box in boxes.values():
        assert box.x0 >= -1 and box.y0 >= -1
        assert box.x1 <= page.x1 + 1 and box.y1 <= page.y1 + 1
    rows = [
        box for text, box in boxes.items() if "/" in text.get_text() and not text.get_rotation()
    ]
    assert len(rows) == count
    for upper, lower in pairwise(rows):
        assert upper.y0 >= lower.y1 - 1
    assert all(text.get_fontsize() > 5 for text in boxes)


def test_what_is_no_matrix():
    with pytest.raises(SelectionError, match=r"shape \(3,\) is no matrix"):
        matrix([1, 2, 3])
    with pytest.raises(SelectionError, match="no matrix"):
        matrix(np.zeros((0, 2)))
    with pytest.raises(SelectionError, match="1 row_names for a matrix with 2"):
        matrix(np.eye(2), row_names=["a"])
    with pytest.raises(SelectionError, match="virids"):
        matrix(np.eye(2), colormap="virids")
