"""Shares of maps in other maps, against Keras run with all other input channels at zero."""

import keras
import numpy as np
import pytest
from keras import layers

import convscope
from convscope.analysis.lineage import lineage

TOLERANCE = {"rtol": 2e-4, "atol": 2e-4}


def settled(model):
    rng = np.random.default_rng(0)
    for variable in model.variables:
        positive = "variance" in variable.path
        variable.assign(rng.uniform(0.5 if positive else -1.0, 1.0, variable.shape))
    return model


def opened(model, x):
    """Open a model; give what every layer gave out and was given for one image."""
    network = convscope.open(model)
    names = dict.fromkeys(network.layers)
    for layer in network.layers:
        computation = network.computation(layer)
        names |= dict.fromkeys(computation.inputs if computation else ())
    (batch,) = network.batches(x)
    run = network.run(batch, tuple(names), outputs=False)
    return network, {name: value[0] for name, value in run.values.items()}


def traced(network, values, layer, channel):
    return lineage(network, values, network.layers[layer], channel)


def by_hand(layer, x):
    """Give the share of every input channel in every map, ``(input, map)``, from Keras alone."""
    nothing = np.asarray(layer(np.zeros_like(x)))
    rows = []
    for channel in range(x.shape[-1]):
        alone = np.zeros_like(x)
        alone[..., channel] = x[..., channel]
        apart = np.asarray(layer(alone), np.float64) - nothing
        rows.append(apart.reshape(-1, apart.shape[-1]).sum(axis=0))
    return np.stack(rows)


SUMS = {
    "valid": (layers.Conv2D(5, 3), (9, 7, 4)),
    "same": (layers.Conv2D(5, 3, padding="same"), (9, 7, 4)),
    "even": (layers.Conv2D(5, (2, 4), padding="same"), (9, 7, 4)),
    "strided": (layers.Conv2D(5, 3, 2, padding="same"), (10, 7, 4)),
    "stride beyond kernel": (layers.Conv2D(3, 2, 3), (10, 8, 4)),
    "dilated": (layers.Conv2D(5, 3, padding="same", dilation_rate=2), (9, 7, 4)),
    "grouped": (layers.Conv2D(6, 3, groups=2), (9, 7, 4)),
    "depthwise": (layers.DepthwiseConv2D(3, depth_multiplier=2), (9, 7, 4)),
    "separable": (layers.SeparableConv2D(5, 3, 2, padding="same", depth_multiplier=2), (9, 7, 4)),
    "transposed": (layers.Conv2DTranspose(5, 3, 2, padding="same"), (5, 4, 4)),
    "transposed valid": (layers.Conv2DTranspose(5, 2, 3), (5, 4, 4)),
    "no bias": (layers.Conv2D(5, 3, use_bias=False), (9, 7, 4)),
    "dense on maps": (layers.Dense(5), (6, 5, 4)),
    "dense": (layers.Dense(5), (7,)),
    "signal": (layers.Conv1D(5, 3, padding="causal"), (9, 4)),
    "volume": (layers.Conv3D(3, 2, padding="same"), (4, 5, 6, 2)),
}


@pytest.mark.parametrize("kind", SUMS)
def test_shares_of_a_sum_of_products_are_those_of_keras(kind):
    given, shape = SUMS[kind]
    layer = type(given).from_config({**given.get_config(), "name": "it"})
    # A first layer that passes on, so that the second has a layer before it and the first feeds.
    first = layers.Activation("relu", name="before")
    model = settled(keras.Sequential([keras.Input(shape), first, layer]))
    x = np.random.default_rng(1).uniform(0, 1, (1, *shape)).astype("float32")
    expected = by_hand(layer, x)
    network, values = opened(model, x)
    maps = expected.shape[1]
    for channel in range(maps):
        found = traced(network, values, "it", channel)
        assert {kin.layer for kin in found.fed_by} == {"before"}
        shares = np.zeros(len(expected))
        for kin in found.fed_by:
            shares[kin.channel] = kin.share
        np.testing.assert_allclose(shares, expected[:, channel], **TOLERANCE)
        total = sum(kin.share for kin in found.fed_by) + found.bias
        whole = np.asarray(layer(x), np.float64)[..., channel].sum()
        np.testing.assert_allclose(total, whole, **TOLERANCE)
        sizes = [abs(kin.share) for kin in found.fed_by]
        assert sizes == sorted(sizes, reverse=True)
    for channel in range(len(expected)):
        shares = np.zeros(maps)
        for kin in traced(network, values, "before", channel).feeds:
            assert kin.layer == "it"
            shares[kin.channel] = kin.share
        np.testing.assert_allclose(shares, expected[channel], **TOLERANCE)


