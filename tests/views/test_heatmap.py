"""Heat maps over the images as the network sees them."""

import numpy as np
import pytest

import convscope
from convscope.analysis.attribution import METHODS
from convscope.errors import SelectionError
from convscope.pictures import read_provenance
from convscope.views.heatmap import captions, render


def shown(drawing):
    return [part.get_array() for axes in drawing.figure.axes for part in axes.get_images()]


def words(drawing):
    return [text.get_text() for axes in drawing.figure.axes for text in axes.texts]


def test_a_row_an_image_with_the_input_beside_it(network, photos):
    found = convscope.heatmap(network, photos, "left")
    drawing = render(network, found, opacity=1)
    first, mapped, _, second, _, _ = shown(drawing)
    np.testing.assert_array_equal(first, photos[0])
    np.testing.assert_array_equal(second, photos[1])
    assert mapped.shape == (10, 14, 3)
    said = words(drawing)
    assert "views: grad-cam of squashed" in said
    assert {"input", "grad-cam", "image 0", "image 1"} <= set(said)
    assert f"logit of left = {float(found.score[1]):.4g}" in said
    assert any("left out" in line for line in said)
    assert "grad-cam: Selvaraju et al. 2017" in said


@pytest.mark.parametrize("method", METHODS)
def test_every_method_is_drawn_and_captioned(network, photos, method, tmp_path):
    found = convscope.heatmap(network, photos, method=method)
    drawing = render(network, found)
    drawing.save(tmp_path / "map.png")
    told = read_provenance(tmp_path / "map.png")
    assert told["method"] == method
    assert told["reference"] == METHODS[method].reference
    assert told["images"] == ["image 0", "image 1"]
    assert told["colormap"] == ("RdBu" if bool((found.values < 0).any()) else "inferno")
    for image, line in enumerate(captions(found)):
        assert line.startswith(f"image {image}: ")
        assert method in line
        assert (found.layer or "the input") in line
        assert "\n" not in line
        if method != "eigen-cam":
            assert f"{float(found.score[image]):.4g}" in line
    left_out = any("left out" in line for line in told["legend"])
    assert left_out == METHODS[method].rectified


def test_the_gap_of_integrated_gradients_is_written(network, photos):
    found = convscope.heatmap(network, photos[:1], method="integrated-gradients")
    gap = f"completeness gap {float(found.gap[0]):.2g}"
    assert gap in words(render(network, found))
    assert captions(found)[0].endswith(gap)


def test_colours_of_pixel_maps_end_where_nearly_all_pixels_do(network, photos):
    found = convscope.heatmap(network, photos[:1], method="saliency")
    drawing = render(network, found)
    low, high = drawing.provenance["ends"][0]
    assert low == 0
    assert high == pytest.approx(np.percentile(found.values.values, 99))
    assert any("99th percentile" in line for line in words(drawing))


def test_enlarged_maps_say_how_large_they_are():
    import keras

    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((12, 12, 3)),
            layers.Conv2D(3, 3, strides=3),
            layers.Flatten(),
            layers.Dense(2),
        ]
    )
    network = convscope.open(model)
    photo = np.random.default_rng(0).integers(0, 256, (12, 12, 3), np.uint8)
    drawing = render(network, convscope.heatmap(network, photo))
    assert "maps of 4 x 4 units, enlarged to 12 x 12 pixels (bilinear)" in words(drawing)


def test_a_network_that_takes_no_images_shows_the_map_alone():
    import keras

    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((6, 8, 7)), layers.Conv2D(3, 3), layers.Flatten(), layers.Dense(2)]
    )
    network = convscope.open(model)
    spectrum = np.random.default_rng(0).random((2, 6, 8, 7), np.float32)
    drawing = render(network, convscope.heatmap(network, spectrum, 1, "hires-cam"))
    assert "input" not in words(drawing)
    assert len(shown(drawing)) == 4


def test_an_opacity_that_is_none(network, photos):
    found = convscope.heatmap(network, photos[:1])
    with pytest.raises(SelectionError, match="from 0 to 1"):
        render(network, found, opacity=2)
