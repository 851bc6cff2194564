"""The right column: the pinned channel, in numbers, and where they come from."""

import math
import re

import numpy as np
import pytest

from convscope.analysis.contributions import unit_contributions
from convscope.analysis.explanation import explain
from convscope.pictures.colormap import full_palette
from convscope.training.recipes import embedded

pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

MAP = ".cs-channel .cs-largebox:not([hidden]) canvas.cs-large"

# What is written on canvases cannot be read from their pixels: it is listened to.
LISTEN = """() => {
    globalThis.written = new Map();
    const write = CanvasRenderingContext2D.prototype.fillText;
    CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
        const { canvas } = this;
        if (!globalThis.written.has(canvas)) globalThis.written.set(canvas, []);
        globalThis.written.get(canvas).push([text, x, y]);
        return write.apply(this, arguments);
    };
}"""


def _values(explored, name, image=0):
    """Give what the framework has for a layer: ``(channel, *space)``."""
    network = explored.network
    batch = network.batches(_image(explored, image))[0]
    return network.run(batch, (name,), outputs=False).values[name][0]


def _image(explored, image=0):
    return [explored.session.images[image].content]


def _pin(open_page, state):
    page = open_page(f"m=layer&{state}")
    page.wait_for_selector(MAP)
    page.wait_for_timeout(300)
    return page


def _cells(painted, page, height, width):
    """Read the colour of every cell of the large map, near its upper left corner."""
    pixels = painted(page.locator(MAP))[..., :3]
    tall, wide = pixels.shape[0] / height, pixels.shape[1] / width
    rows = (np.arange(height) * tall + 2).astype(int)
    columns = (np.arange(width) * wide + 2).astype(int)
    return pixels[np.ix_(rows, columns)]


def read_number(text):
    return float(text.replace("−", "-"))


def waterfall(page):
    """Give the waterfall: words of every row that has a bar, and the number written in it."""
    return page.eval_on_selector_all(
        ".cs-waterfall .cs-row[data-amount]",
        """(rows) => rows.map((row) => [row.firstElementChild.textContent,
            [...row.querySelectorAll(".cs-number")].at(-1).textContent, row.classList.contains("cs-total")])""",  # noqa: E501
    )


def test_paints_the_map_in_the_palette(open_page, explored, painted):
    page = _pin(open_page, "l=conv3&c=14")
    values = _values(explored, "conv3")[14]
    levels = np.floor(values / values.max() * 239 + 0.5).astype(int)
    assert np.array_equal(_cells(painted, page, 10, 10), full_palette("paper")[levels])


def test_writes_the_numbers_into_the_cells(open_page, explored):
    page = open_page("m=layer&l=conv3")
    page.evaluate(LISTEN)
    page.evaluate("() => convscope.pin('conv3', 14)")
    page.wait_for_selector(MAP)
    page.wait_for_timeout(300)
    page.evaluate("() => globalThis.written.clear()")
    page.evaluate("() => convscope.emit('colours')")
    page.wait_for_timeout(200)
    written = page.locator(MAP).evaluate("(canvas) => globalThis.written.get(canvas)")
    texts = [text for text, _, _ in written][-100:]
    wanted = [f"{one:.2f}" if one else "0" for one in _values(explored, "conv3")[14].ravel()]
    assert texts == wanted


def test_zooms_until_numbers_can_be_read(open_page, explored):
    page = _pin(open_page, "l=conv2&c=5")
    page.evaluate(LISTEN)
    box = page.locator(MAP).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    for _ in range(4):
        page.mouse.wheel(0, -240)
        page.wait_for_timeout(100)
    page.wait_for_timeout(200)
    page.evaluate("() => globalThis.written.clear()")
    # The unit under the pointer stays where it is.
    page.mouse.move(box["x"] + box["width"] / 2 + 1, box["y"] + box["height"] / 2 + 1)
    page.wait_for_timeout(200)
    unit = page.evaluate("() => convscope.hover.unit")
    assert all(abs(at - 12) <= 1 for at in unit)
    written = page.locator(MAP).evaluate("(canvas) => globalThis.written.get(canvas)")
    value = _values(explored, "conv2")[5][tuple(unit)]
    text = min(
        written,
        key=lambda one: math.hypot(one[1] - box["width"] / 2, one[2] - box["height"] / 2),
    )[0]
    assert read_number(text) == pytest.approx(value, abs=0.006)


