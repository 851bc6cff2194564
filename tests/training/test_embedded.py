"""The network that comes with the package."""

import json
import zipfile

import numpy as np
import pytest

from convscope.inputs.datasets import open_dataset
from convscope.training.recipes import RECIPES, embedded
from convscope.training.strokes import digits


@pytest.fixture(scope="module")
def model():
    import keras

    return keras.saving.load_model(embedded())


def test_small():
    assert embedded().name == "embedded.keras"
    assert embedded().stat().st_size < 1_000_000


def test_made_by_its_recipe(model):
    built = RECIPES["embedded"].build()
    assert [layer.name for layer in model.layers] == [layer.name for layer in built.layers]
    assert model.count_params() == built.count_params()
    entries = json.loads(embedded().with_name("embedded.convscope.json").read_text())
    assert entries["recipe"] == "embedded"
    assert entries["labels"] == list("0123456789")
    assert entries["preparation"] == RECIPES["embedded"].preparation.to_json()
    assert entries["test"]["accuracy"] >= 0.99


def test_older_versions_of_keras_can_read_it():
    """Keras 3.8 knows no entries of later ones: quantization_config, input_axes."""
    with zipfile.ZipFile(embedded()) as archive:
        config = archive.read("config.json").decode()
    assert "quantization_config" not in config
    assert "input_axes" not in config


def test_plain_parts_alone(model):
    kinds = {type(layer).__name__ for layer in model.layers}
    assert kinds == {"Conv2D", "MaxPooling2D", "Flatten", "Dense"}


def test_mnist(model, shared):
    dataset = open_dataset(shared / "data" / "mnist", "test")
    images = dataset.images[..., np.newaxis] / np.float32(255)
    given = model.predict(images, batch_size=500, verbose=0)
    accuracy = (given.argmax(axis=1) == dataset.labels).mean()
    assert len(dataset) == 10_000
    assert accuracy >= 0.99
    entries = json.loads(embedded().with_name("embedded.convscope.json").read_text())
    # One image may lie on the border on another machine.
    assert entries["test"]["accuracy"] == pytest.approx(accuracy, abs=2e-4)


def test_strokes_are_recognised(model):
    images = np.stack([image for _, image in digits()])[..., np.newaxis] / np.float32(255)
    given = model.predict(images, verbose=0)
    assert given.argmax(axis=1).tolist() == list(range(10))
    assert given.max(axis=1).min() > 0.9


@pytest.mark.parametrize(("y", "x"), [(-3, 0), (3, 0), (0, -3), (0, 3)])
def test_strokes_are_recognised_off_the_middle(model, y, x):
    drawn = np.stack([image for _, image in digits()])[..., np.newaxis]
    images = np.roll(drawn, (y, x), axis=(1, 2)) / np.float32(255)
    given = model.predict(images, verbose=0)
    assert given.argmax(axis=1).tolist() == list(range(10))


def test_every_channel_is_of_use(model):
    """Few channels are silent on all ten digits: there is something to see."""
    import keras

    images = np.stack([image for _, image in digits()])[..., np.newaxis] / np.float32(255)
    value = keras.ops.convert_to_tensor(images)
    silent = {}
    for layer in model.layers[:-3]:
        value = layer(value)
        peak = keras.ops.convert_to_numpy(value).max(axis=(0, 1, 2))
        silent[layer.name] = int((peak == 0).sum())
    assert all(count <= 2 for count in silent.values()), silent
