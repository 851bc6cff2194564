"""The lessons: what they name is there, what they say is true, and a person can write one."""

import re

import keras
import numpy as np
import pytest

import convscope
from convscope.analysis.diagnosis import ZERO
from convscope.errors import InputError, SelectionError
from convscope.explorer import Session
from convscope.explorer.address import named_by
from convscope.explorer.assets import WEB
from convscope.explorer.drawn import drawn_digits
from convscope.explorer.lesson import PANELS, read_lesson
from convscope.explorer.syllabus import built_in_lessons, lessons_for
from convscope.inputs.images import Image
from convscope.training.recipes import embedded

LESSONS = {lesson.name: lesson for lesson in built_in_lessons()}
FILES = sorted((WEB.parent / "lessons").glob("*.toml"))
STEPS = [
    pytest.param(step, id=f"{lesson.name}-{place}")
    for lesson in LESSONS.values()
    for place, step in enumerate(lesson.steps, start=1)
]
GOOD = 'title = "Edges"\n[[step]]\nshow = "m=layer&l=conv1&c=2"\nsay = "Look."\n'


@pytest.fixture(scope="module")
def demo():
    return convscope.open(embedded())


@pytest.fixture(scope="module")
def digits():
    return drawn_digits()


@pytest.fixture(scope="module")
def maps(demo, digits):
    return {name: found.values for name, found in demo.activations(digits).items()}


@pytest.fixture(scope="module")
def books(demo, digits):
    return convscope.contributions(demo, [digits[3]])


def text(lesson, place):
    return LESSONS[lesson].steps[place - 1].say


def blank(maps, layer, image):
    found = maps[layer][image]
    return [one for one, map_ in enumerate(found) if not map_.any()]


# ---- the files that come along ----


def test_all_files_are_lessons_in_the_order_of_the_issue():
    assert [lesson.title for lesson in LESSONS.values()] == [
        "Convolution by hand",
        "Why pooling",
        "Dead channels",
        "What carried the decision",
    ]
    assert {path.stem for path in FILES} == set(LESSONS)


def test_what_the_steps_name_is_there(demo, digits):
    # In another order these are not the digits for which they are offered without being given.
    given = Session(demo, digits[::-1], lessons=FILES)
    assert {lesson.name for lesson in given.lessons} == set(LESSONS)


@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_one_sentence_or_two_about_a_panel(step):
    assert 1 <= len(re.findall(r"[.:?](?= |$)", step.say)) <= 4
    assert len(step.say) <= 260 and "\n" not in step.say
    assert step.panel in PANELS
    assert named_by(step.show).image == 3


def test_panels_are_those_that_the_page_finds():
    own = re.search(r"const PANELS = \{\n(.*?)\n\};", (WEB / "lesson_panels.js").read_text(), re.S)
    assert tuple(re.findall(r"^  (\w+):", own[1], re.M)) == PANELS


# ---- what they say is true ----


def test_convolution_by_hand(demo, digits, maps):
    assert maps["conv1"].shape[1] == 8 and "eight maps" in text("convolution-by-hand", 1)
    batch = np.asarray(digits[3].pixels, np.float64)[..., 0] / 255
    assert (batch.min(), batch.max()) == (0, 1)
    weights, biases = keras.saving.load_model(embedded()).get_layer("conv1").get_weights()
    kernel, bias = weights[..., 0, 0].astype(float), float(biases[0])
    units = [named_by(LESSONS["convolution-by-hand"].steps[place].show).unit for place in (3, 4, 5)]
    for y, x in units:
        own = float((batch[y : y + 3, x : x + 3] * kernel).sum() + bias)
        assert maps["conv1"][3, 0, y, x] == pytest.approx(max(own, 0), abs=1e-5)
        # The last of the three is the one of which ReLU makes zero.
        assert (own < 0) == ((y, x) == units[-1])
    assert units[1] == (units[0][0] + 1, units[0][1])
    assert "row y 5, column x 9" in text("convolution-by-hand", 3) and units[0] == (5, 9)
    field = convscope.receptive_field(demo, "conv2", (13, 11), [digits[3]]).box
    assert [stop - start for start, stop in field] == [5, 5]
    assert "5 × 5 pixels" in text("convolution-by-hand", 7)


