"""Images against layers."""

import numpy as np
import pytest

import convscope
from convscope.errors import SelectionError
from convscope.views.compare import channel_map


def cells(drawing):
    """Give the arrays that a drawing shows, top left first."""
    return [shown.get_array() for axes in drawing.figure.axes for shown in axes.get_images()]


def test_a_table_has_a_row_an_image_and_a_column_a_layer(network, photos):
    drawing = convscope.compare(network, photos, "signed,conv", channel=0, input=False)
    titles = {text.get_text() for axes in drawing.figure.axes for text in axes.texts}
    titles |= {text.get_text() for text in drawing.figure.texts}
    assert {"signed", "conv", "image 0", "image 1", "views: channel 0"} <= titles
    assert len(cells(drawing)) >= 4


def test_rows_are_named_by_the_class_in_the_images_own_dataset(network):
    from convscope.inputs.images import Image

    pixels = np.zeros((10, 14, 3), np.uint8)
    images = [
        Image(pixels, "mnist:0", 1, "seven"),
        Image(pixels, "mnist:1", 0, "two"),
        Image(pixels, "mnist:2", 1, "seven"),
        Image(pixels, "photo.png"),
    ]
    drawing = convscope.compare(network, images, "signed", channel=0)
    titles = {text.get_text() for axes in drawing.figure.axes for text in axes.texts}
    assert {"seven, mnist:0", "two", "seven, mnist:2", "photo.png"} <= titles
    assert "right" not in titles


def test_provenance_names_everything(network, photos, tmp_path):
    drawing = convscope.compare(network, photos, "signed", mean=True)
    drawing.save(tmp_path / "table.png")
    from convscope.pictures import read_provenance

    told = read_provenance(tmp_path / "table.png")
    assert told["network"] == "views"
    assert told["layers"] == ["signed"]
    assert told["images"] == ["image 0", "image 1"]
    assert told["shows"] == "mean over channels"


def test_channel_map_and_mean(network, photos):
    activations = network.activations(photos, ["signed", "mean"])
    values = activations["signed"].values
    np.testing.assert_array_equal(channel_map(activations, "signed", 4, 1), values[1, 4])
    np.testing.assert_allclose(
        channel_map(activations, "signed", None, 0), values[0].mean(axis=0), atol=1e-6
    )
    assert channel_map(activations, "mean", 0, 0).shape == (1, 3)


def test_what_cannot_be_compared(network, photos):
    with pytest.raises(SelectionError, match="--mean"):
        convscope.compare(network, photos)
    with pytest.raises(SelectionError, match="--mean"):
        convscope.compare(network, photos, channel=1, mean=True)
    with pytest.raises(SelectionError, match="0 to 3"):
        convscope.compare(network, photos, "conv", channel=4)
    with pytest.raises(SelectionError, match="3 titles were given for 2 images"):
        convscope.compare(network, photos, "conv", channel=1, titles=["a", "b", "c"])


@pytest.mark.parametrize("scale", ["channel", "layer", "shared", "robust", "sigma", "fixed(0,1)"])
def test_every_scale_draws(network, photos, scale, tmp_path):
    drawing = convscope.compare(network, photos, "signed,conv,mean", channel=0, scale=scale)
    drawing.save(tmp_path / "table.svg")
    assert (tmp_path / "table.svg").stat().st_size > 2000


def test_a_single_unit_has_the_contrast_of_its_layer(network, photos):
    """A pooled map of one unit lies between the ends of its layer, not at one of them."""
    import keras

    pooled = keras.Sequential(
        [
            keras.Input((4, 4, 3)),
            keras.layers.AveragePooling2D(2, name="two"),
            keras.layers.AveragePooling2D(2, name="one"),
        ]
    )
    photo = np.zeros((1, 4, 4, 3), np.uint8)
    photo[..., 0], photo[..., 1], photo[..., 2] = 0, 128, 255
    photo[0, 0, 0] = 255, 0, 128
    opened = convscope.open(pooled)
    ends = []
    for channel in range(3):
        drawing = convscope.compare(opened, photo, channel=channel, input=False)
        ends.append(drawing.provenance["ends"][0][1])
    whole = opened.activations(photo).array("one")
    expected = [(whole.min(), whole.max())] * 3
    np.testing.assert_allclose(ends, expected)
    words = {text.get_text() for axes in drawing.figure.axes for text in axes.texts}
    assert any("a single unit: its layer's min..max" in word for word in words)


def test_mistakes_are_told_before_the_network_runs(network, photos, monkeypatch):
    def run(*_, **__):
        raise AssertionError("the network ran")

    monkeypatch.setattr(type(network), "run", run)
    with pytest.raises(SelectionError, match="no scale 'chanel'"):
        convscope.compare(network, photos, channel=0, scale="chanel")
    with pytest.raises(SelectionError, match="virids"):
        convscope.compare(network, photos, channel=0, colormap="virids")
    with pytest.raises(SelectionError, match="1 titles"):
        convscope.compare(network, photos, channel=0, titles=["a"])
