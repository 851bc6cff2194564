"""The best classes."""

import keras
import numpy as np
import pytest

import convscope
from convscope.views.predictions import predictions


def test_best_first_with_names(network, photos):
    rows = predictions(network, photos, None)
    expected = np.asarray(network.model(photos.astype(np.float32) / 255))
    for row, scores in zip(rows, expected, strict=True):
        assert [entry["index"] for entry in row["outputs"]] == list(np.argsort(-scores))
        assert row["outputs"][0]["score"] == pytest.approx(scores.max(), abs=1e-5)
        assert row["outputs"][0]["label"] == ["left", "right"][int(scores.argmax())]


def test_one_sigmoid_and_two_names():
    model = keras.Sequential(
        [keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(1, "sigmoid")]
    )
    network = convscope.open(model, labels=["cat", "dog"])
    array = np.random.default_rng(0).random((1, 4, 4, 1), np.float32)
    outputs = predictions(network, array)[0]["outputs"]
    dog = float(np.asarray(model(array))[0, 0])
    by_name = {entry["label"]: entry["score"] for entry in outputs}
    assert by_name["dog"] == pytest.approx(dog, abs=1e-5)
    assert by_name["cat"] == pytest.approx(1 - dog, abs=1e-5)


def test_several_outputs_and_outputs_with_space():
    image = keras.Input((4, 4, 1))
    mask = keras.layers.Conv2D(2, 1, name="mask")(image)
    score = keras.layers.Dense(3, name="score")(keras.layers.Flatten()(image))
    network = convscope.open(keras.Model(image, {"mask": mask, "score": score}))
    array = np.random.default_rng(0).random((2, 4, 4, 1), np.float32)
    rows = predictions(network, array, None)
    assert {entry["output"] for entry in rows[0]["outputs"]} == {"mask", "score"}
    expected = np.asarray(network.model(array)["mask"])[1].mean(axis=(0, 1))
    found = {e["index"]: e["score"] for e in rows[1]["outputs"] if e["output"] == "mask"}
    assert found[0] == pytest.approx(expected[0], abs=1e-5)
    assert found[1] == pytest.approx(expected[1], abs=1e-5)
