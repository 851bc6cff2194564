"""Where preparation and labels come from, and which goes first."""

import json

import keras
import numpy as np
import pytest
from keras import layers

import convscope
from convscope.errors import ConvscopeError, ModelError

from .models import classifier, settled


@pytest.fixture
def path(tmp_path):
    classifier(channels=3).save(tmp_path / "net.keras")
    return tmp_path / "net.keras"


def beside(path, **entries):
    (path.parent / "net.convscope.json").write_text(json.dumps(entries))


SAVED = {"size": [12, 12], "channels": 3, "low": -1.0, "high": 1.0, "order": "bgr"}


def rescaled(scale=1 / 255, offset=0.0):
    return settled(
        keras.Sequential(
            [
                layers.Input((8, 8, 3)),
                layers.Rescaling(scale, offset, name="rescaling"),
                layers.Conv2D(2, 3, name="conv"),
            ]
        )
    )


def test_nothing_says_otherwise(path):
    preparation = convscope.open(path).preparation
    assert (preparation.low, preparation.high, preparation.size) == (0, 1, (12, 12))
    assert preparation.source == "nothing says otherwise"


def test_rescaling_inside_wants_bytes():
    preparation = convscope.open(rescaled()).preparation
    assert (preparation.low, preparation.high) == (0, 255)
    assert preparation.source == "rescaling inside the network rescales"
    assert convscope.open(rescaled(1 / 127.5, -1)).preparation.high == 255


def test_rescaling_of_unit_range_wants_unit_range():
    assert convscope.open(rescaled(2.0, -1)).preparation.high == 1


def test_normalization_inside():
    for scale, high in ((255.0, 255), (1.0, 1)):
        layer = layers.Normalization(mean=0.5 * scale, variance=(0.25 * scale) ** 2, name="norm")
        model = keras.Sequential([layers.Input((4, 4, 1)), layer, layers.Conv2D(1, 2)])
        preparation = convscope.open(model).preparation
        assert preparation.high == high and "norm inside the network" in preparation.source


def test_rescaling_after_a_convolution_says_nothing():
    model = keras.Sequential(
        [layers.Input((4, 4, 1)), layers.Conv2D(1, 2), layers.Rescaling(1 / 255)]
    )
    assert convscope.open(model).preparation.source == "nothing says otherwise"


def test_the_sidecar_goes_before_layers_inside(tmp_path):
    rescaled().save(tmp_path / "net.keras")
    beside(tmp_path / "net.keras", preparation=SAVED)
    preparation = convscope.open(tmp_path / "net.keras").preparation
    assert (preparation.low, preparation.high, preparation.order) == (-1, 1, "bgr")
    assert preparation.source == "from net.convscope.json"
    assert preparation.size == (8, 8), "the size is the network's own"


def test_options_go_before_the_sidecar(path):
    beside(path, preparation=SAVED)
    network = convscope.open(
        path,
        pixel_range=(0, 255),
        pixel_mean=(1, 2, 3),
        pixel_std=(4, 5, 6),
        pixel_order="rgb",
        size=(12, 12),
    )
    preparation = network.preparation
    assert (preparation.low, preparation.high, preparation.order) == (0, 255, "rgb")
    assert preparation.mean == (1, 2, 3) and preparation.std == (4, 5, 6)
    assert preparation.source.startswith("size, range, mean, std, order as given")
    assert "net.convscope.json" in preparation.source


def test_one_option_leaves_the_rest(path):
    beside(path, preparation=SAVED)
    preparation = convscope.open(path, pixel_order="rgb").preparation
    assert (preparation.low, preparation.high, preparation.order) == (-1, 1, "rgb")


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        "3",
        '{"labels": 3}',
        '{"preparation": 3}',
        '{"preparation": {"low": "x"}}',
        '{"preparation": {"lowest": 1}}',
        '{"preparation": [1]}',
        '{"preparation": {"low": 1.0, "high": 1.0}}',
        b"\xff\xfe\x00",
    ],
    ids=str,
)
def test_a_damaged_sidecar_is_one_line_that_names_it(path, content):
    content = content if isinstance(content, bytes) else content.encode()
    (path.parent / "net.convscope.json").write_bytes(content)
    with pytest.raises(ConvscopeError) as caught:
        _ = convscope.open(path).preparation
    assert "net.convscope.json" in str(caught.value) and "\n" not in str(caught.value)


def test_labels_of_the_sidecar(path):
    beside(path, labels=["shirt", "bag", "boot"])
    network = convscope.open(path)
    assert network.labels == ("shirt", "bag", "boot")
    prediction = network.predict(np.zeros((12, 12, 3), np.uint8))
    assert list(prediction["class"].values) == ["shirt", "bag", "boot"]


def test_labels_of_teachable_machine(path):
    (path.parent / "labels.txt").write_text("0 Cat\n1 Big dog\n2 Nothing\n")
    assert convscope.open(path).labels == ("Cat", "Big dog", "Nothing")


def test_plain_labels_beside_the_model(path):
    (path.parent / "labels.txt").write_text("7 up\n\ncola\nwater\n")
    assert convscope.open(path).labels == ("7 up", "cola", "water")


def test_labels_given_go_before_the_rest(path, tmp_path):
    beside(path, labels=["shirt", "bag", "boot"])
    (tmp_path / "own.txt").write_text("x\ny\nz\n")
    assert convscope.open(path, labels=["a", "b", "c"]).labels == ("a", "b", "c")
    assert convscope.open(path, labels="A, B,C").labels == ("A", "B", "C")
    assert convscope.open(path, labels=tmp_path / "own.txt").labels == ("x", "y", "z")
    assert convscope.open(path, labels=str(tmp_path / "own.txt")).labels == ("x", "y", "z")


def test_a_thousand_labels_in_a_row():
    many = ",".join(f"class number {place}" for place in range(1000))
    assert len(convscope.open(classifier(), labels=many).labels) == 1000


@pytest.mark.parametrize("given", ["nowhere.txt", "x" * 5000])
def test_labels_that_cannot_be_read(given):
    with pytest.raises(ModelError, match="labels cannot be read from .*a label a line|one label"):
        convscope.open(classifier(), labels=given)


def test_labels_that_are_no_text(tmp_path):
    (tmp_path / "labels.txt").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(ModelError, match="cannot be read"):
        convscope.open(classifier(), labels=tmp_path / "labels.txt")


def test_an_input_of_two_axes_is_a_picture_where_the_network_gives_it_a_channel():
    model = keras.Sequential(
        [layers.Input((6, 5)), layers.Reshape((6, 5, 1)), layers.Conv2D(2, 2, name="conv")]
    )
    network = convscope.open(model)
    assert (network.preparation.size, network.preparation.channels) == ((6, 5), 1)
    assert network.activations(np.zeros((6, 5), np.uint8))["conv"].shape == (1, 2, 5, 4)


def test_an_input_of_two_axes_is_else_a_signal():
    model = keras.Sequential([layers.Input((6, 5)), layers.Conv1D(2, 2, name="conv")])
    assert convscope.open(model).preparation is None
