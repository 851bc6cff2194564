"""Kernels as blocks, images that excite, and a unit's view, as pictures."""

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

import convscope
from convscope.analysis.filters import kernels
from convscope.errors import SelectionError
from convscope.pictures.blocks import blocks, coloured, kernel_blocks
from convscope.views.filters import first_channels
from convscope.views.receptive_field import draw_field


def test_colours_have_grey_for_zero_and_one_scale():
    values = np.zeros((1, 3, 1, 2))
    values[0, 0, 0] = 0.5, -1
    pixels = coloured(values, 1.0)
    assert pixels.shape == (1, 1, 2, 3)
    assert pixels[0, 0].tolist() == [[191, 128, 128], [0, 128, 128]]


def test_blocks_of_kernels_keep_every_weight_in_its_place():
    values = np.arange(2 * 4 * 2 * 3, dtype=float).reshape(2, 4, 2, 3)
    pixels = kernel_blocks(values, values.max(), "gray", columns=2)
    assert pixels.shape == (2, 5, 7, 3)
    # Paper lies between the kernels.
    assert (pixels[:, 2] == 255).all() and (pixels[:, :, 3] == 255).all()
    inside = pixels[1, 3:5, 4:7, 0].astype(int)
    expected = 255 * (1 + values[1, 3] / values.max()) / 2
    assert abs(inside - expected).max() <= 2
    assert (kernel_blocks(np.zeros((1, 2, 1, 1)), 0.0, "RdBu") > 240).all()


def test_a_title_for_each():
    with pytest.raises(SelectionError, match="1 titles for 2 pictures"):
        blocks(np.zeros((2, 3, 3, 3), np.uint8), ["one"])


def test_the_first_layer_is_drawn_in_colours_in_the_order_of_the_person():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([layers.Input((9, 9, 3)), layers.Conv2D(2, 3, name="conv")])
    weights = model.get_layer("conv").get_weights()[0]
    drawn = {}
    for order in ("rgb", "bgr"):
        network = convscope.open(model, pixel_order=order)
        figure = convscope.filters(network, "conv").drawing.figure
        drawn[order] = figure.axes[0].images[0].get_array()
        assert convscope.filters(network, "conv").kernels.equals(kernels(network, "conv"))
    np.testing.assert_array_equal(drawn["rgb"], drawn["bgr"][..., ::-1])
    expected = 127.5 + 127.5 * weights[..., 0] / abs(weights).max()
    assert abs(np.asarray(drawn["rgb"], float) - expected).max() <= 1


@pytest.mark.parametrize("layer", ["signal", "volume"])
def test_other_ranks(layer, tmp_path):
    conv = layers.Conv1D(3, 4) if layer == "signal" else layers.Conv3D(2, (2, 3, 3))
    shape = (9, 5) if layer == "signal" else (6, 6, 6, 2)
    network = convscope.open(keras.Sequential([layers.Input(shape), conv]))
    found = convscope.filters(network, 0)
    found.save(tmp_path / "filters.png")
    assert Image.open(tmp_path / "filters.png").size[0] > 300
    pixels = found.drawing.figure.axes[0].images[0].get_array()
    # A row for each of five inputs; two inputs of two slices of 3 x 3.
    assert pixels.shape == ((5, 4, 3) if layer == "signal" else (7, 7, 3))


def test_thousands_of_kernels_are_cut_to_what_is_legible():
    model = keras.Sequential([layers.Input((9, 9, 256)), layers.Conv2D(256, 3, name="conv")])
    network = convscope.open(model)
    shown, count = first_channels(network, "conv")
    assert count == 256 and 0 < len(shown) < 256
    assert f"{len(shown)} of 256" in repr(convscope.filters(network, "conv"))
    assert convscope.filters(network, "conv", [255]).channels == (255,)


def test_maximised_channels_are_drawn_as_images(network):
    found = convscope.filters(network, "conv", [0, 3], maximize=True, steps=2)
    assert found.kernels is None and found.maximised.channels == (0, 3)
    pictures = found.drawing.figure.axes[0].images
    np.testing.assert_array_equal(pictures[1].get_array(), found.maximised.images[1])
    assert found.drawing.provenance["seed"] == 0 and found._repr_png_()[:4] == b"\x89PNG"
    with pytest.raises(SelectionError, match="no channel 4"):
        convscope.filters(network, "conv", [4], maximize=True)


def test_a_unit_s_view(network, photos, tmp_path):
    field = convscope.receptive_field(network, "conv", (0, 5), photos[:1])
    drawing = draw_field(network, field, photos[:1])
    drawing.save(tmp_path / "field.png")
    assert drawing.provenance["box"] == [[0, 2], [4, 7]]
    photo, effective, _ = drawing.figure.axes[0].images
    assert photo.get_array().shape == effective.get_array().shape == (10, 14, 3)
    edges = [patch.get_bbox().bounds for patch in drawing.figure.axes[0].patches[:2]]
    # 2.6 inches for 14 pixels.
    np.testing.assert_allclose([edge[2] for edge in edges], 2.6 * 3 / 14, rtol=1e-6)
    np.testing.assert_allclose([edge[3] for edge in edges], 2.6 * 2 / 14, rtol=1e-6)


def test_a_field_without_anything_to_draw(network, monkeypatch):
    monkeypatch.setattr(type(network), "differentiable", property(lambda self: False))
    field = convscope.receptive_field(network, "conv", (0, 5))
    with pytest.raises(SelectionError, match="give one image"):
        draw_field(network, field)
