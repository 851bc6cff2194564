"""Every backend gives Keras's own values, and the person's choice of a backend is honoured."""

import os
import sys

import pytest
from interpreters import NAMES, configured, on_backend


@pytest.mark.parametrize(
    ("name", "variable"), [("jax", ""), ("tensorflow", "tensorflow"), ("torch", "")]
)
def test_several_kinds_agree_with_keras(tmp_path, name, variable):
    # Chosen by the variable against the file, and by the file where there is no variable.
    home = configured(tmp_path, "torch" if variable else name)
    said = on_backend(name, "networks", KERAS_HOME=home, KERAS_BACKEND=variable)
    assert said == f"all kinds agree on {name}"


def chosen(monkeypatch, home=None, variable=None, installed=NAMES):
    """Give the backend that would be chosen, without importing Keras a second time."""
    from convscope import frameworks

    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_HOME", home or "/nowhere")
    if variable:
        monkeypatch.setenv("KERAS_BACKEND", variable)
    monkeypatch.setattr(
        frameworks, "find_spec", lambda name: name if name in {*installed, "keras"} else None
    )
    monkeypatch.setattr(frameworks, "require", lambda *_: None)
    frameworks.import_keras("a test")
    # What this process has set, Keras obeys; else keras.json.
    return os.environ.get("KERAS_BACKEND") or "keras.json"


@pytest.mark.parametrize("name", NAMES)
def test_keras_json_is_left_to_keras_where_its_backend_is_installed(monkeypatch, tmp_path, name):
    assert chosen(monkeypatch, configured(tmp_path, name)) == "keras.json"


def test_the_variable_goes_before_the_file(monkeypatch, tmp_path):
    assert chosen(monkeypatch, configured(tmp_path, "torch"), "tensorflow") == "tensorflow"


def test_a_backend_that_is_not_installed_is_passed_over(monkeypatch, tmp_path):
    home = configured(tmp_path, "tensorflow")
    assert chosen(monkeypatch, home, installed=["jax", "torch"]) == "jax"
    assert chosen(monkeypatch, home, installed=["torch"]) == "torch"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"backend": 3}'])
def test_a_damaged_keras_json_decides_nothing(monkeypatch, tmp_path, content):
    (tmp_path / "keras.json").write_text(content)
    assert chosen(monkeypatch, str(tmp_path), installed=["jax"]) == "jax"


def test_without_any_backend_the_remedy_is_named(monkeypatch, tmp_path):
    from convscope.errors import MissingExtraError

    with pytest.raises(MissingExtraError, match=r"needs a backend .*convscope\[keras\]"):
        chosen(monkeypatch, str(tmp_path), installed=[])


@pytest.mark.parametrize(
    ("installed", "remedy"),
    [(["jax", "torch"], "set it to jax or torch"), ([], "set it to jax: pip install ")],
)
@pytest.mark.parametrize("name", ["tensorflow", "Tensor Flow"])
def test_a_variable_that_names_what_is_not_installed(monkeypatch, name, installed, remedy):
    from convscope.errors import MissingExtraError

    with pytest.raises(MissingExtraError) as told:
        chosen(monkeypatch, variable=name, installed=installed)
    assert f"KERAS_BACKEND names {name!r}, which is not installed: {remedy}" in str(told.value)
