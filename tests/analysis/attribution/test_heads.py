"""Scores of every kind: the map is that of the logit, of the output, of the region meant."""

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from keras import layers

import convscope
from convscope.errors import SelectionError

from .networks import conv, images, settled

PHOTOS = images(2, 8, 10, 2, seed=3)


def body():
    given = keras.Input((8, 10, 2), name="photo")
    return given, layers.Conv2D(4, 3, activation="relu", name="maps")(given)


def opened(given, outputs, **options):
    return convscope.open(settled(keras.Model(given, outputs, name="heads")), **options)


def expected(network, score):
    """Give Grad-CAM of a function of the maps ``(y, x, channel)``, written with jax."""
    weights = network.model.get_layer("maps").get_weights()
    found = []
    for photo in PHOTOS:
        maps = jax.nn.relu(conv(photo[None], weights))[0]
        slope = jax.grad(lambda maps: jnp.sum(score(maps)))(maps)
        found.append(np.maximum(maps @ slope.mean(axis=(0, 1)), 0))
    return np.stack(found)


def dense(network, name="head"):
    kernel, bias = network.model.get_layer(name).get_weights()
    return lambda maps: maps.mean(axis=(0, 1)) @ kernel + bias


def check(network, target, score, words):
    found = convscope.heatmap(network, PHOTOS, target)
    assert found.layer == "maps"
    assert found.words == (words, words)
    np.testing.assert_allclose(found.values, expected(network, score), atol=1e-5)
    return float(found.values.max())


@pytest.mark.parametrize("head", ["softmax", "linear", "apart"])
def test_softmax_and_logits(head):
    given, maps = body()
    pooled = layers.GlobalAveragePooling2D()(maps)
    score = layers.Dense(3, activation=None if head == "apart" else head, name="head")(pooled)
    if head == "apart":
        score = layers.Softmax()(score)
    network = opened(given, score, labels=["ant", "bee", "cow"])
    word = "output" if head == "linear" else "logit"
    assert check(network, "bee", lambda maps: dense(network)(maps)[1], f"{word} of bee") > 0


def test_one_sigmoid_scores_both_classes():
    given, maps = body()
    score = layers.Dense(1, activation="sigmoid", name="head")(
        layers.GlobalAveragePooling2D()(maps)
    )
    network = opened(given, score, labels=["cat", "dog"])
    dog = check(network, "dog", dense(network), "logit of dog")
    cat = check(network, "cat", lambda maps: -dense(network)(maps), "logit of cat")
    assert max(dog, cat) > 0
    check(network, ("dog", "cat"), dense(network), "logit of dog - logit of cat")
    best = convscope.heatmap(network, PHOTOS)
    chances = np.asarray(network.predict(PHOTOS))[:, 0]
    assert best.words == tuple(f"logit of {'dog' if p > 0.5 else 'cat'}" for p in chances)
    assert (best.score > 0).all()


def test_a_regression():
    given, maps = body()
    score = layers.Dense(1, name="head")(layers.GlobalAveragePooling2D()(maps))
    network = opened(given, score)
    check(network, None, dense(network), "output of 0")
    found = convscope.heatmap(network, PHOTOS)
    np.testing.assert_allclose(found.score, network.predict(PHOTOS)[:, 0], atol=1e-5)


def test_one_of_several_outputs():
    given, maps = body()
    pooled = layers.GlobalAveragePooling2D()(maps)
    kind = layers.Dense(3, activation="softmax", name="kind")(pooled)
    age = layers.Dense(1, name="age")(pooled)
    network = opened(given, [kind, age])
    target = convscope.Target(output="age")
    check(network, target, dense(network, "age"), "output of 0")
    check(network, 2, lambda maps: dense(network, "kind")(maps)[2], "logit of 2")
    with pytest.raises(SelectionError, match="no output 'agee': did you mean 'age'"):
        convscope.heatmap(network, PHOTOS, convscope.Target(output="agee"))


@pytest.fixture(scope="module")
def segmenting():
    given, maps = body()
    hidden = layers.Conv2D(4, 3, padding="same", activation="tanh", name="hidden")(maps)
    return opened(given, layers.Conv2D(3, 1, activation="softmax", name="head")(hidden))


def pixel_logits(network):
    hidden, head = (network.model.get_layer(name).get_weights() for name in ("hidden", "head"))
    return lambda maps: conv(jnp.tanh(conv(maps[None], hidden, "SAME")), head)[0]


def test_a_class_within_a_mask_or_a_box_or_where_it_wins(segmenting):
    logits = pixel_logits(segmenting)
    mask = np.zeros((6, 8), bool)
    mask[1:3, 2:7] = True
    meant = [
        (convscope.Target(1, mask=mask), lambda values: values[..., 1] * mask, "a mask of 10"),
        (convscope.Target(1, box=(1, 2, 3, 7)), lambda values: values[1:3, 2:7, 1], "the box"),
        (
            1,
            lambda values: values[..., 1] * (jax.lax.stop_gradient(values).argmax(axis=-1) == 1),
            "where it wins",
        ),
    ]
    for target, part, words in meant:
        found = convscope.heatmap(segmenting, PHOTOS, target, layer="maps")
        wanted = expected(segmenting, lambda maps, part=part: part(logits(maps)))
        np.testing.assert_allclose(found.values, wanted, atol=1e-4)
        assert words in found.words[0]
        assert found.words[0].startswith("logit of 1 ")


def test_before_a_head_with_space_lies_its_last_layer(segmenting):
    assert convscope.heatmap(segmenting, PHOTOS, 0).layer == "hidden"


def test_a_box_of_a_detector():
    given, maps = body()
    flat = layers.Dense(5 * 6, name="head")(layers.Flatten()(maps))
    network = opened(given, layers.Reshape((5, 6), name="boxes")(flat))
    kernel, bias = network.model.get_layer("head").get_weights()

    def box(maps):
        return (maps.reshape(-1) @ kernel + bias).reshape(5, 6)[3, 4]

    found = convscope.heatmap(network, PHOTOS, convscope.Target(4, unit=(3,)))
    np.testing.assert_allclose(found.values, expected(network, box), atol=1e-4)
    assert found.words[0] == "output of 4 at (3,)"
    with pytest.raises(SelectionError, match=r"unit \(5,\) does not lie in an output of 5"):
        convscope.heatmap(network, PHOTOS, convscope.Target(4, unit=(5,)))


@pytest.mark.parametrize("method", ["score-cam", "ablation-cam", "occlusion", "saliency"])
def test_other_methods_take_regions_too(segmenting, method):
    box = convscope.Target(1, box=(1, 2, 3, 7))
    given = {} if method in ("occlusion", "saliency") else {"layer": "maps"}
    found = convscope.heatmap(segmenting, PHOTOS, box, method, **given)
    far = found.upsampled.values[:, -1, 0] if method == "saliency" else np.zeros(2)
    np.testing.assert_array_equal(far, 0)
    assert float(np.abs(found.values).max()) > 0
    logits = pixel_logits(segmenting)
    weights = segmenting.model.get_layer("maps").get_weights()
    for photo, score in zip(PHOTOS, found.score.values, strict=True):
        values = logits(jax.nn.relu(conv(photo[None], weights))[0])[1:3, 2:7, 1]
        assert score == pytest.approx(float(values.sum()), abs=1e-4)
