"""The left column: the input, the ways to another one, what the network says, heat maps."""

import base64
import io
import re

import keras
import numpy as np
import PIL.Image
import pytest

from convscope.analysis.attribution import heatmap
from convscope.networks import open_network
from convscope.pictures.overlay import blended, span_for
from convscope.training.recipes import embedded

STAGE = ".cs-stage-picture"
PIN = (194, 106, 0)


@pytest.fixture(scope="module")
def model():
    """Load the network with Keras itself."""
    return keras.saving.load_model(embedded())


@pytest.fixture(scope="module")
def logits(model):
    """Give what computes the logits of pictures 0..255, (y, x)."""
    *_, last = model.layers
    before = keras.Model(model.inputs, last.input)

    def compute(pixels, silent=None):
        kept = model.get_weights()
        if silent is not None:
            layer, channel = silent
            weights = [np.array(one) for one in model.get_layer(layer).get_weights()]
            for one in weights:
                one[..., channel] = 0
            model.get_layer(layer).set_weights(weights)
        array = np.asarray(pixels, np.float32)[None, ..., None] / 255
        hidden = np.asarray(before([array]), np.float64)[0]
        model.set_weights(kept)
        kernel, bias = last.get_weights()
        return hidden @ kernel + bias

    return compute


def shares(values):
    found = np.exp(values - values.max())
    return found / found.sum()


def log_odds(values, index):
    rest = np.delete(values, index)
    return values[index] - (rest.max() + np.log(np.exp(rest - rest.max()).sum()))


def digit(explored, index):
    return np.asarray(explored.session.images[index].content.pixels[..., 0])


def rows(page):
    return [one.split("\n") for one in page.locator(".cs-class").all_inner_texts()]


def wait(page, script, argument=None):
    page.wait_for_function(script, arg=argument)


def still(page):
    """Wait until what was asked is answered and painted."""
    page.evaluate("() => new Promise((go) => requestAnimationFrame(() => setTimeout(go, 30)))")


def png(pixels):
    held = io.BytesIO()
    PIL.Image.fromarray(np.asarray(pixels, np.uint8)).save(held, "png")
    return held.getvalue()


def thumb(page, name):
    return page.get_by_role("listbox").get_by_role("option", name=name)


def shown_name(page):
    return page.evaluate("() => convscope.run.image")


def test_the_input_is_painted_pixel_by_pixel(open_page, explored, painted):
    page = open_page("i=3")
    still(page)
    assert np.array_equal(painted(page.locator(STAGE))[..., 0], digit(explored, 3))
    thumb(page, "digit 8").click()
    wait(page, "() => convscope.run.image === 'digit 8'")
    still(page)
    assert np.array_equal(painted(page.locator(STAGE))[..., 1], digit(explored, 8))
    assert "i=8" in page.url
    thumb(page, "digit 8").press("ArrowRight")
    wait(page, "() => convscope.run.image === 'digit 9'")
    thumbs = page.locator(".cs-thumb canvas")
    assert np.array_equal(painted(thumbs.nth(5))[..., 2], digit(explored, 5))
    assert "10 of 10 · digit 9" in page.locator(".cs-strip-words").inner_text()


def test_the_prediction_is_the_networks(open_page, explored, logits):
    page = open_page("i=5")
    values = logits(digit(explored, 5))
    order = np.argsort(-values)
    assert [name for name, _ in rows(page)] == [str(one) for one in order[:5]]
    page.get_by_role("button", name="best 10").click()
    found = rows(page)
    assert [name for name, _ in found] == [str(one) for one in order]
    for name, words in found:
        share = 100 * shares(values)[int(name)]
        written = float(words.strip("<> %"))
        assert abs(written - share) <= 0.1
    second = page.locator(".cs-class").nth(1)
    second.hover()
    said = page.locator(".cs-class-detail").inner_text()
    odds, logit = map(float, re.findall(r"[+-][\d.]+", said))
    assert odds == pytest.approx(log_odds(values, order[1]), abs=6e-2)
    assert logit == pytest.approx(values[order[1]], abs=6e-2)


def test_a_class_becomes_the_target_and_two_their_difference(open_page, explored, logits):
    page = open_page("i=5")
    values = logits(digit(explored, 5))
    first, second, third = np.argsort(-values)[:3]
    page.locator(".cs-class").nth(1).click()
    wait(page, "(index) => convscope.run.score.index === index", int(second))
    assert f"t={second}" in page.url
    assert page.locator(".cs-class").nth(1).get_attribute("aria-pressed") == "true"
    score = page.evaluate("() => convscope.run.score")
    assert score["value"] == pytest.approx(values[second], abs=1e-3)
    page.locator(".cs-class").nth(2).click(modifiers=["Shift"])
    wait(page, "() => convscope.run.score.words.includes(' - ')")
    assert f"t={second},{third}" in page.url
    score = page.evaluate("() => convscope.run.score")
    assert score["value"] == pytest.approx(values[second] - values[third], abs=1e-3)
    page.get_by_label("explained against", exact=True).select_option(str(first))
    wait(page, "(name) => convscope.run.score.words.endsWith(name)", str(first))
    page.get_by_role("button", name="the class it gives").click()
    wait(page, "(index) => convscope.run.score.index === index", int(first))
    assert "t=" not in page.url
    assert f"explained: logit of {first}" in page.locator(".cs-class-detail").inner_text()