def test_fused_activation_functions_are_left_out():
    layer = layers.Conv2D(3, 3, activation="relu", name="it")
    model = settled(keras.Sequential([keras.Input((8, 8, 2)), layer]))
    x = np.random.default_rng(1).uniform(0, 1, (1, 8, 8, 2)).astype("float32")
    network, values = opened(model, x)
    linear = network.activations(x, "it:linear")["it:linear"].values[0]
    for channel in range(3):
        found = traced(network, values, "it", channel)
        assert {kin.layer for kin in found.fed_by} == {network.inputs[0].name}
        total = sum(kin.share for kin in found.fed_by) + found.bias
        np.testing.assert_allclose(total, linear[channel].sum(dtype=float), **TOLERANCE)


@pytest.mark.parametrize("between", [(), (layers.Dropout(0.5, name="drop"),)])
def test_dense_layer_behind_a_flatten_is_fed_by_maps(between):
    dense = layers.Dense(5, name="dense")
    conv = layers.Conv2D(3, 3, name="conv")
    parts = [conv, layers.Flatten(name="flat"), *between, dense]
    model = settled(keras.Sequential([keras.Input((6, 5, 2)), *parts]))
    x = np.random.default_rng(1).uniform(0, 1, (1, 6, 5, 2)).astype("float32")
    network, values = opened(model, x)
    maps = np.asarray(conv(x))
    expected = np.zeros((3, 5))
    for channel in range(3):
        alone = np.zeros_like(maps)
        alone[..., channel] = maps[..., channel]
        expected[channel] = np.asarray(dense(alone.reshape(1, -1)))[0] - np.asarray(dense.bias)
    for unit in range(5):
        found = traced(network, values, "dense", unit)
        assert {kin.layer for kin in found.fed_by} == {"conv"}
        shares = {kin.channel: kin.share for kin in found.fed_by}
        np.testing.assert_allclose([shares[at] for at in range(3)], expected[:, unit], **TOLERANCE)
    for channel in range(3):
        shares = {kin.channel: kin.share for kin in traced(network, values, "conv", channel).feeds}
        np.testing.assert_allclose([shares[at] for at in range(5)], expected[channel], **TOLERANCE)
    # A single place of the vector is one unit of one map.
    place = traced(network, values, "flat", 7)
    (kin,) = place.fed_by
    assert (kin.layer, kin.channel) == ("conv", 7 % 3)
    assert kin.share == pytest.approx(maps.reshape(-1)[7])


def branched():
    inputs = keras.Input((8, 6, 3), name="photo")
    left = layers.Conv2D(4, 3, padding="same", name="left")(inputs)
    right = layers.Conv2D(4, 1, name="right")(inputs)
    normal = layers.BatchNormalization(name="normal")(left)
    values = {
        "relu": layers.ReLU(name="relu")(normal),
        "both": layers.Concatenate(name="both")([left, right]),
        "sum": layers.Add(name="sum")([normal, right]),
        "mean": layers.Average(name="mean")([left, right]),
        "difference": layers.Subtract(name="difference")([left, right]),
        "most": layers.Maximum(name="most")([left, right]),
        "product": layers.Multiply(name="product")([left, right]),
        "padded": layers.ZeroPadding2D(1, name="padded")(left),
        "cropped": layers.Cropping2D(1, name="cropped")(left),
        "pool": layers.MaxPooling2D(2, name="pool")(left),
        "average": layers.AveragePooling2D(3, padding="same", name="average")(left),
        "overall": layers.GlobalAveragePooling2D(name="overall")(left),
        "larger": layers.UpSampling2D(2, interpolation="bilinear", name="larger")(left),
        "grouped": layers.GroupNormalization(2, name="grouped")(left),
    }
    return settled(keras.Model(inputs, list(values.values())))


@pytest.fixture(scope="module")
def branches():
    x = np.random.default_rng(1).uniform(0, 1, (1, 8, 6, 3)).astype("float32")
    return opened(branched(), x)


