"""Tables and numbered mosaics: the right pixels, true bars, text as text."""

import io

import numpy as np
import pytest
from PIL import Image

from convscope.errors import SelectionError
from convscope.pictures import figures, mosaic, read_provenance
from convscope.pictures.cells import cell_of, scaled
from convscope.pictures.scale import Scale

RNG = np.random.default_rng(2)
SMALL, LARGE = RNG.random((5, 5)), 3 * RNG.random((26, 26))
INPUT = RNG.integers(0, 255, (28, 28), np.uint8)


def texts(drawing):
    return [text.get_text() for text in drawing.figure.axes[0].texts]


def images(drawing):
    return [np.asarray(image.get_array()) for image in drawing.figure.axes[0].images]


def test_a_table_shows_each_map_by_its_own_levels():
    drawing = figures.table([[INPUT, SMALL], [None, LARGE]], colormap="inferno")
    first, second, third, _bar = images(drawing)
    np.testing.assert_array_equal(first, np.stack([INPUT] * 3, axis=-1))
    for shown, values in ((second, SMALL), (third, LARGE)):
        picture = mosaic(values, colormap="inferno")
        np.testing.assert_array_equal(shown, picture.palette[picture.levels])
    boxes = [image.get_extent() for image in drawing.figure.axes[0].images[:3]]
    widths = [right - left for left, right, _, _ in boxes]
    assert widths == pytest.approx([widths[0]] * 3)


def test_titles_stand_in_the_table():
    drawing = figures.table(
        [[SMALL, LARGE]],
        row_titles=["Ankle boot"],
        column_titles=["conv2d", "a/very/long/name/of/a/layer/that/does/not/fit"],
        title="$channel_6",
    )
    shown = texts(drawing)
    assert {"Ankle boot", "conv2d", "$channel_6"} <= set(shown)
    assert any("…" in words for words in shown)


@pytest.mark.parametrize(
    ("scale", "low", "high"),
    [
        ("channel", [0.0, 1.0, 2.0, 4.0], [0.5, 3.0, 6.0, 8.0]),
        ("shared", [0.0] * 4, [8.0] * 4),
        ("layer", [0.0, 1.0, 0.0, 1.0], [6.0, 8.0, 6.0, 8.0]),
        ("fixed(0, 9)", [0.0] * 4, [9.0] * 4),
    ],
)
def test_spans_govern_cells_columns_or_the_table(scale, low, high):
    pairs = ([0.0, 0.5], [1.0, 3.0], [2.0, 6.0], [4.0, 8.0])
    cells = [cell_of(np.array([pair])) for pair in pairs]
    ends, centred = scaled([cells[:2], cells[2:]], Scale.parse(scale), None, None)
    assert [pair for row in ends for pair in row] == list(zip(low, high, strict=True))
    assert not centred


def test_a_table_with_both_signs_is_centred_everywhere():
    drawing = figures.table([[SMALL - 0.5, LARGE]])
    assert drawing.provenance["signed"] and drawing.provenance["colormap"] == "RdBu"
    for low, high in drawing.provenance["ends"][0]:
        assert low == -high


def test_ends_of_the_whole_layer_may_be_given():
    rows = [[SMALL, LARGE]]
    drawing = figures.table(rows, scale="layer", bounds=[[(0, 2), (0, 7)]])
    assert drawing.provenance["ends"] == [[(0.0, 2.0), (0.0, 7.0)]]
    one = figures.table(rows, scale="shared", bounds=(0, 4))
    assert one.provenance["ends"] == [[(0.0, 4.0), (0.0, 4.0)]]
    assert {"0", "4"} <= set(texts(one))


def test_bars_say_numbers_only_where_they_are_true():
    rows = [[SMALL, LARGE], [SMALL * 2, LARGE * 2]]
    assert "each map's own min..max" in texts(figures.table(rows))
    columns = texts(figures.table(rows, scale="layer"))
    assert f"{2 * SMALL.max():.3g}" in columns and f"{2 * LARGE.max():.3g}" in columns
    mixed = [[(0, 1), (0, 2)], [(0, 3), (0, 4)]]
    assert "each map: its layer's min..max" in texts(
        figures.table(rows, scale="layer", bounds=mixed)
    )


def test_blank_cells_carry_their_word():
    rows = [[np.zeros((4, 4)), np.ones((4, 4)), np.full((4, 4), np.nan)]]
    assert {"zero here", "constant", "not a number"} <= set(texts(figures.table(rows)))
    told = figures.table(rows, words=[["dead", "saturated", None]])
    assert {"dead", "saturated", "not a number"} <= set(texts(told))


def test_a_map_that_is_not_square_keeps_its_shape():
    drawing = figures.table([[RNG.random((10, 10)), RNG.random((5, 10)), RNG.random((10, 10))]])
    left, right, bottom, top = drawing.figure.axes[0].images[1].get_extent()
    assert (bottom - top) / (right - left) == pytest.approx(0.5)


def test_every_channel_has_its_number():
    values = RNG.random((20, 6, 5))
    drawing = figures.numbered(values, columns=8, title="conv2d")
    assert {str(channel) for channel in range(20)} <= set(texts(drawing))
    assert {"conv2d", "min", "max"} <= set(texts(drawing))
    wanted = set(map(tuple, mosaic(values).palette[mosaic(values).levels].reshape(-1, 3).tolist()))
    shown = set(map(tuple, images(drawing)[0].reshape(-1, 3).tolist()))
    assert wanted == shown


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_figures_are_saved_by_suffix(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    rows = [[SMALL, LARGE]]
    drawing = figures.table(rows, column_titles=["a_b", "c"], provenance={"network": "shoes"})
    drawing.save(path)
    data = path.read_bytes()
    if suffix == "png":
        assert read_provenance(path)["network"] == "shoes"
        with Image.open(path) as image:
            assert image.width > 300
    else:
        assert (b"<text" in data and b"a_b" in data) if suffix == "svg" else data[:4] == b"%PDF"
        again = tmp_path / f"b.{suffix}"
        figures.table(rows, column_titles=["a_b", "c"], provenance={"network": "shoes"}).save(again)
        assert again.read_bytes() == data
    with Image.open(io.BytesIO(drawing._repr_png_())) as image:
        assert image.format == "PNG"


def test_what_a_figure_cannot_be_is_explained(tmp_path):
    with pytest.raises(SelectionError, match=r"end the name in \.png, \.pdf, \.svg"):
        figures.table([[SMALL]]).save(tmp_path / "a.gif")
    with pytest.raises(SelectionError, match="a table without cells"):
        figures.table([])
    with pytest.raises(SelectionError, match="1 column_titles for a table with 2"):
        figures.table([[SMALL, SMALL]], column_titles=["a"])
    with pytest.raises(SelectionError, match=r"a cell of float64 and shape \(2, 2, 2\)"):
        figures.table([[np.zeros((2, 2, 2))]])
    with pytest.raises(SelectionError, match=r"a cell of shape \(0, 2\) is empty"):
        figures.table([[np.zeros((0, 2))]])
    with pytest.raises(SelectionError, match="no tiles to number"):
        figures.numbered(np.zeros(4))


def test_a_drawing_is_named_in_a_line():
    drawing = figures.table([[np.zeros((2, 2))]], provenance={"network": "n" * 5000})
    assert repr(drawing).startswith("<Drawing of ")
    assert len(repr(drawing)) < 60
