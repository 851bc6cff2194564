"""The sheet: every map of every layer, from the network down to the products behind a number."""

import re
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from convscope.pictures.colormap import full_palette
from convscope.training.recipes import embedded
from convscope.training.strokes import digits

SCENE = "const scene = convscope.made.get('sheet scene'); "
BOX = """([layer, channel]) => {
    const scene = convscope.made.get('sheet scene');
    return scene.onScreen(scene.boxFor(layer, channel));
}"""
PIXELS = """(points) => {
    const canvas = document.querySelector('.cs-sheet-view canvas');
    const pen = canvas.getContext('2d');
    const ratio = devicePixelRatio;
    return points.map(([x, y]) => [...pen.getImageData(
        Math.round(x * ratio), Math.round(y * ratio), 1, 1).data]);
}"""
WRITTEN = """() => {
    const written = [];
    const before = CanvasRenderingContext2D.prototype.fillText;
    CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
        if (this.canvas.closest?.('.cs-sheet-view')) written.push([text, x, y]);
        return before.call(this, text, x, y);
    };
    return new Promise((done) => {
        convscope.emit('colours');
        requestAnimationFrame(() => requestAnimationFrame(() => {
            CanvasRenderingContext2D.prototype.fillText = before;
            done(written);
        }));
    });
}"""


class Sheet:
    """What a test does with the sheet of a page."""

    def __init__(self, page):
        self.page = page
        self.view = page.locator(".cs-sheet-view")
        page.wait_for_function("() => convscope.made.get('sheet scene')?.layers.size")
        if page.evaluate("() => convscope.network.differentiable"):
            page.wait_for_function("() => convscope.books")
        self.settle()

    def settle(self):
        """Wait until nothing is painted, moved or asked for any more."""
        self.page.wait_for_timeout(350)

    def corner(self, found):
        """Where on the view the top left corner of a group, a label or a pill is."""
        return self.scene(f"((one) => [scene.screenX(one.x), scene.screenY(one.y)])({found})")

    def names(self):
        return self.scene("scene.layout.groups.map((one) => one.item.name)")

    def scene(self, expression):
        return self.page.evaluate(f"() => {{ {SCENE} return {expression}; }}")

    def box(self, layer, channel):
        found = self.page.evaluate(BOX, [layer, channel])
        return found["x"], found["y"], found["wide"], found["tall"]

    def pixels(self, points):
        return np.array(self.page.evaluate(PIXELS, [[float(x), float(y)] for x, y in points]))

    def written(self):
        return self.page.evaluate(WRITTEN)

    def mouse(self, x, y):
        """Turn a place of the view into one of the page."""
        corner = self.view.bounding_box()
        return corner["x"] + x, corner["y"] + y

    def go(self, depth):
        self.page.click(f".cs-sheet-legend button:text-is('{depth}')")
        self.page.wait_for_timeout(450)
        self.settle()


@cache
def truth(digit=0):
    """Compute all layers of the embedded network on a digit with Keras itself: channel first."""
    import keras

    model = keras.models.load_model(embedded())
    every = keras.Model(model.inputs, [layer.output for layer in model.layers])
    picture = list(digits())[digit][1].astype("float32")[None, ..., None] / 255
    found = [np.asarray(one)[0] for one in every(picture)]
    names = [layer.name for layer in model.layers]
    return {name: np.moveaxis(one, -1, 0) for name, one in zip(names, found, strict=True)}


def colour(name):
    """Read a colour of the page's style as three numbers."""
    return np.array([int(name[at : at + 2], 16) for at in (1, 3, 5)])


def of_style(page, name):
    return colour(
        page.evaluate(
            f"() => getComputedStyle(convscope.root).getPropertyValue('--cs-{name}').trim()"
        )
    )


@pytest.fixture
def sheet(open_page):
    return Sheet(open_page())


@pytest.mark.parametrize("size", [(1280, 800), (1920, 1080), (800, 900)])
def test_the_whole_network_is_in_view(open_page, size):
    sheet = Sheet(open_page(viewport={"width": size[0], "height": size[1]}))
    width, height = sheet.scene("[scene.width, scene.height]")
    for name, maps in truth().items():
        if name not in sheet.scene("[...scene.layers.keys()]"):
            continue
        shown = sheet.scene(f"scene.tiled('{name}')")
        assert (
            sorted(shown) == [at for at, one in enumerate(maps) if np.any(one)] or name == "dense2"
        )
        for channel in (shown[0], shown[-1]):
            x, y, wide, tall = sheet.box(name, channel)
            assert 0 <= x <= x + wide <= width and 0 <= y <= y + tall <= height
    assert sheet.box("conv3", 5)[2] > 18


