"""What the page is told of a survey, against NumPy over all maps at once."""

import math

import numpy as np
import pytest

import convscope
from convscope.errors import InputError, SelectionError
from convscope.explorer import Session
from convscope.explorer.surveyed import first_images
from convscope.surveys.reopening import open_network_of

from .asking import ask, refused
from .surveying import CLASSES, IMAGES, images, maps_of, model, write


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return write(tmp_path_factory.mktemp("surveyed"))


@pytest.fixture(scope="module")
def store(files):
    """Survey the small network, with mean maps of its convolution."""
    path = files[0].parent / "small.zarr"
    convscope.survey(files[0], str(files[1]), path, per_class="edges", k=4)
    return path


@pytest.fixture(scope="module")
def session(files, store):
    network = convscope.open(files[0])
    pixels = images()[0]
    return Session(network, pixels[:2], survey=store)


@pytest.fixture(scope="module")
def maps():
    return maps_of("edges").astype(np.float64)


def test_the_network_comes_with_what_was_surveyed(session, maps):
    survey = ask(session, "network")["survey"]
    assert (survey["images"], survey["planned"], survey["finished"]) == (IMAGES, IMAGES, True)
    assert survey["classes"] == ["0", "1", "2"] and survey["truth"] == [0, 1, 2]
    names = [one["name"] for one in survey["layers"]]
    assert names == ["edges", "smaller", "row", "scores"]
    assert [one["maps"] for one in survey["layers"]] == [True, False, False, False]
    fired = (maps != 0).any(axis=(2, 3)).sum(axis=0)
    assert survey["fired"][:5].tolist() == fired.tolist()
    assert fired[4] == 0 and 0 < fired[3] < IMAGES
    words = [survey["words"][code] for code in survey["codes"][:5]]
    assert words == ["active"] * 4 + ["dead"]
    probabilities = maps_of("scores")
    right = (probabilities.argmax(axis=1) == images()[1]).mean()
    assert survey["accuracy"] == pytest.approx(right)


def test_a_network_without_a_survey_has_none(files):
    session = Session(convscope.open(files[0]), images()[0][:1])
    assert ask(session, "network")["survey"] is None
    code, said = refused(session, {"type": "survey_channel", "id": 7, "layer": 0, "channel": 0})
    assert code == "refused" and "--survey STORE.zarr" in said
    message = {"type": "run", "id": 7, "image": {"survey": 0}}
    assert refused(session, message)[0] == "refused"


@pytest.mark.parametrize("channel", range(5))
def test_figures_and_histogram_of_a_channel(session, maps, channel):
    reply = ask(session, "survey_channel", layer="edges", channel=channel)
    own = maps[:, channel]
    figures = reply["figures"]
    assert figures["mean"] == pytest.approx(own.mean(), rel=1e-5)
    assert figures["variance"] == pytest.approx(own.var(), rel=1e-4)
    assert figures["minimum"] == pytest.approx(own.min(), rel=1e-5)
    assert figures["maximum"] == pytest.approx(own.max(), rel=1e-5)
    assert figures["positive"] == pytest.approx((own > 0).mean(), rel=1e-6)
    assert (reply["images"], reply["fired"]) == (IMAGES, (own != 0).any(axis=(1, 2)).sum())
    low, high, counts = (reply["histogram"][name] for name in ("low", "high", "counts"))
    assert counts.sum() == IMAGES and counts[0] and counts[-1]
    peaks = own.max(axis=(1, 2))
    zero = (low < 0) & (high > 0)
    found = [
        ((peaks >= start) & (peaks < stop)).sum() if not inside else (peaks < stop).sum()
        for start, stop, inside in zip(low, high, zero, strict=True)
    ]
    # Keras and the survey run different passes: a value at the edge may fall to either side.
    assert np.abs(np.cumsum(found) - np.cumsum(counts)).max() <= 1
    assert (low[1:] == high[:-1]).all()


