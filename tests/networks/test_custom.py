"""Classes and functions that a file names and Keras does not have."""

import base64
import marshal

import keras
import numpy as np
import pytest
from typer.testing import CliRunner

import convscope
from convscope.cli.main import app
from convscope.errors import ConvscopeError, SelectionError

from .ages import layer, values, write_h5
from .expected import TOLERANCE
from .models import photos

MODULE = """
import keras

class Doubling(keras.layers.Layer):
    def call(self, x):
        return 2.0 * x

def tripled(x):
    return 3.0 * x

number = 4
"""
KERNEL = values(3, 2)


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Make a module in the current folder."""
    import sys

    (tmp_path / "my_layers.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    yield "my_layers"
    sys.modules.pop("my_layers", None)


class Doubling(keras.layers.Layer):
    def call(self, x):
        return 2.0 * x


@pytest.fixture
def doubled(tmp_path):
    """Write a network with a class of someone's own, as Keras 2 did: by its bare name."""
    entries = [
        layer("Dense", "d", batch_input_shape=[None, 3], units=2, use_bias=False),
        layer("Doubling", "twice"),
    ]
    config = {"class_name": "Sequential", "config": entries}
    return write_h5(tmp_path / "m.h5", config, {"d": {"d/kernel:0": KERNEL}, "twice": {}})


def saved_lambda(tmp_path, code, name="scale"):
    function = [base64.b64encode(code).decode(), None, None]
    config = {
        "class_name": "Sequential",
        "config": [
            layer("Lambda", name, batch_input_shape=[None, 3], function=function,
                  function_type="lambda", output_shape=None, output_shape_type="raw",
                  arguments={}),
            layer("Dense", "d", units=2, use_bias=False),
        ],
    }  # fmt: skip
    return write_h5(tmp_path / "l.h5", config, {name: {}, "d": {"d/kernel:0": KERNEL}})


def refusal(path, error=ConvscopeError, **options):
    with pytest.raises(error) as caught:
        convscope.open(path, **options)
    line = str(caught.value)
    assert "\n" not in line and len(line) < 600
    return line


def test_a_class_is_named_with_how_to_give_it(doubled):
    line = refusal(doubled)
    assert "layer 'twice' is of the class Doubling" in line
    assert "--custom package.module:Doubling" in line


@pytest.mark.parametrize("form", ["text", "list", "class", "mapping"])
def test_a_class_that_is_given(doubled, own, form):
    text = f"{own}:Doubling"
    custom = {"text": text, "list": [text], "class": Doubling, "mapping": {"Doubling": text}}[form]
    x = photos(2, 3)
    found = convscope.open(doubled, custom=custom).activations(x)
    np.testing.assert_allclose(found["twice"], 2 * (x @ KERNEL), **TOLERANCE)


def test_a_class_on_the_command_line(doubled, own):
    shown = CliRunner().invoke(app, ["layers", str(doubled), "--custom", f"{own}:Doubling"])
    assert shown.exit_code == 0 and "twice" in shown.stdout


def test_a_class_in_an_archive_of_today_needs_no_trust_when_it_is_given(tmp_path):
    path = tmp_path / "m.keras"
    keras.Sequential([keras.Input((3,)), Doubling(name="twice")]).save(path)
    assert "--custom" in refusal(path)
    x = photos(2, 3)
    found = convscope.open(path, custom=Doubling).activations(x)
    np.testing.assert_allclose(found["twice"], 2 * x, **TOLERANCE)


@pytest.mark.parametrize("given", ["my_layers:number", 4, "Doubling", [None]])
def test_what_is_no_class(doubled, own, given):
    assert "is no class: give package.module:Class" in refusal(
        doubled, SelectionError, custom=given
    )


def test_a_module_without_that_class(doubled, own):
    assert "did you mean 'Doubling'" in refusal(doubled, custom=f"{own}:Doublin")


def test_a_lambda_of_an_old_file_is_refused_and_opened_with_trust(tmp_path):
    path = saved_lambda(tmp_path, marshal.dumps((lambda x: x * 3.0).__code__))
    line = refusal(path)
    assert "layer 'scale' is a Lambda" in line and "--trust-model" in line
    x = photos(2, 3)
    found = convscope.open(path, trust_model=True).activations(x)
    assert list(found) == ["scale", "d"]
    np.testing.assert_allclose(found["d"], 3 * x @ KERNEL, **TOLERANCE)


@pytest.mark.parametrize("code", [(lambda x: x).__code__, (lambda x: x / 255.0).__code__])
def test_what_the_code_of_a_lambda_does_is_never_guessed(tmp_path, code):
    path = saved_lambda(tmp_path, marshal.dumps(code))
    assert "layer 'scale' is a Lambda" in refusal(path)


def test_a_function_in_place_of_a_lambda_needs_no_trust(tmp_path, own):
    path = saved_lambda(tmp_path, b"never read")
    x = photos(2, 3)
    given = {"scale": lambda x: 5.0 * x}
    found = convscope.open(path, custom=given).activations(x)["scale"]
    np.testing.assert_allclose(found, 5 * x, **TOLERANCE)
    path = saved_lambda(tmp_path, b"never read", name="tripled")
    found = convscope.open(path, custom=f"{own}:tripled").activations(x)["tripled"]
    np.testing.assert_allclose(found, 3 * x, **TOLERANCE)


def test_code_of_another_python_is_said_in_one_line(tmp_path):
    line = refusal(saved_lambda(tmp_path, b"\xe3\x01\x00\x00"), trust_model=True)
    assert "layer 'scale'" in line and "another Python" in line and "--custom" in line


def test_an_activation_of_the_person_s_own(tmp_path):
    entry = layer("Dense", "d", batch_input_shape=[None, 3], units=2, use_bias=False)
    entry["config"]["activation"] = "steep"
    path = write_h5(
        tmp_path / "m.h5",
        {"class_name": "Sequential", "config": [entry]},
        {"d": {"d/kernel:0": KERNEL}},
    )
    assert "steep" in refusal(path)
    x = photos(2, 3)
    found = convscope.open(path, custom={"steep": lambda x: 7.0 * x}).activations(x)["d"]
    np.testing.assert_allclose(found, 7 * x @ KERNEL, **TOLERANCE)
