"""Pictures of volumes, signals and sequences on disk."""

import json

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

import convscope
from convscope.pictures.png import read_provenance


def places(path, height, width):
    """Give the levels of a saved picture's tiles."""
    with Image.open(path) as image:
        return np.asarray(image)[:height, :width]


@pytest.fixture(scope="module")
def scan():
    keras.utils.set_random_seed(3)
    parts = [layers.Conv3D(3, 2, name="conv"), layers.Flatten(name="flat")]
    return keras.Sequential([keras.Input((6, 7, 8, 1), name="scan"), *parts], name="scans")


@pytest.fixture(scope="module")
def heard():
    keras.utils.set_random_seed(4)
    parts = [
        layers.Conv1D(5, 3, name="conv"),
        layers.LSTM(4, return_sequences=True, name="lstm"),
        layers.LSTM(3, name="last"),
    ]
    return keras.Sequential([keras.Input((20, 2), name="wave"), *parts], name="hearing")


def test_a_volume_is_slices_and_a_projection(scan, tmp_path):
    x = np.random.default_rng(0).normal(size=(6, 7, 8, 1)).astype("float32")
    np.save(tmp_path / "x.npy", x)
    network = convscope.open(scan)
    maps = convscope.maps(network, tmp_path / "x.npy", scale="layer")
    written = {path.name for path in maps.save(tmp_path / "out")}
    assert written == {
        "input.png", "0_conv.png", "0_conv.maximum.png", "1_flat.png", "maps.json",
    }  # fmt: skip
    told = json.loads((tmp_path / "out" / "maps.json").read_text())["layers"]
    assert told[0]["maximum"] == "0_conv.maximum.png" and "maximum" not in told[1]
    value = np.moveaxis(np.asarray(keras.ops.convert_to_numpy(scan.layers[0](x[None])))[0], -1, 0)
    end = np.abs(value).max()
    assert value.shape == (3, 5, 6, 7)
    flat = places(tmp_path / "out" / "0_conv.maximum.png", 6, 3 * 8 - 1).astype(int)
    for channel in range(3):
        share = (value[channel].max(axis=0) + end) / (2 * end)
        assert np.abs(flat[:, channel * 8 : channel * 8 + 7] - share * 239).max() <= 0.51
    said = read_provenance(tmp_path / "out" / "0_conv.png")
    assert said["slices"] == 5 and said["slice"] == [6, 7]
    across = said["slices_in_a_row"]
    drawn = places(tmp_path / "out" / "0_conv.png", *maps["conv"].tiling.shape).astype(int)
    for z in range(5):
        top, left = z // across * 7, z % across * 8
        share = (value[0, z] + end) / (2 * end)
        assert np.abs(drawn[top : top + 6, left : left + 7] - share * 239).max() <= 0.51


def test_a_signal_is_a_strip_and_lines_and_a_recurrent_layer_time_by_channel(heard, tmp_path):
    x = np.random.default_rng(1).normal(size=(1, 20, 2)).astype("float32")
    maps = convscope.maps(convscope.open(heard), x, scale="fixed(-1, 1)")
    written = {path.name for path in maps.save(tmp_path)}
    assert written == {
        "input.png", "0_conv.png", "0_conv.lines.png", "1_lstm.png", "1_lstm.lines.png",
        "2_last.png", "maps.json",
    }  # fmt: skip
    lstm = keras.Sequential([keras.Input((20, 2)), *heard.layers[:2]])
    value = np.asarray(keras.ops.convert_to_numpy(lstm(x)))[0]
    drawn = places(tmp_path / "1_lstm.png", 4, 18).astype(int)
    assert np.abs(drawn - (value.T + 1) / 2 * 239).max() <= 0.51
    assert maps["lstm"].title == "lstm   4 maps of 18: time to the right, channels downwards"
    assert maps["conv"].title == "conv   5 maps of 18: x to the right, channels downwards"
    given = places(tmp_path / "input.png", 2, 20).astype(int)
    end = np.abs(x[0]).max(axis=0)[:, None]
    assert np.abs(given - (x[0].T + end) / (2 * end) * 239).max() <= 0.51
    assert maps.lines("last") is None and maps.projection("lstm") is None


def test_several_inputs_are_drawn_each_under_its_name(tmp_path):
    left, right = keras.Input((6, 1), name="sound"), keras.Input((3,), name="facts")
    x = layers.GlobalAveragePooling1D()(layers.Conv1D(3, 2)(left))
    model = keras.Model([left, right], layers.Add()([x, right]))
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "x.npz", sound=rng.random((2, 6, 1)), facts=rng.random((2, 3)))
    maps = convscope.maps(convscope.open(model), tmp_path / "x.npz")
    assert maps.images == ("x.npz:0", "x.npz:1")
    maps.save(tmp_path / "out")
    folders = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert len(folders) == 2
    names = {path.name for path in (tmp_path / "out" / folders[0]).iterdir()}
    assert {"input_sound.png", "input_facts.png"} <= names
