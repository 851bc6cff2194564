"""Weights, units and fields, against Keras, finite differences and the library."""

import keras
import numpy as np
import pytest

import convscope
from convscope.explorer import Session
from convscope.inputs.images import Image

from .asking import ask, refused
from .models import numbers, settled


@pytest.fixture(scope="module")
def run(session):
    return ask(session, "run", image=0)["run"]


def computed(session, run, layer, channel, unit):
    """Compute a unit of a convolution as the page does: from weights, geometry and maps alone."""
    told = ask(session, "weights", run=run, layer=layer, channel=channel)
    assert told["understood"] and told["operation"] == "convolution"
    (source,) = told["sources"]
    if source == "photo":
        maps = np.moveaxis(ask(session, "run", image=0)["seen"] / 255, -1, 0)
    else:
        maps = ask(session, "layer", run=run, layer=source)["values"]
    geometry, kernel = told["geometry"], told["kernel"].astype(float)
    total = told["bias"]
    for inner in range(len(kernel)):
        for ty in range(kernel.shape[1]):
            for tx in range(kernel.shape[2]):
                y, x = (
                    at * geometry["stride"][axis]
                    - geometry["padding"][axis][0]
                    + tap * geometry["dilation"][axis]
                    for axis, (at, tap) in enumerate(zip(unit, (ty, tx), strict=True))
                )
                if 0 <= y < maps.shape[1] and 0 <= x < maps.shape[2]:
                    total += kernel[inner, ty, tx] * maps[told["first"] + inner, y, x]
    return max(total, 0.0) if told["activation"]["name"] == "relu" else total


@pytest.mark.parametrize("layer", ["stem", "block1_1_conv", "block2_0_conv", "block2_1_conv"])
def test_weights_and_geometry_make_the_value(session, run, layer):
    maps = ask(session, "layer", run=run, layer=layer)["values"]
    for channel in (0, 4):
        for unit in ((0, 0), (2, 5), (maps.shape[1] - 1, maps.shape[2] - 1)):
            value = computed(session, run, layer, channel, unit)
            assert value == pytest.approx(maps[(channel, *unit)], rel=1e-4, abs=1e-5)


def test_weights_need_no_run(network):
    told = ask(Session(network), "weights", layer="block2_1_conv", channel=3)
    kernel, bias = network.model.get_layer("block2_1_conv").get_weights()
    np.testing.assert_array_equal(told["kernel"], np.moveaxis(kernel[..., 3], -1, 0))
    assert told["bias"] == pytest.approx(float(bias[3]))
    # Keras pads 20 x 16 on the way to 10 x 8 behind only.
    assert told["geometry"]["padding"] == [[0, 1], [0, 1]]
    assert told["geometry"]["stride"] == [2, 2] and told["geometry"]["padding_name"] == "same"


def test_weights_of_other_layers(session, network, run):
    bn = network.model.get_layer("block1_1_bn")
    gamma, beta, mean, variance = (weight.astype(float) for weight in bn.get_weights())
    told = ask(session, "weights", run=run, layer="block1_1_bn", channel=2)
    value = (0.3 - told["centre"]) * told["factor"] + told["offset"]
    expected = (0.3 - mean[2]) / np.sqrt(variance[2] + bn.epsilon) * gamma[2] + beta[2]
    assert value == pytest.approx(expected, rel=1e-5) and told["kernel"] is None
    relu = ask(session, "weights", run=run, layer="block1_1_relu", channel=2)
    assert relu["activation"]["name"] == "relu"
    both = ask(session, "weights", run=run, layer="block1_add", channel=2)
    assert both["operation"] == "sum" and both["sources"] == ["block1_0_conv", "block1_2_conv"]
    dense = ask(session, "weights", run=run, layer="classes", channel=1)
    kernel, _ = network.model.get_layer("classes").get_weights()
    np.testing.assert_array_equal(dense["kernel"].reshape(-1), kernel[:, 1])
    assert dense["activation"]["name"] == "softmax"


def test_weights_that_are_not_understood_say_so():
    class Odd(keras.layers.Layer):
        def call(self, x):
            return x**2

    inputs = keras.Input((6, 6, 1))
    session = Session(convscope.open(keras.Model(inputs, Odd(name="odd")(inputs))))
    told = ask(session, "weights", layer="odd", channel=0)
    assert told["understood"] is False and "Odd" in told["reason"]


