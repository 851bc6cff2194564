"""All maps of all layers, as pictures and on disk."""

import json

import numpy as np
import pytest
from PIL import Image

import convscope
from convscope.errors import SelectionError
from convscope.views.map_files import file_name


def test_one_image_is_a_mapping_in_execution_order(network, photos):
    maps = convscope.maps(network, photos[:1])
    assert list(maps) == ["signed", "conv", "squashed", "mean", "classes"]
    assert maps["signed"].tiling.channels == 6
    assert maps["mean"].tiling.strip


def test_blank_maps_are_named_for_what_they_are(network, photos):
    maps = convscope.maps(network, photos[:1])
    assert maps.words("conv")[1] == "zero here"
    assert maps.words("conv")[2] == "constant"
    assert maps.words("squashed")[0] == "saturated"
    assert maps.words("signed") == ["active"] * 6
    assert maps.reasons("conv") == {2: "0.5 everywhere: what the bias alone gives"}
    assert maps.reasons("squashed") == {0: "100.0% of the units at 0 or 1"}


def test_several_images_are_chosen_by_number(network, photos):
    maps = convscope.maps(network, photos)
    with pytest.raises(SelectionError, match=r"\.image\(0\)"):
        maps["conv"]
    one, other = maps.image(0)["signed"], maps.image(1)["signed"]
    assert (one.levels != other.levels).any()
    with pytest.raises(SelectionError, match="0 to 1"):
        maps.image(2)
    with pytest.raises(SelectionError, match="conv"):
        maps.image(0)["convolution"]


def test_the_shared_scale_spans_all_images_and_layers(network, photos):
    maps = convscope.maps(network, photos, ["conv", "squashed"], scale="shared")
    every = [maps.activations[name].values for name in ("conv", "squashed")]
    low, high = min(map(np.min, every)), max(map(np.max, every))
    for image in range(2):
        for name in maps:
            picture = maps.image(image)[name]
            np.testing.assert_allclose(picture.low, low, atol=1e-6)
            np.testing.assert_allclose(picture.high, high, atol=1e-6)


def test_the_input_is_shown_as_the_network_sees_it(network, photos):
    np.testing.assert_array_equal(convscope.maps(network, photos[:1]).input(), photos[0])
    bgr = convscope.open(
        network.model, pixel_range=(0, 255), pixel_mean=(100, 110, 120), pixel_order="bgr"
    )
    np.testing.assert_array_equal(convscope.maps(bgr, photos[:1]).input(), photos[0])


def test_what_is_saved(network, photos, tmp_path):
    seen = []
    written = convscope.maps(network, photos[:1], zoom=3).save(tmp_path, progress=seen.append)
    names = {path.name for path in written}
    assert names == {path.name for path in tmp_path.iterdir()}
    assert {"0_signed.png", "4_classes.png", "input.png", "maps.json"} <= names
    assert len(seen) == 5
    told = json.loads((tmp_path / "maps.json").read_text())
    assert [entry["layer"] for entry in told["layers"]] == [
        "signed", "conv", "squashed", "mean", "classes",
    ]  # fmt: skip
    conv = told["layers"][1]
    assert conv["blank"] == {"zero here": 1, "constant": 1}
    values = network.activations(photos[:1], "conv")["conv"].values[0]
    np.testing.assert_allclose(conv["channels"]["low"], values.min(axis=(1, 2)), atol=1e-6)
    np.testing.assert_allclose(conv["channels"]["high"], values.max(axis=(1, 2)), atol=1e-6)
    with Image.open(tmp_path / "0_signed.png") as picture:
        assert picture.size[0] >= 3 * 14


def test_not_a_number_is_marked_and_told(tmp_path):
    import keras

    model = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Conv2D(2, 1, name="broken")])
    model.layers[0].set_weights([np.array([[[[1.0, np.nan]]]]), np.zeros(2)])
    maps = convscope.maps(convscope.open(model), np.ones((1, 4, 4, 1), np.float32) * 0.5)
    assert maps.words("broken") == ["constant", "not a number"]
    assert maps["broken"].nan_count == 16
    maps.save(tmp_path)
    told = json.loads((tmp_path / "maps.json").read_text())
    assert told["layers"][0]["channels"]["low"] == [0.5, None]


def test_every_rank_is_drawn(tmp_path):
    import keras

    layers = keras.layers
    signal = keras.Sequential([keras.Input((9, 2)), layers.Conv1D(5, 2), layers.LSTM(3)])
    volume = keras.Sequential([keras.Input((4, 5, 6, 1)), layers.Conv3D(3, 2), layers.Flatten()])
    odd = keras.Sequential([keras.Input((2, 3, 4, 5, 6)), layers.Dense(2)])
    # Beside a picture a layer and maps.json: the input and the lines, the input and the projection.
    for place, (model, shape, more) in enumerate(
        ((signal, (9, 2), 2), (volume, (4, 5, 6, 1), 2), (odd, (2, 3, 4, 5, 6), 0))
    ):
        array = np.random.default_rng(0).random((1, *shape), np.float32)
        written = convscope.maps(convscope.open(model), array).save(tmp_path / str(place))
        assert len(written) == len(model.layers) + 1 + more
    assert convscope.maps(convscope.open(signal), np.ones((1, 9, 2), np.float32))[
        signal.layers[0].name
    ].levels.shape == (5, 8)


def test_file_names_are_safe(network):
    assert file_name(network.layers["conv"]) == "1_conv.png"
    linear = network.select("conv:linear")[0]
    assert file_name(linear) == "1_conv.linear.png"