def test_muting_is_told_before_and_after(open_page, explored, logits):
    page = open_page("i=8&mute=conv3:11")
    before, after = (logits(digit(explored, 8), one) for one in (None, ("conv3", 11)))
    said = page.locator(".cs-muted-words p").inner_text()
    found = re.fullmatch(
        r"with conv3 11 muted: 8 [<>]?([\d.]+) % → [<>]?([\d.]+) % \(([+-][\d.]+) log-odds\)", said
    )
    assert found, said
    was, now, change = map(float, found.groups())
    assert was == pytest.approx(100 * shares(before)[8], abs=0.11)
    assert now == pytest.approx(100 * shares(after)[8], abs=0.11)
    expected = log_odds(after, 8) - log_odds(before, 8)
    assert change == pytest.approx(expected, rel=0.06)
    page.get_by_role("button", name="unmute all").click()
    wait(page, "() => convscope.run.before === null")
    assert "mute" not in page.url
    assert page.locator(".cs-muted-words").is_hidden()


def test_the_receptive_field_is_drawn_on_the_input(open_page, painted):
    # conv1 and conv2 (3 x 3), pooling by 2, conv3 (3 x 3): 10 pixels, 2 apart; unit 4 from 8 on.
    page = open_page("m=layer&l=conv3&c=5&yx=4,6")
    page.wait_for_function("() => document.querySelector('.cs-stage-pinned')")
    still(page)
    assert page.locator(".cs-stage-sees").inner_text() == "conv3 5 (y 4, x 6) sees y 8–17, x 12–21"
    marks = painted(page.locator(".cs-stage-marks"))
    height = len(marks)
    ink = (np.abs(marks[..., :3].astype(int) - PIN).max(axis=-1) < 30) & (marks[..., 3] > 200)
    y, x = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    pixel = height / 28
    assert abs(y[0] - 8 * pixel) <= 2 and abs(y[-1] - 18 * pixel) <= 2
    assert abs(x[0] - 12 * pixel) <= 2 and abs(x[-1] - 22 * pixel) <= 2
    # The hovered unit goes before the pinned one.
    page.evaluate("() => convscope.point({layer: 'conv1', channel: 0, unit: [0, 0], value: 0})")
    wait(page, "() => document.querySelector('.cs-stage-sees').textContent.startsWith('conv1 0')")
    assert page.locator(".cs-stage-sees").inner_text() == "conv1 0 (y 0, x 0) sees y 0–2, x 0–2"
    page.evaluate("() => convscope.point(null)")
    wait(page, "() => document.querySelector('.cs-stage-sees').textContent.startsWith('conv3 5')")


@pytest.mark.parametrize(
    ("method", "colormap"),
    [("grad-cam", "inferno"), ("integrated-gradients", "RdBu"), ("eigen-cam", None)],
)
def test_a_heat_map_is_laid_over_as_in_pictures(open_page, explored, painted, method, colormap):
    page = open_page("i=2")
    page.get_by_label("method of the heat map").select_option(method)
    legend = page.locator(".cs-heat-ends")
    legend.wait_for()
    found = heatmap(explored.network, [explored.session.images[2].content], None, method)
    values = np.asarray(found.upsampled)[0]
    ends = span_for(values)
    name = colormap or ("RdBu" if ends[0] < 0 else "inferno")
    assert name == ("RdBu" if ends[0] < 0 else "inferno")
    for opacity in (60, 25):
        page.get_by_label("opacity of the heat map").fill(str(opacity))
        still(page)
        expected = blended(digit(explored, 2)[..., None], values, ends, opacity / 100, name)
        shown = painted(page.locator(STAGE))[..., :3]
        # A value between two levels may fall to either.
        assert np.abs(shown.astype(int) - expected).max() <= 6
        assert np.abs(shown.astype(int) - expected).mean() < 0.1
    low, *_, high = legend.inner_text().split()
    assert float(low) == pytest.approx(ends[0], rel=0.01)
    assert float(high) == pytest.approx(ends[1], rel=0.01)
    words = page.locator(".cs-heat-words").inner_text()
    assert words.startswith(found.words[0])
    assert (found.layer or "on the pixels") in words


