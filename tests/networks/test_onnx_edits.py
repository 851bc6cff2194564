"""Edits of ONNX graphs: what is changed goes on, and the graph stays as it is."""

import numpy as np
import pytest

import convscope
from convscope.errors import SelectionError
from convscope.networks import Edit

from .onnx_graphs import by_hand, graph, node, small_network


@pytest.fixture
def rng():
    return np.random.default_rng(3)


@pytest.mark.parametrize("images", [1, 3, 5])
@pytest.mark.parametrize("axis", ["n", 1, 4])
def test_an_edit_equals_multiplying_by_hand(rng, images, axis):
    network = convscope.open(small_network(np.random.default_rng(0), axis))
    x = rng.random((images, 3, 8, 8), np.float32)
    batch = network.batches(x)[0]
    scale = rng.normal(size=(images, 4)).astype("f4")
    shift = rng.normal(size=(images, 4)).astype("f4")
    plain = network.run(batch, ["r1", "sum"]).values
    run = network.run(batch, ["r1", "c2", "sum", "logits"], edits={"r1": Edit(scale, shift)})
    changed = plain["r1"] * scale[:, :, None, None] + shift[:, :, None, None]
    np.testing.assert_allclose(run.values["r1"], changed, atol=1e-6)
    # The graph that goes on from there, by itself.
    model = small_network(np.random.default_rng(0))
    rest = [one for one in model.graph.node if one.output[0] not in {"c1", "n1", "r1"}]
    behind = graph(rest, {"r1": ["n", 4, 8, 8]}, ["probabilities"],
                   {w.name: np.frombuffer(w.raw_data, "f4").reshape(w.dims)
                    for w in model.graph.initializer})  # fmt: skip
    expected = by_hand(behind, {"r1": changed}, ["c2", "sum", "logits", "probabilities"])
    for name in ("c2", "sum", "logits"):
        np.testing.assert_allclose(run.values[name], expected[name], atol=1e-5)
    np.testing.assert_allclose(run.outputs["probabilities"], expected["probabilities"], atol=1e-6)


def test_one_session_is_enough_for_edits_of_any_layer(rng, monkeypatch):
    network = convscope.open(small_network(rng))
    batch = network.batches(rng.random((1, 3, 8, 8), np.float32))[0]
    network.run(batch, ["logits"], edits={"r1": muted(4, 0)})
    made = []
    over = type(network._passes._sessions).over
    monkeypatch.setattr(
        type(network._passes._sessions), "over",
        lambda self, *given, **named: made.append(given) or over(self, *given, **named),
    )  # fmt: skip
    network.run(batch, ["logits"], edits={"r1": muted(4, 1)})
    network.run(batch, ["logits"], edits={"c2": muted(4, 2), "pool": muted(4, 3)})
    assert not made


def muted(channels, *which):
    scale = np.ones((1, channels), np.float32)
    scale[0, list(which)] = 0
    return Edit(scale, np.zeros((1, channels), np.float32))


def test_muting_through_the_public_names(rng):
    network = convscope.open(small_network(rng))
    x = rng.random((2, 3, 8, 8), np.float32)
    without = convscope.mute(network, "r2", [1, 2])
    values = without.activations(x)
    assert not values["r2"].values[:, 1:3].any()
    assert np.abs(values["logits"].values - network.activations(x)["logits"].values).max() > 1e-4


def test_half_precision_is_edited_in_half_precision(rng):
    network = convscope.open(small_network(rng, kind="f2"))
    x = rng.random((1, 3, 8, 8)).astype(np.float16)
    batch = network.batches(x)[0]
    plain = network.run(batch, ["r1"]).values["r1"]
    values = network.run(batch, ["r1"], edits={"r1": muted(4, 2)}).values["r1"]
    assert not values[:, 2].any()
    np.testing.assert_allclose(values[:, :2], plain[:, :2], atol=1e-3)


def test_channels_behind_space_are_edited_there(rng):
    nodes = [node("Transpose", ["x"], "last", perm=[0, 2, 3, 1]), node("Relu", ["last"], "y")]
    network = convscope.open(graph(nodes, {"x": ["n", 3, 4, 5]}, ["y"]))
    x = rng.random((2, 3, 4, 5), np.float32)
    values = network.run(network.batches(x)[0], ["last", "y"], edits={"last": muted(3, 1)}).values
    expected = x * np.array([1, 0, 1], "f4")[:, None, None]
    np.testing.assert_array_equal(values["y"], expected)


def test_whole_numbers_and_wrong_shapes_are_refused(rng):
    nodes = [node("ArgMax", ["x"], "which", axis=1), node("Relu", ["x"], "y")]
    network = convscope.open(graph(nodes, {"x": ["n", 3, 4]}, ["y", "which"]))
    batch = network.batches(rng.random((1, 3, 4), np.float32))[0]
    with pytest.raises(SelectionError, match="'which' has no channels"):
        network.run(batch, [], edits={"which": muted(1, 0)})
    with pytest.raises(SelectionError, match=r"'y' has shape \(1, 2\)"):
        network.run(batch, [], edits={"y": muted(2, 0)})
