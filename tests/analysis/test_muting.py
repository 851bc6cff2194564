"""Muted channels, against models whose weights were set to zero by hand."""

import keras
import numpy as np
import pytest
from networks.models import base, branched, classifier, photos

import convscope
from convscope.analysis.effect import effect
from convscope.analysis.muting import MutedNetwork, mute, solo
from convscope.errors import SelectionError

TOLERANCE = {"rtol": 1e-5, "atol": 1e-6}


def without(model, layer, channels, level=0.0):
    """Copy a model in which a linear convolution's channels are a constant."""
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    kernel, bias = copy.get_layer(layer).get_weights()
    kernel[..., channels] = 0
    bias[channels] = level
    copy.get_layer(layer).set_weights([kernel, bias])
    return copy


@pytest.fixture(scope="module")
def model():
    return branched()


@pytest.fixture(scope="module")
def network(model):
    return convscope.open(model)


@pytest.mark.parametrize("channels", [2, [0, 3], slice(1, 3), "1,3", "0-2"])
def test_muting_is_what_zero_weights_give(model, network, channels):
    listed = {"1,3": [1, 3], "0-2": [0, 1, 2]}.get(channels if isinstance(channels, str) else "")
    expected = without(model, "left", channels if listed is None else listed)
    x = photos(3, 8, 8, 3)
    muted = mute(network, "left", channels)
    np.testing.assert_allclose(muted.predict(x), expected.predict(x, verbose=0), **TOLERANCE)
    np.testing.assert_allclose(
        muted.activations(x)["total"].values,
        network_values(expected, x, "total"),
        **TOLERANCE,
    )


def network_values(model, x, layer):
    """Ask Keras for a layer's value, channels first."""
    inner = keras.Model(model.inputs, model.get_layer(layer).output)
    return np.moveaxis(inner.predict(x, verbose=0), -1, 1)


def test_solo_is_muting_all_others(network):
    x = photos(2, 8, 8, 3)
    one = solo(network, "left", 1).predict(x)
    np.testing.assert_array_equal(one, mute(network, "left", [0, 2, 3]).predict(x))


def test_muting_to_the_mean_keeps_the_level(model, network):
    x = photos(4, 8, 8, 3)
    level = network_values(model, x, "left")[:, 2].mean()
    muted = mute(network, "left", 2, to="mean", images=x)
    expected = without(model, "left", [2], level).predict(x, verbose=0)
    np.testing.assert_allclose(muted.predict(x), expected, rtol=1e-4, atol=1e-5)
    shown = muted.activations(x, "left")["left"].values
    np.testing.assert_allclose(shown[:, 2], level, rtol=1e-5)


def test_a_share_is_the_strongest_channels(model, network):
    x = photos(4, 8, 8, 3)
    strength = np.abs(network_values(model, x, "left")).mean(axis=(0, 2, 3))
    half = mute(network, "left", 0.5, images=x)
    assert set(half.muted["left"]) == set(np.argsort(-strength)[:2].tolist())
    assert mute(network, "left", "50%", images=x).muted == half.muted
    kept = solo(network, "left", 0.25, images=x)
    assert set(range(4)) - set(kept.muted["left"]) == {int(strength.argmax())}


def test_several_layers_one_after_the_other(model, network):
    x = photos(2, 8, 8, 3)
    both = mute(mute(network, "left", 1), "right", 3)
    expected = without(without(model, "left", [1]), "right", [3])
    np.testing.assert_allclose(both.predict(x), expected.predict(x, verbose=0), **TOLERANCE)
    assert both.muted == {"left": (1,), "right": (3,)} and both.whole is network
    again = mute(both, "left", 2)
    assert again.muted["left"] == (1, 2)
    np.testing.assert_allclose(
        again.predict(x), mute(mute(network, "left", [1, 2]), "right", 3).predict(x), **TOLERANCE
    )


def test_the_model_and_the_network_stay_as_they_are(model, network):
    x = photos(2, 8, 8, 3)
    weights = [weight.copy() for weight in model.get_weights()]
    before = network.predict(x)
    mute(network, "left", 0).predict(x)
    np.testing.assert_array_equal(network.predict(x), before)
    for weight, old in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(weight, old)


