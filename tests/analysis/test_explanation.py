"""Where a value comes from: against sums written out by hand, and what can be asked wrongly."""

import html
import json

import keras
import numpy as np
import pytest
from keras import layers
from networks.models import Subclassed, branched, photos, settled

import convscope
from convscope.analysis.explanation import explain_unit
from convscope.errors import SelectionError

COPIES = "Keras pads with copies of the border on torch, and so it is not understood"


@pytest.fixture(scope="module")
def model():
    return settled(
        keras.Sequential(
            [
                layers.Input((7, 8, 3)),
                layers.Conv2D(4, 3, padding="same", activation="relu", name="conv"),
                layers.BatchNormalization(name="bn"),
                layers.MaxPooling2D(2, padding="same", name="pool"),
                layers.AveragePooling2D(3, strides=2, padding="same", name="mean"),
                layers.Flatten(name="flat"),
                layers.Dense(3, activation="softmax", name="classes"),
            ],
            name="small",
        )
    )


@pytest.fixture(scope="module")
def network(model):
    return convscope.open(model)


@pytest.fixture(scope="module")
def photo():
    return photos(1, 7, 8, 3)


@pytest.fixture(scope="module")
def values(network, photo):
    return {name: array.values[0] for name, array in network.activations(photo).items()}


def test_a_convolution_inside_the_map(network, model, photo):
    found = convscope.explain(network, photo, "conv", 2, (3, 4))
    kernel, bias = model.get_layer("conv").get_weights()
    patch = photo[0, 2:5, 3:6, :].astype(float)
    products = patch * kernel[..., 2].astype(float)
    assert found.patch.dims == ("channel", "y", "x")
    assert list(found.patch.y.values) == [2, 3, 4] and list(found.patch.x.values) == [3, 4, 5]
    np.testing.assert_array_equal(found.patch.values, np.moveaxis(patch, -1, 0))
    np.testing.assert_array_equal(found.kernel.values, np.moveaxis(kernel[..., 2], -1, 0))
    np.testing.assert_allclose(found.products.values, products.sum(axis=(0, 1)), rtol=1e-12)
    assert found.box == {"y": (2, 4), "x": (3, 5)}
    assert found.bias == pytest.approx(float(bias[2]))
    assert found.sum == pytest.approx(products.sum() + bias[2], rel=1e-12)
    assert found.value == max(found.sum, 0)
    assert found.scale >= abs(found.value)
    assert found.activation == "relu" and found.operation == "Conv2D" and found.ok
    assert found.source.startswith("input") or found.source in [i.name for i in network.inputs]


def test_the_recorded_value_is_the_framework_s(network, photo, values):
    for name, channel, unit in [("conv", 1, (0, 7)), ("bn", 2, (6, 0)), ("classes", 2, ())]:
        found = convscope.explain(network, photo, name, channel, unit)
        assert found.recorded == values[name][(channel, *unit)]
        assert found.difference == found.recorded - found.value
        assert found.value == pytest.approx(found.recorded, rel=1e-4)


def test_padding_is_marked_and_counts_as_zero(network, model, photo):
    found = convscope.explain(network, photo, "conv:linear", 0, (0, 0))
    assert found.box == {"y": (-1, 1), "x": (-1, 1)}
    assert np.isnan(found.patch.sel(y=-1).values).all()
    assert np.isnan(found.patch.sel(x=-1).values).all()
    kernel, bias = model.get_layer("conv").get_weights()
    expected = (photo[0, :2, :2].astype(float) * kernel[1:, 1:, :, 0]).sum() + bias[0]
    assert found.value == pytest.approx(expected, rel=1e-12)
    assert found.activation == "linear"


def test_products_are_ranked_by_size(network, photo):
    found = convscope.explain(network, photo, "conv", 2, (3, 4))
    ranked = found.ranking()
    sizes = [abs(value) for _, value in ranked]
    assert sizes == sorted(sizes, reverse=True)
    assert sorted(channel for channel, _ in ranked) == [0, 1, 2]
    assert found.ranking(1) == ranked[:1]
    for channel, value in ranked:
        assert value == found.products.sel(channel=channel)