def test_a_heat_map_stays_when_the_image_changes(open_page, explored, painted):
    page = open_page("i=2&heat=grad-cam&op=1")
    page.locator(".cs-heat-ends").wait_for()
    thumb(page, "digit 7").click()
    wait(
        page, "() => document.querySelector('.cs-heat-words').textContent.startsWith('logit of 7')"
    )
    still(page)
    found = heatmap(explored.network, [explored.session.images[7].content], None, "grad-cam")
    values = np.asarray(found.upsampled)[0]
    expected = blended(digit(explored, 7)[..., None], values, span_for(values), 1, "inferno")
    shown = painted(page.locator(STAGE))[..., :3]
    assert np.abs(shown.astype(int) - expected).mean() < 0.1
    page.get_by_label("method of the heat map").select_option("")
    still(page)
    assert np.array_equal(painted(page.locator(STAGE))[..., 0], digit(explored, 7))


def stroke(page, *points):
    box = page.locator(".cs-stage-surface").bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=10)
    page.mouse.up()


def answered(page):
    """Wait until the network has seen the drawing as it is on the page."""
    wait(
        page,
        """() => {
            const { run, picture } = convscope;
            return run.image === picture.name
                && run.seen.data.every((value, at) => value === picture.pixels.data[at]);
        }""",
    )
    still(page)


def test_a_drawn_seven_is_recognised_while_its_maps_move(open_page, model, logits, painted):
    page = open_page("m=layer&l=conv1")
    page.get_by_role("button", name="Draw").click()
    wait(page, "() => convscope.run.image === 'drawing 1'")
    page.evaluate(
        """() => {
            globalThis.seen = [];
            convscope.on("run", () => {
                const ink = convscope.run.seen.data.reduce((sum, one) => sum + one, 0);
                seen.push([convscope.live, ink]);
            });
        }"""
    )
    stroke(page, (0.3, 0.22), (0.7, 0.22), (0.45, 0.82))
    answered(page)
    during = page.evaluate("() => seen")
    ink = [amount for _, amount in during]
    assert len(set(ink)) > 3 and ink == sorted(ink)
    assert any(live for live, _ in during) and not page.evaluate("() => convscope.live")
    drawn = painted(page.locator(STAGE))[..., 0]
    # White on black, soft at the edges, where the pen was and nowhere else.
    assert drawn[6, 9:19].min() > 200 and drawn[:3].max() == 0 and drawn[26:].max() == 0
    assert np.count_nonzero((drawn > 20) & (drawn < 235)) > 20
    values = logits(drawn)
    assert int(values.argmax()) == 7
    assert rows(page)[0][0] == "7"
    first = keras.Model(model.inputs, model.get_layer("conv1").output)
    expected = np.moveaxis(
        np.asarray(first([drawn[None, ..., None].astype(np.float32) / 255]))[0], -1, 0
    )
    maps = page.evaluate("() => [...convscope.maps('conv1').values.data]")
    assert np.allclose(np.reshape(maps, expected.shape), expected, atol=1e-4)
    page.get_by_role("button", name="Undo").click()
    answered(page)
    assert painted(page.locator(STAGE))[..., :3].max() == 0


def test_drawing_by_keyboard(open_page, painted):
    page = open_page()
    page.get_by_role("button", name="Draw").click()
    wait(page, "() => convscope.run.image === 'drawing 1'")
    page.locator(".cs-stage-surface").focus()
    for key in ["ArrowUp"] * 8 + ["Space"] + ["ArrowDown"] * 16 + ["Space"]:
        page.keyboard.press(key)
    answered(page)
    drawn = painted(page.locator(STAGE))[..., 0]
    assert drawn[6:22, 13:15].min() > 200 and drawn[:, :12].max() == 0 and drawn[:, 17:].max() == 0
    assert rows(page)[0][0] == "1"
    assert "pen up, y 22, x 14" in page.locator(".cs-status").inner_text()
    page.keyboard.press("Delete")
    answered(page)
    assert painted(page.locator(STAGE))[..., :3].max() == 0
    page.keyboard.press("Backspace")
    answered(page)
    assert np.array_equal(painted(page.locator(STAGE))[..., 0], drawn)


DROP = """([text, name, type, kind]) => {
    const bytes = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
    const held = new DataTransfer();
    held.items.add(new File([bytes], name, { type }));
    const root = document.querySelector(".cs-root");
    if (kind === "paste") {
        const pasted = { clipboardData: held, bubbles: true, cancelable: true };
        document.body.dispatchEvent(new ClipboardEvent("paste", pasted));
        return;
    }
    const target = root.querySelector(".cs-rail, .cs-sheet");
    for (const type of ["dragenter", "dragover", "drop"]) {
        const dropped = { dataTransfer: held, bubbles: true, cancelable: true };
        target.dispatchEvent(new DragEvent(type, dropped));
    }
}"""


