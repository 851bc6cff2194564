"""A walk through everything that the page offers, on networks of other kinds."""

import csv

import numpy as np
import PIL.Image
import pytest

import convscope
from convscope.analysis.lineage import lineage
from convscope.pictures.colormap import full_palette

from .test_bottom import cells, coloured, compared, numbers
from .test_input import WAYS, bring, rows
from .test_page import code_of, download, run
from .test_sheet import Sheet
from .walking import at_layer, close, near, source, values


def test_two_images_are_compared_on_one_scale(walked, open_page, painted):
    explored, layer = walked
    page = at_layer(open_page, walked, "&c=2&strip=compare&cmp=image&with=1")
    shown = [painted(compared(page).nth(place)) for place in range(3)]
    a, b = (values(explored, layer, image)[2] for image in (0, 1))
    ends = [numbers(bar) for bar in page.locator(".cs-bars .cs-bar").all_inner_texts()]
    if min(a.min(), b.min()) < 0:
        # What has signs lies around zero, on the scale of the difference.
        high = max(np.abs(one).max() for one in (a, b, a - b))
        low, palette = -high, "RdBu"
    else:
        low, high, palette = 0, max(a.max(), b.max()), "paper"
    assert ends[0] == pytest.approx([low, high], rel=5e-3)
    assert ends[-1] == pytest.approx([-high, high], rel=5e-3)
    for pixels, one in zip(shown[:2], (a, b), strict=True):
        assert near(cells(pixels, one.shape), coloured(one, low, high, palette))
    assert near(cells(shown[2], a.shape), coloured(a - b, -high, high, "RdBu"))


def test_the_books_add_up_to_the_score(walked, open_page):
    explored, layer = walked
    page = at_layer(open_page, walked, "&strip=books")
    page.locator(".cs-books tbody tr").first.wait_for()
    books = convscope.contributions(explored.network, source(explored))
    score = float(books.score[0])
    scale = max(abs(score), *(float(np.abs(books.shares[name][0]).sum()) for name in books))
    shown = page.locator(".cs-books tbody tr")
    assert shown.count() == len(books)
    place = list(books).index(layer)
    exact = [
        float(one.get_attribute("title")) for one in shown.nth(place).locator("td[title]").all()
    ]
    expected = [float(books.shares[layer][0].sum()), books.biases[layer][0]]
    assert exact[:2] == pytest.approx(expected, abs=1e-4 * scale)
    assert sum(exact[:-1]) == pytest.approx(exact[-1], abs=1e-5 * scale)
    assert exact[-1] == pytest.approx(score, rel=1e-4, abs=1e-5)
    shown.nth(place).locator("button").first.click()
    assert page.evaluate("convscope.state.layer") == layer


def test_what_fed_a_map_is_followed_and_left_again(walked, open_page):
    explored, layer = walked
    page = at_layer(open_page, walked, "&c=1")
    page.locator(".cs-relative").first.wait_for()
    recorded = explored.session.runs.get(page.evaluate("convscope.run.run"))
    told = lineage(explored.network, recorded.everything, explored.network.layers[layer], 1).fed_by[
        0
    ]
    first = page.locator(".cs-relative").first
    share = float(first.locator(".cs-number").inner_text().replace("−", "-"))
    assert share == pytest.approx(told.share, rel=0.06)
    first.click()
    assert page.evaluate("[convscope.state.layer, convscope.state.channel]") == [
        told.layer,
        told.channel,
    ]
    page.wait_for_function("(name) => convscope.maps(name)", arg=told.layer)
    page.keyboard.press("Escape")
    assert page.evaluate("[convscope.state.layer, convscope.state.channel]") == [layer, 1]


def test_keys_move_between_maps_and_layers(walked, open_page):
    explored, layer = walked
    page = at_layer(open_page, walked)
    page.wait_for_function("() => convscope.books")
    books = convscope.contributions(explored.network, source(explored))
    strongest = int(np.abs(books.shares[layer][0]).argmax())
    page.keyboard.press("ArrowRight")
    assert page.evaluate("convscope.state.channel") == strongest
    names = list(explored.network.layers)
    page.keyboard.press("]")
    assert page.evaluate("convscope.state.layer") == names[names.index(layer) + 1]
    page.keyboard.press("[")
    page.keyboard.press("[")
    assert page.evaluate("convscope.state.layer") == names[names.index(layer) - 1]
    page.keyboard.press("/")
    page.keyboard.type(names[-1])
    found = page.locator(".cs-rail .cs-entry b").all_inner_texts()
    assert names[-1] in found and all(names[-1] in one for one in found)