def only(found):
    return {(kin.layer, kin.channel): kin.share for kin in found}


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        ("relu", lambda v: {("normal", 2): v["normal"][2].sum()}),
        ("pool", lambda v: {("left", 2): v["pool"][2].sum()}),
        ("average", lambda v: {("left", 2): v["average"][2].sum()}),
        ("overall", lambda v: {("left", 2): v["left"][2].mean()}),
        ("padded", lambda v: {("left", 2): v["left"][2].sum()}),
        ("cropped", lambda v: {("left", 2): v["left"][2, 1:-1, 1:-1].sum()}),
        ("larger", lambda v: {("left", 2): v["larger"][2].sum()}),
        ("sum", lambda v: {("normal", 2): v["normal"][2].sum(), ("right", 2): v["right"][2].sum()}),
        (
            "mean",
            lambda v: {("left", 2): v["left"][2].sum() / 2, ("right", 2): v["right"][2].sum() / 2},
        ),
        (
            "difference",
            lambda v: {("left", 2): v["left"][2].sum(), ("right", 2): -v["right"][2].sum()},
        ),
        (
            "most",
            lambda v: {
                ("left", 2): v["left"][2][v["left"][2] >= v["right"][2]].sum(),
                ("right", 2): v["right"][2][v["left"][2] < v["right"][2]].sum(),
            },
        ),
        ("both", lambda v: {("left", 2): v["left"][2].sum()}),
    ],
)
def test_what_passes_a_map_on_keeps_its_channel(branches, layer, expected):
    network, values = branches
    wanted = expected(values)
    found = only(traced(network, values, layer, 2).fed_by)
    assert set(found) == set(wanted)
    for key, share in wanted.items():
        assert found[key] == pytest.approx(share, rel=1e-4, abs=1e-4)
        source, channel = key
        feeds = only(traced(network, values, source, channel).feeds)
        assert feeds[layer, 2] == pytest.approx(share, rel=1e-4, abs=1e-4)


def test_concatenation_shifts_the_channel(branches):
    network, values = branches
    (kin,) = traced(network, values, "both", 5).fed_by
    assert (kin.layer, kin.channel) == ("right", 1)
    assert ("both", 5) in only(traced(network, values, "right", 1).feeds)


def test_batch_normalisation_counts_its_factor(branches):
    network, values = branches
    normal = network.model.get_layer("normal")
    gamma, beta, mean, variance = (np.asarray(w, np.float64) for w in normal.get_weights())
    factor = gamma / np.sqrt(variance + normal.epsilon)
    (kin,) = traced(network, values, "normal", 1).fed_by
    assert kin.share == pytest.approx(((values["left"][1] - mean[1]) * factor[1]).sum(), rel=1e-4)
    units = values["left"][1].size
    assert kin.share + beta[1] * units == pytest.approx(values["normal"][1].sum(), rel=1e-4)


def test_both_directions_agree_on_every_layer(branches):
    network, values = branches
    for layer in network.layers.values():
        for channel in range(len(values[layer.name])):
            for kin in traced(network, values, layer.name, channel).fed_by:
                if kin.layer not in network.layers:
                    continue
                back = only(traced(network, values, kin.layer, kin.channel).feeds)
                assert back[layer.name, channel] == pytest.approx(kin.share, rel=1e-5, abs=1e-5)


def test_gates_of_one_channel_reach_all_maps():
    inputs = keras.Input((4, 4, 3))
    gate = layers.Conv2D(1, 1, name="gate")(inputs)
    model = settled(keras.Model(inputs, layers.Add(name="sum")([inputs, gate])))
    x = np.random.default_rng(1).uniform(0, 1, (1, 4, 4, 3)).astype("float32")
    network, values = opened(model, x)
    feeds = traced(network, values, "gate", 0).feeds
    assert {kin.channel for kin in feeds} == {0, 1, 2}
    for kin in feeds:
        assert kin.share == pytest.approx(values["gate"][0].sum(), rel=1e-4)


def test_what_is_not_known_is_said():
    class Odd(layers.Layer):
        def call(self, x):
            return x[..., ::-1] ** 2

    parts = [layers.Conv2D(3, 1, name="conv"), Odd(name="odd"), layers.Conv2D(2, 1, name="last")]
    model = settled(keras.Sequential([keras.Input((4, 4, 2)), *parts]))
    x = np.random.default_rng(1).uniform(0, 1, (1, 4, 4, 2)).astype("float32")
    network, values = opened(model, x)
    found = traced(network, values, "odd", 0)
    assert found.fed_by == () and "not understood" in found.reasons[0]
    assert "odd" in " ".join(traced(network, values, "conv", 0).reasons)
    last = traced(network, values, "last", 0)
    assert last.feeds == () and "no layer takes" in last.reasons[0]


def test_muted_maps_neither_are_fed_nor_feed():
    parts = [layers.Conv2D(3, 1, name="one"), layers.Conv2D(2, 1, name="two")]
    model = settled(keras.Sequential([keras.Input((4, 4, 2)), *parts]))
    x = np.random.default_rng(1).uniform(0, 1, (1, 4, 4, 2)).astype("float32")
    network, values = opened(model, x)
    muted = convscope.mute(network, "two", 1)
    found = traced(muted, values, "two", 1)
    assert found.fed_by == () and found.feeds == () and found.reasons == ("this map is muted",)
    assert {kin.channel for kin in traced(muted, values, "one", 0).feeds} == {0}
    assert len(traced(muted, values, "two", 0).fed_by) == 3