def test_hover_asks_nothing_and_adds_up(open_page, explored):
    page = _pin(open_page, "l=conv3&c=14")
    page.wait_for_function("() => document.querySelector('.cs-kernels')?.children.length")
    # What a unit sees is asked once a layer.
    page.locator(MAP).hover()
    page.wait_for_timeout(500)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    box = page.locator(MAP).bounding_box()
    for y, x in [(0, 0), (5, 6), (3, 3), (9, 2)]:
        page.mouse.move(
            box["x"] + (x + 0.5) * box["width"] / 10, box["y"] + (y + 0.5) * box["height"] / 10
        )
        page.wait_for_timeout(150)
        assert page.evaluate("() => convscope.hover.unit") == [y, x]
        told = explain(explored.network, _image(explored), "conv3", 14, (y, x))
        rows = waterfall(page)
        numbers = [round(read_number(number) * 1e6) for _, number, _ in rows]
        assert sum(numbers[:-1]) == numbers[-1]
        assert numbers[-1] / 1e6 == pytest.approx(told.sum, abs=0.001)
        strongest = told.ranking(4)
        assert [int(words) for words, _, _ in rows[:4]] == [name for name, _ in strongest]
        for (_, number, _), (_, product) in zip(rows, strongest, strict=False):
            assert read_number(number) == pytest.approx(product, abs=0.0011)
        assert rows[4][0] == "the other 12"
        assert read_number(rows[5][1]) == pytest.approx(told.bias, abs=0.0011)
        said = page.inner_text(".cs-framework")
        assert read_number(re.search(r"framework (\S+)", said)[1]) == pytest.approx(
            told.recorded, rel=1e-3
        )
        assert "✓" in said
    assert asked == []


def test_a_click_pins_and_python_agrees(open_page, explored):
    page = _pin(open_page, "l=conv1&c=3")
    box = page.locator(MAP).bounding_box()
    page.mouse.click(box["x"] + 9.5 * box["width"] / 26, box["y"] + 8.5 * box["height"] / 26)
    page.wait_for_selector(".cs-framework >> text=checked in Python")
    assert page.evaluate("() => [convscope.state.unit, location.hash]")[0] == [8, 9]
    assert "yx=8,9" in page.evaluate("() => location.hash")
    told = explain(explored.network, _image(explored), "conv1", 3, (8, 9))
    numbers = [read_number(number) for _, number, _ in waterfall(page)]
    assert numbers[0] == pytest.approx(told.products.values[0], abs=6e-5)
    assert numbers[-1] == pytest.approx(told.sum, abs=6e-5)


def test_arrow_keys_move_the_unit_and_are_spoken(open_page, explored):
    page = _pin(open_page, "l=conv3&c=14&yx=5,6")
    page.locator(MAP).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("() => [convscope.state.channel, ...convscope.state.unit]") == [14, 6, 5]
    value = _values(explored, "conv3")[14, 6, 5]
    label = page.locator(MAP).get_attribute("aria-label")
    assert label.startswith("conv3, channel 14, y 6, x 5, ")
    assert float(label.rsplit(" ", 1)[1]) == pytest.approx(value, rel=1e-3)
    assert page.inner_text(".cs-said") == label


def test_muting_is_what_zeroed_weights_do(open_page, explored):
    keras = pytest.importorskip("keras")
    page = _pin(open_page, "l=conv3&c=14")
    before = page.evaluate("() => [...convscope.run.logits.data]")
    page.get_by_role("button", name="Mute", exact=True).click()
    page.wait_for_selector(".cs-effect table")
    after = page.evaluate("() => [...convscope.run.logits.data]")
    network = explored.network
    model = keras.models.load_model(embedded())
    kernel, bias = model.get_layer("conv3").get_weights()
    kernel[..., 14] = bias[14] = 0
    model.get_layer("conv3").set_weights([kernel, bias])
    (array,) = network.batches(_image(explored))[0].arrays.values()
    shares = np.asarray(model(array))[0].astype(float)
    assert np.allclose(_softmax(after), shares, rtol=1e-4, atol=1e-7)
    assert not np.allclose(before, after)
    cells = page.eval_on_selector_all(
        ".cs-effect tr",
        "(rows) => rows.map((row) => [...row.children].map((one) => one.innerText))",
    )
    odds = [_odds(logits, int(np.argmax(before))) for logits in (before, after)]
    found = [read_number(cell) for cell in cells[1][1:]]
    assert found == pytest.approx([*odds, odds[1] - odds[0]], rel=2e-3)
    per_cent = [float(cell.split()[0]) for cell in cells[2][1:3]]
    assert per_cent == pytest.approx([100 / (1 + math.exp(-one)) for one in odds], rel=1e-4)
    assert (
        page.get_by_role("button", name="Mute", exact=True).get_attribute("aria-pressed") == "true"
    )