@pytest.mark.parametrize("layer", ["stem", "block1_1_bn", "block2_add", "mean", "classes"])
def test_units_are_explained_as_the_library_does(session, network, photos, run, layer):
    maps = ask(session, "layer", run=run, layer=layer)["values"]
    y, x = maps.shape[1] // 2, maps.shape[2] - 1
    reply = ask(session, "unit", run=run, layer=layer, channel=1, unit=[y, x])
    place = (y, x) if maps.shape[1:] != (1, 1) else ()
    expected = convscope.explain(network, [photos[0]], layer, 1, place).to_json()
    for name in ("value", "recorded", "sum", "bias", "sources", "products", "patch", "kernel"):
        assert reply[name] == pytest.approx(expected[name]) if name in {
            "value", "recorded", "sum", "bias"
        } else reply[name] == expected[name]  # fmt: skip
    assert reply["ok"] and reply["recorded"] == pytest.approx(float(maps[1, y, x]))
    field = convscope.receptive_field(network, layer, place)
    assert reply["box"] == [list(ends) for ends in field.box]
    assert (reply["whole"], reply["because"]) == (field.whole, field.because)


def test_many_products_are_cut_short():
    parts = [keras.layers.Flatten(name="flat"), keras.layers.Dense(2, name="dense")]
    model = settled(keras.Sequential([keras.Input((40, 40, 20)), *parts]))
    values = np.random.default_rng(0).uniform(0, 1, (1, 40, 40, 20)).astype("float32")
    session = Session(convscope.open(model), values)
    run = ask(session, "run", image=0)["run"]
    reply = ask(session, "unit", run=run, layer="dense", channel=1, unit=[0, 0])
    assert len(reply["products"]) == 256 and reply["patch"] is None and reply["kernel"] is None
    sizes = [abs(row["product"]) for row in reply["products"]]
    products = values.ravel() * model.get_layer("dense").get_weights()[0][:, 1]
    np.testing.assert_allclose(sizes, np.sort(np.abs(products))[::-1][:256], rtol=1e-5)
    assert reply["products_more"] == 32_000 - 256


