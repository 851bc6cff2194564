"""Model files that hold or name code of their own."""

import keras
import pytest
from keras import layers

import convscope
from convscope.errors import ConvscopeError, ModelError

from .expected import agree
from .models import photos

CLASS = """
import keras

class Doubling(keras.layers.Layer):
    def call(self, x):
        return 2.0 * x

def steep(x):
    return 5.0 * x

class Strict(keras.metrics.Metric):
    def update_state(self, *given, **named):
        pass

    def result(self):
        return 0.0
"""


@pytest.fixture
def foreign(tmp_path, monkeypatch):
    """Make a module with classes that Keras does not know."""
    import importlib
    import sys

    (tmp_path / "own_layers.py").write_text(CLASS)
    monkeypatch.syspath_prepend(tmp_path)
    sys.modules.pop("own_layers", None)
    yield importlib.import_module("own_layers")
    sys.modules.pop("own_layers", None)


def refusal(path, **options):
    with pytest.raises(ConvscopeError) as caught:
        convscope.open(path, **options)
    line = str(caught.value)
    assert "\n" not in line and "\x1b" not in line
    return line


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_lambda_is_refused_unless_trusted(tmp_path, suffix):
    path = tmp_path / f"model{suffix}"
    layer = layers.Lambda(lambda x: x * 3.0, output_shape=(4,), name="triple")
    keras.Sequential([layers.Input((4,)), layer]).save(path)
    line = refusal(path)
    assert "'triple' is a Lambda" in line and "--trust-model" in line and "code" in line
    x = photos(2, 4)
    agree(convscope.open(path, trust_model=True).activations(x), {"triple": 3 * x})


def test_a_lambda_deep_inside_is_refused(tmp_path):
    inner = keras.Sequential([layers.Input((4,)), layers.Lambda(lambda x: x + 1, name="deep")])
    keras.Sequential([layers.Input((4,)), inner]).save(tmp_path / "model.keras")
    assert "'deep' is a Lambda" in refusal(tmp_path / "model.keras")


def test_a_class_that_is_not_registered_is_refused_and_its_code_not_run(tmp_path, foreign):
    path = tmp_path / "model.keras"
    keras.Sequential([layers.Input((4,)), foreign.Doubling(name="own")]).save(path)
    line = refusal(path)
    assert "own_layers.Doubling" in line and "--trust-model" in line and "'own'" in line


def test_a_trusted_class_is_imported(tmp_path, foreign):
    path = tmp_path / "model.keras"
    keras.Sequential([layers.Input((4,)), foreign.Doubling(name="own")]).save(path)
    x = photos(2, 4)
    agree(convscope.open(path, trust_model=True).activations(x), {"own": 2 * x})


@pytest.mark.parametrize("content", [None, "this is no Python", "raise RuntimeError('on import')"])
def test_a_trusted_class_that_cannot_be_imported(tmp_path, foreign, monkeypatch, content):
    import sys

    path = tmp_path / "model.keras"
    keras.Sequential([layers.Input((4,)), foreign.Doubling(name="own")]).save(path)
    sys.modules.pop("own_layers")
    if content is None:
        (tmp_path / "own_layers.py").unlink()
    else:
        (tmp_path / "own_layers.py").write_text(content + "\n")
    line = refusal(path, trust_model=True)
    assert "own_layers.Doubling, which cannot be imported" in line and "custom_objects" in line


def test_a_registered_class_opens_without_trust(tmp_path):
    @keras.saving.register_keras_serializable("convscope_tests")
    class Halving(layers.Layer):
        def call(self, x):
            return x / 2.0

    path = tmp_path / "model.keras"
    keras.Sequential([layers.Input((4,)), Halving(name="half")]).save(path)
    x = photos(1, 4)
    agree(convscope.open(path).activations(x), {"half": x / 2})


def test_a_class_in_h5_is_one_line_and_opens_live(tmp_path, foreign):
    path = tmp_path / "model.h5"
    model = keras.Sequential([layers.Input((4,)), foreign.Doubling(name="own")])
    model.save(path)
    assert "Doubling" in refusal(path)
    loaded = keras.saving.load_model(path, custom_objects={"Doubling": foreign.Doubling})
    x = photos(1, 4)
    agree(convscope.open(loaded).activations(x), {"own": 2 * x})


def test_a_function_of_the_person_s_own_is_one_line(tmp_path, foreign):
    path = tmp_path / "model.keras"
    keras.Sequential([layers.Input((4,)), layers.Dense(2, activation=foreign.steep)]).save(path)
    assert "steep" in refusal(path)


def test_metrics_of_the_person_s_own_do_not_matter(tmp_path, foreign):
    path = tmp_path / "model.keras"
    model = keras.Sequential([layers.Input((4,)), layers.Dense(2, name="dense")])
    model.compile("sgd", "mse", metrics=[foreign.Strict()])
    model.save(path)
    x = photos(1, 4)
    agree(convscope.open(path).activations(x), {"dense": model(x)})


def test_trust_is_not_needed_for_keras_s_own_classes(tmp_path):
    path = tmp_path / "model.keras"
    model = keras.Sequential(
        [layers.Input((4, 2)), layers.Bidirectional(layers.LSTM(2)), layers.Dense(1)]
    )
    model.save(path)
    assert convscope.open(path).parameters == (model.count_params(),) * 2
    with pytest.raises(ModelError):
        convscope.open(tmp_path / "other.keras")