def _softmax(logits):
    powers = np.exp(np.array(logits) - max(logits))
    return powers / powers.sum()


def _odds(logits, index):
    share = _softmax(logits)[index]
    others = np.delete(_softmax(logits), index).sum()
    return math.log(share) - math.log(others)


def test_shares_of_the_units_are_painted(open_page, explored, painted):
    page = _pin(open_page, "l=conv3&c=14&look=shares")
    page.wait_for_selector(".cs-mapbar >> text=contribution to")
    page.wait_for_timeout(200)
    wanted = unit_contributions(explored.network, _image(explored), "conv3").values[0][14]
    most = np.abs(wanted).max()
    levels = np.floor((wanted + most) / (2 * most) * 239 + 0.5).astype(int)
    found = _cells(painted, page, 10, 10).astype(int)
    # The gradient is computed twice, in float32: one level aside is the same.
    palette = full_palette("RdBu").astype(int)
    near = [
        np.abs(found - palette[np.clip(levels + aside, 0, 239)]).max(axis=-1)
        for aside in (-1, 0, 1)
    ]
    assert np.min(near, axis=0).max() == 0
    total = float(page.inner_text(".cs-contribution dd").replace("+", ""))
    assert total == pytest.approx(wanted.sum(), rel=1e-2)


def test_the_bar_says_contribution_only_of_contributions(open_page, explored):
    page = _pin(open_page, "l=conv3&c=14")
    page.evaluate(
        """() => {
            const { client } = convscope;
            const ask = client.ask.bind(client);
            client.ask = async (message, ...rest) => {
                const reply = await ask(message, ...rest);
                if (message.type === "shares") await new Promise((go) => { globalThis.go = go; });
                return reply;
            };
            convscope.change({ look: "shares" });
        }"""
    )
    page.wait_for_function("() => globalThis.go")
    bar = page.locator(".cs-mapbar")
    values = _values(explored, "conv3")[14]
    assert "contribution" not in bar.inner_text()
    assert float(bar.locator("span").nth(1).inner_text()) == pytest.approx(values.max(), rel=1e-2)
    page.evaluate("() => go()")
    page.wait_for_selector(".cs-mapbar >> text=contribution to")
    shares = unit_contributions(explored.network, _image(explored), "conv3").values[0][14]
    ends = float(bar.locator("span").nth(1).inner_text())
    assert ends == pytest.approx(np.abs(shares).max(), rel=1e-2)