def test_a_batch_normalisation(network, model, photo, values):
    found = convscope.explain(network, photo, "bn", 3, (2, 5))
    gamma, beta, mean, variance = (w[3].astype(float) for w in model.get_layer("bn").get_weights())
    x = float(values["conv"][3, 2, 5])
    factor = gamma / np.sqrt(variance + 1e-3)
    assert found.details == pytest.approx({"centre": mean, "factor": factor, "offset": beta})
    assert found.patch.item() == x and found.bias == pytest.approx(beta)
    assert found.value == pytest.approx((x - mean) * factor + beta)


def test_a_pooling_shows_its_window_and_what_won(network, photo, values):
    found = convscope.explain(network, photo, "pool", 1, (3, 2))
    window = values["bn"][1, 6:7, 4:6]
    y, x = np.unravel_index(window.argmax(), window.shape)
    assert found.winner == (6 + y, 4 + x)
    assert found.value == window.max() == found.recorded
    assert found.patch.shape == (1, 2, 2) and np.isnan(found.patch.sel(y=7).values).all()
    assert found.ranking()[0][0] in {(6, 4), (6, 5)}
    assert len(found.ranking()) == 2, "padding has no rank"


def test_an_average_counts_no_padding(network, photo, values):
    if keras.backend.backend() == "torch":
        with pytest.raises(SelectionError, match="'mean'.*understood are conv, bn, pool"):
            convscope.explain(network, photo, "mean", 1, (0, 0))
        pytest.skip(COPIES)
    found = convscope.explain(network, photo, "mean", 1, (0, 0))
    rows, columns = (slice(0, end[1] + 1) for end in found.box.values())
    assert found.value == pytest.approx(values["pool"][1, rows, columns].astype(float).mean())
    assert np.nansum(found.kernel.values) == pytest.approx(1)


def test_a_flattened_unit_comes_from_where_it_was(network, photo, values):
    found = convscope.explain(network, photo, "flat", 13)
    (channel,), (y,), (x,) = (found.patch.coords[axis].values for axis in ("channel", "y", "x"))
    assert values["mean"][channel, y, x] == found.recorded == found.value
    assert (y * values["mean"].shape[2] + x) * 4 + channel == 13, "channels last, as Keras has it"


def test_a_softmax_shows_its_denominator(network, model, photo, values):
    found = convscope.explain(network, photo, "classes", 1)
    kernel, bias = model.get_layer("classes").get_weights()
    logits = values["flat"].astype(float) @ kernel + bias
    assert found.details["largest logit"] == pytest.approx(logits.max())
    assert found.details["denominator"] == pytest.approx(np.exp(logits - logits.max()).sum())
    assert found.sum == pytest.approx(logits[1])
    assert found.value == pytest.approx(np.exp(logits[1]) / np.exp(logits).sum())
    assert found.patch.dims == ("channel",) and found.box == {}


def test_a_merge_shows_its_terms():
    network, photo = convscope.open(branched()), photos(1, 8, 8, 3)
    values = network.activations(photo)
    found = convscope.explain(network, photo, "total", 2, (3, 3))
    terms = [float(values[name].values[0, 2, 3, 3]) for name in ("left", "right")]
    assert list(found.products.term.values) == ["left", "right"]
    np.testing.assert_array_equal(found.products.values, terms)
    assert found.value == sum(terms) and found.sources == ("left", "right")
    joined = convscope.explain(network, photo, "both", 6, (3, 3))
    assert joined.source == "right" and list(joined.patch.channel.values) == [2]


def test_a_layer_of_a_hand_written_block():
    model, photo = Subclassed(name="hand"), photos(1, 6, 6, 3)
    model(photo)
    network = convscope.open(settled(model))
    values = network.activations(photo)
    found = convscope.explain(network, photo, "relu#2", 1, (2, 3))
    assert network.layers["block"].composite
    assert found.patch.item() == values["block"].values[0, 1, 2, 3]
    inner = convscope.explain(network, photo, "block/second", 1, (2, 3))
    assert inner.ok and inner.sources == ("block/first",)