def test_a_linear_part_a_dense_layer_and_a_nested_one():
    model = classifier()
    x = photos(2, 12, 12, 1)
    network = convscope.open(model)
    muted = mute(network, "conv2d:linear", 1)
    values = muted.activations(x, ["conv2d:linear", "conv2d"])
    assert not values["conv2d:linear"].values[:, 1].any()
    assert not values["conv2d"].values[:, 1].any()
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    kernel, bias = copy.get_layer("dense_1").get_weights()
    kernel[2] = 0
    copy.get_layer("dense_1").set_weights([kernel, bias])
    expected = copy.predict(x, verbose=0)
    np.testing.assert_allclose(mute(network, "dense", 2).predict(x), expected, **TOLERANCE)
    outer = keras.Sequential([keras.Input((8, 8, 3)), base()], name="outer")
    name = next(name for name in convscope.open(outer).layers if name.endswith("block1_conv1"))
    nested = mute(convscope.open(outer), name, 0)
    pooled = list(nested.layers)[-1]
    assert not nested.activations(photos(1, 8, 8, 3))[pooled].values[:, 0].any()


def test_after_the_first_call_nothing_is_compiled(network):
    if keras.backend.backend() != "jax":
        pytest.skip("compilation is counted on jax")
    import jax

    x = photos(1, 8, 8, 3)
    network.predict(x)
    mute(network, "left", 0).predict(x)
    compiled = []
    jax.monitoring.register_event_duration_secs_listener(
        lambda event, *_, **__: compiled.append(event) if "compile" in event else None
    )
    for layer, channels in (("left", [1, 2]), ("right", 0), ("both", 5), ("mean", 7)):
        mute(network, layer, channels).predict(x)
        solo(network, layer, channels).predict(x)
    assert not [event for event in compiled if "backend_compile" in event]
    mute(network, "left", 0).predict(photos(5, 8, 8, 3))
    assert [event for event in compiled if "backend_compile" in event], "a new shape is compiled"


def test_the_difference_is_reported(network):
    x = photos(2, 8, 8, 3)
    muted = mute(network, "left", [0, 1])
    found = effect(muted, x)
    before, after = network.activations(x), muted.activations(x)
    assert list(found.changes) == [name for name in network.layers if name != "right"]
    for layer, change in found.changes.items():
        first, second = before[layer].values, after[layer].values
        for image in range(2):
            expected = np.linalg.norm(second[image] - first[image]) / np.linalg.norm(first[image])
            np.testing.assert_allclose(change[image], expected, rtol=1e-5)
    np.testing.assert_allclose(found.before, network.predict(x))
    np.testing.assert_allclose(found.after, muted.predict(x))


def test_gradients_are_those_of_the_muted_network(model, network):
    x = photos(2, 8, 8, 3)
    seed = np.ones((2, 2), np.float32)
    expected = convscope.open(without(model, "left", [1]))
    wanted = expected.gradients(expected.batches(x)[0], "score", seed, ["right", "both"])
    muted = mute(network, "left", 1)
    found = muted.gradients(muted.batches(x)[0], "score", seed, ["right", "both"])
    np.testing.assert_allclose(found.score, wanted.score, rtol=1e-5)
    for layer in ("right", "both"):
        np.testing.assert_allclose(
            found.gradients[layer], wanted.gradients[layer], rtol=1e-4, atol=1e-6
        )
    inputs = (next(iter(one.inputs.values())) for one in (found, wanted))
    np.testing.assert_allclose(*inputs, rtol=1e-4, atol=1e-6)


def test_muted_maps_say_so(network):
    muted = mute(network, "left", 1)
    maps = convscope.maps(muted, photos(1, 8, 8, 3))
    assert maps.words("left")[1] == "muted" and maps["left"].words[1] == "muted"
    assert maps.counts()["muted"] == 1


def test_what_cannot_be_muted(network):
    x = photos(1, 8, 8, 3)
    with pytest.raises(SelectionError, match="'left' has no channel 4: its channels are 0 to 3"):
        mute(network, "left", 4)
    with pytest.raises(SelectionError, match="did you mean 'left'"):
        mute(network, "lft", 0)
    with pytest.raises(SelectionError, match="names no channels"):
        mute(network, "left", "one")
    with pytest.raises(SelectionError, match="give images"):
        mute(network, "left", 0.5)
    with pytest.raises(SelectionError, match="give images"):
        mute(network, "left", 0, to="mean")
    with pytest.raises(SelectionError, match="between 0 and 1"):
        mute(network, "left", 1.5, images=x)
    with pytest.raises(SelectionError, match="give zero or mean"):
        mute(network, "left", 0, to="one")
    with pytest.raises(SelectionError, match="no channel was chosen: layer 'left' has 0 to 3"):
        mute(network, "left", [])
    assert isinstance(mute(network, "left", 0), MutedNetwork)