def test_kernels_are_painted_around_zero(open_page, explored, painted):
    page = _pin(open_page, "l=conv3&c=14")
    page.wait_for_selector(".cs-kernels button")
    kernel = explored.network.computation("conv3").weights["kernel"][14]
    order = np.argsort(-np.abs(kernel).sum(axis=(1, 2)), kind="stable")
    names = page.eval_on_selector_all(
        ".cs-kernels small", "(all) => all.map((one) => one.innerText)"
    )
    assert [int(name) for name in names] == order.tolist()
    most = np.abs(kernel).max()
    palette = full_palette("RdBu")
    for place in (0, 7, 15):
        pixels = painted(page.locator(".cs-kernels canvas").nth(place))[..., :3]
        cell = (pixels.shape[0] - 1) // 3
        found = pixels[cell // 2 : 3 * cell : cell, cell // 2 : 3 * cell : cell]
        levels = np.floor((kernel[order[place]] + most) / (2 * most) * 239 + 0.5).astype(int)
        assert np.array_equal(found, palette[levels])


def test_lineage_is_followed_and_left_again(open_page, explored):
    page = _pin(open_page, "l=conv3&c=14&yx=5,6")
    page.wait_for_selector(".cs-kin button")
    followed = page.locator(".cs-kin button").first
    wanted = re.search(r"follow (\w+), channel (\d+)", followed.get_attribute("aria-label"))
    # By the definition of lineage: the sum over the map of this input's patch times kernel.
    taken = _values(explored, "pool1")[int(wanted[2])].astype(float)
    kernel = explored.network.computation("conv3").weights["kernel"][14, int(wanted[2])]
    share = sum((taken[y : y + 3, x : x + 3] * kernel).sum() for y in range(10) for x in range(10))
    assert float(followed.locator(".cs-number").inner_text()) == pytest.approx(share, rel=0.06)
    followed.click()
    state = "() => [convscope.state.layer, convscope.state.channel, convscope.state.unit]"
    assert page.evaluate(state) == [wanted[1], int(wanted[2]), None]
    page.wait_for_timeout(300)
    page.keyboard.press("Backspace")
    assert page.evaluate(state) == ["conv3", 14, [5, 6]]


def test_products_lead_to_their_maps(open_page, explored):
    page = _pin(open_page, "l=dense1&c=9")
    page.wait_for_selector(".cs-waterfall .cs-follow")
    link = page.locator(".cs-waterfall .cs-follow").first
    words = link.get_attribute("aria-label")
    channel, y, x = map(
        int, re.fullmatch(r"follow channel (\d+) of pool2 at y (\d+), x (\d+)", words).groups()
    )
    told = explain(explored.network, _image(explored), "dense1", 9)
    place, _ = told.ranking(1)[0]
    # Keras flattens with the channels last.
    assert place == (y * 4 + x) * 32 + channel
    link.click()
    assert page.evaluate(
        "() => [convscope.state.layer, convscope.state.channel, ...convscope.state.unit]"
    ) == ["pool2", channel, y, x]


@pytest.mark.parametrize("link", [".cs-waterfall .cs-follow", ".cs-kin button"])
def test_what_is_pressed_stays_while_answers_arrive(open_page, link):
    page = _pin(open_page, "l=conv3&c=14&yx=5,6")
    page.wait_for_selector(".cs-framework >> text=checked in Python")
    page.wait_for_selector(".cs-kin button")
    page.wait_for_timeout(300)
    page.locator(link).first.hover()
    words = page.locator(link).first.get_attribute("aria-label")
    page.mouse.down()
    page.evaluate(
        "() => { for (const event of ['books', 'maps', 'sheet']) convscope.emit(event, 'conv3');"
        " return new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go))); }"
    )
    page.mouse.up()
    state = page.evaluate("() => [convscope.state.layer, String(convscope.state.channel)]")
    assert state[0] == "pool1" and state[1] in re.findall(r"channel (\d+)", words)


def test_facts_of_a_layer_without_a_pinned_map(open_page, explored):
    page = open_page("m=layer&l=conv3")
    page.wait_for_selector(".cs-facts dt >> text=why this size")
    facts = dict(
        page.eval_on_selector_all(
            ".cs-facts dt", "(all) => all.map((one) => [one.innerText, one.nextSibling.innerText])"
        )
    )
    values = _values(explored, "conv3")
    assert facts["why this size"] == "(12 − 3 + 0) / 1 + 1 = 10"
    assert facts["channels × size"] == "32 × 10 × 10"
    assert facts["parameters"] == f"{(16 * 9 + 1) * 32:,}"
    blank = int((values.reshape(32, -1).max(axis=1) == 0).sum())
    assert facts["blank"] == f"{blank} zero here, of 32"
    assert float(facts["units above zero"].split()[0]) == pytest.approx(
        (values > 0).mean() * 100, rel=1e-2
    )
    low, high, mean = re.fullmatch(r"(\S+) to (\S+), mean (\S+)", facts["values"]).groups()
    assert [float(low), float(high), float(mean)] == pytest.approx(
        [values.min(), values.max(), values.mean()], rel=6e-3
    )


def test_a_layer_of_levels_asks_for_the_numbers_of_one_channel(open_page, explored, painted):
    page = open_page("m=layer&l=conv3")
    page.evaluate(
        """() => {
            const { asking } = convscope;
            convscope.asking = (name) => ({ ...asking.call(convscope, name), limit: 0 });
            convscope.kept.clear();
        }"""
    )
    page.evaluate("() => convscope.look()")
    page.evaluate("() => convscope.pin('conv3', 14)")
    page.wait_for_selector(MAP)
    page.wait_for_selector(".cs-histogram:not([hidden])")
    page.wait_for_timeout(300)
    assert page.evaluate("() => convscope.maps('conv3').values") is None
    values = _values(explored, "conv3")[14]
    levels = np.floor(values / values.max() * 239 + 0.5).astype(int)
    assert np.array_equal(_cells(painted, page, 10, 10), full_palette("paper")[levels])
    box = page.locator(MAP).bounding_box()
    page.mouse.move(box["x"] + 6.5 * box["width"] / 10, box["y"] + 5.5 * box["height"] / 10)
    page.wait_for_selector(".cs-waterfall .cs-total")
    assert page.evaluate("() => convscope.hover.value") == pytest.approx(values[5, 6])
    told = explain(explored.network, _image(explored), "conv3", 14, (5, 6))
    assert read_number(waterfall(page)[-1][1]) == pytest.approx(told.sum, abs=0.001)