@pytest.mark.parametrize("channel", range(4))
def test_leaders_are_the_images_with_the_highest_peaks(session, maps, channel):
    leaders = ask(session, "survey_channel", layer="edges", channel=channel)["leaders"]
    peaks = maps[:, channel].max(axis=(1, 2))
    order = np.argsort(-peaks, kind="stable")[:4]
    assert [one["image"] for one in leaders] == order.tolist()
    for leader in leaders:
        place = leader["image"]
        assert leader["value"] == pytest.approx(peaks[place], rel=1e-5)
        assert (leader["label"], leader["class_name"]) == (place % CLASSES, str(place % CLASSES))
        y, x = np.unravel_index(maps[place, channel].argmax(), maps.shape[2:])
        assert leader["unit"] == [y, x]
        assert leader["crop"] == [[y, y + 3], [x, x + 3]]


def test_units_without_space_have_leaders_that_see_everything(session):
    leaders = ask(session, "survey_channel", layer="scores", channel=1)["leaders"]
    order = np.argsort(-maps_of("scores")[:, 1], kind="stable")[:4]
    assert {one["image"] for one in leaders} == set(order.tolist())
    assert all(one["unit"] is None and one["crop"] == [[0, 12], [0, 12]] for one in leaders)


def prime(means, labels, own):
    one, rest = means[labels == own], means[labels != own]
    return (one.mean() - rest.mean()) / np.sqrt((one.var() + rest.var()) / 2)


def test_classes_of_a_channel(session, maps):
    labels = images()[1]
    for channel in range(4):
        found = ask(session, "survey_channel", layer="edges", channel=channel)["classes"]
        means = maps[:, channel].mean(axis=(1, 2))
        for own in range(CLASSES):
            there = labels == own
            assert found["images"][own] == there.sum()
            assert found["mean"][own] == pytest.approx(means[there].mean(), rel=1e-5)
            assert found["deviation"][own] == pytest.approx(means[there].std(), rel=1e-3, abs=1e-6)
            assert found["fired"][own] == (means[there] != 0).sum()
            assert found["dprime"][own] == pytest.approx(prime(means, labels, own), rel=1e-3)


def bin_of(value):
    """Give the octave of a positive value, and which quarter of it; the least for zero."""
    if value < 2**-16:
        return -math.inf
    octave = math.floor(math.log2(value))
    return 4 * octave + math.floor((value / 2**octave - 1) * 4)


def test_the_area_is_the_share_of_pairs_that_are_told_apart(session, maps):
    labels = images()[1]
    found = ask(session, "survey_channel", layer="edges", channel=0)["classes"]["area"]
    bins = np.array([bin_of(value) for value in maps[:, 0].max(axis=(1, 2))])
    for own in range(CLASSES):
        one, rest = bins[labels == own][:, None], bins[labels != own][None]
        assert found[own] == pytest.approx(((one > rest) + (one == rest) / 2).mean(), abs=0.01)
    assert ask(session, "survey_channel", layer="smaller", channel=0)["classes"]["area"] is None


def test_the_class_that_a_channel_tells(session, maps):
    reply = ask(session, "survey_layer", layer="edges")
    labels, means = images()[1], maps.mean(axis=(2, 3))
    for channel in range(4):
        values = [prime(means[:, channel], labels, own) for own in range(CLASSES)]
        best = int(np.argmax(np.abs(values)))
        assert reply["class"][channel] == best
        assert reply["dprime"][channel] == pytest.approx(values[best], rel=1e-3)
    assert reply["dprime"][4] == 0
    assert ask(session, "survey_layer", layer="smaller")["area"] is None


def test_channels_that_duplicate_each_other(session, maps):
    means = maps.mean(axis=(2, 3))[:, :4]
    expected = np.corrcoef(means.T)
    for channel in range(4):
        alike = ask(session, "survey_channel", layer="edges", channel=channel)["alike"]
        wanted = {one for one in range(4) if one != channel and expected[channel, one] >= 0.95}
        assert {one["channel"] for one in alike} == wanted
        for one in alike:
            found = expected[channel, one["channel"]]
            assert one["correlation"] == pytest.approx(found, abs=1e-5)
    assert ask(session, "survey_channel", layer="edges", channel=4)["alike"] == []


def test_pictures_are_the_images_as_the_network_sees_them_and_their_crops(session):
    reply = ask(session, "survey_pictures", layer="edges", channel=2)
    leaders = ask(session, "survey_channel", layer="edges", channel=2)["leaders"]
    assert reply["missing"] == "" and len(reply["pictures"]) == 4
    pixels = images()[0]
    for picture, leader in zip(reply["pictures"], leaders, strict=True):
        own = pixels[leader["image"]]
        assert picture["name"].endswith(f":{leader['image']}")
        assert picture["size"] == [12, 12]
        assert np.array_equal(picture["whole"][..., 0], own)
        (top, bottom), (left, right) = leader["crop"]
        assert np.array_equal(picture["crop"][..., 0], own[top:bottom, left:right])