def test_zero_in_the_map_is_where_the_sum_is_not_above_zero(demo, digits, maps):
    linear = demo.activations([digits[3]], ["conv1:linear"])["conv1:linear"].values[0, 0]
    assert np.array_equal(maps["conv1"][3, 0] == 0, linear <= 0)


def test_why_pooling(demo, digits, maps):
    assert maps["conv2"].shape[2:] == (24, 24) and "24 × 24 units" in text("why-pooling", 1)
    y, x = named_by(LESSONS["why-pooling"].steps[1].show).unit
    square = maps["conv2"][3, 12, 2 * y : 2 * y + 2, 2 * x : 2 * x + 2]
    assert maps["pool1"][3, 12, y, x] == square.max() > 0
    assert "a quarter" in text("why-pooling", 4)
    assert maps["pool1"].size * 4 == maps["conv2"].size
    sees = {name: layer.receptive_field for name, layer in demo.layers.items()}
    assert tuple(sees["conv3"]) == (10, 10) and "10 × 10" in text("why-pooling", 5)
    # Three rows in place of one reach two further where every row is one pixel from the next.
    assert sees["conv2"][0] + 2 == 7 and "7 × 7" in text("why-pooling", 5)
    parameters = {name: layer.parameters for name, layer in demo.layers.items()}
    assert parameters["dense1"] > sum(parameters.values()) / 2
    assert maps["pool2"].shape[2:] == (4, 4) and "4 × 4" in text("why-pooling", 6)
    assert maps["conv4"][0].size == 4 * maps["flatten"][0].size


def test_pooled_maps_change_less_where_a_digit_lies_a_pixel_further(demo, digits, maps):
    assert "change less than the maps before them" in text("why-pooling", 3)
    names = ["conv2", "pool1", "dense2"]
    for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)):
        moved = [Image(np.roll(one.pixels, step, axis=axis), one.name) for one in digits]
        found = demo.activations(moved, names)
        change = {
            name: np.abs(found[name].values - maps[name]).sum((1, 2, 3)) / maps[name].sum((1, 2, 3))
            for name in names[:2]
        }
        assert (change["pool1"] < change["conv2"]).all()
        assert found["dense2"].values.argmax(1).tolist() == list(range(10))


def test_dead_channels(demo, digits, maps):
    found = [
        place for place, word in enumerate(convscope.diagnosis(maps["conv4"][3])) if word == ZERO
    ]
    assert found == [6, 9, 11] == blank(maps, "conv4", 3)
    assert "Of the 32 maps" in text("dead-channels", 1) and maps["conv4"].shape[1] == 32
    assert "three are blank" in text("dead-channels", 1)
    assert "“3 zero here”" in text("dead-channels", 1)
    assert [image for image in range(10) if 11 in blank(maps, "conv4", image)] == [3]
    for channel in (6, 9):
        assert all(channel in blank(maps, "conv4", image) for image in range(10))
    linear = demo.activations([digits[3]], ["conv4:linear"])["conv4:linear"].values[0, 11]
    nearest = named_by(LESSONS["dead-channels"].steps[1].show).unit
    assert np.unravel_index(linear.argmax(), linear.shape) == nearest
    assert linear.max() < 0
    muted = convscope.mute(demo, "conv4", [6, 9])
    assert np.array_equal(muted.predict(digits).values, demo.predict(digits).values)


def test_what_carried_the_decision(demo, digits, books):
    scores = demo.predict([digits[3]]).values[0]
    assert scores.argmax() == 3 and scores[3] > 0.999
    score = float(books.score[0])
    for layer in books:
        total = float(books[layer].values.sum() + books.biases[layer][0])
        assert total == pytest.approx(score, rel=1e-5)
    shares = books["conv4"].values[0]
    best = [int(one) for one in np.argsort(-shares)[:5]]
    assert best[0] == 21 and shares[21] > score / 3
    steps = LESSONS["what-carried-the-decision"].steps
    assert [one for _, one in named_by(steps[6].show).silent] == best
    after = convscope.mute(demo, "conv4", [21])
    logit = after.activations([digits[3]], ["dense2:linear"])["dense2:linear"].values[0, 3]
    assert score - logit == pytest.approx(shares[21], rel=0.05)
    assert after.predict([digits[3]]).values[0].argmax() == 3
    without = convscope.mute(demo, "conv4", best).predict([digits[3]]).values[0]
    assert set(np.argsort(-without)[:2]) == {3, 5}
    assert abs(without[3] - without[5]) < 0.1
    contrast = convscope.contributions(demo, [digits[3]], target=("3", "5"))
    assert contrast["conv4"].values[0].argmax() == 21


