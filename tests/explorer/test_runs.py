"""Runs: what the network was fed and gave, against Keras called by hand."""

import time

import keras
import numpy as np
import pytest

import convscope
from convscope.explorer import Session
from convscope.inputs.images import Image

from .asking import ask, file_of
from .models import digits, numbers, residual

TOLERANCE = {"rtol": 1e-4, "atol": 1e-5}


def called(model, pixels):
    """Give the probabilities of a photograph: the default preparation is 0..1."""
    return numbers(model(pixels[None].astype("float32") / 255))[0]


def test_predictions_are_those_of_keras(session, network, photos):
    for place, photo in enumerate(photos):
        reply = ask(session, "run", image=place)
        expected = called(network.model, photo.pixels)
        scores = {row["index"]: row["score"] for row in reply["predictions"]}
        np.testing.assert_allclose([scores[k] for k in range(4)], expected, **TOLERANCE)
        assert [row["index"] for row in reply["predictions"]] == list(np.argsort(-expected))
        assert reply["predictions"][0]["label"] == network.labels[expected.argmax()]
        powers = np.exp(reply["logits"] - reply["logits"].max())
        np.testing.assert_allclose(powers / powers.sum(), expected, **TOLERANCE)
        assert reply["score"]["index"] == expected.argmax()
        assert reply["score"]["value"] == pytest.approx(reply["logits"].max(), rel=1e-5)
        assert reply["activation"] == "softmax"
        assert reply["image"] == photo.name and reply["label"] == place
        np.testing.assert_array_equal(reply["seen"], photo.pixels)
        assert reply["muted"] == {} and reply["before"] is None and reply["warnings"] == []
        assert "20 x 16" in reply["fed"]


def test_scores_of_chosen_classes(session):
    logits = ask(session, "run", image=0)["logits"]
    one = ask(session, "run", image=0, target=2)["score"]
    assert (one["index"], one["value"]) == (2, pytest.approx(float(logits[2]), rel=1e-5))
    two = ask(session, "run", image=0, target=[2, 1])["score"]
    assert two["value"] == pytest.approx(float(logits[2] - logits[1]), rel=1e-4)
    assert "cat" in two["words"] and "bee" in two["words"]


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "WEBP"])
def test_sent_files_are_read(session, network, photos, kind):
    pixels = photos[1].pixels
    data = file_of(pixels, kind) if kind != "WEBP" else file_of(np.full((20, 16, 3), 99, np.uint8))
    pixels = pixels if kind != "WEBP" else np.full((20, 16, 3), 99, np.uint8)
    reply = ask(session, "run", image={"upload": "mine.png"}, buffers=[data])
    assert reply["image"] == "mine.png"
    np.testing.assert_array_equal(reply["seen"], pixels)
    expected = called(network.model, pixels)
    assert reply["predictions"][0]["score"] == pytest.approx(expected.max(), rel=1e-4)


def test_sent_pixels_are_read(drawing):
    pixels = np.random.default_rng(0).integers(0, 256, (12, 10, 1), np.uint8)
    reply = ask(
        drawing, "run", image={"pixels": [12, 10, 1], "name": "drawn"}, buffers=[pixels.tobytes()]
    )
    assert reply["image"] == "drawn"
    np.testing.assert_array_equal(reply["seen"], pixels)
    expected = called(drawing.networks[0].network.model, pixels)
    assert reply["predictions"][0]["score"] == pytest.approx(expected.max(), rel=1e-4)


def test_transparent_pixels_lie_over_white(drawing):
    pixels = np.zeros((12, 10, 4), np.uint8)
    reply = ask(drawing, "run", image={"pixels": [12, 10, 4]}, buffers=[pixels.tobytes()])
    np.testing.assert_array_equal(reply["seen"], 255)


def test_messages_go_along_with_a_run(session):
    then = [
        {"type": "layer", "layer": "stem", "id": 1},
        {"type": "layer", "layer": "nowhere", "id": 2},
        {"type": "channel", "layer": "stem", "channel": 3},
        {"type": "run", "image": 0},
    ]
    reply = ask(session, "run", image=0, then=then)
    layer, wrong, channel, run = reply["then"]
    assert (layer["type"], layer["id"]) == ("layer", 1)
    assert (wrong["type"], wrong["code"], wrong["id"]) == ("error", "refused", 2)
    assert run["code"] == "not-understood"
    alone = ask(session, "layer", run=reply["run"], layer="stem")
    np.testing.assert_array_equal(layer["values"], alone["values"])
    np.testing.assert_array_equal(channel["values"], alone["values"][3])


