"""Weights with their architecture in a JSON of its own: given, or found beside the file."""

import json

import keras
import numpy as np
import pytest
from typer.testing import CliRunner

import convscope
from convscope.cli.main import app
from convscope.errors import ConvscopeError

from .ages import functional, layer, sequential, values, write_h5
from .expected import TOLERANCE, agree
from .models import classifier, photos

KERNEL = values(3, 2)


def written(path, units=2):
    arrays = {"x": {}, "d": {"d/kernel:0": KERNEL}}
    return write_h5(path, None, arrays, version="2.0.8", top=True)


def dense(units=2):
    """Give the bare ``get_config()`` of a functional model."""
    entries = [
        layer("InputLayer", "x", [], batch_input_shape=[None, 3], dtype="float32", sparse=False),
        layer("Dense", "d", [[["x", 0, 0, {}]]], units=units, use_bias=False, activation="relu"),
    ]
    return functional(*entries, inputs=[["x", 0, 0]], outputs=[["d", 0, 0]])["config"]


def chain():
    entry = layer("Dense", "d", units=2, use_bias=False, activation="relu")
    entry["config"]["batch_input_shape"] = [None, 3]
    return entry


FORMS = {
    "bare": dense(),
    "whole": {"class_name": "Model", "config": dense(), "keras_version": "2.0.8"},
    "twice": json.dumps({"class_name": "Model", "config": dense()}),
    "wrapped": {"format": "mine", "model": {"class_name": "Model", "config": dense()}},
    "wrapped twice": {"model_config": json.dumps({"class_name": "Model", "config": dense()})},
    "list": [chain()],
    "list of a Sequential": {"class_name": "Sequential", "config": [chain()]},
    "Sequential": sequential(chain())["config"],
}


def refusal(path, **options):
    with pytest.raises(ConvscopeError) as caught:
        convscope.open(path, **options)
    line = str(caught.value)
    assert "\n" not in line and len(line) < 600
    return line


@pytest.mark.parametrize("form", FORMS)
def test_an_architecture_in_every_form(tmp_path, form):
    (tmp_path / "somewhere").mkdir()
    chosen = tmp_path / "somewhere" / "net.json"
    chosen.write_text(json.dumps(FORMS[form]))
    network = convscope.open(written(tmp_path / "w.h5"), architecture=chosen)
    x = photos(2, 3)
    found = network.activations(x)
    assert list(found) == ["d"]
    np.testing.assert_allclose(found["d"], np.maximum(x @ KERNEL, 0), **TOLERANCE)


@pytest.mark.parametrize(
    ("weights", "beside"),
    [
        ("model.h5", "model.json"),
        ("model_best_weight.h5", "model_best_config.json"),
        ("weights.h5", "architecture.json"),
        ("net_weights.hdf5", "NET.json"),
    ],
)
def test_an_architecture_beside_the_file(tmp_path, weights, beside):
    (tmp_path / beside).write_text(json.dumps(dense()))
    # Other things that lie there do not disturb.
    (tmp_path / "history.json").write_text('{"loss": [0.5, 0.25]}')
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "another.json").write_text(json.dumps(dense(units=7)))
    if weights == "weights.h5":
        (tmp_path / "another.json").unlink()
    assert list(convscope.open(written(tmp_path / weights)).layers) == ["d"]


def test_the_command_line_takes_an_architecture(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(dense()))
    (tmp_path / "b.json").write_text(json.dumps(dense()))
    path = str(written(tmp_path / "w.h5"))
    shown = CliRunner().invoke(
        app, ["layers", path, "--architecture", str(tmp_path / "b.json"), "--json"]
    )
    assert [entry["name"] for entry in json.loads(shown.stdout)] == ["d"]


def test_several_architectures_beside_the_file(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(dense()))
    (tmp_path / "b.json").write_text(json.dumps(dense()))
    line = refusal(written(tmp_path / "w.h5"))
    assert "a.json, b.json" in line and "--architecture" in line


def test_no_architecture_at_all(tmp_path):
    line = refusal(written(tmp_path / "w.h5"))
    assert "weights only" in line and "--architecture" in line and "no JSON beside it" in line


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is no JSON"),
        ('{"loss": 1}', "holds no architecture"),
        ("[" * 100_000, "is no JSON"),
        ("[" * 300 + "]" * 300, "brackets are too deep"),
        (json.dumps({"class_name": "Dense", "config": {"units": 2}}), "is one Dense layer"),
        (json.dumps(dense(units=5)), "3 x 2 in the file, and 3 x 5 in the architecture"),
    ],
)
def test_architectures_that_are_none(tmp_path, content, said):
    (tmp_path / "a.json").write_text(content)
    assert said in refusal(written(tmp_path / "w.h5"), architecture=tmp_path / "a.json")


def test_an_architecture_that_is_not_there(tmp_path):
    line = refusal(written(tmp_path / "w.h5"), architecture=tmp_path / "none.json")
    assert "none.json cannot be read" in line


@pytest.mark.parametrize("name", ["m.weights.h5", "m.h5"])
def test_weights_and_json_of_today(tmp_path, name):
    model = classifier()
    (tmp_path / "m.json").write_text(model.to_json())
    model.save_weights(tmp_path / "m.weights.h5")
    (tmp_path / "m.weights.h5").rename(tmp_path / name)
    x = photos(2, 12, 12, 1)
    found = convscope.open(tmp_path / name).activations(x)
    last = list(found)[-1]
    agree({last: found[last]}, {last: model(x)})


def test_a_functional_model_of_today_with_shared_layers(tmp_path):
    shared = keras.layers.Dense(3, name="shared")
    left, right = keras.Input((3,), name="left"), keras.Input((3,), name="right")
    model = keras.Model([left, right], keras.layers.Subtract()([shared(left), shared(right)]))
    (tmp_path / "m.json").write_text(model.to_json())
    model.save_weights(tmp_path / "m.weights.h5")
    a, b = photos(2, 3), photos(2, 3, seed=4)
    found = convscope.open(tmp_path / "m.weights.h5").predict({"left": a, "right": b})
    np.testing.assert_allclose(np.asarray(found), np.asarray(model([a, b])), **TOLERANCE)