def test_the_shares_of_channel_21_lie_in_two_places(demo, digits, maps):
    # Activation times gradient; the gradient of a sum over a map that is zero elsewhere.
    y, x = np.nonzero(maps["conv4"][3, 21] > 0.5 * maps["conv4"][3, 21].max())
    assert set(y) == {0, 1, 5, 6}
    assert set(x) <= set(range(2, 7))


# ---- where they are offered ----


def test_they_are_offered_for_the_embedded_network_on_its_digits_alone(demo, digits, network):
    reply, _ = Session(demo, digits).answer({"type": "network"})
    assert [lesson["name"] for lesson in reply["lessons"]] == list(LESSONS)
    assert reply["lessons"][0]["steps"][0].keys() == {"show", "say", "panel"}
    for session in (Session(demo, digits[:3]), Session(demo, digits[::-1]), Session(network)):
        assert session.answer({"type": "network"})[0]["lessons"] == []


# ---- lessons of one's own ----


def test_a_lesson_of_ones_own_comes_first(demo, digits, tmp_path):
    path = tmp_path / "edges.toml"
    whole = 'show = "http://127.0.0.1:8321/?token=secret#m=layer&l=conv1&c=2&theme=dark"'
    path.write_text(GOOD.replace('show = "m=layer&l=conv1&c=2"', whole), encoding="utf-8")
    reply, _ = Session(demo, digits, lessons=path).answer({"type": "network"})
    assert [lesson["name"] for lesson in reply["lessons"]] == ["edges", *LESSONS]
    (step,) = reply["lessons"][0]["steps"]
    # The token of the page from which it was copied stays out.
    assert step == {"show": "m=layer&l=conv1&c=2&theme=dark", "say": "Look.", "panel": ""}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("title = ", "is no TOML file"),
        ('title = "A"', "has no steps"),
        ('title = "A"\nstep = []', "has no steps"),
        (GOOD.replace('title = "Edges"', ""), "there is no title"),
        (GOOD.replace("say", "says"), "'says' means nothing here: did you mean 'say'?"),
        (GOOD.replace('say = "Look."', 'say = " "'), "step 1: there is no say"),
        (GOOD + 'panel = "maps "', "there is no panel 'maps '"),
        (GOOD.replace("m=layer&l=conv1&c=2", "http://127.0.0.1:8321/?token=x"), "holds no state"),
    ],
)
def test_a_file_that_is_no_lesson_is_refused_in_words(tmp_path, content, said):
    path = tmp_path / "own.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        read_lesson(path)
    assert "\n" not in str(caught.value) and "own.toml" in str(caught.value)


def test_a_file_that_is_not_there_is_refused_in_words(tmp_path):
    with pytest.raises(InputError, match=r"no\.toml cannot be read"):
        read_lesson(tmp_path / "no.toml")


@pytest.mark.parametrize(
    ("show", "said"),
    [
        ("l=conv9", "step 1: no layer is called 'conv9'"),
        ("l=conv1&c=8", "step 1 shows channel 8 of conv1, which has 0 to 7"),
        ("l=conv1&c=2&yx=26,0", "step 1 shows unit 26,0 of conv1, whose maps are 26 x 26"),
        ("i=10", "step 1 shows image 10, and there are 10"),
        ("mute=conv1:0;conv5:2", "no layer is called 'conv5'"),
        ("solo=conv4:31,32", "shows channel 32 of conv4, which has 0 to 31"),
    ],
)
def test_a_step_that_names_what_is_not_there_is_refused_in_words(
    demo, digits, tmp_path, show, said
):
    path = tmp_path / "own.toml"
    path.write_text(GOOD.replace("m=layer&l=conv1&c=2", show), encoding="utf-8")
    with pytest.raises(SelectionError, match=re.escape(said)):
        Session(demo, digits, lessons=[path])


def test_two_lessons_of_one_name_are_refused(demo, digits):
    with pytest.raises(SelectionError, match="two lessons are called dead-channels"):
        lessons_for(demo, Session(demo, digits).images, [FILES[1]])