def counted(network, monkeypatch):
    """Count the passes of a network."""
    passes = []
    run = network.run
    monkeypatch.setattr(network, "run", lambda *a, **k: (passes.append(a[1]), run(*a, **k))[1])
    return passes


def test_the_same_content_is_run_once(photos, monkeypatch):
    network = convscope.open(residual())
    session = Session(network, photos)
    passes = counted(network, monkeypatch)
    first = ask(session, "run", image=0)
    again = ask(session, "run", image=0, target=1)
    assert len(passes) == 1 and first["run"] == again["run"]
    names = [row["name"] for row in ask(session, "network")["layers"]]
    for layer in names:
        ask(session, "layer", run=first["run"], layer=layer)
    ask(session, "sheet", run=first["run"])
    assert len(passes) == 1
    data = file_of(photos[0].pixels)
    sent = ask(session, "run", image={"upload": photos[0].name}, buffers=[data])
    assert sent["run"] == first["run"] and len(passes) == 1
    assert ask(session, "run", image=1)["run"] != first["run"]
    assert ask(session, "run", image=0, mute={"stem": [0]})["run"] != first["run"]
    assert len(passes) == 3


def zeroed(name, channels):
    """Make the residual network with some output channels of a convolution at zero."""
    model = residual()
    layer = model.get_layer(name)
    kernel, bias = layer.get_weights()
    kernel[..., channels], bias[channels] = 0, 0
    layer.set_weights([kernel, bias])
    return model


def test_muted_channels_are_those_of_zero_weights(session, photos):
    reply = ask(session, "run", image=0, mute={"stem": [1, 4]})
    expected = called(zeroed("stem", [1, 4]), photos[0].pixels)
    scores = {row["index"]: row["score"] for row in reply["predictions"]}
    np.testing.assert_allclose([scores[k] for k in range(4)], expected, **TOLERANCE)
    assert reply["muted"] == {"stem": [1, 4]}
    plain = ask(session, "run", image=0)
    assert reply["before"]["predictions"] == plain["predictions"]
    np.testing.assert_array_equal(reply["before"]["logits"], plain["logits"])
    assert reply["before"]["score"] == plain["score"]
    layer = ask(session, "layer", run=reply["run"], layer="stem")
    assert [at for at, code in enumerate(layer["codes"]) if code == 5] == [1, 4]
    np.testing.assert_array_equal(layer["values"][[1, 4]], 0)


def test_solo_leaves_one_channel(session, photos):
    reply = ask(session, "run", image=0, solo={"stem": [2]})
    expected = called(zeroed("stem", [0, 1, 3, 4, 5]), photos[0].pixels)
    assert reply["predictions"][0]["score"] == pytest.approx(expected.max(), rel=1e-4)
    assert reply["muted"] == {"stem": [0, 1, 3, 4, 5]}


def test_muting_to_the_mean_keeps_the_level(session):
    plain = ask(session, "run", image=0)["run"]
    whole = ask(session, "channel", run=plain, layer="stem", channel=1)["values"]
    muted = ask(session, "run", image=0, mute={"stem": [1]}, mute_to="mean")["run"]
    level = ask(session, "channel", run=muted, layer="stem", channel=1)["values"]
    np.testing.assert_allclose(level, whole.mean(), rtol=1e-5)


def test_several_networks_share_the_images(session):
    reply = ask(session, "run", image=0, network=1)
    assert reply["seen"].shape == (12, 10, 1)
    assert ask(session, "network", network=1)["name"] == "digits"
    layer = ask(session, "layer", run=reply["run"], layer="conv")
    assert layer["shape"] == [5, 10, 8]


