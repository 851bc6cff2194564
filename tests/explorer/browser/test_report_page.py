"""A report from the disk: pixels, answers, what it says is left out, and no request at all."""

import base64
import json

import numpy as np
import pytest

import convscope
from convscope.explorer import Session
from convscope.inputs.images import Image

from ..test_report import wide

MOST = 2**31 - 1
ASK = """(message) => convscope.client.ask(message).then(
    (reply) => Object.fromEntries(Object.entries(reply).map(([name, one]) => [name, one?.data
        ? { shape: one.shape, data: btoa(Array.from(new Uint8Array(
            one.data.buffer, one.data.byteOffset, one.data.byteLength),
            (byte) => String.fromCharCode(byte)).join("")) }
        : one])),
    (problem) => ({ code: problem.code, message: problem.message }))"""


@pytest.fixture(scope="module")
def digits(explored, tmp_path_factory):
    """Write a report of the embedded network on two digits."""
    images = [source.content for source in explored.session.images[3:5]]
    path = tmp_path_factory.mktemp("reports") / 'digits & "more".html'
    return convscope.report(explored.network, images, path), Session(explored.network, images)


@pytest.fixture(scope="module")
def photograph(tmp_path_factory):
    """Write a report of a network whose maps come as levels."""
    network = convscope.open(wide())
    pixels = np.random.default_rng(1).integers(0, 256, (96, 96, 3), np.uint8)
    images = [Image(pixels, "noise")]
    path = tmp_path_factory.mktemp("reports") / "photograph.html"
    return convscope.report(network, images, path), Session(network, images)


@pytest.fixture
def show(chromium):
    """Open a file from the disk, with every way to anything else closed."""
    contexts, problems, asked = [], [], []

    def opened(path, state=""):
        contexts.append(chromium.new_context(viewport={"width": 1280, "height": 800}))
        page = contexts[-1].new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda said: said.type == "error" and problems.append(said.text))

        def only_the_file(route):
            if route.request.url.split("#")[0] == path.as_uri():
                route.continue_()
            else:
                asked.append(route.request.url)
                route.abort()

        page.route("**/*", only_the_file)
        page.goto(f"{path.as_uri()}#{state}")
        page.wait_for_function("() => globalThis.convscope?.run")
        return page

    yield opened
    for one in contexts:
        one.close()
    assert not asked
    assert not problems


def asked(page, **message):
    """Ask the page's own host; arrays as NumPy has them."""
    reply = page.evaluate(ASK, message)
    kinds = {"levels": np.uint8, "codes": np.uint8, "seen": np.uint8}
    for name, value in reply.items():
        if isinstance(value, dict) and set(value) == {"shape", "data"}:
            flat = np.frombuffer(base64.b64decode(value["data"]), kinds.get(name, np.float32))
            reply[name] = flat.reshape(value["shape"])
    return reply


def answered(session, **message):
    """Ask the session the same."""
    reply, buffers = session.answer(message)
    assert reply["type"] == message["type"], reply
    for name, value in reply.items():
        if isinstance(value, dict) and set(value) == {"dtype", "shape", "buffer"}:
            flat = np.frombuffer(buffers[value["buffer"]], value["dtype"])
            reply[name] = flat.reshape(value["shape"])
    return reply


def problem(page):
    return page.locator(".cs-problem").inner_text()


def test_the_page_shows_what_the_network_says(show, digits, painted):
    path, session = digits
    page = show(path)
    images = session.images
    page.wait_for_timeout(200)
    shown = painted(page.locator(".cs-stage-picture"))
    assert np.array_equal(shown[..., 0], images[0].content.pixels[..., 0])
    run = answered(session, type="run", image=0)
    told = page.evaluate("() => [convscope.run.run, convscope.run.predictions]")
    assert told[0] == run["run"]
    assert told[1] == json.loads(json.dumps(run["predictions"]))
    for layer in session.networks[0].network.layers:
        values = page.evaluate("(name) => [...convscope.maps(name).values.data]", layer)
        live = answered(session, type="layer", run=run["run"], layer=layer)["values"]
        assert np.array_equal(np.array(values, np.float32), live.ravel())
    books = answered(session, type="books", run=run["run"])
    assert page.evaluate("() => convscope.books.score") == books["score"]

    page.locator(".cs-thumb").nth(1).click()
    page.wait_for_function("(first) => convscope.run.run !== first", arg=run["run"])
    page.wait_for_timeout(200)
    shown = painted(page.locator(".cs-stage-picture"))
    assert np.array_equal(shown[..., 0], images[1].content.pixels[..., 0])