@pytest.mark.parametrize("layer", ["conv3", "pool2"])
def test_paints_every_unit_as_the_framework_has_it(open_page, layer):
    sheet = Sheet(open_page(f"l={layer}"))
    sheet.go("layer")
    palette, maps = full_palette("paper"), truth()[layer]
    for channel in sheet.scene(f"scene.tiled('{layer}')"):
        x, y, wide, tall = sheet.box(layer, channel)
        size = maps.shape[1]
        centres = [
            (round(x) + (j + 0.5) * wide / size, round(y) + (i + 0.5) * tall / size)
            for i in range(size)
            for j in range(size)
        ]
        low, high = maps[channel].min(), maps[channel].max()
        levels = np.floor((maps[channel].ravel() - low) / (high - low) * 239 + 0.5).astype(int)
        seen = sheet.pixels(centres)[:, :3]
        near = [np.abs(seen - palette[np.clip(levels + by, 0, 239)]).max(-1) for by in (-1, 0, 1)]
        assert np.min(near, axis=0).max() <= 1


def test_a_vector_is_painted_on_one_scale(sheet):
    values = truth()["flatten"]
    x, y, wide, tall = zip(
        *(sheet.box("flatten", at) for at in sheet.scene("scene.tiled('flatten')")), strict=True
    )
    middles = [(a + c / 3, b + d / 3) for a, b, c, d in zip(x, y, wide, tall, strict=True)]
    order = sheet.scene("scene.tiled('flatten')")
    levels = np.floor(values[order] / values.max() * 239 + 0.5).astype(int)
    expected = full_palette("paper")[levels]
    assert np.median(np.abs(sheet.pixels(middles)[:, :3] - expected).max(-1)) <= 2


def test_contribution_and_strength_stand_beside_every_map(sheet, explored):
    from convscope.analysis.contributions import contributions

    books = contributions(explored.network, explored.session.images[0].content)
    shares = {name: np.asarray(books.shares[name][0]) for name in ("conv1", "conv2", "conv3")}
    page = sheet.page
    most = max(
        float(np.abs(np.asarray(books.shares[name][0])).max()) for name in books if name != "dense2"
    )
    toward, against, paper = (of_style(page, name) for name in ("for", "against", "paper"))
    maps = truth()
    for layer in shares:
        reach = np.abs(maps[layer]).max((1, 2))
        for channel in sheet.scene(f"scene.tiled('{layer}')"):
            x, y, wide, tall = (round(value) for value in sheet.box(layer, channel))
            below = round(y + tall + max(1.5, wide * 0.06) + 1)
            row = sheet.pixels([(x + at, below) for at in range(wide)])[:, :3]
            share = shares[layer][channel]
            ink = toward if share > 0 else against
            long = int((np.abs(row - ink).max(-1) < 90).sum())
            assert abs(long - abs(share) / most * wide) <= 1.6, (layer, channel)
            beside = round(x + wide + max(1.5, wide * 0.06))
            column = sheet.pixels([(beside, y + at) for at in range(tall)])[:, :3]
            high = int((np.abs(column - paper).max(-1) > 30).sum())
            assert abs(high - reach[channel] / reach.max() * tall) <= 1.6, (layer, channel)


def test_maps_are_sorted_by_contribution_and_blank_ones_counted(sheet, explored):
    from convscope.analysis.contributions import contributions

    shares = np.abs(
        np.asarray(
            contributions(explored.network, explored.session.images[0].content).shares["conv3"][0]
        )
    )
    order = sheet.scene("scene.tiled('conv3')")
    assert all(shares[a] >= shares[b] - 1e-6 for a, b in pairwise(order))
    blank = [at for at, one in enumerate(truth()["conv3"]) if not np.any(one)]
    assert f"{len(blank)} zero here ▸" in [text for text, *_ in sheet.written()]
    pill = sheet.corner("scene.pillOf(scene.groups.get('conv3'))")
    sheet.page.mouse.click(*sheet.mouse(pill[0] + 8, pill[1] + 6))
    sheet.settle()
    assert sheet.scene("scene.tiled('conv3')")[-len(blank) :] == blank
    x, y, wide, tall = sheet.box("conv3", blank[0])
    seen = sheet.pixels(
        [(x + a, y + b) for a in range(2, int(wide) - 2) for b in range(2, int(tall) - 2)]
    )[:, :3]
    grounds = {tuple(of_style(sheet.page, name)) for name in ("blank", "hatch")}
    assert grounds <= {tuple(one) for one in seen}