def test_arrays_are_taken_as_prepared(wave):
    model = wave.networks[0].network.model
    reply = ask(wave, "run", image=1)
    probability = float(numbers(model(wave.images[1].content["wave"]))[0, 0])
    scores = {row["index"]: row["score"] for row in reply["predictions"]}
    assert reply["seen"] is None and reply["fed"] == "arrays, taken as prepared"
    assert next(iter(scores.values())) == pytest.approx(probability, rel=1e-4)
    logit = np.log(probability / (1 - probability))
    assert reply["score"]["value"] == pytest.approx(abs(logit), rel=1e-3)


def test_odd_arrays_come_with_a_warning():
    network = convscope.open(digits())
    values = np.full((1, 12, 10, 1), 200, "float32")
    with pytest.warns(convscope.errors.ConvscopeWarning):
        session = Session(network, values)
        reply = ask(session, "run", image=0)
    assert len(reply["warnings"]) == 1 and "200" in reply["warnings"][0]


def test_runs_are_bounded_in_bytes(network, photos):
    one = Session(network, photos)
    ask(one, "run", image=0)
    size = one.runs.bytes
    # Every layer but those that pass their input on, in float32.
    expected = sum(int(np.prod(layer.output.shape[1:])) * 4 for layer in network.model.layers[1:])
    assert expected <= size <= 1.5 * expected
    session = Session(network, photos, bytes_kept=int(2.5 * size))
    runs = [ask(session, "run", image=place)["run"] for place in range(3)]
    assert len(session.runs) == 2 and session.runs.bytes <= 2.5 * size
    reply, _ = session.answer({"type": "layer", "run": runs[0], "layer": "stem"})
    assert (reply["type"], reply["code"]) == ("error", "gone")
    ask(session, "layer", run=runs[1], layer="stem")
    ask(session, "run", image=1)
    # What was asked for last stays.
    assert ask(session, "run", image=0)["run"] == runs[0]
    assert session.runs.find(runs[2]) is None and session.runs.find(runs[1]) is not None


def test_the_newest_run_is_kept_however_large(network, photos):
    session = Session(network, photos, bytes_kept=1)
    for place in range(2):
        run = ask(session, "run", image=place)["run"]
        ask(session, "layer", run=run, layer="stem")
    assert len(session.runs) == 1


def test_images_of_two_sizes_are_run_one_by_one():
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, keras.layers.Conv2D(2, 3, name="conv")(inputs))
    images = [Image(np.zeros((9, size, 3), np.uint8), str(size)) for size in (8, 12)]
    session = Session(convscope.open(model), images)
    widths = []
    for place in range(2):
        run = ask(session, "run", image=place)["run"]
        widths.append(ask(session, "layer", run=run, layer="conv")["shape"][2])
    assert widths == [6, 10]


def test_pictures_in_motion_record_what_is_shown_alone(photos, monkeypatch):
    """The first such pass compiles; until it has, and for whatever is asked later, all is run."""
    network = convscope.open(residual())
    session = Session(network, photos)
    passes = counted(network, monkeypatch)
    everything = session.networks[0].recorded
    glance = {"glance": True, "then": [{"type": "layer", "layer": "stem"}]}
    ask(session, "run", image=0, **glance)
    deadline = time.monotonic() + 60
    while len(passes) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    few = ("stem", "classes:linear")
    assert sorted(passes) == sorted([everything, few])
    while not all(one.is_set() for one in session.networks[0]._prepared.values()):
        time.sleep(0.01)
    seen = ask(session, "run", image=1, **glance)
    assert passes[2:] == [few]
    np.testing.assert_array_equal(
        seen["then"][0]["values"],
        numbers(network.run(session.runs.get(seen["run"]).batch, ["stem"]).values["stem"])[0],
    )
    del passes[3:]
    lineage = ask(session, "lineage", run=seen["run"], layer="stem", channel=0, count=2)
    assert lineage["layer"] == "stem" and passes[3:] == [everything]
    ask(session, "sheet", run=seen["run"])
    ask(session, "run", image=1, **glance)
    # Muted channels and other questions along with it take the whole pass.
    ask(session, "run", image=1, mute={"stem": [0]}, **glance)
    ask(session, "run", image=0, glance=True, then=[{"type": "sheet", "tile": 8}])
    assert set(passes[3:]) == {everything}