def test_once_the_activations_are_known_no_network_is_needed(network, photo):
    computation = network.computation("conv")
    batch = network.batches(photo)[0]
    run = network.run(batch, ("conv", *computation.inputs), outputs=False)
    inputs = [run.values[name][0] for name in computation.inputs]
    layer = network.layers["conv"]
    found = explain_unit(computation, layer, inputs, run.values["conv"][0], 2, (3, 4))
    assert found.value == convscope.explain(network, photo, "conv", 2, (3, 4)).value


@pytest.mark.parametrize(
    ("layer", "channel", "unit", "words"),
    [
        ("conv", 4, (0, 0), "no channel 4: its channels are 0 to 3"),
        ("conv", -1, (0, 0), "its channels are 0 to 3"),
        ("conv", 0, (7, 0), "no unit 7,0: give y,x with y from 0 to 6, x from 0 to 7"),
        ("conv", 0, (0, -1), "no unit 0,-1: give y,x with y from 0 to 6"),
        ("conv", 0, 3, "no unit 3: give y,x with y from 0 to 6"),
        ("conv", 0, (), "no unit without a position: give y,x"),
        ("classes", 0, (1,), "no unit 1, since it has no space: give only a channel"),
        ("convolution", 0, (1,), "no layer is called 'convolution'"),
        ("0:2", 0, (0, 0), "means 2 layers: name one, such as 'conv'"),
    ],
)
def test_what_is_not_there_is_one_line_that_names_what_is(
    network, photo, layer, channel, unit, words
):
    with pytest.raises(SelectionError, match=words) as caught:
        convscope.explain(network, photo, layer, channel, unit)
    assert "\n" not in str(caught.value) and caught.value.status == 2


def test_several_images_are_too_many(network):
    with pytest.raises(SelectionError, match="2 images were given: give one"):
        convscope.explain(network, photos(2, 7, 8, 3), "conv", 0, (0, 0))


def test_a_layer_that_is_not_understood():
    model = keras.Sequential([layers.Input((4, 3)), layers.Dense(2, name="plain"),
                              layers.LSTM(2, name="lstm")])  # fmt: skip
    with pytest.raises(SelectionError, match=r"'lstm'.*recurrent, LSTM.*understood are plain"):
        convscope.explain(convscope.open(model), photos(1, 4, 3), "lstm", 0)


def test_the_text_holds_every_step(network, photo):
    found = convscope.explain(network, photo, "conv", 2, (3, 4))
    text = repr(found)
    for words in ("conv (Conv2D), channel 2, unit y 3, x 4", "y 2 to 4, x 3 to 5", "kernel",
                  "input channel", "bias", "relu", f"{found.value:+.9g}",
                  f"{found.recorded:+.9g}", "tolerance"):  # fmt: skip
        assert words in text, words
    assert max(map(len, text.splitlines())) < 120
    assert "nan is padding" in repr(convscope.explain(network, photo, "conv", 2, (0, 4)))
    assert "won by" in repr(convscope.explain(network, photo, "pool", 2, (0, 0)))


@pytest.mark.parametrize("layer", ["conv", "bn", "pool", "mean", "flat", "classes"])
def test_every_kind_has_a_text_a_page_and_json(network, photo, layer):
    if layer == "mean" and keras.backend.backend() == "torch":
        pytest.skip(COPIES)
    unit = (0, 0) if network.layers[layer].space else ()
    found = convscope.explain(network, photo, layer, 0, unit)
    assert layer in repr(found)
    assert html.escape(layer) in found._repr_html_()
    told = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert told["value"] == found.value and told["layer"] == layer


def test_names_are_escaped_in_html():
    odd = "a>b"  # tensorflow has no other character of HTML in a name
    model = keras.Sequential([layers.Input((4,)), layers.Dense(2, name=odd)], name="n")
    page = convscope.explain(convscope.open(model), photos(1, 4), odd, 0)._repr_html_()
    assert "a&gt;b" in page and "a>b" not in page