def test_headings_hold_the_books(sheet, explored):
    from convscope.analysis.contributions import contributions

    books = contributions(explored.network, explored.session.images[0].content)
    texts = [text for text, *_ in sheet.written()]
    for name in ("conv1", "conv3", "dense1"):
        assert name in texts
        total = float(np.asarray(books.shares[name][0]).sum(dtype=float))
        assert any(
            re.fullmatch(r"\+[\d.]+", text) and abs(float(text) - total) < 0.006 * abs(total)
            for text in texts
        )
        assert abs(total + float(books.biases[name][0]) - float(books.score[0])) < 1e-3
    legend = sheet.page.inner_text(".cs-sheet-legend")
    assert "remainder" in legend and "✓" in legend


def test_the_wheel_zooms_at_the_pointer_and_the_tip_says_the_value(sheet):
    x, y, wide, tall = sheet.box("conv3", 2)
    at = sheet.mouse(x + wide * 0.45, y + tall * 0.55)
    sheet.page.mouse.move(*at)
    before = sheet.page.inner_text(".cs-sheet .cs-tip")
    value = truth()["conv3"][2, 5, 4]
    assert "conv3" in before and "channel 2" in before and "y 5, x 4" in before
    assert abs(float(re.search(r"= (-?[\d.]+)", before)[1]) - value) < 1e-3 * max(1, abs(value))
    zoom = sheet.scene("scene.camera.zoom")
    for _ in range(4):
        sheet.page.mouse.wheel(0, -240)
    sheet.page.mouse.move(at[0] + 0.5, at[1])
    sheet.settle()
    assert sheet.scene("scene.camera.zoom") > 3 * zoom
    assert sheet.page.inner_text(".cs-sheet .cs-tip") == before
    hover = sheet.page.evaluate(
        "() => [convscope.hover.layer, convscope.hover.channel, convscope.hover.unit]"
    )
    assert hover == ["conv3", 2, [5, 4]]
    assert abs(sheet.page.evaluate("() => convscope.hover.value") - value) < 1e-5


def test_dragging_pans_and_does_not_pin(sheet):
    x, y, wide, tall = sheet.box("conv3", 2)
    at = sheet.mouse(x + wide / 2, y + tall / 2)
    sheet.page.mouse.move(*at)
    sheet.page.mouse.down()
    sheet.page.mouse.move(at[0] - 60, at[1] - 40, steps=4)
    sheet.page.mouse.up()
    sheet.settle()
    moved = sheet.box("conv3", 2)
    assert (round(x - moved[0]), round(y - moved[1])) == (60, 40)
    assert sheet.page.evaluate("() => convscope.state.channel") == -1


def test_a_click_pins_and_frames_and_a_screen_reader_hears_it(sheet):
    x, y, wide, tall = sheet.box("conv3", 2)
    sheet.page.mouse.click(*sheet.mouse(x + wide * 0.45, y + tall * 0.55))
    sheet.settle()
    state = sheet.page.evaluate(
        "() => [convscope.state.layer, convscope.state.channel, convscope.state.unit]"
    )
    assert state == ["conv3", 2, [5, 4]]
    x, y, wide, tall = sheet.box("conv3", 2)
    edges = [
        (round(x) - 2, y + tall / 2),
        (x + wide / 2, round(y) - 2),
        (round(x) + round(wide) + 1, y + tall / 2),
    ]
    assert np.abs(sheet.pixels(edges)[:, :3] - of_style(sheet.page, "pin")).max() < 40
    said = sheet.view.get_attribute("aria-label")
    assert said.startswith("conv3, channel 2") and f"{truth()['conv3'][2, 5, 4]:.3f}" in said


def test_everything_by_keyboard(sheet):
    page = sheet.page
    page.evaluate("() => convscope.change({layer: 'conv3'})")
    sheet.view.focus()
    page.keyboard.press("Space")
    order = sheet.scene("scene.tiled('conv3')")
    columns = sheet.scene("scene.groups.get('conv3').columns")

    def chosen():
        return page.evaluate("() => [convscope.state.layer, convscope.state.channel]")

    assert chosen() == ["conv3", order[0]]
    page.wait_for_timeout(300)
    order, columns = (
        sheet.scene("scene.tiled('conv3')"),
        sheet.scene("scene.groups.get('conv3').columns"),
    )
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert chosen() == ["conv3", order[1 + columns]]
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    assert page.evaluate("() => convscope.state.unit") == [5, 7]
    for key, grows in (("+", True), ("-", False)):
        before = sheet.scene("scene.camera.zoom")
        page.keyboard.press(key)
        assert (sheet.scene("scene.camera.zoom") > before) is grows
    page.keyboard.press("0")
    page.wait_for_timeout(500)
    assert page.evaluate("() => convscope.state.view") == ""
    page.keyboard.press("Enter")
    assert page.evaluate("() => convscope.state.mode") == "layer"
    page.keyboard.press("Escape")
    assert page.evaluate("() => convscope.state.mode") == "sheet"