def test_two_classes_as_mean_maps(session, maps):
    labels = images()[1]
    reply = ask(session, "survey_classes", layer="edges", channel=1, classes=[2, 0])
    for name, own in (("a", 2), ("b", 0)):
        expected = maps[labels == own, 1].mean(axis=0)
        np.testing.assert_allclose(reply[name], expected, rtol=1e-4, atol=1e-6)
    assert reply["images"] == [(labels == 2).sum(), (labels == 0).sum()]


def test_two_classes_of_units_without_space(session):
    labels, scores = images()[1], maps_of("scores")
    reply = ask(session, "survey_classes", layer="scores", classes=[1, 2])
    np.testing.assert_allclose(reply["a"][0], scores[labels == 1].mean(axis=0), rtol=1e-4)
    np.testing.assert_allclose(reply["b"][0], scores[labels == 2].mean(axis=0), rtol=1e-4)


def test_an_image_of_the_survey_can_be_run(session):
    reply = ask(session, "run", image={"survey": 7})
    assert reply["label"] == 7 % CLASSES and reply["image"].endswith(":7")
    assert np.array_equal(reply["seen"][..., 0], images()[0][7])
    best = {one["index"]: one["score"] for one in reply["predictions"]}
    for index, score in enumerate(maps_of("scores")[7]):
        assert best[index] == pytest.approx(score, rel=1e-4)


@pytest.mark.parametrize(
    ("message", "code", "words"),
    [
        ({"type": "survey_channel", "layer": "edges", "channel": 5}, "not-understood", "below 5"),
        ({"type": "survey_channel", "layer": "edge", "channel": 0}, "refused", "edges"),
        (
            {"type": "survey_classes", "layer": "smaller", "channel": 0, "classes": [0, 1]},
            "refused",
            "--per-class smaller",
        ),
        (
            {"type": "survey_classes", "layer": "edges", "channel": 0, "classes": [0, 3]},
            "not-understood",
            "0 to 2",
        ),
        ({"type": "survey_classes", "layer": "edges", "channel": 0}, "not-understood", "classes"),
        ({"type": "run", "image": {"survey": 99}}, "refused", "no image 99"),
        ({"type": "run", "image": {"survey": -1}}, "not-understood", "survey"),
    ],
)
def test_what_cannot_be_answered_is_said(session, message, code, words):
    found, said = refused(session, {"id": 7, **message})
    assert found == code and words in said


def test_layers_that_were_left_out_are_said(files, tmp_path):
    path = tmp_path / "part.zarr"
    convscope.survey(files[0], str(files[1]), path, layers="edges")
    session = Session(convscope.open(files[0]), survey=path)
    assert [one["name"] for one in ask(session, "network")["survey"]["layers"]] == ["edges"]
    message = {"type": "survey_layer", "id": 7, "layer": "smaller"}
    code, said = refused(session, message)
    assert code == "refused" and "smaller was not surveyed" in said


def test_a_survey_of_another_network_is_refused_in_one_line(store):
    other = model()
    kernel, bias = other.get_layer("edges").get_weights()
    other.get_layer("edges").set_weights([kernel, bias + 0.5])
    with pytest.raises(SelectionError, match="a survey of another network") as caught:
        Session(convscope.open(other), survey=store)
    assert "\n" not in str(caught.value)


def test_what_is_no_survey_is_refused(files, tmp_path):
    with pytest.raises(InputError, match="no survey's store"):
        Session(convscope.open(files[0]), survey=tmp_path)


@pytest.fixture
def moved(tmp_path):
    """Survey files that are then changed: give the model, the dataset and the store."""
    network, dataset = write(tmp_path)
    convscope.survey(network, str(dataset), tmp_path / "own.zarr", k=2)
    return network, dataset, tmp_path / "own.zarr"