def test_everything_that_follows_from_a_small_network_is_there(show, digits):
    path, session = digits
    page = show(path)
    run = answered(session, type="run", image=0)["run"]
    for message in (
        {"type": "channel", "run": run, "layer": "conv3", "channel": 7},
        {"type": "weights", "layer": "conv3", "channel": 7},
        {"type": "lineage", "run": run, "layer": "conv3", "channel": 7, "count": 6},
        {"type": "shares", "run": run, "layer": "conv3", "channel": 7, "target": None},
        {"type": "heatmap", "run": run, "method": "grad-cam", "target": None},
        {"type": "heatmap", "run": run, "method": "eigen-cam"},
        {"type": "fields", "run": run, "layer": "conv3"},
        {"type": "sheet", "run": run, "tile": 12},
    ):
        stored, live = asked(page, **message), answered(session, **message)
        assert set(stored) == set(live) - {"id"} | {"id"}
        for name in set(live) - {"id"}:
            same = (
                json.loads(json.dumps(live[name])) if not isinstance(live[name], np.ndarray) else 0
            )
            if isinstance(live[name], np.ndarray):
                assert np.array_equal(stored[name], live[name]), (message, name)
            else:
                assert stored[name] == same, (message, name)


def test_the_five_best_classes_can_be_explained(show, digits):
    path, session = digits
    page = show(path)
    run = answered(session, type="run", image=0)
    best = [entry["index"] for entry in run["predictions"]]
    page.evaluate("(target) => convscope.change({ target })", best[4])
    page.wait_for_function("(index) => convscope.books?.index === index", arg=best[4])
    books = answered(session, type="books", run=run["run"], target=best[4])
    assert page.evaluate("() => convscope.books.score") == books["score"]
    assert page.evaluate("(index) => convscope.unavailable('target', index)", best[4]) == ""
    assert "best classes" in page.evaluate("(i) => convscope.unavailable('target', i)", best[7])

    # Another class is refused, and what was shown stays.
    page.evaluate("(target) => convscope.change({ target })", best[7])
    page.wait_for_function("() => !document.querySelector('.cs-problem').hidden")
    assert "convscope explore" in problem(page)
    assert page.evaluate("() => [convscope.state.target, convscope.books.index]") == [best[4]] * 2


def test_muting_and_new_images_are_refused_in_words(show, digits):
    path, _ = digits
    page = show(path, "l=conv3&c=4&m=layer")
    page.locator(".cs-centre .cs-scroll").focus()
    page.keyboard.press("m")
    page.wait_for_function("() => !document.querySelector('.cs-problem').hidden")
    assert "muting needs the network itself" in problem(page)
    assert page.evaluate("() => convscope.state.mute") == {}
    assert page.evaluate("() => convscope.unavailable('mute')").endswith("convscope explore")
    assert page.evaluate("() => convscope.unavailable('weights')") == ""
    drawn = {"pixels": {"shape": [28, 28, 1]}}
    refused = asked(page, type="run", image=drawn)
    assert refused["code"] == "not-in-report" and "other images" in refused["message"]
    assert not page.locator(".cs-ways .cs-button", has_text="Draw").is_visible()


@pytest.mark.parametrize(
    "state", ["mute=conv3:1,2&t=3,4", "t=99&i=77&l=nothing&c=1000", "solo=conv1:0&n=5&m=layer"]
)
def test_an_address_of_what_is_left_out_shows_what_is_there(show, digits, state):
    path, _ = digits
    page = show(path, state)
    assert page.locator(".cs-class").first.get_attribute("aria-label").startswith("3:")
    assert page.evaluate("() => [convscope.state.mute, convscope.state.solo]") == [{}, {}]


def test_the_address_holds_the_screen(show, digits):
    path, _ = digits
    page = show(path, "i=1&l=conv2&c=5&m=layer&yx=3,4")
    page.reload()
    page.wait_for_function("() => globalThis.convscope?.run")
    state = page.evaluate("() => convscope.state")
    assert (state["image"], state["layer"], state["channel"]) == (1, "conv2", 5)
    assert state["unit"] == [3, 4]


def test_levels_come_back_as_they_were(show, photograph):
    path, session = photograph
    page = show(path)
    run = answered(session, type="run", image=0)["run"]
    # What follows from another layer is unpacked with it, whichever is asked for first.
    for layer in reversed(session.networks[0].network.layers):
        message = {"type": "layer", "run": run, "layer": layer}
        live = answered(session, limit=0, **message)
        stored = asked(page, **message)
        for name in ("levels", "span_low", "span_high", "low", "high", "mean", "codes"):
            assert np.array_equal(stored[name], live[name], equal_nan=True), (layer, name)
    sheet = answered(session, type="sheet", run=run, tile=12)
    assert np.array_equal(asked(page, type="sheet", run=run, tile=12)["levels"], sheet["levels"])


def test_numbers_that_are_left_out_are_refused_in_words(show, photograph):
    path, session = photograph
    page = show(path, "l=relu&c=2&m=layer")
    run = answered(session, type="run", image=0)["run"]
    for message, said in (
        ({"type": "channel", "run": run, "layer": "relu", "channel": 2}, "240 levels"),
        ({"type": "layer", "run": run, "layer": "relu", "limit": MOST}, "240 levels"),
        ({"type": "weights", "layer": "conv", "channel": 2}, "kernels"),
        ({"type": "lineage", "run": run, "layer": "conv", "channel": 2}, "fed which"),
        ({"type": "ablation", "run": run, "layer": "conv", "start": 0, "stop": 3}, "muting"),
        ({"type": "unit", "run": run, "layer": "conv", "channel": 2, "unit": [0, 0]}, "unit"),
    ):
        refused = asked(page, **message)
        assert refused["code"] == "not-in-report"
        assert said in refused["message"] and refused["message"].endswith("convscope explore")


