"""Model files that cannot be opened: one line that says what, what else, what to do."""

import io
import json
import zipfile
from importlib.util import find_spec

import h5py
import keras
import numpy as np
import PIL.Image
import pytest
from keras import layers

import convscope
from convscope.errors import ConvscopeError, ModelError

from .models import classifier


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Save a model in both formats, and its weights alone."""
    folder = tmp_path_factory.mktemp("saved")
    model = classifier()
    model.save(folder / "good.keras")
    model.save(folder / "good.h5")
    model.save_weights(folder / "some.weights.h5")
    return folder


def refusal(path, **options):
    """Open what cannot be opened; give the one line."""
    with pytest.raises(ConvscopeError) as caught:
        convscope.open(path, **options)
    line = str(caught.value)
    assert "\n" not in line and "\x1b" not in line and len(line) < 600
    return line


def test_both_formats_open(saved):
    for name in ("good.keras", "good.h5"):
        assert len(convscope.open(saved / name).layers) == 7
        assert convscope.open(str(saved / name)).source == str(saved / name)


def test_missing_with_a_near_match(saved):
    line = refusal(saved / "god.keras")
    assert "there is no file" in line and "good.keras" in line


def test_missing_in_a_missing_folder(tmp_path):
    assert "give a .keras or .h5 file" in refusal(tmp_path / "nowhere" / "x.keras")


def test_a_name_too_long_for_a_file():
    assert "cannot be read" in refusal("x" * 300 + ".keras")


def test_a_directory(tmp_path):
    assert "is a directory: give a .keras" in refusal(tmp_path)


def test_a_saved_model_directory(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"x")
    assert "looks like a SavedModel" in refusal(tmp_path)


@pytest.mark.parametrize("name", ["empty.keras", "empty.h5"])
def test_empty(tmp_path, name):
    (tmp_path / name).touch()
    assert "is empty (0 bytes)" in refusal(tmp_path / name)


@pytest.mark.parametrize("name", ["good.keras", "good.h5"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
def test_truncated(saved, tmp_path, name, share):
    content = (saved / name).read_bytes()
    (tmp_path / name).write_bytes(content[: int(len(content) * share)])
    line = refusal(tmp_path / name)
    assert name in line and ("damaged or incomplete" in line or "cannot open" in line)


def test_a_text_file_called_h5(tmp_path):
    (tmp_path / "notes.h5").write_text("not a model at all\n")
    assert "is no Keras file, its content is text" in refusal(tmp_path / "notes.h5")


def test_a_picture_called_keras(tmp_path):
    PIL.Image.new("L", (4, 4)).save(tmp_path / "model.png")
    (tmp_path / "model.png").rename(tmp_path / "model.keras")
    assert "no Keras file" in refusal(tmp_path / "model.keras")


def test_renamed_zip_and_renamed_hdf5(saved, tmp_path):
    (tmp_path / "zip.h5").write_bytes((saved / "good.keras").read_bytes())
    (tmp_path / "hdf.keras").write_bytes((saved / "good.h5").read_bytes())
    assert "rename it to .keras" in refusal(tmp_path / "zip.h5")
    assert "rename it to end in .h5" in refusal(tmp_path / "hdf.keras")


def test_weights_only(saved, tmp_path):
    assert "holds weights only" in refusal(saved / "some.weights.h5")
    with h5py.File(tmp_path / "old.h5", "w") as file:
        file.attrs["layer_names"] = [b"conv"]
    assert "holds weights only" in refusal(tmp_path / "old.h5")


def test_other_hdf5_data(tmp_path):
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["images"] = np.zeros(3)
    assert "HDF5 file without a model" in refusal(tmp_path / "data.h5")


def test_other_zip_archives(tmp_path):
    with zipfile.ZipFile(tmp_path / "other.keras", "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert "without config.json" in refusal(tmp_path / "other.keras")


@pytest.mark.parametrize("config", ["[1, 2]", "{", '{"class_name": "Sequential"}', "{}", "null"])
def test_damaged_configurations(saved, tmp_path, config):
    with zipfile.ZipFile(tmp_path / "odd.keras", "w") as archive:
        archive.writestr("config.json", config)
    assert "odd.keras" in refusal(tmp_path / "odd.keras")


def test_an_archive_without_its_weights(saved, tmp_path):
    with zipfile.ZipFile(saved / "good.keras") as archive:
        config = archive.read("config.json")
    with zipfile.ZipFile(tmp_path / "hollow.keras", "w") as archive:
        archive.writestr("config.json", config)
        archive.writestr("metadata.json", "{}")
    assert "hollow.keras" in refusal(tmp_path / "hollow.keras")


def test_weights_of_another_shape(saved, tmp_path):
    with zipfile.ZipFile(saved / "good.keras") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(parts["config.json"])
    for layer in config["config"]["layers"]:
        if layer["config"].get("units") == 5:
            layer["config"]["units"] = 6
    parts["config.json"] = json.dumps(config).encode()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    (tmp_path / "odd.keras").write_bytes(stream.getvalue())
    assert "cannot open" in refusal(tmp_path / "odd.keras")


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("net.pt", "PyTorch"),
        ("net.pth", "PyTorch"),
        ("net.onnx", "ONNX"),
        ("net.tflite", "TensorFlow Lite"),
        ("net.pb", "TensorFlow"),
    ],
)
def test_files_of_other_frameworks(tmp_path, name, word):
    if word == "PyTorch" and find_spec("torch") is None:
        word = "needs torch, which is not installed: pip install 'convscope[torch]'"
    (tmp_path / name).write_bytes(b"\x00\x01\x02\x03")
    assert word in refusal(tmp_path / name)


@pytest.mark.parametrize("thing", [3, None, [1, 2], object(), dict])
def test_what_is_no_model(thing):
    assert "is no model that can be opened: give a Keras, PyTorch or ONNX model" in refusal(thing)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"size": (0, 3)}, "give two positive numbers"),
        ({"pixel_std": (0.0,)}, "cannot be divided by"),
        ({"pixel_order": "grb"}, "one of: rgb, bgr"),
    ],
)
def test_options_that_cannot_be(options, said):
    assert said in refusal(classifier(), **options)


def test_keras_layers_that_this_keras_does_not_know(tmp_path):
    model = keras.Sequential([layers.Input((3,)), layers.Dense(2, name="dense")])
    model.save(tmp_path / "future.keras")
    with zipfile.ZipFile(tmp_path / "future.keras") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["config.json"] = parts["config.json"].replace(b'"Dense"', b'"Denser"')
    with zipfile.ZipFile(tmp_path / "future.keras", "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    line = refusal(tmp_path / "future.keras")
    assert "Denser" in line and keras.__version__ in line
    with pytest.raises(ModelError):
        convscope.open(tmp_path / "future.keras")