def bring(page, way, pixels, name):
    """Give the page a picture as a file that is chosen, dropped or pasted."""
    if way == "choose":
        held = {"name": name, "mimeType": "image/png", "buffer": png(pixels)}
        page.locator("input[type=file]").set_input_files(held)
    else:
        text = base64.b64encode(png(pixels)).decode()
        page.evaluate(DROP, [text, name, "image/png", way])


WAYS = ["choose", "drop", "paste"]


@pytest.mark.parametrize("way", WAYS)
def test_a_file_comes_in(open_page, explored, logits, painted, way):
    page = open_page()
    pixels = 255 - digit(explored, 4)
    bring(page, way, pixels, "four.png")
    wait(page, "() => convscope.run.image === 'four.png'")
    still(page)
    assert np.array_equal(painted(page.locator(STAGE))[..., 0], pixels)
    values = logits(pixels)
    assert rows(page)[0][0] == str(values.argmax())
    last = page.locator(".cs-thumb").last
    assert last.get_attribute("aria-selected") == "true"
    assert np.array_equal(painted(last.locator("canvas"))[..., 0], pixels)


def test_what_is_no_picture_is_refused_and_left_out(open_page, tmp_path):
    page = open_page("i=1")
    entry = page.locator("input[type=file]")
    entry.set_input_files({"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no picture"})
    problem = page.locator(".cs-problem")
    problem.wait_for()
    assert "notes.txt" in problem.inner_text()
    assert page.locator(".cs-thumb").count() == 10
    assert shown_name(page) == "digit 1"
    large = tmp_path / "large.png"
    large.write_bytes(bytes(17 << 20))
    entry.set_input_files(large)
    wait(page, "() => document.querySelector('.cs-problem').textContent.includes('large.png')")
    assert "17 MB" in problem.inner_text() and "16" in problem.inner_text()
    assert page.locator(".cs-thumb").count() == 10


def test_the_camera_is_followed_one_frame_at_a_time(open_page, logits):
    page = open_page("m=layer&l=conv1")
    page.evaluate(
        """() => {
            const { host } = convscope;
            const answer = host.answer.bind(host);
            globalThis.most = 0;
            globalThis.frames = new Set();
            let now = 0;
            host.answer = async (message, ...rest) => {
                const counts = message.type === "run" ? 1 : 0;
                now += counts;
                most = Math.max(most, now);
                try { return await answer(message, ...rest); } finally { now -= counts; }
            };
            convscope.on("run", () => frames.add(convscope.run.run));
        }"""
    )
    page.get_by_role("button", name="Camera").click()
    wait(
        page,
        """() => frames.size >= 5
            && document.querySelector(".cs-ways-hint").textContent.includes("frames/s")""",
    )
    assert page.evaluate("() => convscope.live")
    page.get_by_role("button", name="Stop camera").click()
    page.wait_for_timeout(300)
    still(page)
    assert page.evaluate("() => most") == 1
    count = page.evaluate("() => frames.size")
    page.wait_for_timeout(300)
    assert page.evaluate("() => frames.size") == count
    assert not page.evaluate("() => convscope.live")
    height, width, colours = page.evaluate("() => convscope.picture.pixels.shape")
    assert (height, width, colours) == (28, 28, 1)
    seen = page.evaluate("() => [...convscope.run.seen.data]")
    values = logits(np.reshape(seen, (28, 28)))
    assert rows(page)[0][0] == str(values.argmax())


def test_several_outputs_and_numbers_are_shown_as_what_they_are(open_page, serve, tmp_path):
    keras.utils.set_random_seed(1)
    image = keras.Input((8, 8, 1), name="image")
    flat = keras.layers.Flatten()(image)
    kind = keras.layers.Dense(3, activation="softmax", name="kind")(flat)
    place = keras.layers.Dense(2, name="place")(flat)
    model = keras.Model(image, {"kind": kind, "place": place})
    model.save(tmp_path / "two.keras")
    pixels = np.random.default_rng(0).integers(0, 255, (1, 8, 8, 1), dtype=np.uint8)
    with serve(open_network(tmp_path / "two.keras"), pixels) as found:
        batch = np.asarray(next(iter(found.network.batches(pixels)[0].arrays.values())))
        expected = {name: np.asarray(one)[0] for name, one in model(batch).items()}
        page = open_page(at=found)
        assert page.locator(".cs-output-name").all_inner_texts() == ["kind", "place"]
        written = rows(page)
        page.context.close()
    probable = np.sort(expected["kind"])[::-1]
    for (_, words), share in zip(written[:3], probable, strict=True):
        assert words.endswith("%") and float(words.strip("<> %")) == pytest.approx(
            100 * share, abs=0.1
        )
    numbers = np.sort(expected["place"])[::-1]
    for (_, words), value in zip(written[3:], numbers, strict=True):
        assert float(words) == pytest.approx(value, rel=2e-3)
