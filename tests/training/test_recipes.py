"""Training: what it comes to, what it writes, what it tells on the way."""

import json

import numpy as np
import pytest

import convscope
from convscope.errors import SelectionError
from convscope.inputs.datasets import open_dataset
from convscope.training.recipes import RECIPES, Recipe, find, train

pytest.importorskip("sklearn")


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    told = []
    path = tmp_path_factory.mktemp("digits") / "digits.keras"
    training = train("digits", path, progress=lambda *news: told.append(news))
    return training, told


def test_digits_are_learned(digits):
    training, _ = digits
    assert training.test.accuracy > 0.95
    assert training.train.accuracy > 0.98
    assert training.validation == ()
    assert (training.recipe, training.epochs, training.parameters) == ("digits", 40, 13_706)
    assert 0 < training.seconds < 120


def test_the_scores_are_those_of_the_saved_network(digits):
    import keras

    training, _ = digits
    samples = open_dataset("digits", "test")
    model = keras.saving.load_model(training.path)
    given = model.predict(np.stack(samples.images)[..., np.newaxis] / 255, verbose=0)
    right = given.argmax(axis=1) == samples.labels
    assert training.test.accuracy == pytest.approx(right.mean(), abs=1e-6)
    chosen = given[np.arange(len(given)), samples.labels]
    assert training.test.loss == pytest.approx(-np.log(chosen).mean(), rel=1e-3)


def test_sidecar(digits):
    training, _ = digits
    entries = json.loads(training.path.with_name("digits.convscope.json").read_text())
    assert entries == {
        "labels": list("0123456789"),
        "preparation": {"size": [8, 8], "channels": 1, "low": 0.0, "high": 1.0, "order": "rgb"},
        "recipe": "digits",
        "test": {
            "loss": pytest.approx(training.test.loss, abs=1e-6),
            "accuracy": pytest.approx(training.test.accuracy, abs=1e-6),
        },
    }
    assert sorted(file.name for file in training.path.parent.iterdir()) == [
        "digits.convscope.json",
        "digits.keras",
    ]


def test_progress(digits):
    _, told = digits
    ends = [(epoch, epochs, steps) for epoch, epochs, step, steps, _ in told if step == steps]
    # 1,437 images in batches of 64.
    assert ends == [(epoch, 40, 23) for epoch in range(1, 41)]
    assert all(1 <= step <= steps for _, _, step, steps, _ in told)
    first, last = told[0][4], told[-1][4]
    assert set(last) == {"loss", "accuracy"}
    assert last["loss"] < first["loss"]


def test_the_same_twice_as_long_as_said(tmp_path):
    import keras

    if keras.backend.backend() != "jax":
        pytest.skip("equal weights are promised on one machine, and tested on jax")
    weights, told = [], []
    for name in ("once.keras", "again.keras"):
        training = train(
            "digits", tmp_path / name, epochs=2, batch=479, progress=lambda *n: told.append(n[:4])
        )
        assert training.epochs == 2
        weights.append(keras.saving.load_model(tmp_path / name).get_weights())
    for once, again in zip(*weights, strict=True):
        np.testing.assert_array_equal(once, again)
    # 1,437 images in batches of 479: one shape, compiled once.
    assert [news for news in told if news[2] == 3] == 2 * [(1, 2, 3, 3), (2, 2, 3, 3)]


def test_convscope_opens_what_was_trained(digits):
    training, _ = digits
    network = convscope.open(training.path)
    assert tuple(network.labels) == tuple("0123456789")
    assert network.preparation.size == (8, 8)
    assert "digits.convscope.json" in network.preparation.describe()


def test_recipes_is_a_public_name():
    assert convscope.recipes.RECIPES is RECIPES
    assert isinstance(convscope.recipes.find("fashion_mnist"), Recipe)
    assert find("fashion-mnist") is find("fashion_mnist")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"name": "fashion-mnits"}, ["'fashion-mnits'", "did you mean 'fashion-mnist'?"]),
        ({"name": "resnet"}, ["'resnet'", "one of: digits, mnist, fashion-mnist"]),
        ({"epochs": 0}, ["epochs 0", "whole number from 1"]),
        ({"batch": -2}, ["batch -2", "whole number from 1"]),
        ({"path": "model.h5"}, ["'model.h5'", "ends in .keras", "'model.keras'"]),
        ({"data": "no_such_data"}, ["'no_such_data'", "one of: mnist"]),
    ],
)
def test_wrong_choices(tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    given = {"name": "digits", "path": "model.keras", **arguments}
    with pytest.raises(SelectionError) as caught:
        train(given.pop("name"), given.pop("path"), **given)
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)
    assert list(tmp_path.iterdir()) == []
