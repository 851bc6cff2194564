"""Sequential models: values by calling the layers one after the other."""

import keras
import numpy as np
import pytest
from keras import layers

import convscope

from .expected import agree, called_by_hand, in_dims, numbers
from .models import base, classifier, photos, settled


@pytest.mark.parametrize("count", [1, 7])
def test_every_layer_holds_what_the_layer_gives(count):
    model, x = classifier(), photos(count, 12, 12, 1)
    agree(convscope.open(model).activations(x), called_by_hand(model.layers, x))


def test_prediction_is_the_model_s():
    model, x = classifier(), photos(2, 12, 12, 1)
    prediction = convscope.open(model, labels=["a", "b", "c"]).predict(x)
    np.testing.assert_allclose(prediction.values, numbers(model(x)), rtol=1e-5, atol=1e-6)
    assert prediction.dims == ("image", "channel")
    assert list(prediction["class"].values) == ["a", "b", "c"]


def test_dims_names_and_words_that_travel_along():
    activations = convscope.open(classifier()).activations(photos(2, 12, 12, 1))
    assert activations["conv2d"].dims == ("image", "channel", "y", "x")
    assert activations["dense"].dims == ("image", "channel")
    assert activations["conv2d"].shape == (2, 4, 10, 10)
    assert activations["conv2d"].attrs["network"] == "classifier"
    assert activations["conv2d"].attrs["kind"] == "conv"
    assert activations["conv2d"].attrs["preparation"] == "arrays, taken as prepared"
    prepared = convscope.open(classifier()).activations(np.zeros((2, 9, 9), np.uint8))
    assert "12 x 12" in prepared["conv2d"].attrs["preparation"]


def test_base_inside_gives_outer_and_inner_names():
    inner = base()
    model = settled(
        keras.Sequential(
            [inner, layers.Flatten(name="flatten"), layers.Dense(2, name="score")], name="outer"
        )
    )
    x = photos(2, 8, 8, 3)
    values = called_by_hand(inner.layers[1:], x)
    expected = {f"base/{name}": value for name, value in values.items()}
    expected |= called_by_hand(model.layers[1:], values["block1_pool"])
    agree(convscope.open(model).activations(x), expected)


def test_sequential_inside_sequential():
    inner = keras.Sequential(
        [layers.Dense(4, name="dense"), layers.Activation("relu", name="relu")], name="inner"
    )
    model = settled(
        keras.Sequential([layers.Input((3,)), inner, layers.Dense(2, name="dense")], name="outer")
    )
    x = photos(3, 3)
    values = called_by_hand(inner.layers, x)
    expected = {f"inner/{name}": value for name, value in values.items()}
    expected["dense"] = model(x)
    agree(convscope.open(model).activations(x), expected)


def test_dropout_and_batch_normalization_are_in_inference_mode():
    model, x = classifier(), photos(2, 12, 12, 1)
    activations = convscope.open(model).activations(x)
    np.testing.assert_array_equal(activations["drop"].values, activations["bn"].values)
    bn = model.get_layer("bn")
    mean, variance, gamma, beta = (
        numbers(v)[:, None, None] for v in (bn.moving_mean, bn.moving_variance, bn.gamma, bn.beta)
    )
    by_formula = (activations["pool"].values - mean) / np.sqrt(variance + bn.epsilon) * gamma + beta
    np.testing.assert_allclose(activations["bn"].values, by_formula, rtol=1e-4, atol=1e-5)


def test_a_layer_named_input_is_a_layer_and_the_input_is_none():
    model = settled(
        keras.Sequential(
            [layers.Input((4,), name="given"), layers.Dense(3, name="input_dense")], name="named"
        )
    )
    assert list(convscope.open(model).layers) == ["input_dense"]


def test_lambda_in_a_live_model_is_a_layer():
    model = keras.Sequential(
        [layers.Input((4, 4, 2)), layers.Lambda(lambda x: x * 3.0, name="triple")], name="lambda"
    )
    x = photos(2, 4, 4, 2)
    agree(convscope.open(model).activations(x), {"triple": x * 3.0})


def test_embedding_takes_whole_numbers():
    model = settled(
        keras.Sequential(
            [
                layers.Input((5,), dtype="int32", name="tokens"),
                layers.Embedding(9, 4, name="embed"),
                layers.GlobalAveragePooling1D(name="mean"),
            ]
        )
    )
    tokens = np.array([[1, 2, 3, 4, 8], [0, 0, 7, 7, 1]], "int32")
    activations = convscope.open(model).activations({"tokens": tokens})
    agree(activations, called_by_hand(model.layers, tokens))
    assert activations["embed"].dims == ("image", "channel", "x")
    table = numbers(model.get_layer("embed").embeddings)
    np.testing.assert_allclose(activations["embed"].values[0, :, 4], table[8], rtol=1e-6)


def test_a_tensor_of_six_axes():
    model = settled(
        keras.Sequential(
            [
                layers.Input((16,)),
                layers.Reshape((2, 2, 2, 2, 1), name="folded"),
                layers.Dense(3, name="dense"),
            ]
        )
    )
    x = photos(2, 16)
    activations = convscope.open(model).activations(x)
    agree(activations, called_by_hand(model.layers, x))
    assert activations["dense"].dims == ("image", "axis1", "axis2", "axis3", "axis4", "axis5")
    assert in_dims(model(x)).shape == convscope.open(model).predict(x).shape


def test_a_bare_layer_can_be_opened():
    dense = layers.Dense(3, activation="relu", name="alone")
    x = photos(2, 4)
    expected = numbers(dense(x))
    agree(convscope.open(dense).activations(x), {"alone": expected})
