"""Explain and verify on the command line."""

import json

import numpy as np
import pytest


def failed(done, *words):
    """Check that a command failed with one line that holds some words."""
    assert done.status == 2 and done.out == ""
    (line,) = done.err.strip().splitlines()
    for word in words:
        assert word in line, (word, line)


def test_explain_prints_every_step(convscope, model, photo):
    done = convscope("explain", model, photo, "--layer", "conv2d", "--channel", 3, "--unit", "4,5")
    assert done.status == 0
    for words in ("conv2d (Conv2D), channel 3, unit y 4, x 5", "y 4 to 6, x 5 to 7", "relu",
                  "value (NumPy, float64)", "value (framework)"):  # fmt: skip
        assert words in done.out, words
    assert "preparation" in done.err
    quiet = convscope(
        "explain", model, photo, "--layer", 0, "--channel", 3, "--unit", "4,5", "--quiet"
    )
    assert quiet.out == done.out and quiet.err == ""


def test_explain_gives_json(convscope, model, photo):
    done = convscope("explain", model, photo, "--layer", "dense", "--channel", 1, "--json")
    told = json.loads(done.out)
    assert told["layer"] == "dense" and told["unit"] == [] and told["ok"]
    products = sum(entry["product"] for entry in told["products"])
    np.testing.assert_allclose(products + told["bias"], told["sum"], rtol=1e-9)
    assert len(told["products"]) == 24 * 5 * 5


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--channel", 24, "--unit", "1,1"], ["no channel 24", "0 to 23"]),
        (["--channel", 0, "--unit", "10,1"], ["no unit 10,1", "y from 0 to 9, x from 0 to 9"]),
        (["--channel", 0, "--unit", "3"], ["y,x", "0 to 9"]),
        (["--channel", 0, "--unit", "a,b"], ["'a,b'", "such as 3,4"]),
        (["--channel", 0], ["y,x", "without a position"]),
        (["--unit", "1,1"], ["--channel"]),
    ],
)
def test_a_unit_that_is_not_there(convscope, model, photo, options, words):
    failed(convscope("explain", model, photo, "--layer", "conv2d", "-q", *options), *words)


def test_verify_prints_a_table_and_exits_zero(convscope, model, photo):
    done = convscope("verify", model, photo)
    assert done.status == 0
    lines = [line.split() for line in done.out.splitlines()]
    (conv,) = (line for line in lines if line[:1] == ["conv2d"])
    assert conv[1:4] == ["conv", "64", "2,400"]
    assert "understood: conv 1/1, pool 1/1, reshape 1/1, dense 1/1" in done.out
    assert "4 of 4 layers understood" in done.out and "photo" in done.out


def test_verify_gives_json_without_an_image(convscope, model):
    told = json.loads(convscope("verify", model, "--json").out)
    assert set(told) == {"layers", "understood", "ok"}
    assert told["ok"] is True and told["understood"] == 4
    for entry in told["layers"]:
        assert {"name", "kind", "understood", "units", "max_abs", "max_rel", "ok"} <= set(entry)
        assert entry["understood"] and entry["ok"] and entry["max_rel"] < 1e-5


def test_verify_exits_one_above_tolerance(convscope, model, photo, monkeypatch):
    import convscope.analysis.verification as verification

    right = verification.sweep

    def wrong(*arguments):
        for block, evaluated in right(*arguments):
            evaluated.values[:1] += 0.01 * evaluated.scale[:1]
            yield block, evaluated

    monkeypatch.setattr(verification, "sweep", wrong)
    done = convscope("verify", model, photo)
    assert done.status == 1
    assert "ABOVE TOLERANCE" in done.out and "above tolerance: conv2d" in done.out
    assert json.loads(convscope("verify", model, "--json").out)["ok"] is False


def test_verify_says_what_it_does_not_understand(convscope, tmp_path):
    import keras

    path = tmp_path / "recurrent.keras"
    keras.Sequential([keras.Input((4, 3)), keras.layers.LSTM(2, name="memory")]).save(path)
    done = convscope("verify", path)
    assert done.status == 0
    assert "not understood: recurrent" in done.out and "recurrent 0/1" in done.out
    (entry,) = json.loads(convscope("verify", path, "--json").out)["layers"]
    assert entry["understood"] is False and entry["units"] == 0 and entry["max_rel"] is None
