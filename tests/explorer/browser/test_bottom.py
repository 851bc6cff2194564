"""The strip at the bottom: comparisons, one channel over images and layers, the books, tables."""

import re
from decimal import Decimal

import numpy as np
import pytest

import convscope
from convscope.networks import open_network
from convscope.pictures.colormap import full_palette
from convscope.training.recipes import embedded


def coloured(values, low, high, palette):
    """Give the colours of values between two ends: the rule of `convscope.pictures.levels`."""
    levels = np.floor((values.astype(np.float64) - low) * (239 / (float(high) - float(low))) + 0.5)
    return full_palette(palette)[levels.astype(int)]


def cells(pixels, shape):
    """Give the colour in the middle of every unit of an enlarged map."""
    zoom = pixels.shape[0] // shape[0], pixels.shape[1] // shape[1]
    return pixels[zoom[0] // 2 :: zoom[0], zoom[1] // 2 :: zoom[1], :3]


def values_of(explored, image, layer, network=None):
    network = network or explored.network
    return network.activations(explored.session.images[image].content, [layer])[layer][0].values


def numbers(text):
    return [
        float(one.replace("−", "-")) for one in re.findall(r"[+−-]?\d+(?:\.\d+)?(?:e-?\d+)?", text)
    ]


def compared(page, pairs=1):
    canvases = page.locator(".cs-three canvas")
    page.wait_for_function(
        f"() => document.querySelectorAll('.cs-three canvas').length >= {2 * pairs}"
    )
    page.wait_for_timeout(100)
    return canvases


def test_two_images_on_one_scale(open_page, explored, painted):
    page = open_page("m=layer&l=conv3&c=3&strip=compare&cmp=image&with=7")
    shown = [painted(compared(page).nth(place)) for place in range(3)]
    a, b = values_of(explored, 0, "conv3")[3], values_of(explored, 7, "conv3")[3]
    high = max(a.max(), b.max())
    assert min(a.min(), b.min()) == 0
    assert np.array_equal(cells(shown[0], a.shape), coloured(a, 0, high, "paper"))
    assert np.array_equal(cells(shown[1], b.shape), coloured(b, 0, high, "paper"))
    assert np.array_equal(cells(shown[2], a.shape), coloured(a - b, -high, high, "RdBu"))
    ends = [numbers(bar) for bar in page.locator(".cs-bars .cs-bar").all_inner_texts()]
    assert ends[0] == pytest.approx([0, high], rel=5e-3)
    assert ends[1] == pytest.approx([-high, high], rel=5e-3)


def test_pointing_shows_the_three_values(open_page, explored):
    page = open_page("m=layer&l=conv3&c=3&strip=compare&with=7")
    box = compared(page).nth(2).bounding_box()
    y, x = 5, 1
    step = box["width"] / 10
    page.mouse.move(box["x"] + (x + 0.5) * step, box["y"] + (y + 0.5) * step)
    a, b = (values_of(explored, image, "conv3")[3, y, x] for image in (0, 7))
    words = page.locator(".cs-readout").inner_text()
    assert numbers(words) == pytest.approx([3, y, x, a, b, a - b], rel=2e-3)
    page.mouse.click(box["x"] + (x + 0.5) * step, box["y"] + (y + 0.5) * step)
    assert page.evaluate("convscope.state.unit") == [y, x]


def test_predictions_stand_beside(open_page, explored):
    page = open_page("m=layer&l=conv3&c=3&strip=compare&with=7")
    compared(page)
    row = page.locator(
        ".cs-beside tbody tr", has=page.get_by_role("rowheader", name="7", exact=True)
    )
    shown = [float(cell.get_attribute("title")) for cell in row.locator("td[title]").all()]
    content = [source.content for source in explored.session.images]
    expected = [explored.network.predict([content[image]]) for image in (0, 7)]
    assert shown == pytest.approx([np.asarray(one).ravel()[7] for one in expected], rel=1e-4)


def test_without_a_pinned_map_the_strongest_are_compared(open_page, explored):
    page = open_page("m=layer&l=conv3&strip=compare")
    compared(page, 4)
    books = convscope.contributions(explored.network, explored.session.images[0].content)
    expected = [f"conv3 · channel {channel}" for channel in books.ranking("conv3")[:4]]
    assert page.locator(".cs-group h3").all_inner_texts() == expected


def test_two_classes_compare_shares(open_page, explored, painted):
    from convscope.analysis.contributions import unit_contributions

    page = open_page("m=layer&l=conv3&c=2&strip=compare&cmp=class&with=6")
    shown = [painted(compared(page).nth(place)) for place in range(3)]
    image = explored.session.images[0].content
    a, b = (
        unit_contributions(explored.network, image, "conv3", aim)[0].values[2] for aim in (0, 6)
    )
    most = max(np.abs(part).max() for part in (a, b, a - b))
    for pixels, part in zip(shown, (a, b, a - b), strict=True):
        expected = coloured(part, -most, most, "RdBu").astype(int)
        # Gradients are computed twice, and may round to the level beside it.
        assert np.abs(cells(pixels, part.shape).astype(int) - expected).max() <= 6


def test_layers_of_unlike_size_have_no_difference(open_page, explored, painted):
    page = open_page("m=layer&l=conv3&c=3&strip=compare&cmp=layer&with=4")
    canvases = compared(page)
    assert canvases.count() == 2
    assert page.locator(".cs-nodifference").inner_text() == (
        "no difference: A has 10 × 10 units, B 8 × 8"
    )
    a, b = values_of(explored, 0, "conv3")[3], values_of(explored, 0, "conv4")[3]
    high = max(a.max(), b.max())
    assert np.array_equal(cells(painted(canvases.nth(1)), b.shape), coloured(b, 0, high, "paper"))


def test_two_networks(open_page, explored, painted, serve, tmp_path, monkeypatch):
    import keras

    from .test_page import code_of, run

    model = keras.models.load_model(embedded())
    rng = np.random.default_rng(0)
    model.set_weights(
        [one + 0.03 * rng.standard_normal(one.shape).astype("f4") for one in model.get_weights()]
    )
    model.save(tmp_path / "other.keras")
    other = open_network(tmp_path / "other.keras")
    images = [source.content for source in explored.session.images]
    with serve([explored.network, other], images) as two:
        page = open_page("m=layer&l=conv3&c=3&strip=compare&cmp=network&with=1", at=two)
        shown = painted(compared(page).nth(1))
        a = values_of(explored, 0, "conv3")[3]
        b = values_of(explored, 0, "conv3", other)[3]
        expected = coloured(b, 0, max(a.max(), b.max()), "paper")
        assert np.array_equal(cells(shown, b.shape), expected)
        names = run(code_of(page), tmp_path, monkeypatch)
    assert np.allclose(names["b"], b, atol=1e-6) and np.allclose(
        names["difference"], a - b, atol=1e-6
    )


def test_one_channel_over_all_images(open_page, explored, painted):
    page = open_page("m=layer&l=conv3&c=3&strip=images")
    page.get_by_text("one scale for all 10").wait_for()
    maps = [values_of(explored, image, "conv3")[3] for image in range(10)]
    high = max(one.max() for one in maps)
    canvases = page.locator(".cs-cards:visible .cs-plane")
    for place in (0, 4, 9):
        pixels = cells(painted(canvases.nth(place)), maps[place].shape)
        assert np.array_equal(pixels, coloured(maps[place], 0, high, "paper"))
    page.locator(".cs-cards:visible button").nth(4).click()
    assert page.evaluate("convscope.state.image") == 4


def test_one_channel_through_the_layers(open_page, explored, painted):
    page = open_page("m=layer&l=conv3&c=3&strip=through")
    cards = page.locator(".cs-cards:visible .cs-card")
    page.wait_for_function(
        "() => ![...document.querySelectorAll('.cs-card small')]"
        ".some((one) => one.textContent === '…')"
    )
    names = page.locator(".cs-cards:visible .cs-cardtitle").all_inner_texts()
    assert names == ["conv1", "conv2", "pool1", "conv3", "conv4", "pool2"]
    for place, name in enumerate(names):
        own = values_of(explored, 0, name)[3]
        pixels = cells(painted(cards.nth(place).locator("canvas")), own.shape)
        assert np.array_equal(pixels, coloured(own, own.min(), own.max(), "paper"))
    cards.nth(4).click()
    assert page.evaluate("[convscope.state.layer, convscope.state.channel]") == ["conv4", 3]


def test_the_books_add_up(open_page, explored):
    page = open_page("m=layer&l=conv3&strip=books&t=5")
    page.locator(".cs-books tbody tr").first.wait_for()
    books = convscope.contributions(explored.network, explored.session.images[0].content, 5)
    rows = page.locator(".cs-books tbody tr")
    assert rows.count() == len(books)
    for place, layer in enumerate(books):
        cell = rows.nth(place).locator("td[title]")
        exact = [float(one.get_attribute("title")) for one in cell.all()]
        expected = [float(books[layer][0].sum()), books.biases[layer][0], books.remainder[layer][0]]
        assert exact == pytest.approx([*expected, books.score[0]], abs=2e-5)
        *parts, total = (Decimal(one.replace("−", "-")) for one in cell.all_inner_texts())
        assert sum(parts) == total
        assert float(total) == pytest.approx(books.score[0], abs=1e-3)
    bars = rows.nth(0).locator(".cs-stacked i")
    wide = [bars.nth(place).bounding_box()["width"] for place in range(2)]
    first = next(iter(books))
    sums = [abs(float(books[first][0].sum())), abs(books.biases[first][0])]
    assert wide[0] / wide[1] == pytest.approx(sums[0] / sums[1], rel=0.1)
    rows.nth(1).locator("button").click()
    assert page.evaluate("convscope.state.layer") == "conv2"


def test_the_strip_folds_and_remembers(open_page):
    page = open_page("m=layer&l=conv3")
    page.locator(".cs-sums").wait_for()
    assert page.locator(".cs-part:visible").count() == 0
    assert "the logit of 0" in page.locator(".cs-sums").inner_text()
    page.get_by_role("tab", name="The books").click()
    assert page.locator(".cs-books").is_visible()
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("convscope.state.strip") == "through"
    assert "strip=through" in page.url
    page.reload()
    page.wait_for_function("() => globalThis.convscope?.run")
    assert (
        page.get_by_role("tab", name="Through the layers").get_attribute("aria-selected") == "true"
    )
    page.get_by_role("button", name="fold the strip").click()
    assert page.locator(".cs-part:visible").count() == 0


def test_tables_in_the_place_of_pictures(open_page, explored):
    page = open_page("m=layer&l=conv3&c=3")
    page.wait_for_function("() => convscope.books")
    page.get_by_role("button", name="Table", exact=True).click()
    assert not page.locator(".cs-centre").is_visible()
    table = page.get_by_role("region", name="the maps of the layer")
    values = values_of(explored, 0, "conv3")
    books = convscope.contributions(explored.network, explored.session.images[0].content)
    names = [
        one.split("\n")[0].split(" ▾")[0]
        for one in table.get_by_role("columnheader").all_inner_texts()
    ]
    assert names == ["channel", "word", "min", "max", "mean", "share active", "contribution"]
    for channel in (0, 3, 31):
        own = values[channel]
        cell = table.locator(f"tr[data-row='{channel}'] td").all_inner_texts()
        shown = [float(one.rstrip(" %")) for one in cell[1:]]
        expected = [own.min(), own.max(), own.mean(), 100 * (own > 0).mean()]
        assert shown[:4] == pytest.approx(expected, rel=5e-3, abs=0.05)
        assert shown[4] == pytest.approx(float(books["conv3"][0][channel]), rel=5e-3, abs=1e-4)
    table.get_by_role("button", name="max").click()
    assert table.locator("th[aria-sort=descending]").inner_text().startswith("max")
    order = [int(row.get_attribute("data-row")) for row in table.locator("tbody tr").all()]
    highest = values.max(axis=(1, 2))
    assert np.array_equal(highest[order], np.sort(highest)[::-1])
    table.locator("tbody tr").nth(0).get_by_role("button").click()
    assert page.evaluate("convscope.state.channel") == order[0]
    pinned = page.get_by_role("region", name="the values of the pinned map")
    page.wait_for_function(
        f"() => document.querySelector('.cs-valuespart h3').textContent.endsWith(' {order[0]}')"
    )
    cells_shown = pinned.locator("tbody tr").nth(2).locator("td")
    exact = [float(one.get_attribute("title")) for one in cells_shown.all()]
    assert np.array_equal(np.float32(exact), values[order[0], 2])
    cells_shown.nth(4).click()
    assert page.evaluate("convscope.state.unit") == [2, 4]


def test_the_sheet_as_a_table(open_page, explored):
    page = open_page("table=true")
    table = page.get_by_role("region", name="the layers")
    table.locator("tbody tr").first.wait_for()
    assert [row.split("\t")[0] for row in table.locator("tbody tr").all_inner_texts()] == list(
        explored.network.layers
    )
    table.get_by_role("button", name="conv4").click()
    assert page.evaluate("[convscope.state.mode, convscope.state.layer]") == ["layer", "conv4"]