@pytest.mark.parametrize("layer", ["stem", "block1_2_conv", "block2_0_conv", "block2_add"])
def test_fields_are_the_boxes_of_all_units(session, network, run, layer):
    reply = ask(session, "fields", layer=layer)
    height, width = ask(session, "layer", run=run, layer=layer)["shape"][1:]
    assert [len(along) for along in reply["starts"]] == [height, width]
    for y, x in [(0, 0), (height - 1, 0), (height // 2, width - 1), (1, 2)]:
        box = convscope.receptive_field(network, layer, (y, x)).box
        found = [
            [reply["starts"][axis][at], reply["stops"][axis][at]] for axis, at in enumerate((y, x))
        ]
        assert found == [list(ends) for ends in box]
    assert reply["size"] == list(network.layers[layer].receptive_field)


def test_fields_of_everything(session):
    reply = ask(session, "fields", layer="classes")
    assert reply["starts"] is None and reply["whole"] is True and reply["because"] == "mean"


def test_fields_follow_gaps_and_edges():
    """A wide gap in the kernel at the edge: the first tap that lies on the input counts."""
    inputs = keras.Input((9, 9, 1))
    wide = keras.layers.Conv2D(1, 3, padding="same", dilation_rate=4, name="wide")(inputs)
    network = convscope.open(keras.Model(inputs, wide))
    reply = ask(Session(network), "fields", layer="wide")
    for at in range(9):
        (start, stop), _ = convscope.receptive_field(network, "wide", (at, at)).box
        assert (reply["starts"][0][at], reply["stops"][0][at]) == (start, stop)
        seen = [p for p in (at - 4, at, at + 4) if 0 <= p < 9]
        assert (start, stop) == (seen[0], seen[-1] + 1)


def test_sizes_that_depend_on_the_image_need_a_run():
    inputs = keras.Input((None, None, 3))
    conv = keras.layers.Conv2D(4, 3, name="conv")(inputs)
    session = Session(
        convscope.open(keras.Model(inputs, conv)), [Image(np.zeros((9, 11, 3), np.uint8), "any")]
    )
    code, said = refused(session, {"type": "fields", "layer": "conv"})
    assert code == "refused" and "any size" in said


@pytest.mark.parametrize("layer", ["stem", "block1_out"])
def test_effective_fields_are_slopes(session, network, photos, run, layer):
    unit = [6, 7]
    reply = ask(session, "field", run=run, layer=layer, channel=2, unit=unit)
    assert reply["effective"].shape == (20, 16)
    value = photos[0].pixels[None].astype("float32") / 255
    part = keras.Model(network.model.input, network.model.get_layer(layer).output)
    expected = np.zeros((20, 16))
    step = 1e-2
    for y in range(2, 12):
        for x in range(3, 13):
            for colour in range(3):
                ends = []
                for side in (-1, 1):
                    moved = value.copy()
                    moved[0, y, x, colour] += side * step
                    ends.append(float(numbers(part(moved))[0, 6, 7, 2]))
                expected[y, x] += abs(ends[1] - ends[0]) / (2 * step)
    got = reply["effective"][2:12, 3:13]
    scale = max(expected.max(), 1e-6)
    assert np.abs(got - expected[2:12, 3:13]).max() < 0.05 * scale
    box = ask(session, "unit", run=run, layer=layer, channel=2, unit=unit)["box"]
    outside = reply["effective"].copy()
    outside[box[0][0] : box[0][1], box[1][0] : box[1][1]] = 0
    assert not outside.any()


def test_units_of_volumes_and_signals_have_their_true_place(scan, wave):
    run = ask(scan, "run", image=0)["run"]
    maps = ask(scan, "layer", run=run, layer="conv")["values"]
    reply = ask(scan, "unit", run=run, layer="conv", channel=1, unit=[4, 3])
    assert reply["unit"] == [1, 4, 3]
    assert reply["recorded"] == pytest.approx(float(maps[1, 4, 3]))
    assert len(ask(scan, "fields", layer="conv")["starts"]) == 3
    run = ask(wave, "run", image=0)["run"]
    reply = ask(wave, "unit", run=run, layer="conv", channel=1, unit=[0, 5])
    assert reply["unit"] == [5] and reply["box"] == [[0, 1], [3, 6]] and reply["ok"]
    assert ask(wave, "fields", layer="conv")["starts"] == [[0, 0, 0, 1, 2, 3, 4, 5, 6]]
    effective = ask(wave, "field", run=run, layer="conv", channel=1, unit=[0, 5])["effective"]
    assert effective.shape == (1, 9) and set(np.flatnonzero(effective[0])) <= {3, 4, 5}


def test_lineage_of_a_session(session, run):
    reply = ask(session, "lineage", run=run, layer="block1_1_conv", channel=2)
    assert len(reply["fed_by"]) == 6 and {kin["layer"] for kin in reply["fed_by"]} == {"stem"}
    maps = ask(session, "layer", run=run, layer="block1_1_conv")["values"]
    total = maps[2].sum(dtype=float)
    assert reply["fed_total"] + reply["fed_bias"] == pytest.approx(total, rel=1e-4)
    assert sum(kin["share"] for kin in reply["fed_by"]) == pytest.approx(reply["fed_total"])
    assert [(kin["layer"], kin["channel"]) for kin in reply["feeds"]] == [("block1_1_bn", 2)]
    two = ask(session, "lineage", run=run, layer="block1_1_conv", channel=2, count=2)
    assert two["fed_by"] == reply["fed_by"][:2] and two["fed_more"] == 4
    first = ask(session, "lineage", run=run, layer="stem", channel=0)
    assert {kin["layer"] for kin in first["fed_by"]} == {"photo"}
    assert {kin["layer"] for kin in first["feeds"]} == {"block1_0_conv", "block1_1_conv"}
    last = ask(session, "lineage", run=run, layer="classes", channel=0)
    assert last["feeds"] == [] and "no layer takes" in last["reason"]


def test_muted_maps_are_not_explained(session):
    muted = ask(session, "run", image=0, mute={"stem": [1]})["run"]
    code, said = refused(
        session, {"type": "unit", "run": muted, "layer": "stem", "channel": 1, "unit": [0, 0]}
    )
    assert code == "refused" and "muted" in said
    other = ask(session, "unit", run=muted, layer="stem", channel=2, unit=[3, 3])
    assert other["ok"]
    behind = ask(session, "unit", run=muted, layer="block1_1_conv", channel=2, unit=[3, 3])
    assert behind["ok"]
    assert ask(session, "weights", run=muted, layer="stem", channel=1)["muted"] is True
    assert ask(session, "lineage", run=muted, layer="stem", channel=1)["reason"]