def test_a_click_on_the_name_opens_the_layer(sheet):
    x, y = sheet.corner("scene.groups.get('conv4')")
    sheet.page.mouse.click(*sheet.mouse(x + 12, y + 12))
    assert sheet.page.evaluate("() => [convscope.state.mode, convscope.state.layer]") == [
        "layer",
        "conv4",
    ]


def test_the_address_brings_the_same_view_back(sheet, open_page):
    sheet.page.mouse.move(*sheet.mouse(300, 200))
    sheet.page.mouse.wheel(0, -600)
    sheet.page.wait_for_timeout(700)
    camera, address = sheet.scene("scene.camera"), sheet.page.url
    assert "view=" in address
    again = Sheet(open_page(address.split("#")[1]))
    found = again.scene("scene.camera")
    assert all(abs(found[key] - camera[key]) < 1e-4 * abs(camera[key]) for key in camera)
    assert np.allclose(again.box("conv2", 3), sheet.box("conv2", 3), atol=0.5)


@pytest.mark.parametrize("levels", [False, True])
def test_numbers_are_written_into_the_cells(open_page, levels):
    sheet = Sheet(open_page("l=conv3&c=2&yx=4,4"))
    if levels:
        # As a layer that is too large comes: its numbers are asked for by themselves.
        sheet.page.evaluate("""async () => {
            const asking = convscope.asking.bind(convscope);
            convscope.asking = (name) => ({...asking(name), limit: 10});
            convscope.kept.clear();
            await convscope.look();
        }""")
    sheet.go("numbers")
    assert sheet.page.evaluate("() => convscope.maps('conv3').values === null") is levels
    x, y, wide, tall = sheet.box("conv3", 2)
    texts, values = sheet.written(), truth()["conv3"][2]
    width, height = sheet.scene("[scene.width, scene.height]")
    found = 0
    for i in range(10):
        for j in range(10):
            middle = x + (j + 0.5) * wide / 10, y + (i + 0.5) * tall / 10
            if not (20 < middle[0] < width - 20 and 40 < middle[1] < height - 20):
                continue
            here = [
                text for text, a, b in texts if abs(a - middle[0]) < 2 and abs(b - middle[1]) < 2
            ]
            assert here and abs(float(here[0]) - values[i, j]) <= 0.006 * max(1, abs(values[i, j]))
            found += 1
    assert found > 20


def test_the_products_behind_a_number(open_page):
    import keras

    sheet = Sheet(open_page("l=conv3&c=2&yx=4,5"))
    sheet.go("products")
    sheet.page.wait_for_timeout(400)
    kernel, bias = keras.models.load_model(embedded()).get_layer("conv3").get_weights()
    patch = truth()["pool1"][:, 4:7, 5:8]
    products = np.einsum("iyx,yxi->i", patch, kernel[..., 2])
    value = truth()["conv3"][2, 4, 5]
    assert abs(max(products.sum() + bias[2], 0) - value) < 1e-4
    x, y, wide, tall = sheet.box("conv3", 2)
    cell = x + 5 * wide / 10, y + 4 * tall / 10
    inside = [
        text
        for text, a, b in sheet.written()
        if cell[0] <= a <= cell[0] + wide / 10 and cell[1] <= b <= cell[1] + tall / 10
    ]
    for strongest in np.argsort(-np.abs(products))[:3]:
        assert f"input {strongest}" in inside
        assert any(
            text.startswith("= ")
            and abs(float(text[2:]) - products[strongest]) < 0.006 * abs(products[strongest])
            for text in inside
        )
    assert any(
        re.fullmatch(r"[+-][\d.]+", text) and abs(float(text) - bias[2]) < 1e-3 * abs(bias[2])
        for text in inside
    )
    assert any(
        re.fullmatch(r"-?[\d.]+", text) and abs(float(text) - value) < 1e-3 * max(1, value)
        for text in inside
    )
    assert any("framework" in text for text in inside) and any(
        text.startswith("✓ Δ") for text in inside
    )