def test_blocks_fold_in_the_rail(walked, open_page):
    explored, _ = walked
    page = at_layer(open_page, walked)
    blocks = page.evaluate("convscope.network.blocks")
    if not blocks:
        assert page.locator(".cs-fold").count() == 0
        return
    one = blocks[0]
    fold = page.locator(".cs-fold").first
    assert one["name"] in fold.inner_text()
    inside = list(explored.network.layers)[one["first"]]
    entry = page.locator(f".cs-entry[aria-label^='{inside},']")
    if fold.get_attribute("aria-expanded") == "true":
        assert entry.count() == 1
        fold.click()
    assert entry.count() == 0
    page.locator(".cs-fold").first.click()
    # A block may begin with a smaller one.
    while entry.count() == 0:
        page.locator(".cs-fold[aria-expanded=false]").first.click()
    assert entry.count() == 1


def test_blank_maps_are_counted_and_gathered(walked, open_page):
    explored, _ = walked
    drawn = convscope.maps(explored.network, source(explored))
    for layer in list(explored.network.layers)[:12]:
        blank = sum(word in {"zero here", "constant"} for word in drawn[layer].words)
        if blank:
            break
    page = open_page(f"theme=light&m=layer&l={layer}", at=explored)
    page.wait_for_function("(name) => convscope.maps(name)", arg=layer)
    found = page.evaluate(
        "(name) => convscope.ranking.order(convscope.maps(name)).blank.length", layer
    )
    assert found == blank
    if blank:
        assert str(blank) in page.locator(".cs-drawer").inner_text()


def test_a_heat_map_is_the_networks(walked, open_page):
    explored, _ = walked
    page = open_page("theme=light", at=explored)
    page.get_by_label("method of the heat map").select_option("grad-cam")
    page.locator(".cs-heat-ends").wait_for()
    found = convscope.heatmap(explored.network, source(explored))
    *_, high = page.locator(".cs-heat-ends").inner_text().split()
    shown = np.asarray(found.upsampled)[0]
    assert float(high) == pytest.approx(max(shown.max(), 0), rel=0.01, abs=1e-3)
    words = page.locator(".cs-heat-words").inner_text()
    assert found.words[0] in words and found.layer in words


@pytest.mark.parametrize("way", WAYS)
def test_a_picture_of_the_person_is_classified(walked, open_page, way):
    explored, layer = walked
    page = at_layer(open_page, walked)
    pixels = 255 - source(explored, 1)[0]
    bring(page, way, pixels.squeeze(), "mine.png")
    page.wait_for_function("() => convscope.run.image === 'mine.png'")
    scores = explored.network.predict([pixels]).values[0]
    told = page.evaluate("convscope.run.predictions.map((one) => [one.index, one.score])")
    for index, score in told:
        assert score == pytest.approx(scores[index], rel=1e-3, abs=1e-6)
    label = page.evaluate("(index) => convscope.label(index)", int(scores.argmax()))
    assert label in rows(page)[0][0]
    page.wait_for_function("(name) => convscope.maps(name)", arg=layer)
    shown = page.evaluate("(name) => Array.from(convscope.maps(name).maximum.data)", layer)
    close(shown, explored.network.activations([pixels], layer)[layer].values[0].max(axis=(1, 2)))


def test_the_camera_shows_frames_and_then_everything(walked, open_page):
    explored, layer = walked
    page = at_layer(open_page, walked)
    page.evaluate(
        "() => { globalThis.frames = new Set();"
        " convscope.on('run', () => frames.add(convscope.run.run)); }"
    )
    page.get_by_role("button", name="Camera").click()
    page.wait_for_function("() => frames.size >= 4")
    page.get_by_role("button", name="Stop camera").click()
    # The last frame may still be under way.
    page.wait_for_timeout(500)
    page.wait_for_function(
        "(name) => !convscope.live && convscope.books && convscope.maps(name)", arg=layer
    )
    seen, told, shown, shares = page.evaluate(
        "(name) => [[convscope.run.seen.shape, [...convscope.run.seen.data]],"
        " convscope.run.predictions.map((one) => [one.index, one.score]),"
        " Array.from(convscope.maps(name).maximum.data), Array.from(convscope.shares.get(name))]",
        layer,
    )
    picture = np.uint8(seen[1]).reshape(seen[0])
    scores = explored.network.predict([picture]).values[0]
    for index, score in told:
        assert score == pytest.approx(scores[index], rel=1e-3, abs=1e-6)
    close(shown, explored.network.activations([picture], layer)[layer].values[0].max(axis=(1, 2)))
    books = convscope.contributions(explored.network, [picture])
    scale = np.abs(books.shares[layer][0]).max()
    np.testing.assert_allclose(shares, books.shares[layer][0], rtol=1e-3, atol=1e-3 * scale)


