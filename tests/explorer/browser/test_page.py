"""What belongs to the whole page: keys, help, address, downloads, accessibility."""

import io
import re

import numpy as np
import PIL.Image
import pytest

import convscope
from convscope.pictures.png import read_provenance


def state(page, *names):
    found = page.evaluate("convscope.state")
    return found[names[0]] if len(names) == 1 else [found[name] for name in names]


def shown_order(page):
    return page.evaluate(
        "() => { const order = convscope.ranking.order(convscope.maps(convscope.state.layer));"
        " return [...order.shown, ...order.blank]; }"
    )


def with_books(page):
    page.wait_for_function("() => convscope.books")
    return page


def values_of(explored, image, layer, network=None):
    content = explored.session.images[image].content
    return (network or explored.network).activations(content, [layer])[layer][0].values


def download(page, what, subject=None):
    page.get_by_role("button", name="Download").click()
    if subject:
        page.get_by_role("radio", name=subject).check()
    with page.expect_download() as waiting:
        page.locator(f"[data-what={what}]").click()
    page.get_by_text("kept as").wait_for()
    page.keyboard.press("Escape")
    page.locator("dialog").wait_for(state="detached")
    return waiting.value


# ---- keys ----


def test_arrows_move_between_maps_in_the_order_shown(open_page):
    page = with_books(open_page("m=layer&l=conv3"))
    order = shown_order(page)
    assert order[:3] != [0, 1, 2]
    for key, place in (("ArrowRight", 0), ("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1)):
        page.keyboard.press(key)
        assert state(page, "channel") == order[place]
    tiles = page.evaluate(
        "() => { const one = document.querySelector('.cs-centre .cs-scroll');"
        " return Math.floor((one.clientWidth - 14) / (convscope.state.tile + 12)); }"
    )
    page.keyboard.press("ArrowDown")
    assert state(page, "channel") == order[1 + tiles]
    page.keyboard.press("ArrowUp")
    assert state(page, "channel") == order[1]


def test_brackets_move_between_layers(open_page, explored):
    page = open_page("m=layer&l=conv3")
    page.keyboard.press("]")
    assert state(page, "layer") == "conv4"
    page.keyboard.press("[")
    page.keyboard.press("[")
    assert state(page, "layer") == "pool1"
    page.keyboard.press("Escape")
    assert state(page, "layer") == "conv3"


def test_shifted_arrows_move_the_unit(open_page):
    page = open_page("m=layer&l=conv3&c=3&yx=0,8")
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowUp", "ArrowUp", "ArrowLeft"):
        page.keyboard.press(f"Shift+{key}")
    assert state(page, "unit") == [0, 8]
    assert state(page, "channel") == 3


def test_m_mutes_and_s_solos(open_page, explored):
    page = open_page("m=layer&l=conv3&c=2")
    whole = explored.network
    image = explored.session.images[0].content
    for key, silence in (("m", convscope.mute), ("s", convscope.solo)):
        page.keyboard.press(key)
        page.wait_for_function("() => Object.keys(convscope.run.muted).length")
        silenced = silence(whole, "conv3", [2])
        shown = page.evaluate("[...convscope.run.logits.data]")
        expected = silenced.activations(image, ["dense2:linear"])["dense2:linear"][0].values
        assert shown == pytest.approx(expected.tolist(), rel=1e-4, abs=1e-4)
        page.keyboard.press(key)
        page.wait_for_function("() => !Object.keys(convscope.run.muted).length")


def test_slash_finds_a_layer_and_letters_stay_in_the_field(open_page):
    page = open_page("l=conv3&c=2")
    page.keyboard.press("/")
    assert state(page, "mode") == "layer"
    page.keyboard.type("mst2")
    field = page.locator(".cs-rail input[type=search]")
    assert field.input_value() == "mst2"
    assert state(page, "mute", "solo", "table", "mode") == [{}, {}, False, "layer"]


def test_modes_tables_and_enter(open_page):
    page = open_page("l=conv3&c=2")
    for key, name, value in (
        ("2", "mode", "layer"), ("1", "mode", "sheet"), ("Enter", "mode", "layer"),
        ("t", "table", True), ("t", "table", False),
    ):  # fmt: skip
        page.keyboard.press(key)
        assert state(page, name) == value
    page.keyboard.press("Escape")
    assert state(page, "mode") == "sheet"


def test_help_keeps_the_focus_and_gives_it_back(open_page):
    page = open_page("m=layer&l=conv3&c=2")
    page.get_by_role("button", name="help").focus()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="What is what")
    assert dialog.is_visible()
    for _ in range(6):
        page.keyboard.press("Tab")
        # Between the last and the first of the dialog the browser's own bar has its turn.
        inside = (
            "() => Boolean(document.activeElement.closest('dialog')) ||"
            " document.activeElement === document.body"
        )
        assert page.evaluate(inside)
    page.keyboard.press("m")
    assert state(page, "mute") == {}
    page.keyboard.press("Escape")
    page.locator("dialog").wait_for(state="detached")
    assert page.evaluate("document.activeElement.ariaLabel") == "help"
    assert state(page, "channel") == 2


# ---- the address ----

_ALL = (
    "m=layer&i=3&l=conv4&c=5&yx=2,6&t=3,5&cm=inferno&scale=layer&sort=maximum&tile=88"
    "&mute=conv3:1,4&solo=conv2:0,2,3&heat=grad-cam&op=0.3&theme=dark&cmp=layer&with=3"
    "&look=shares&table=true&strip=compare"
)


def test_every_piece_of_the_state_survives_a_reload(open_page, explored):
    page = open_page(_ALL)
    compared = "() => document.querySelectorAll('.cs-three canvas').length >= 2"
    page.wait_for_function(compared)
    before = page.evaluate("convscope.state")
    logits = page.evaluate("[...convscope.run.logits.data]")
    picture = page.locator(".cs-three canvas").first.evaluate("(one) => one.toDataURL()")
    page.reload()
    page.wait_for_function(compared)
    assert page.evaluate("convscope.state") == before
    assert before["unit"] == [2, 6]
    assert before["target"] == [3, 5]
    assert before["mute"] == {"conv3": [1, 4]}
    assert before["compare"] == "layer"
    assert page.evaluate("[...convscope.run.logits.data]") == logits
    assert page.locator(".cs-three canvas").first.evaluate("(one) => one.toDataURL()") == picture
    silenced = convscope.mute(explored.network, "conv3", [1, 4])
    silenced = convscope.solo(silenced, "conv2", [0, 2, 3])
    expected = values_of(explored, 3, "dense2:linear", silenced)
    assert logits == pytest.approx(expected.tolist(), rel=1e-4, abs=1e-4)


def test_the_browsers_own_back_and_forward(open_page):
    page = open_page("m=layer&l=conv3")
    page.keyboard.press("]")
    page.keyboard.press("]")
    assert state(page, "layer") == "pool2"
    page.go_back()
    page.wait_for_function("() => convscope.state.layer === 'conv4'")
    page.go_back()
    page.wait_for_function("() => convscope.state.layer === 'conv3'")
    page.go_forward()
    page.wait_for_function("() => convscope.state.layer === 'conv4'")


def test_the_link_is_copied(open_page):
    page = open_page("m=layer&l=conv3&c=2", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Download").click()
    page.locator("[data-what=link]").click()
    page.get_by_text("the link is copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == page.url


# ---- what muting each map costs ----


def costs_of(page):
    page.wait_for_function("() => convscope.ranking.costs.has('conv3')")
    return page.evaluate("[...convscope.ranking.costs.get('conv3')]")


def test_the_order_by_ablation_survives_a_reload_and_another_image(open_page, explored):
    page = open_page("m=layer&l=conv3&sort=ablation&i=4")
    for image in (4, 7):
        page.evaluate("(image) => convscope.change({ image })", image)
        page.wait_for_function("(image) => convscope.run.image === `digit ${image}`", arg=image)
        content = explored.session.images[image].content
        expected = convscope.ablation(explored.network, [content], "conv3").values[0]
        assert costs_of(page) == pytest.approx(expected.tolist(), abs=1e-4)
        assert "until" not in page.locator(".cs-centre .cs-head").inner_text()
    page.evaluate("() => convscope.change({ target: 2 })")
    page.wait_for_function("() => convscope.run.score.index === 2")
    expected = convscope.ablation(explored.network, [content], "conv3", 2).values[0]
    assert costs_of(page) == pytest.approx(expected.tolist(), abs=1e-4)


def test_ablation_that_is_left_says_no_longer_that_it_runs(open_page):
    page = open_page("m=layer&l=conv3")
    page.evaluate(
        """() => {
            const { client } = convscope;
            const ask = client.ask.bind(client);
            globalThis.asked = new Promise((tell) => {
                client.ask = async (message, ...rest) => {
                    const reply = await ask(message, ...rest);
                    if (message.type === "ablation") {
                        tell();
                        await new Promise((go) => { globalThis.go = go; });
                    }
                    return reply;
                };
            });
        }"""
    )
    page.locator(".cs-centre").get_by_label("sort").select_option("ablation")
    page.evaluate("() => asked")
    assert page.locator(".cs-status").inner_text() == "muting channel 0 of 32 …"
    page.locator(".cs-centre").get_by_label("sort").select_option("mean")
    page.evaluate("() => go()")
    page.wait_for_function("() => document.querySelector('.cs-status').textContent === ''")
    assert page.evaluate("() => convscope.ranking.costs.size") == 0


# ---- runs that the session keeps no longer ----


def test_what_asks_for_a_run_that_is_gone_runs_it_again(open_page, explored):
    page = open_page("m=layer&l=conv3&c=3&i=4")
    problem = page.locator(".cs-problem")
    content = [explored.session.images[4].content]

    def forget(**change):
        explored.session.runs.clear()
        page.evaluate("(change) => convscope.change(change)", change)

    forget(method="saliency")
    page.locator(".cs-heat-ends").wait_for()
    *_, high = page.locator(".cs-heat-ends").inner_text().split()
    told = convscope.heatmap(explored.network, content, None, "saliency").upsampled
    assert float(high) == pytest.approx(float(np.max(told)), rel=0.01)
    forget(strip="compare", compare="class", other=6)
    page.wait_for_function("() => document.querySelectorAll('.cs-three canvas').length === 3")
    forget(sort="ablation")
    expected = convscope.ablation(explored.network, content, "conv3").values[0]
    assert costs_of(page) == pytest.approx(expected.tolist(), abs=1e-4)
    forget(look="shares")
    page.locator(".cs-mapbar >> text=contribution to").wait_for()
    forget(strip="through", channel=1)
    page.wait_for_function(
        "() => ![...document.querySelectorAll('.cs-card small')]"
        ".some((one) => one.textContent === '…')"
    )
    assert problem.is_hidden()


# ---- downloads ----


@pytest.mark.parametrize(("address", "what"), [("c=3&", "npy"), ("c=3&", "layer-npy"), ("", "npy")])
def test_npy_holds_the_framework_s_values(open_page, explored, address, what):
    page = open_page(f"m=layer&l=conv3&i=4&{address}mute=conv2:1")
    file = download(page, what)
    found = np.load(file.path())
    muted = convscope.mute(explored.network, "conv2", [1])
    expected = values_of(explored, 4, "conv3", muted)
    assert found.dtype == np.float32
    assert np.array_equal(found, expected[3:4] if address and what == "npy" else expected)


def test_csv_of_a_map_and_of_a_layer(open_page, explored):
    page = open_page("m=layer&l=conv3&i=4&c=3")
    expected = values_of(explored, 4, "conv3")
    text = download(page, "csv").path().read_text().splitlines()
    assert text[0] == ",".join(["y", *map(str, range(10))])
    rows = np.array([line.split(",") for line in text[1:]])
    assert rows[:, 0].tolist() == [str(y) for y in range(10)]
    assert np.array_equal(rows[:, 1:].astype(np.float32), expected[3])
    page.keyboard.press("Escape")
    page.evaluate("convscope.change({ channel: -1 })")
    text = download(page, "csv").path().read_text().splitlines()
    assert text[0].startswith("channel,y,0,1")
    rows = np.array([line.split(",") for line in text[1:]])
    assert np.array_equal(rows[:, 2:].astype(np.float32).reshape(expected.shape), expected)
    assert np.array_equal(rows[:, 0].astype(int).reshape(32, 10)[:, 0], np.arange(32))


def test_the_picture_of_a_map_says_where_it_came_from(open_page, explored):
    page = open_page("m=layer&l=conv3&c=3&theme=light")
    file = download(page, "png", "channel 3 of conv3")
    assert file.suggested_filename == "embedded_conv3_c3_digit-0.png"
    told = read_provenance(file.path())
    assert (told["layer"], told["channel"], told["image"]) == ("conv3", 3, "digit 0")
    picture = np.asarray(PIL.Image.open(file.path()).convert("RGB"))
    # 10 units of 64 pixels at twice the size, from the edge and below the title.
    own = values_of(explored, 0, "conv3")[3]
    from convscope.pictures.colormap import full_palette

    levels = np.floor(own.astype(float) * (239 / own.max()) + 0.5).astype(int)
    top = 2 * (20 + 22 + 8)
    corners = picture[top + 8 : top + 1280 : 128, 2 * 20 + 8 : 2 * 20 + 1280 : 128]
    assert np.array_equal(corners, full_palette("paper")[levels])


def test_the_mosaic_as_svg_has_words_as_words(open_page, explored):
    page = with_books(open_page("m=layer&l=conv3"))
    text = download(page, "svg").path().read_text()
    words = re.findall(r"<text[^>]*>([^<]*)</text>", text)
    assert words[0].startswith("conv3 · Conv2D · 32 channels · 10 × 10")
    assert {str(channel) for channel in range(32)} <= set(words)
    assert any("digit 0" in one for one in words)
    embedded = re.search(r'href="data:image/png;base64,([^"]*)"', text)
    import base64

    picture = PIL.Image.open(io.BytesIO(base64.b64decode(embedded[1])))
    size = re.search(r'width="([\d.]+)" height="([\d.]+)"', text)
    assert picture.size == pytest.approx([2 * float(size[1]), 2 * float(size[2])], abs=1)


@pytest.mark.parametrize("subject", ["the sheet", "the comparison"])
def test_what_is_seen_can_be_kept(open_page, subject):
    page = open_page("l=conv3&c=3&strip=compare")
    page.wait_for_function("() => document.querySelectorAll('.cs-three canvas').length === 3")
    page.wait_for_timeout(300)
    picture = np.asarray(PIL.Image.open(download(page, "png", subject).path()).convert("RGB"))
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 40


# ---- the Python that makes it ----


def code_of(page):
    page.get_by_role("button", name="Download").click()
    page.locator("[data-what=python]").click()
    return page.locator("dialog pre").inner_text()


def run(code, folder, monkeypatch):
    monkeypatch.chdir(folder)
    names = {}
    exec(compile(code, "explorer.py", "exec"), names)
    return names


def test_the_python_gives_what_is_on_the_screen(open_page, tmp_path, monkeypatch):
    page = with_books(
        open_page(
            "m=layer&i=4&l=conv3&c=3&yx=2,5&t=9,4&mute=conv2:1&scale=layer&cm=viridis"
            "&heat=grad-cam&strip=compare&with=7"
        )
    )
    page.wait_for_function("() => document.querySelectorAll('.cs-three canvas').length === 3")
    names = run(code_of(page), tmp_path, monkeypatch)
    shown = page.evaluate(
        """() => { const layer = convscope.maps("conv3"); return {
            values: [...layer.values.data], levels: [...convscope.colours.levels(layer)],
            shares: [...convscope.shares.get("conv3")] }; }"""
    )
    shape = 32, 10, 10
    values = np.float32(shown["values"]).reshape(shape)
    assert np.array_equal(names["maps"].values, values)
    assert np.array_equal(names["feature_map"].values, values[3])
    assert np.allclose(names["shares"].values, shown["shares"], atol=1e-5)
    assert names["order"] == shown_order(page)
    picture = names["picture"]
    assert (picture.colormap, picture.scale.name) == ("viridis", "layer")
    levels = np.array(shown["levels"]).reshape(shape)
    tile = {picture.channel_at(y, x)[0]: (y, x) for y in range(picture.levels.shape[0])
            for x in range(picture.levels.shape[1])
            if picture.channel_at(y, x) and picture.channel_at(y, x)[1:] == (0, 0)}  # fmt: skip
    for channel in names["order"][:20]:
        y, x = tile[channel]
        assert np.array_equal(picture.levels[y : y + 10, x : x + 10], levels[channel])
    assert (tmp_path / "conv3.png").exists()
    assert names["heat"].method == "grad-cam"
    assert names["difference"].shape == (10, 10)


def test_the_python_holds_a_drawing(open_page, tmp_path, monkeypatch):
    page = open_page("m=layer&l=conv3")
    page.evaluate(
        """() => { const data = new Uint8Array(784).map((_, at) => (at * 37) % 256);
            const thumbnail = { shape: [28, 28, 1], data };
            const pixels = { data, shape: [28, 28, 1] };
            return convscope.add({ name: "drawing", kind: "drawing", pixels, thumbnail }); }"""
    )
    page.wait_for_function(
        "() => convscope.run.image === 'drawing' && convscope.maps('conv3') && convscope.books"
    )
    names = run(code_of(page), tmp_path, monkeypatch)
    shown = page.evaluate("[...convscope.maps('conv3').values.data]")
    assert np.array_equal(names["maps"].values.ravel(), np.float32(shown))


# ---- accessibility ----


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "address",
    ["m=sheet", "m=layer&l=conv3&c=3&strip=books", "m=layer&l=conv3&c=3&table=true&strip=compare"],
)
def test_no_serious_finding_of_axe(open_page, theme, address):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe is not installed"
    )
    page = with_books(open_page(f"{address}&theme={theme}"))
    page.wait_for_timeout(600)
    found = axe.Axe().run(page).response["violations"]
    serious = [
        (one["id"], node["target"], node["failureSummary"])
        for one in found
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"]
    ]
    assert not serious