def test_maps_keep_their_places_while_a_digit_is_drawn(sheet):
    page = sheet.page
    page.get_by_role("button", name="Draw").click()
    page.wait_for_function("() => convscope.run.image === 'drawing 1'")
    page.wait_for_timeout(700)
    page.evaluate(
        """() => {
            globalThis.orders = [];
            const scene = convscope.made.get('sheet scene');
            convscope.on('run', () => requestAnimationFrame(() => {
                if (convscope.live) orders.push(String(scene.tiled('conv2')));
            }));
        }"""
    )
    box = page.locator(".cs-stage-surface").bounding_box()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    for at in np.linspace(0, 1, 12):
        x, y = 0.3 + 0.4 * at, 0.2 + 0.6 * at**2
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        page.wait_for_timeout(60)
    orders = page.evaluate("() => orders")
    page.mouse.up()
    assert len(orders) > 2 and len(set(orders)) == 1
    assert sorted(map(int, orders[0].split(","))) == list(range(16))
    page.wait_for_timeout(1200)
    page.wait_for_function("() => convscope.books")
    order = sheet.scene("scene.order('conv2').shown")
    shares = np.abs(page.evaluate("() => [...convscope.shares.get('conv2')]"))
    assert all(shares[a] >= shares[b] for a, b in pairwise(order))


@pytest.fixture(scope="module")
def residual(serve):
    """Serve a network of two residual blocks."""
    import keras

    from convscope.networks import open_network

    keras.utils.set_random_seed(5)
    inputs = keras.Input((16, 16, 1))
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="stem")(inputs)
    for block in ("one", "two"):
        y = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name=f"{block}_a")(x)
        y = keras.layers.Conv2D(4, 3, padding="same", name=f"{block}_b")(y)
        x = keras.layers.Add(name=f"{block}_add")([x, y])
    x = keras.layers.Dense(3, name="scores")(keras.layers.GlobalAveragePooling2D(name="mean")(x))
    model = keras.Model(inputs, x)
    with serve(
        open_network(model), np.random.default_rng(0).random((2, 16, 16, 1), np.float32)
    ) as found:
        yield found


def test_blocks_fold_and_stay_folded(open_page, residual):
    sheet = Sheet(open_page(at=residual))
    blocks = sheet.page.evaluate("() => convscope.network.blocks")
    assert len(blocks) == 2
    before = sheet.names()
    label = "scene.layout.rows.flatMap((row) => scene.barsOf(row))[0]"
    bar = [sheet.scene(f"{label}.name"), *sheet.corner(label)]
    sheet.page.mouse.click(*sheet.mouse(bar[1] + 12, bar[2] + 5))
    sheet.settle()
    folded = next(one for one in blocks if one["name"] == bar[0])
    assert len(sheet.names()) == len(before) - (folded["last"] - folded["first"])
    assert bar[0] in sheet.names()
    texts = [text for text, *_ in sheet.written()]
    count = folded["last"] - folded["first"] + 1
    assert f"{count} layers" in texts and f"{4 * count} maps" in texts
    sheet.page.evaluate("() => convscope.change({image: 1})")
    sheet.settle()
    assert bar[0] in sheet.names() and "fold=" in sheet.page.url
    box = sheet.corner(f"scene.layout.groups.find((one) => one.item.name === '{bar[0]}')")
    sheet.page.mouse.click(*sheet.mouse(box[0] + 10, box[1] + 10))
    sheet.settle()
    assert sheet.names() == before


def test_skip_connections_run_in_lanes(open_page, residual):
    sheet = Sheet(open_page(at=residual))
    jumps = sheet.scene("scene.lanes.jumps.map(({from, to, lane}) => [from, to, lane])")
    at = sheet.names().index
    ends = [("stem", "one_add"), ("one_add", "two_add")]
    assert jumps == [[at(first), [at(last)], 0] for first, last in ends]
    assert sheet.scene("scene.lanes.main").count(False) == 0
    # Half way between two groups of one row the lane stands above the main line.
    x, y, lane = sheet.scene("""(() => {
        const [from, to] = ['stem', 'one_a'].map((name) => scene.groups.get(name));
        const row = scene.layout.rows[from.row];
        const lane = scene.layout.measures.lane * scene.camera.zoom;
        return [scene.screenX((from.x + to.x) / 2), scene.screenY(row.bars), lane];
    })()""")
    column = sheet.pixels([(x, y - 3 * lane + at / 2) for at in range(int(6 * lane))])[:, :3]
    assert (np.abs(column - of_style(sheet.page, "lane-0")).max(-1) < 60).any()
    assert (np.abs(column - of_style(sheet.page, "trunk")).max(-1) < 60).any()
