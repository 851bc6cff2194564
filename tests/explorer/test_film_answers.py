"""A film in a session: its frames, on one scale; what it cannot answer is said."""

import json

import numpy as np
import pytest

import convscope
from convscope.errors import InputError
from convscope.explorer.session import Session

from .asking import ask, refused
from .filming import IMAGES, STEPS, add, write

pytest.importorskip("zarr", reason="a film needs the extra survey")


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    path = tmp_path_factory.mktemp("film") / "film.zarr"
    write(path)
    return convscope.open_film(path)


@pytest.fixture
def session(film):
    return Session(film)


def test_the_page_is_told_of_the_frames_and_of_the_images(session, film):
    told = ask(session, "network")
    assert told["film"] == {"steps": list(STEPS), "training": ["norm", "flatten", "dense"]}
    assert told["name"] == "grown"
    assert told["labels"] == ["ant", "bee", "cat"]
    assert [layer["name"] for layer in told["layers"]] == list(film)
    assert [layer["index"] for layer in told["layers"]] == [0, 1, 2, 3]
    assert [layer["inputs"] for layer in told["layers"]][1:] == [["conv"], ["norm"], ["flatten"]]
    assert [image["name"] for image in told["images"]] == list(film.images)
    assert not told["differentiable"]
    assert told["outputs"] == []


@pytest.mark.parametrize("frame", [0, 1, 2, -1])
@pytest.mark.parametrize("training", [False, True])
def test_maps_and_predictions_are_those_of_the_frame(session, film, frame, training):
    run = ask(session, "run", image=1, frame=frame, training=training)
    for name in film:
        kind = "training" if training and name in film.in_training else "maps"
        expected = film[name][kind][frame, 1].values.astype(np.float32)
        found = ask(session, "layer", run=run["run"], layer=name)["values"]
        assert np.array_equal(found.ravel(), expected.ravel()), name
    outputs = film.outputs(frame % len(STEPS))
    scores = next(iter(outputs.values()))[1]
    assert {row["label"]: row["score"] for row in run["predictions"]} == {
        label: pytest.approx(float(score))
        for label, score in zip(["ant", "bee", "cat"], scores, strict=True)
    }


def test_one_scale_holds_for_all_frames(session, film):
    levels = []
    for frame in range(len(STEPS)):
        run = ask(session, "run", image=0, frame=frame)["run"]
        told = ask(session, "layer", run=run, layer="norm", limit=0, scale="layer")
        assert np.array_equal(told["ends"]["low"], film.ends("norm")[0])
        levels.append(told)
    for one in levels[1:]:
        assert np.array_equal(one["span_low"], levels[0]["span_low"])
        assert np.array_equal(one["span_high"], levels[0]["span_high"])
    low, high = (float(levels[0][end][0]) for end in ("span_low", "span_high"))
    maps = film["norm"]["maps"][:, 0].values.astype(np.float64)
    assert (low, high) == pytest.approx((maps.min(), maps.max()), rel=1e-3)
    expected = np.clip(np.floor((maps - low) / (high - low) * 239 + 0.5), 0, 239)
    found = np.stack([told["levels"] for told in levels])
    assert np.abs(found - expected).max() <= 1
    assert expected.max() > 200


def test_a_film_that_grows_is_followed(tmp_path):
    recorded, network = write(tmp_path / "film.zarr", 2)
    session = Session(convscope.open_film(recorded.path))
    first = ask(session, "run", image=0)["run"]
    assert ask(session, "film", layer="conv")["steps"] == [0, 10]
    add(recorded, network, 25)
    # What was seen of it stays until somebody looks again.
    assert ask(session, "run", image=0)["run"] == first
    told = ask(session, "film", layer="conv")
    assert told["steps"] == [0, 10, 25]
    assert told["dead"].tolist() == [0, 0, 1]
    assert told["channels"] == 4
    newest = ask(session, "run", image=0)["run"]
    assert newest != first
    expected = convscope.open_film(recorded.path)["conv"]["maps"][2, 0]
    found = ask(session, "layer", run=newest, layer="conv")["values"]
    assert np.array_equal(found, expected.astype(np.float32))
    assert ask(session, "layer", run=newest, layer="conv")["codes"][1] != 0


def test_the_figures_of_a_channel_are_those_of_the_film(session, film):
    told = ask(session, "film_channel", layer="norm", channel=2, image=1)
    assert told["steps"] == list(STEPS)
    assert np.array_equal(told["change"], film["norm"]["change"][:, 1, 2], equal_nan=True)
    assert np.array_equal(told["high"], film["norm"]["high"][:, 1, 2])
    assert np.isnan(told["gradient"]).all()
    trained = ask(session, "film_channel", layer="norm", channel=2, image=1, training=True)
    expected = film["norm"]["training"][:, 1, 2].max(("y", "x"))
    np.testing.assert_allclose(trained["high"], expected, rtol=1e-3)


def test_what_needs_weights_is_refused_in_one_line(session):
    run = ask(session, "run", image=0)["run"]
    pinned = {"run": run, "layer": "conv", "channel": 0}
    for message in (
        {"type": "unit", "unit": [0, 0], **pinned},
        {"type": "weights", **pinned},
        {"type": "books", "run": run},
        {"type": "ablation", **pinned},
        {"type": "run", "image": 0, "mute": {"conv": [0]}},
        {"type": "run", "image": {"pixels": [8, 8, 1]}},
    ):
        buffers = [bytes(64)] if "pixels" in json.dumps(message) else ()
        code, said = refused(session, message, buffers=buffers)
        assert code == "refused"
        assert "is a film, which holds no weights for" in said
        assert said.endswith("open the network itself")
    code, said = refused(session, {"type": "run", "image": 0, "frame": 3})
    assert said == "there is no frame 3: the film has 0 to 2"


def test_a_network_that_is_no_film_says_so(photos):
    from .models import residual

    session = Session(convscope.open(residual()), photos)
    _, said = refused(session, {"type": "film", "layer": "stem"})
    assert said.endswith("is no film: open one with convscope explore FILM.zarr")
    assert ask(session, "network")["film"] is None


def test_a_film_is_a_network_in_python_too(film):
    network = film.as_network().at(1)
    (name,) = film.inputs
    image = {name: film.inputs[name][2:3]}
    found = network.activations(image, ["conv"])["conv"]
    assert np.array_equal(found[0], film["conv"]["maps"][1, 2].astype(np.float32))
    assert np.array_equal(network.predict(image), next(iter(film.outputs(1).values()))[2:3])
    assert np.array_equal(film.inputs[name], IMAGES)


def test_damage_is_said_in_one_line(tmp_path):
    write(tmp_path / "film.zarr", 1)
    place = tmp_path / "film.zarr" / "zarr.json"
    told = json.loads(place.read_text())
    del told["attributes"]["description"]["inputs"]
    place.write_text(json.dumps(told))
    with pytest.raises(InputError, match="what .* tells of its network is damaged"):
        Session(convscope.open_film(tmp_path / "film.zarr"))


def test_a_report_holds_one_frame(film, tmp_path):
    from convscope.explorer.contents import contents

    session = Session(film.as_network().at(1))
    stored = next(iter(contents(session, lambda _: None)))
    ((_, reply),) = stored.answers
    assert reply["film"] is None
    assert not reply["live"]
    page = convscope.report(film.as_network().at(1), None, tmp_path / "film.html")
    assert page.stat().st_size > 10_000
