"""Figures for papers: the width in print, letters, whole pixels, fonts, hashes."""

import base64
import hashlib
import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from convscope.errors import SelectionError
from convscope.pictures import figures, mosaic, read_provenance
from convscope.pictures.column import column_inches

RNG = np.random.default_rng(3)
MAPS = RNG.random((6, 7, 9))
PHOTO = RNG.integers(0, 255, (12, 10, 3), np.uint8)
DIGEST = hashlib.sha256(PHOTO.tobytes()).hexdigest()
ORIGIN = {
    "network": "small",
    "fingerprint": hashlib.sha256(b"weights").hexdigest(),
    "images": [{"name": "photo", "sha256": DIGEST, "of": "array"}],
}


def pixels(drawing):
    return np.asarray(Image.open(io.BytesIO(drawing.encode("png"))).convert("RGB"))


def svg_texts(drawing):
    tree = ElementTree.fromstring(drawing.encode("svg"))
    return [node.text for node in tree.iter("{http://www.w3.org/2000/svg}text")]


def places_of(part, whole):
    """Find where a picture lies in another, pixel for pixel."""
    height, width = part.shape[:2]
    rows, columns = (
        end - size + 1 for end, size in zip(whole.shape[:2], part.shape[:2], strict=True)
    )
    starts = np.argwhere((whole[:rows, :columns] == part[0, 0]).all(axis=-1))
    return [(y, x) for y, x in starts if np.array_equal(whole[y : y + height, x : x + width], part)]


@pytest.mark.parametrize(
    ("width", "millimetres"),
    [
        ("single", 83.0),
        ("double", 174.0),
        ("89 mm", 89.0),
        ("8.9cm", 89.0),
        ("3.5 in", 88.9),
        ("252 pt", 252 / 72.27 * 25.4),
        (3.5, 88.9),
    ],
)
def test_it_is_as_wide_as_the_column_in_every_format(width, millimetres):
    drawing = figures.panels([PHOTO, mosaic(MAPS)], width=width)
    box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", drawing.encode("pdf"))
    assert float(box[1]) / 72 * 25.4 == pytest.approx(millimetres, abs=1e-4)
    tree = ElementTree.fromstring(drawing.encode("svg"))
    assert float(tree.get("width").removesuffix("pt")) / 72 * 25.4 == pytest.approx(
        millimetres, abs=1e-4
    )
    with Image.open(io.BytesIO(drawing.encode("png"))) as picture:
        dpi = picture.info["dpi"][0]
        assert dpi == pytest.approx(300, abs=0.01)
        # The last part of a pixel is cut off, so that a column is never exceeded.
        assert 0 <= millimetres - picture.width / 300 * 25.4 < 25.4 / 300


@pytest.mark.parametrize("dpi", [150, 300, 600])
@pytest.mark.parametrize("columns", [1, 2])
def test_units_are_whole_pixels_of_their_own_colours(dpi, columns):
    picture = mosaic(MAPS, columns=3)
    drawing = figures.panels([PHOTO, picture], width="60 mm", columns=columns, dpi=dpi)
    by_photo, by_map = drawing.provenance["pixels_a_unit"]
    shown = pixels(drawing)
    room = int((60 / 25.4 - 0.14 * (columns - 1)) / columns * dpi)
    for part, zoom in ((PHOTO, by_photo), (picture.palette[picture.levels], by_map)):
        assert zoom == room // part.shape[1]
        assert len(places_of(part.repeat(zoom, axis=0).repeat(zoom, axis=1), shown)) == 1


def test_pdf_and_svg_hold_the_same_pixels_and_ask_for_no_smoothing():
    picture = mosaic(MAPS, columns=3)
    drawing = figures.panels([picture], width="60 mm")
    (zoom,) = drawing.provenance["pixels_a_unit"]
    height, width = (zoom * units for units in picture.tiling.shape)
    document = drawing.encode("pdf")
    sizes = re.findall(rb"/Height (\d+).*?/Width (\d+)|/Width (\d+).*?/Height (\d+)", document)
    found = [(int(h or k), int(w or v)) for h, w, v, k in sizes]
    assert (height, width) in found
    assert b"/Interpolate true" not in document
    tree = ElementTree.fromstring(drawing.encode("svg"))
    image = next(tree.iter("{http://www.w3.org/2000/svg}image"))
    link = image.get("{http://www.w3.org/1999/xlink}href")
    held = Image.open(io.BytesIO(base64.b64decode(link.partition(",")[2])))
    expected = picture.palette[picture.levels].repeat(zoom, axis=0).repeat(zoom, axis=1)
    shown = np.asarray(held.convert("RGB"))
    np.testing.assert_array_equal(shown, expected)


