"""What every map contributed, against sums done by hand, and books that balance."""

import keras
import numpy as np
import pytest
from keras import layers
from networks.models import branched, classifier, photos, settled

import convscope
from convscope.analysis.ablation import ablation
from convscope.analysis.contributions import contributions, unit_contributions
from convscope.analysis.muting import mute
from convscope.analysis.target import Target
from convscope.errors import SelectionError


def sequential(*parts, shape=(10, 10, 3)):
    return settled(keras.Sequential([keras.Input(shape), *parts], name="parts"))


def assert_balanced(books, tolerance=1e-5):
    assert len(books) > 1
    for layer in books:
        assert books.reason(layer) == "", (layer, books.reason(layer))
        gap = np.abs(books.remainder[layer]) / np.abs(books.score)
        assert gap.max() <= tolerance, (layer, gap.max())


def test_before_a_dense_head_a_share_is_value_times_weight():
    model = sequential(
        layers.Conv2D(4, 3, activation="relu", name="conv"),
        layers.Flatten(name="flat"),
        layers.Dense(3, activation="softmax", name="classes"),
    )
    x = photos(2, 10, 10, 3)
    books = contributions(convscope.open(model), x, 2)
    conv = keras.Model(model.inputs, model.get_layer("conv").output).predict(x, verbose=0)
    kernel, bias = model.get_layer("classes").get_weights()
    by_hand = (conv * kernel[:, 2].reshape(1, *conv.shape[1:])).sum(axis=(1, 2))
    np.testing.assert_allclose(books["conv"].values, by_hand, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(books.biases["conv"], [bias[2]] * 2, rtol=1e-6)
    logits = conv.reshape(2, -1) @ kernel + bias
    np.testing.assert_allclose(books.score, logits[:, 2], rtol=1e-5)
    assert books.words == ("logit of 2", "logit of 2") and "classes" not in books


@pytest.mark.parametrize(
    "parts",
    [
        [layers.Conv2D(5, 3, activation="relu"), layers.MaxPooling2D(), layers.Conv2D(4, 2)],
        [layers.Conv2D(5, 3), layers.BatchNormalization(), layers.ReLU(), layers.Conv2D(4, 2)],
        [layers.Conv2D(5, 3, use_bias=False), layers.BatchNormalization(center=False)],
        [layers.DepthwiseConv2D(3, depth_multiplier=2), layers.LeakyReLU(0.1), layers.Conv2D(2, 1)],
        [layers.SeparableConv2D(6, 3, activation="relu"), layers.AveragePooling2D(2)],
        [layers.Conv2DTranspose(4, 3, strides=2, activation="relu"), layers.Cropping2D(2)],
        [layers.Rescaling(4.0, offset=-2.0), layers.Conv2D(6, 3), layers.ReLU(max_value=0.5)],
        [layers.Conv2D(6, 3, groups=3, activation="relu6"), layers.ZeroPadding2D()],
    ],
    ids=["pool", "bn", "no bias", "depthwise", "separable", "transposed", "limit", "grouped"],
)
def test_books_balance(parts):
    model = sequential(
        *parts, layers.Flatten(), layers.Dense(7, activation="relu"), layers.Dense(3)
    )
    assert_balanced(contributions(convscope.open(model), photos(4, 10, 10, 3)))


def test_a_reached_limit_counts_as_a_bias():
    """Where every unit lies on its limit nothing of the input is left in the score."""
    model = sequential(
        layers.Conv2D(2, 1, name="conv"), layers.ReLU(max_value=0.25), layers.Flatten(),
        layers.Dense(1, name="out"),
    )  # fmt: skip
    kernel, bias = model.get_layer("conv").get_weights()
    model.get_layer("conv").set_weights([np.abs(kernel), bias * 0 + 5])
    books = contributions(convscope.open(model), photos(2, 10, 10, 3))
    np.testing.assert_allclose(books["conv"].values, 0, atol=1e-7)
    np.testing.assert_allclose(books.biases["conv"], books.score, rtol=1e-5)


def test_branches_hold_a_part_each_and_say_so():
    books = contributions(convscope.open(branched()), photos(2, 8, 8, 3), 1)
    for layer in ("left", "right", "total", "both"):
        assert "passes beside" in books.reason(layer)
    assert books.reason("joined") == "" and books.crossed == {"joined", "score"}
    np.testing.assert_allclose(books.remainder["joined"], 0, atol=1e-6)
    parts = books["both"].sum("channel") + books["total"].sum("channel")
    both = parts + books.biases["joined"]
    np.testing.assert_allclose(both, books.score, rtol=1e-5)


def test_a_skip_connection():
    inputs = keras.Input((8, 8, 3))
    first = layers.Conv2D(3, 3, padding="same", activation="relu", name="first")(inputs)
    inner = layers.Conv2D(3, 3, padding="same", name="inner")(first)
    both = layers.ReLU(name="out")(layers.Add(name="sum")([first, inner]))
    pooled = layers.GlobalAveragePooling2D(name="pool")(both)
    model = settled(keras.Model(inputs, layers.Dense(2, name="classes")(pooled)))
    books = contributions(convscope.open(model), photos(3, 8, 8, 3))
    gaps = {layer: np.abs(books.remainder[layer] / books.score).max() for layer in books}
    assert all(gaps[layer] <= 1e-5 for layer in ("first", "sum", "out", "pool"))
    assert gaps["inner"] > 0.01 and "passes beside" in books.reason("inner")


def test_smooth_functions_leave_a_remainder_and_are_named():
    model = sequential(
        layers.Conv2D(4, 3, name="conv"), layers.Activation("silu", name="smooth"),
        layers.Flatten(name="flat"), layers.Dense(2, name="classes"),
    )  # fmt: skip
    books = contributions(convscope.open(model), photos(2, 10, 10, 3))
    assert books.reason("conv") == "not piecewise linear behind it: smooth"
    assert np.abs(books.remainder["conv"]).min() > 1e-3
    assert books.reason("smooth") == "" and np.abs(books.remainder["smooth"]).max() < 1e-4
    for layer in books:
        total = books[layer].sum("channel") + books.biases[layer] + books.remainder[layer]
        np.testing.assert_allclose(total, books.score, rtol=1e-5)


def test_a_share_before_linear_layers_is_what_muting_costs():
    model = sequential(
        layers.Conv2D(6, 3, activation="relu", name="conv"),
        layers.GlobalAveragePooling2D(name="pool"),
        layers.Dense(3, activation="softmax", name="classes"),
    )
    network = convscope.open(model)
    x = photos(3, 10, 10, 3)
    costs = ablation(network, x, "conv", 1)
    shares = contributions(network, x, 1)["conv"]
    np.testing.assert_allclose(costs.values, shares.values, rtol=1e-3, atol=1e-5)
    for channel in (0, 4):
        value = mute(network, "conv", channel).activations(x, "classes:linear")
        cost = np.array(costs.attrs["score"]) - value["classes:linear"].values[:, 1]
        np.testing.assert_allclose(costs.values[:, channel], cost, rtol=1e-4, atol=1e-5)


def test_ablation_of_more_channels_than_pass_at_once():
    model = sequential(layers.Conv2D(21, 1, name="conv"), layers.Flatten(), layers.Dense(2))
    network = convscope.open(model)
    x = photos(1, 10, 10, 3)
    costs = ablation(network, x, "conv", 0)
    assert costs.shape == (1, 21)
    np.testing.assert_allclose(costs, contributions(network, x, 0)["conv"], rtol=1e-3, atol=1e-5)


def test_units_sum_to_their_maps():
    network = convscope.open(classifier())
    x = photos(2, 12, 12, 1)
    units = unit_contributions(network, x, "conv2d", "2")
    assert units.dims == ("image", "channel", "y", "x")
    books = contributions(network, x, "2")
    np.testing.assert_allclose(units.sum(("y", "x")), books["conv2d"], rtol=1e-4, atol=1e-6)


def test_a_contrast_is_the_difference_of_two():
    model = sequential(layers.Conv2D(4, 3, name="conv"), layers.Flatten(), layers.Dense(3))
    network = convscope.open(model, labels=["ant", "bee", "cow"])
    x = photos(2, 10, 10, 3)
    one, other = (contributions(network, x, name) for name in ("bee", "cow"))
    both = contributions(network, x, ("bee", "cow"))
    np.testing.assert_allclose(both.score, one.score - other.score, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(both["conv"], one["conv"] - other["conv"], rtol=1e-3, atol=1e-5)
    assert both.words[0] == "output of bee - output of cow"


def test_one_sigmoid_scores_two_classes():
    model = sequential(
        layers.Conv2D(4, 3, name="conv"), layers.Flatten(), layers.Dense(1, activation="sigmoid")
    )
    network = convscope.open(model, labels=["cat", "dog"])
    x = photos(4, 10, 10, 3)
    dog, cat = (contributions(network, x, name) for name in ("dog", "cat"))
    np.testing.assert_allclose(dog.score, -cat.score)
    probability = model.predict(x, verbose=0)[:, 0]
    np.testing.assert_allclose(dog.score, np.log(probability / (1 - probability)), rtol=1e-3)
    own = contributions(network, x)
    assert (own.score > 0).all()
    chosen = ["logit of dog" if value > 0.5 else "logit of cat" for value in probability]
    assert list(own.words) == chosen
    pair = contributions(network, x, ("dog", "cat"))
    np.testing.assert_allclose(pair.score, dog.score)


def test_an_output_with_space_counts_where_it_is_asked():
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="conv")(inputs)
    model = settled(keras.Model(inputs, layers.Conv2D(2, 1, activation="softmax", name="out")(x)))
    network = convscope.open(model)
    x = photos(1, 8, 8, 3)
    logits = network.activations(x, "out:linear").array("out:linear")
    cases = {
        Target(1, unit=(2, 3)): logits[1, 2, 3],
        Target(0, box=(1, 2, 4, 5)): logits[0, 1:4, 2:5].sum(),
        Target(1, mask=np.eye(8, dtype=bool)): np.trace(logits[1]),
        Target(0): logits[0][logits[0] > logits[1]].sum(),
    }
    for target, expected in cases.items():
        books = contributions(network, x, target)
        np.testing.assert_allclose(books.score, expected, rtol=1e-4)
        np.testing.assert_allclose(books.remainder["conv"], 0, atol=1e-4)


def test_several_batches_are_one_book(monkeypatch):
    from convscope.networks import feeding

    network = convscope.open(classifier())
    x = np.random.default_rng(0).integers(0, 256, (5, 12, 12, 1), np.uint8)
    whole = contributions(network, x)
    monkeypatch.setattr(feeding, "_AT_ONCE", 2)
    parts = contributions(network, x)
    assert parts.images == whole.images and len(parts.score) == 5
    np.testing.assert_allclose(parts["conv2d"], whole["conv2d"], rtol=1e-5, atol=1e-7)


def test_what_cannot_be_explained():
    network = convscope.open(classifier(), labels=["ant", "bee", "cow"])
    x = photos(1, 12, 12, 1)
    for target, said in {
        "be": "did you mean 'bee'",
        3: "its classes are 0 to 2",
        (1, 1): "always 0",
        1.5: "is no target",
    }.items():
        with pytest.raises(SelectionError, match=said):
            contributions(network, x, target)
    with pytest.raises(SelectionError, match="has no output 'x'"):
        contributions(network, x, Target(0, output="x"))
    with pytest.raises(SelectionError, match="does not lie in an output of no positions"):
        contributions(network, x, Target(0, unit=(1, 1)))
    with pytest.raises(SelectionError, match="has no layer|no layer is called"):
        unit_contributions(network, x, "conv9")