def test_downloads_hold_the_networks_values(walked, open_page):
    explored, layer = walked
    page = at_layer(open_page, walked, "&c=2")
    expected = values(explored, layer)
    close(np.load(download(page, "npy").path())[0], expected[2])
    close(np.load(download(page, "layer-npy").path()), expected)
    table = list(csv.reader(download(page, "csv").path().read_text().splitlines()))
    close(np.array(table[1:])[:, 1:].astype(np.float32), expected[2])
    picture = PIL.Image.open(download(page, "png").path()).convert("RGB")
    ramp = {tuple(one) for one in full_palette("RdBu" if expected.min() < 0 else "paper")}
    assert len({tuple(one) for one in np.asarray(picture).reshape(-1, 3)} & ramp) > 20
    assert "<svg" in download(page, "svg").path().read_text()[:400]


def test_the_python_gives_what_is_on_the_screen(walked, open_page, tmp_path, monkeypatch):
    explored, layer = walked
    page = at_layer(open_page, walked, "&c=2")
    code = code_of(page)
    if "convscope.open(model)" in code:
        code = code.replace("convscope.open(model)", "given_network")
    monkeypatch.setattr("builtins.given_network", explored.network, raising=False)
    monkeypatch.setattr("builtins.images", source(explored), raising=False)
    names = run(code, tmp_path, monkeypatch)
    close(names["maps"].values.reshape(values(explored, layer).shape), values(explored, layer))


def test_numbers_stand_in_the_cells_of_the_sheet(walked, open_page):
    explored, layer = walked
    page = open_page(f"theme=light&l={layer}&c=2&yx=3,4", at=explored)
    sheet = Sheet(page)
    sheet.go("numbers")
    own = values(explored, layer)[2]
    page.wait_for_timeout(1500)
    x, y, wide, tall = sheet.box(layer, 2)
    width, height = sheet.scene("[scene.width, scene.height]")
    texts, found = sheet.written(), 0
    for i, j in np.ndindex(own.shape):
        middle = x + (j + 0.5) * wide / own.shape[1], y + (i + 0.5) * tall / own.shape[0]
        if not (20 < middle[0] < width - 20 and 40 < middle[1] < height - 20):
            continue
        here = [text for text, a, b in texts if abs(a - middle[0]) < 2 and abs(b - middle[1]) < 2]
        if not here:
            continue
        written = float(here[0].replace("−", "-"))
        # In narrow cells one decimal is left.
        assert abs(written - own[i, j]) <= max(0.051, 0.006 * abs(own[i, j]))
        found += 1
    assert found > 20


def test_every_map_of_the_largest_layer_can_be_reached(walked, open_page, painted):
    explored, _ = walked
    pictured = [one for one in explored.network.layers.values() if len(one.shape) == 3]
    layer = max(pictured, key=lambda one: one.channels)
    page = open_page(f"theme=light&m=layer&l={layer.name}&sort=index&scale=layer", at=explored)
    page.wait_for_function("(name) => convscope.maps(name)", arg=layer.name)
    scroll = page.locator(".cs-centre .cs-scroll")
    assert page.locator(".cs-centre canvas").count() < 300
    scroll.evaluate("(one) => { one.scrollTop = one.scrollHeight; }")
    page.wait_for_timeout(400)
    canvas = painted(page.locator(".cs-centre .cs-scroll canvas").first)
    assert len(np.unique(canvas.reshape(-1, 4), axis=0)) > 5
    page.evaluate(
        "(name) => convscope.pin(name, convscope.layers.get(name).shape[0] - 1)", layer.name
    )
    own = values(explored, layer.name)[-1]
    page.wait_for_function(
        "(last) => document.querySelector('.cs-channel').textContent.includes(`Channel ${last}`)",
        arg=layer.channels - 1,
    )
    answer = page.evaluate(
        "async ([layer, channel]) => Array.from((await convscope.client.ask({type: 'channel', "
        "layer, channel, run: convscope.run.run})).values.data)",
        [layer.name, layer.channels - 1],
    )
    close(np.reshape(answer, own.shape), own)


def test_another_class_and_another_scale(walked, open_page):
    explored, layer = walked
    page = at_layer(open_page, walked, "&c=2")
    scores = explored.network.predict(source(explored)).values[0]
    second = int(np.argsort(scores)[-2])
    page.get_by_label("class that is explained").select_option(str(second))
    page.wait_for_function("(index) => convscope.books?.index === index", arg=second)
    books = convscope.contributions(explored.network, source(explored), second)
    shares = page.evaluate("(name) => Array.from(convscope.shares.get(name))", layer)
    scale = np.abs(books.shares[layer][0]).max()
    np.testing.assert_allclose(shares, books.shares[layer][0], rtol=1e-3, atol=1e-3 * scale)
    page.get_by_label("scale", exact=True).select_option("layer")
    page.wait_for_function("() => convscope.state.scale === 'layer'")
    page.wait_for_timeout(300)
    ends = numbers(page.locator(".cs-centre .cs-bar").first.inner_text())
    own = values(explored, layer)
    assert ends[-1] == pytest.approx(np.abs(own).max() if own.min() < 0 else own.max(), rel=0.01)