def test_a_mosaic_of_levels_is_painted(show, photograph, painted):
    path, session = photograph
    page = show(path, "l=relu&m=layer&cm=gray&sort=index&tile=96")
    page.wait_for_function("() => convscope.maps('relu')")
    page.wait_for_timeout(300)
    run = answered(session, type="run", image=0)["run"]
    levels = answered(session, type="layer", run=run, layer="relu", limit=0)["levels"]
    palette = page.evaluate("() => [...convscope.network.palettes.gray.data]")
    colours = np.array(palette, np.uint8).reshape(256, 3)
    shown = painted(page.locator(".cs-centre .cs-scroll canvas"))[..., 0]
    # Wherever the tiles stand: the first one is found as it is, one pixel a unit.
    expected = colours[levels[0], 0]
    corner = expected[:4, :12]
    places = np.argwhere(
        np.lib.stride_tricks.sliding_window_view(shown, corner.shape)[:, :, 0, 0] == corner[0, 0]
    )
    assert any(np.array_equal(shown[y : y + 96, x : x + 96], expected) for y, x in places.tolist())


def test_a_file_that_was_cut_off_shows_what_it_holds(show, digits, tmp_path):
    path, _ = digits
    text = path.read_text()
    cut = tmp_path / "cut.html"
    cut.write_text(text[: text.index('data-pack="[&quot;run&quot;,1]') + 100])
    page = show(cut)
    assert page.locator(".cs-class").first.get_attribute("aria-label").startswith("3:")


def test_controls_that_cannot_work_are_disabled_and_say_why(show, digits, photograph):
    path, _ = digits
    page = show(path, "l=conv3&c=4&m=layer")
    for name in ("Mute", "Solo"):
        control = page.locator(".cs-channel button", has_text=name).first
        assert control.is_disabled()
        assert control.get_attribute("title").startswith("muting needs the network itself")
    assert page.locator(".cs-channel button", has_text="CSV").first.is_enabled()
    ablation = page.locator(".cs-centre option[value=ablation]")
    assert ablation.is_disabled() and "needs the network" in ablation.get_attribute("title")
    classes = page.locator("[aria-label='class that is explained'] option:not([value=''])")
    held = classes.evaluate_all(
        "(all) => all.filter((one) => !one.disabled).map((one) => one.value)"
    )
    assert sorted(held) == sorted(map(str, page.evaluate("() => convscope.run.targets")))
    assert len(held) == 5
    assert page.locator("[aria-label='explained against']").is_disabled()
    assert page.locator(".cs-heat-choice select").is_enabled()
    assert "other images need the network itself" in page.locator(".cs-input").inner_text()

    path, _ = photograph
    page = show(path, "l=conv&c=4&m=layer")
    csv = page.locator(".cs-channel button", has_text="CSV").first
    assert csv.is_disabled() and "240 levels" in csv.get_attribute("title")
    heat = page.locator(".cs-heat-choice select")
    assert heat.is_disabled() and "heat maps" in heat.get_attribute("title")


def test_a_unit_of_levels_has_a_value_to_half_a_level(show, photograph):
    path, session = photograph
    page = show(path, "l=conv&c=4&m=layer&yx=10,20")
    run = answered(session, type="run", image=0)["run"]
    live = answered(session, type="layer", run=run, layer="conv")
    page.wait_for_function("() => convscope.maps('conv')")
    title = page.locator(".cs-channel", has_text="≈").locator(".cs-value").first
    span = float(live["high"][4] - live["low"][4]) * 2
    assert float(title.inner_text()) == pytest.approx(live["values"][4, 10, 20], abs=span / 100)


@pytest.mark.parametrize("report", ["digits", "photograph"])
def test_what_a_unit_sees_is_drawn_on_the_input(show, report, request, painted):
    path, session = request.getfixturevalue(report)
    network, content = session.networks[0].network, session.images[0].content
    layer = [one.name for one in network.layers.values() if one.kind == "conv"][1]
    page = show(path, f"theme=light&m=layer&l={layer}&c=1&yx=4,6")
    page.wait_for_function("() => document.querySelector('.cs-stage-pinned')")
    (top, bottom), (left, right) = convscope.receptive_field(network, layer, (4, 6), [content]).box
    words = f"{layer} 1 (y 4, x 6) sees y {top}–{bottom - 1}, x {left}–{right - 1}"
    assert page.locator(".cs-stage-sees").inner_text() == words
    page.wait_for_timeout(200)
    marks = painted(page.locator(".cs-stage-marks"))
    y, x = (np.flatnonzero(marks[..., 3].max(axis=axis) > 200) for axis in (1, 0))
    pixel = len(marks) / page.evaluate("() => convscope.run.seen.shape[0]")
    assert np.abs(np.array([y[0], y[-1]]) - np.array([top, bottom]) * pixel).max() <= 2.5
    assert np.abs(np.array([x[0], x[-1]]) - np.array([left, right]) * pixel).max() <= 2.5
