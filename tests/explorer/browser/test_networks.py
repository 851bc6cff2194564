"""The page on networks of other kinds: nested, strangers' files, ResNet50."""

import keras
import numpy as np
import pytest

import convscope

from .several import noise


def values(explored, layer, image=0):
    """Compute a layer with the network itself."""
    source = explored.session.images[image].content.pixels
    return explored.network.activations([source.astype(np.uint8)], layer)[layer].values[0]


def test_the_network_is_seen_at_every_depth(walked, open_page, painted):
    explored, layer = walked
    page = open_page("theme=light", at=explored)
    page.wait_for_function("() => convscope.books && (convscope.sheet || convscope.small)")
    page.wait_for_timeout(500)
    sheet = painted(page.locator(".cs-sheet canvas").first)
    assert len(np.unique(sheet.reshape(-1, 4), axis=0)) > 30

    page.evaluate("(name) => convscope.change({layer: name, mode: 'layer'})", layer)
    page.wait_for_function("(name) => convscope.maps(name)", arg=layer)
    expected = values(explored, layer)
    shown = page.evaluate(
        "(name) => { const found = convscope.maps(name); return [found.shape, "
        "Array.from(found.values.data.slice(0, 500)), Array.from(found.maximum.data)]; }",
        layer,
    )
    assert tuple(shown[0]) == expected.shape
    # One pass of the session records all layers, the other one alone: XLA fuses them otherwise.
    np.testing.assert_allclose(shown[1], expected.ravel()[:500], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(shown[2], expected.max(axis=(1, 2)), rtol=1e-4, atol=1e-5)

    shares = page.evaluate("(name) => Array.from(convscope.shares.get(name))", layer)
    source = [explored.session.images[0].content.pixels.astype(np.uint8)]
    books = convscope.contributions(explored.network, source)
    scale = np.abs(books.shares[layer][0]).max()
    np.testing.assert_allclose(shares, books.shares[layer][0], rtol=1e-3, atol=1e-4 * scale)
    order = page.evaluate("(name) => convscope.ranking.order(convscope.maps(name)).shown", layer)
    assert order[0] == int(np.argmax(np.abs(books.shares[layer][0])))


def test_muting_a_channel_is_what_the_network_would_do_without_it(walked, open_page):
    explored, layer = walked
    page = open_page("theme=light&m=layer", at=explored)
    page.evaluate("(name) => convscope.pin(name, 2)", layer)
    before = page.evaluate("() => convscope.run.run")
    page.locator(".cs-scroll").focus()
    page.keyboard.press("m")
    page.wait_for_function("(old) => convscope.run.run !== old", arg=before)
    source = [explored.session.images[0].content.pixels.astype(np.uint8)]
    muted = convscope.mute(explored.network, layer, 2).predict(source).values[0]
    whole = explored.network.predict(source).values[0]
    told = page.evaluate(
        "() => [convscope.run.predictions, convscope.run.before.predictions]"
        ".map((several) => several.map((one) => [one.index, one.score]))"
    )
    for rows, scores in zip(told, (muted, whole), strict=True):
        for index, score in rows:
            assert score == pytest.approx(scores[index], rel=1e-3, abs=1e-6)
    page.keyboard.press("m")
    page.wait_for_function("(old) => convscope.run.run === old", arg=before)


def test_a_unit_says_where_its_value_comes_from(walked, open_page):
    explored, layer = walked
    page = open_page("theme=light&m=layer", at=explored)
    page.evaluate("(name) => convscope.pin(name, 1, [3, 4])", layer)
    value = values(explored, layer)[1, 3, 4]
    source = [explored.session.images[0].content.pixels.astype(np.uint8)]
    told = convscope.explain(explored.network, source, layer, 1, (3, 4))
    assert told.value == pytest.approx(value, rel=1e-3, abs=1e-5)
    answer = page.evaluate(
        "(name) => convscope.client.ask({type: 'unit', run: convscope.run.run, layer: name, "
        "channel: 1, unit: [3, 4]})",
        layer,
    )
    assert answer["value"] == pytest.approx(told.value, rel=1e-4, abs=1e-6)
    panel = page.locator(".cs-channel")
    page.wait_for_function(
        "() => /y 3, x 4/i.test(document.querySelector('.cs-channel').textContent)"
    )
    page.wait_for_timeout(500)
    assert f"{abs(value):.2g}"[:3] in panel.inner_text()
    field = convscope.receptive_field(explored.network, layer, (3, 4), source)
    box = page.evaluate(
        "async (name) => (await import('/fields.js')).fieldOf(convscope, name, [3, 4])", layer
    )
    assert box == [field.box[0][0], field.box[1][0], field.box[0][1], field.box[1][1]]


def test_the_same_screen_is_there_after_a_reload(walked, open_page):
    explored, layer = walked
    page = open_page("theme=light&m=layer&i=1", at=explored)
    page.evaluate("(name) => convscope.pin(name, 1, [2, 2])", layer)
    page.evaluate("() => convscope.change({scale: 'layer', sort: 'maximum'})")
    address = page.evaluate("() => location.hash")
    page.reload()
    page.wait_for_function("(name) => globalThis.convscope?.maps(name)", arg=layer)
    state = page.evaluate("() => convscope.state")
    assert (state["layer"], state["channel"], state["unit"]) == (layer, 1, [2, 2])
    assert (state["image"], state["scale"], state["sort"]) == (1, "layer", "maximum")
    assert page.evaluate("() => location.hash") == address


def test_a_network_without_gradients_says_what_it_cannot_tell(shared, serve, open_page):
    pytest.importorskip("onnxruntime")
    network = convscope.open(shared / "models" / "onnx" / "mnist.onnx", pixel_range=(0, 255))
    images = list(np.random.default_rng(5).integers(0, 256, (2, 28, 28), dtype=np.uint8))
    with serve(network, images) as explored:
        page = open_page("theme=light&m=layer&l=ReLU32&strip=books", at=explored)
        page.wait_for_function("() => convscope.maps('ReLU32')")
        sort = page.locator(".cs-centre").get_by_label("sort the maps by")
        assert sort.input_value() == "index"
        assert "contribution" not in sort.inner_text()
        assert "until" not in page.locator(".cs-centre .cs-head").inner_text()
        assert (
            "gives no gradients" in page.locator(".cs-books, .cs-part:visible").first.inner_text()
        )
        methods = page.get_by_label("method of the heat map").locator("option").all_inner_texts()
        assert {"eigen-cam", "score-cam", "ablation-cam", "occlusion"} <= set(methods)
        assert not {"grad-cam", "saliency"} & set(methods)
        values = network.activations(images[:1], "ReLU32")["ReLU32"].values[0]
        shown = page.evaluate("() => Array.from(convscope.maps('ReLU32').maximum.data)")
        np.testing.assert_allclose(shown, values.max(axis=(1, 2)), rtol=1e-5)


def test_a_flattened_layer_of_many_units_is_shown(serve, open_page, painted):
    """More units than a function of the page takes arguments, or a table has room for."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.layers.Input((128, 128, 3)),
            keras.layers.Conv2D(16, 3, padding="same", activation="relu", name="conv"),
            keras.layers.Flatten(name="flat"),
            keras.layers.Dense(2, activation="softmax", name="out"),
        ]
    )
    with serve(convscope.open(model), noise(128, 128, 3)) as explored:
        page = open_page("theme=light&m=layer&l=flat&sort=maximum", at=explored)
        page.wait_for_function("() => convscope.maps('flat')")
        page.wait_for_timeout(300)
        own = values(explored, "flat")
        highest = np.argsort(-own, kind="stable")
        tiles = painted(page.locator(".cs-centre .cs-scroll canvas").first)
        assert len(np.unique(tiles.reshape(-1, 4), axis=0)) > 5
        box = page.locator(".cs-centre .cs-scroll").bounding_box()
        page.mouse.move(box["x"] + 40, box["y"] + 30)
        page.wait_for_function("() => convscope.hover")
        hover = page.evaluate("() => [convscope.hover.channel, convscope.hover.value]")
        assert hover[1] == pytest.approx(own[highest[0]], rel=1e-5)
        assert own[hover[0]] == pytest.approx(hover[1], rel=1e-5)
        strip = painted(page.locator("li[data-layer=flat] canvas"))
        assert len(np.unique(strip.reshape(-1, 4), axis=0)) > 5
        page.get_by_role("button", name="Table", exact=True).click()
        table = page.get_by_role("region", name="the maps of the layer")
        caption = table.locator("caption").inner_text()
        assert caption.endswith("the first 1,000 of 262,144 in this order")
        assert table.locator("tbody tr").count() == 1000
        table.get_by_role("button", name="max").click()
        first = int(table.locator("tbody tr").first.get_attribute("data-row"))
        assert own[first] == pytest.approx(own[highest[0]], rel=1e-5)
        page.context.close()