def test_without_its_dataset_everything_else_is_told(moved):
    network, dataset, path = moved
    dataset.rename(dataset.with_name("elsewhere.npz"))
    session = Session(convscope.open(network), images()[0][:1], survey=path)
    reply = ask(session, "survey_pictures", layer="edges", channel=0)
    assert reply["pictures"] == [] and "small.npz" in reply["missing"]
    assert len(ask(session, "survey_channel", layer="edges", channel=0)["leaders"]) == 2
    assert refused(session, {"type": "run", "id": 7, "image": {"survey": 0}})[0] == "refused"
    assert first_images(convscope.open_survey(path)) == []


def test_another_dataset_in_its_place_is_noticed(moved):
    network, dataset, path = moved
    pixels, labels = images(30)
    np.savez(dataset, x_train=pixels, y_train=labels)
    session = Session(convscope.open(network), survey=path)
    reply = ask(session, "survey_pictures", layer="edges", channel=0)
    assert reply["pictures"] == [] and "has 30 images and had 40" in reply["missing"]
    pixels, labels = images()
    np.savez(dataset, x_train=pixels, y_train=(labels + 1) % CLASSES)
    session = Session(convscope.open(network), survey=path)
    reply = ask(session, "survey_pictures", layer="edges", channel=0)
    assert reply["pictures"] == [] and "of another class" in reply["missing"]


def test_a_survey_that_is_not_finished_is_shown_as_far_as_it_is(tmp_path):
    network, dataset = write(tmp_path, 600)
    path = tmp_path / "begun.zarr"

    def stop(done, total):
        if done > 512:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convscope.survey(network, str(dataset), path, batch=8, progress=stop)
    session = Session(convscope.open(network), survey=path)
    survey = ask(session, "network")["survey"]
    assert (survey["finished"], survey["planned"]) == (False, 600)
    done = survey["images"]
    assert done in {256, 512}
    maps = maps_of("edges", 600)[:done]
    fired = (maps != 0).any(axis=(2, 3)).sum(axis=0)
    assert survey["fired"][:5].tolist() == fired.tolist()
    reply = ask(session, "survey_pictures", layer="edges", channel=1)
    assert reply["missing"] == "" and reply["pictures"]
    assert all(picture["crop"] is None for picture in reply["pictures"])


def test_the_first_image_of_each_class_stands_for_the_dataset(store):
    found = first_images(convscope.open_survey(store))
    assert [image.label for image in found] == [0, 1, 2]
    for place, image in enumerate(found):
        assert np.array_equal(image.pixels[..., 0], images()[0][place])


def test_the_network_of_a_survey_is_opened_again(moved, monkeypatch, tmp_path):
    network, _, path = moved
    monkeypatch.chdir(tmp_path.parent)
    again = open_network_of(convscope.open_survey(path))
    assert again.fingerprint() == convscope.open(network).fingerprint()
    network.unlink()
    with pytest.raises(InputError, match=r"convscope explore MODEL --survey .*own\.zarr"):
        open_network_of(convscope.open_survey(path))


def test_the_options_of_the_network_are_kept(files, tmp_path):
    network = convscope.open(files[0], pixel_range=(-1, 1), labels="ant,bee,cow")
    convscope.survey(network, str(files[1]), tmp_path / "own.zarr", k=1)
    again = open_network_of(convscope.open_survey(tmp_path / "own.zarr"))
    assert again.labels == ("ant", "bee", "cow")
    assert again.preparation == network.preparation


def test_a_live_model_cannot_be_opened_again(files, tmp_path):
    convscope.survey(model(), str(files[1]), tmp_path / "own.zarr", k=1)
    with pytest.raises(InputError, match="given as an object"):
        open_network_of(convscope.open_survey(tmp_path / "own.zarr"))


def test_code_that_a_store_names_is_not_run_unasked(files, tmp_path, monkeypatch):
    (tmp_path / "maker.py").write_text(
        "from tests.explorer.surveying import model as make\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.syspath_prepend(str(__import__("pathlib").Path(__file__).parents[2]))
    convscope.survey("maker:make", str(files[1]), tmp_path / "own.zarr", k=1)
    survey = convscope.open_survey(tmp_path / "own.zarr")
    with pytest.raises(SelectionError, match="--trust-model"):
        open_network_of(survey)
    again = open_network_of(survey, trust_model=True)
    assert again.fingerprint() == survey.plan.network
