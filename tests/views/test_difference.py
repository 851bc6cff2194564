"""The same layer of two networks."""

import keras
import numpy as np
import pytest

import convscope
from convscope.errors import SelectionError
from convscope.pictures import read_provenance


@pytest.fixture(scope="module")
def trained(network):
    """Give the network with one kernel of its second layer changed."""
    model = keras.models.clone_model(network.model)
    model.set_weights(network.model.get_weights())
    model.name = "trained"
    kernel, bias = model.get_layer("conv").get_weights()
    bias[0] += 0.25
    kernel[..., 0] = np.abs(kernel[..., 0])
    kernel[..., 3] *= 2
    model.get_layer("conv").set_weights([kernel, bias])
    return convscope.open(model)


def test_the_difference_is_what_is_new_less_what_was(network, trained, photos):
    found = convscope.difference(network, trained, photos, "conv")
    one, other = (part.activations(photos, "conv")["conv"] for part in (network, trained))
    np.testing.assert_array_equal(found.maps["one"], one)
    np.testing.assert_array_equal(found.maps["other"], other)
    np.testing.assert_array_equal(found.maps["difference"], other.values - one.values)
    assert found.maps["difference"].dims == ("image", "channel", "y", "x")
    assert np.abs(found.maps["difference"]).max() > 0.1
    assert not found.maps["difference"].sel(channel=[1, 2]).any()


def test_both_have_one_scale_and_the_difference_is_around_zero(network, trained, photos, tmp_path):
    found = convscope.difference(network, trained, photos, "conv")
    drawing = found.drawing(1)
    words = [text.get_text() for text in drawing.figure.axes[0].texts]
    assert {"views", "trained", "trained less views", "conv, image 1", "one scale for both"} <= set(
        words
    )
    drawing.save(tmp_path / "difference.png")
    told = read_provenance(tmp_path / "difference.png")
    assert told["networks"] == ["views", "trained"]
    one, other, between = told["pictures"]
    image = found.maps.isel(image=1)
    both = np.stack([image["one"], image["other"]])
    for part in (one, other):
        assert (part["low"], part["high"]) == pytest.approx((both.min(), both.max()))
    largest = float(np.abs(image["difference"]).max())
    assert (between["low"], between["high"]) == pytest.approx((-largest, largest))
    assert between["colormap"] == "RdBu"


def test_networks_of_one_name_are_told_apart_by_their_files(network, photos, tmp_path):
    for name in ("early", "late"):
        network.model.save(tmp_path / f"{name}.keras")
    early, late, again = (
        convscope.open(tmp_path / f"{name}.keras") for name in ("early", "late", "late")
    )
    assert convscope.difference(early, late, photos, "conv").names == ("early.keras", "late.keras")
    assert convscope.difference(late, again, photos, "conv").names == ("views", "views (other)")
    assert convscope.difference(late, late, photos, "conv").names == ("views", "views")


@pytest.mark.parametrize("layer", ["signed", "mean", "classes", -1])
def test_layers_of_every_kind_are_drawn(network, photos, layer, tmp_path):
    """A network has nothing between itself and itself."""
    found = convscope.difference(network, network, photos, layer)
    assert not found.maps["difference"].any()
    found.drawing().save(tmp_path / "same.svg")


def test_what_cannot_be_compared(network, trained, photos):
    narrow = convscope.open(
        keras.Sequential(
            [keras.Input((10, 14, 3)), keras.layers.Conv2D(2, 1, name="conv")], name="narrow"
        )
    )
    cases = [
        (narrow, "conv", r"'conv' is 4 x 10 x 14 in views and 2 x 10 x 14 in narrow: choose"),
        (trained, "cnv", "no layer is called 'cnv'"),
        (trained, "conv,signed", "means 2 layers of views: give one"),
    ]
    for other, layer, words in cases:
        with pytest.raises(SelectionError, match=words):
            convscope.difference(network, other, photos, layer)
    with pytest.raises(SelectionError, match="no image 2: the 2 images have indices 0 to 1"):
        convscope.difference(network, trained, photos, "conv").drawing(2)
