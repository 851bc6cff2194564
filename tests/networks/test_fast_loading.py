"""Loading without drawing initial values: the weights are those of Keras's own loading."""

import keras
import numpy as np
import pytest
from keras import layers

import convscope

from .expected import numbers
from .models import Subclassed, photos, settled


def varied():
    """Make a model with many kinds of variables and initialisers."""
    image = keras.Input((6, 6, 3), name="image")
    tokens = keras.Input((4,), dtype="int32", name="tokens")
    x = layers.Normalization(mean=[0.1, 0.2, 0.3], variance=[1.0, 2.0, 3.0])(image)
    x = layers.Conv2D(4, 3, kernel_initializer="orthogonal")(x)
    x = layers.BatchNormalization()(x)
    x = layers.PReLU(alpha_initializer=keras.initializers.Constant(0.3))(x)
    x = layers.DepthwiseConv2D(2, depthwise_initializer="truncated_normal")(x)
    x = layers.SeparableConv2D(4, 2)(x)
    x = layers.GroupNormalization(2)(x)
    x = layers.RandomContrast(0.1, seed=3)(x)
    x = layers.Dropout(0.5, seed=7)(layers.Flatten()(x))
    y = layers.Embedding(9, 5, embeddings_initializer="random_normal")(tokens)
    y = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(y)
    y = layers.GRU(2, kernel_initializer="random_uniform")(y)
    y = layers.LayerNormalization()(y)
    joined = layers.Concatenate()([x, y])
    outputs = layers.Dense(3, kernel_initializer="identity", dtype="mixed_bfloat16")(joined)
    return settled(keras.Model([image, tokens], outputs, name="varied"))


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_weights_are_bit_for_bit_those_of_keras(tmp_path, suffix):
    path = tmp_path / f"varied{suffix}"
    varied().save(path)
    ours = convscope.open(path).model
    theirs = keras.saving.load_model(path, compile=False)
    assert len(ours.weights) == len(theirs.weights) > 25
    for mine, other in zip(ours.weights, theirs.weights, strict=True):
        assert mine.dtype == other.dtype and mine.name == other.name
        np.testing.assert_array_equal(numbers(mine), numbers(other), err_msg=mine.path)


def test_no_initial_value_is_drawn(tmp_path, monkeypatch):
    path = tmp_path / "varied.keras"
    varied().save(path)
    drawn = []
    for cls in (keras.initializers.VarianceScaling, keras.initializers.Orthogonal):
        monkeypatch.setattr(cls, "__call__", lambda self, *_, **__: drawn.append(self))
    convscope.open(path)
    assert not drawn


def test_initialisers_are_as_before_also_after_a_failure(tmp_path):
    classes = [
        keras.initializers.VarianceScaling,
        keras.initializers.Zeros,
        keras.initializers.Ones,
        keras.initializers.RandomNormal,
    ]
    before = [cls.__call__ for cls in classes]
    path = tmp_path / "varied.keras"
    varied().save(path)
    convscope.open(path)
    content = path.read_bytes()
    (tmp_path / "half.keras").write_bytes(content[: len(content) // 2])
    with pytest.raises(convscope.errors.ConvscopeError):
        convscope.open(tmp_path / "half.keras")
    assert [cls.__call__ for cls in classes] == before
    drawn = numbers(keras.initializers.GlorotUniform(seed=1)((20, 20)))
    assert drawn.std() > 0.05


def test_a_registered_subclassed_model_keeps_its_weights(tmp_path):
    registered = keras.saving.register_keras_serializable("convscope_tests")(Subclassed)
    model, x = registered(name="hand"), photos(1, 6, 6, 3)
    model(x)
    settled(model)
    model.save(tmp_path / "hand.keras")
    prediction = convscope.open(tmp_path / "hand.keras", trust_model=True).predict(x)
    np.testing.assert_allclose(prediction.values, numbers(model(x)), rtol=1e-5, atol=1e-6)


def test_the_file_is_left_as_it_was(tmp_path):
    path = tmp_path / "varied.keras"
    varied().save(path)
    before = path.read_bytes()
    convscope.open(path)
    assert path.read_bytes() == before