def test_text_is_text_and_fonts_are_truetype():
    drawing = figures.panels([PHOTO, mosaic(MAPS, title="conv2d")], titles=["a photo", "conv2d"])
    document = drawing.encode("pdf")
    assert b"/FontFile2" in document and b"/Type3" not in document
    assert {"a photo", "conv2d", "a", "b"} <= set(svg_texts(drawing))
    sizes = {text.get_fontsize() for text in drawing.figure.axes[0].texts}
    assert sizes <= {7.0, 8.0}


@pytest.mark.parametrize(
    ("letters", "first", "last"), [("a", ["a", "b", "c"], "ab"), ("A", ["A", "B", "C"], "AB")]
)
def test_letters_stand_in_order(letters, first, last):
    drawing = figures.panels([PHOTO] * 28, letters=letters, columns=4)
    texts = [text for text in drawing.figure.axes[0].texts if text.get_weight() == "bold"]
    shown = [text.get_text() for text in texts]
    assert shown[:3] == first and shown[-1] == last and len(set(shown)) == 28
    places = [(round(text.get_position()[1], 6), text.get_position()[0]) for text in texts]
    assert places == sorted(places)
    assert not any(
        text.get_weight() == "bold"
        for text in figures.panels([PHOTO] * 2, letters="").figure.axes[0].texts
    )


def test_the_hashes_are_in_every_file_and_on_the_page(tmp_path):
    drawing = figures.panels([PHOTO], footer=True, provenance=ORIGIN)
    drawing.save(tmp_path / "it.png")
    found = read_provenance(tmp_path / "it.png")
    assert found["fingerprint"] == hashlib.sha256(b"weights").hexdigest()
    assert found["images"][0]["sha256"] == hashlib.sha256(PHOTO.tobytes()).hexdigest()
    for kind in ("pdf", "svg"):
        drawing.save(tmp_path / f"it.{kind}")
        assert DIGEST.encode() in (tmp_path / f"it.{kind}").read_bytes()
    (line,) = [words for words in svg_texts(drawing) if "SHA-256" in words]
    assert DIGEST[:12] in line and ORIGIN["fingerprint"][:12] in line


def test_a_long_footer_stays_within_the_width():
    many = [{"name": f"photo {place}", "sha256": DIGEST} for place in range(30)]
    drawing = figures.panels([PHOTO], footer=True, provenance={**ORIGIN, "images": many})
    drawing.encode("png")
    renderer = drawing.figure.canvas.get_renderer()
    wide, tall = drawing.figure.bbox.size
    for text in drawing.figure.axes[0].texts:
        box = text.get_window_extent(renderer)
        assert box.x1 <= wide and box.y0 >= 0 and box.y1 <= tall


def test_blank_maps_are_marked_and_a_layer_without_space_has_a_height():
    maps = MAPS.copy()
    maps[2] = 0
    drawing = figures.panels([mosaic(maps), mosaic(RNG.random(20))], dpi=600)
    assert "1 zero here" in svg_texts(drawing)
    strip = drawing.figure.axes[0].images[2].get_extent()
    assert strip[2] - strip[3] == pytest.approx(0.12, abs=0.03)


def test_the_same_figure_has_the_same_bytes():
    for kind in ("pdf", "svg", "png"):
        one, other = (figures.panels([mosaic(MAPS)]).encode(kind) for _ in range(2))
        assert one == other


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pictures": [mosaic(np.zeros((1, 2, 3000)))]}, "panel 1 is 3,000 units wide and has 980"),
        ({"footer": True}, "no hashes to write: give provenance="),
        ({"titles": ["a", "b"]}, "2 titles for 1 panels"),
        ({"pictures": [MAPS[0]]}, "panel 1 of pictures .*give what convscope.mosaic draws"),
        ({"width": "wide"}, "width 'wide': give single, double, or a number with mm"),
    ],
)
def test_what_cannot_be_drawn_is_refused(options, message):
    with pytest.raises(SelectionError, match=message):
        figures.panels(**{"pictures": [PHOTO], **options})


def test_inches_are_inches():
    assert column_inches(2) == 2.0
