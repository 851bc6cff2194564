"""Books, shares, ablation and heat maps, against gradients and Keras."""

import keras
import numpy as np
import pytest

import convscope
from convscope.analysis.attribution import METHODS, heatmap
from convscope.explorer import Session

from .asking import ask, refused
from .test_runs import called, zeroed


@pytest.fixture(scope="module")
def run(session):
    return ask(session, "run", image=0)["run"]


def log_odds(probabilities, index):
    """Give a logit less another, from probabilities."""
    return float(np.log(probabilities[index[0]]) - np.log(probabilities[index[1]]))


@pytest.mark.parametrize("target", [None, 3, [1, 2]])
def test_the_books_balance(session, run, target):
    reply = ask(session, "books", run=run, target=target)
    score = ask(session, "run", image=0, target=target)["score"]
    assert reply["words"] == score["words"] and reply["index"] == score["index"]
    assert reply["score"] == pytest.approx(score["value"], rel=1e-4)
    start = 0
    for row, count in zip(reply["layers"], reply["channels"], strict=True):
        shares = reply["shares"][start : start + count]
        start += count
        assert row["maps"] == pytest.approx(shares.sum(dtype=float), rel=1e-4, abs=1e-5)
        total = row["maps"] + row["biases"] + row["remainder"]
        assert total == pytest.approx(reply["score"], rel=1e-6)
        if row["crossed"]:
            assert row["reason"] == "" and abs(row["remainder"]) < 1e-4 * max(1, abs(total))
        else:
            assert "beside" in row["reason"]
    assert start == len(reply["shares"])
    crossed = [row["name"] for row in reply["layers"] if row["crossed"]]
    assert crossed == ["stem", "block1_add", "block1_out", "block2_add", "block2_out", "mean"]


def test_units_add_up_to_the_share_of_their_map(session, run):
    books = ask(session, "books", run=run)
    first = dict(
        zip(
            [row["name"] for row in books["layers"]],
            np.cumsum([0, *books["channels"]]),
            strict=False,
        )
    )
    for layer in ("stem", "block2_1_conv", "mean"):
        for channel in (0, 3):
            reply = ask(session, "shares", run=run, layer=layer, channel=channel)
            assert reply["words"] == books["words"]
            share = books["shares"][first[layer] + channel]
            assert reply["values"].sum(dtype=float) == pytest.approx(share, rel=1e-3, abs=1e-5)


def test_ablation_is_what_zero_weights_cost(session, photos, run):
    whole = called(zeroed("stem", []), photos[0].pixels)
    costs = np.concatenate(
        [
            ask(session, "ablation", run=run, layer="stem", target=[2, 0], start=start, stop=stop)[
                "costs"
            ]
            for start, stop in ((0, 4), (4, 6))
        ]
    )
    for channel in range(6):
        without = called(zeroed("stem", [channel]), photos[0].pixels)
        expected = log_odds(whole, (2, 0)) - log_odds(without, (2, 0))
        assert costs[channel] == pytest.approx(expected, rel=1e-3, abs=1e-4)
    reply = ask(session, "ablation", run=run, layer="stem", start=2, stop=3)
    assert reply["costs"].shape == (1,) and (reply["start"], reply["stop"]) == (2, 3)


@pytest.mark.parametrize("method", sorted(METHODS))
def test_heat_maps_are_those_of_the_library(session, network, photos, run, method):
    reply = ask(session, "heatmap", run=run, method=method)
    expected = heatmap(network, [photos[0]], method=method)
    np.testing.assert_allclose(reply["map"], expected.upsampled.values[0], rtol=1e-5, atol=1e-7)
    assert reply["map"].shape == (20, 16)
    assert reply["layer"] == expected.layer and reply["words"] == expected.words[0]
    assert reply["reference"] == METHODS[method].reference
    assert reply["low"] == pytest.approx(float(reply["map"].min()))
    assert reply["high"] == pytest.approx(float(reply["map"].max()))


def test_heat_maps_of_a_chosen_layer_and_class(session, network, photos, run):
    reply = ask(session, "heatmap", run=run, method="grad-cam", layer="block1_out", target=2)
    expected = heatmap(network, [photos[0]], 2, "grad-cam", "block1_out")
    np.testing.assert_allclose(reply["map"], expected.upsampled.values[0], rtol=1e-5, atol=1e-7)
    assert reply["layer"] == "block1_out" and reply["words"] == "logit of cat"


def test_everything_is_of_the_muted_network(session, photos):
    muted = ask(session, "run", image=0, mute={"block1_out": [0, 2]})["run"]
    network = convscope.mute(session.networks[0].network, "block1_out", [0, 2])
    books = ask(session, "books", run=muted)
    expected = convscope.contributions(network, [photos[0]])
    names = [row["name"] for row in books["layers"]]
    start = sum(books["channels"][: names.index("block1_out")])
    shares = books["shares"][start : start + 6]
    np.testing.assert_allclose(shares, expected["block1_out"].values[0], rtol=1e-4, atol=1e-6)
    assert shares[0] == shares[2] == 0
    for name, got in (
        ("heatmap", ask(session, "heatmap", run=muted, method="hires-cam")["map"]),
        ("shares", ask(session, "shares", run=muted, layer="stem", channel=1)["values"]),
    ):
        plain = ask(session, "run", image=0)["run"]
        fields = {"method": "hires-cam"} if name == "heatmap" else {"layer": "stem", "channel": 1}
        other = ask(session, name, run=plain, **fields)
        assert not np.allclose(got, other["map" if name == "heatmap" else "values"])
    cost = ask(session, "ablation", run=muted, layer="block1_out", start=0, stop=1)["costs"]
    assert abs(cost[0]) < 1e-6


def test_signals_have_books_but_no_heat_map(wave):
    run = ask(wave, "run", image=0)["run"]
    books = ask(wave, "books", run=run)
    for row in books["layers"]:
        total = row["maps"] + row["biases"] + row["remainder"]
        assert total == pytest.approx(books["score"], rel=1e-6)
    code, said = refused(wave, {"type": "heatmap", "run": run, "method": "grad-cam"})
    assert code == "refused" and said


def test_classes_that_do_not_exist_are_refused(session, run):
    for kind, fields in (
        ("books", {"target": 4}),
        ("heatmap", {"target": 4, "method": "grad-cam"}),
        ("ablation", {"target": [0, 0], "layer": "stem"}),
    ):
        code, said = refused(session, {"type": kind, "run": run, **fields})
        assert code == "refused" and "class" in said


def test_networks_without_a_head_have_no_books():
    inputs = keras.Input((6, 6, 1))
    session = Session(
        convscope.open(keras.Model(inputs, keras.layers.Conv2D(2, 3, name="conv")(inputs))),
        np.zeros((1, 6, 6, 1), "float32"),
    )
    reply = ask(session, "run", image=0)
    assert reply["logits"] is None
    assert ask(session, "books", run=reply["run"])["score"] == pytest.approx(
        reply["score"]["value"], abs=1e-6
    )
