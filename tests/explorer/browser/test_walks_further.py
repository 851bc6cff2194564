"""A further walk on networks of other kinds: pointing, keys, kernels, the strip, theme, address."""

import numpy as np
import pytest

import convscope
from convscope.pictures.colormap import full_palette

from .test_bottom import cells, coloured, compared, numbers
from .test_channel import MAP
from .test_sheet import Sheet
from .walking import at_layer, close, near, source, values


def test_the_sheet_zooms_at_the_pointer_and_tells_values(walked, open_page):
    explored, layer = walked
    sheet = Sheet(open_page(f"theme=light&l={layer}&c=2", at=explored))
    sheet.go("map")
    x, y, wide, tall = sheet.box(layer, 2)
    at = sheet.mouse(x + 0.45 * wide, y + 0.55 * tall)
    sheet.page.mouse.move(*at)
    sheet.page.wait_for_function("() => convscope.hover?.unit")
    layer_, channel, unit = sheet.page.evaluate(
        "() => [convscope.hover.layer, convscope.hover.channel, convscope.hover.unit]"
    )
    assert (layer_, channel) == (layer, 2)
    own = values(explored, layer)[2]
    assert unit == [int(0.55 * own.shape[0]), int(0.45 * own.shape[1])]
    zoom = sheet.scene("scene.camera.zoom")
    sheet.page.mouse.wheel(0, -240)
    sheet.page.mouse.wheel(0, -240)
    sheet.settle()
    assert sheet.scene("scene.camera.zoom") > 1.5 * zoom
    before = sheet.box(layer, 2)
    sheet.page.mouse.down()
    sheet.page.mouse.move(at[0] - 50, at[1] - 30, steps=4)
    sheet.page.mouse.up()
    sheet.settle()
    after = sheet.box(layer, 2)
    assert (round(before[0] - after[0]), round(before[1] - after[1])) == (50, 30)


def test_blocks_fold_on_the_sheet(walked, open_page):
    explored, _ = walked
    sheet = Sheet(open_page("theme=light", at=explored))
    blocks = sheet.page.evaluate("() => convscope.network.blocks")
    if not blocks:
        assert sheet.names()[-1] == list(explored.network.layers)[-1]
        return
    # The first that has no block inside.
    block = next(
        one
        for one in blocks
        if not any(
            other is not one and one["first"] <= other["first"] and other["last"] <= one["last"]
            for other in blocks
        )
    )
    inside = list(explored.network.layers)[block["first"] : block["last"] + 1]
    folds = "(names) => convscope.change({ folded: names })"
    sheet.page.evaluate(folds, [])
    sheet.settle()
    assert set(inside) <= set(sheet.names())
    sheet.page.evaluate(folds, [block["name"]])
    sheet.settle()
    # A residual block is called as the layer that closes it.
    hidden = set(inside) - {block["name"]}
    assert block["name"] in sheet.names() and not hidden & set(sheet.names())


def test_a_pinned_map_is_painted_and_its_unit_moved(walked, open_page, painted):
    explored, layer = walked
    page = at_layer(open_page, walked, "&c=2&yx=3,4")
    page.locator(MAP).wait_for()
    page.wait_for_timeout(300)
    own = values(explored, layer)[2]
    pixels = painted(page.locator(MAP))
    low, high, palette = (0, own.max(), "paper")
    if values(explored, layer).min() < 0:
        high = np.abs(own).max()
        low, palette = -high, "RdBu"
    wanted = coloured(own, low, high, palette)
    # Marks of the pinned unit, cell borders and numbers lie over some.
    step = pixels.shape[0] / own.shape[0], pixels.shape[1] / own.shape[1]
    y, x = (
        ((np.arange(size) + 0.25) * by).astype(int)
        for size, by in zip(own.shape, step, strict=True)
    )
    found = pixels[np.ix_(y, x)][..., :3]
    assert (np.abs(found.astype(int) - wanted).max(axis=-1) <= 12).mean() > 0.95
    page.locator(".cs-scroll").first.focus()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    assert page.evaluate("() => convscope.state.unit") == [4, 5]


def test_solo_leaves_one_channel(walked, open_page):
    explored, layer = walked
    page = at_layer(open_page, walked, "&c=1")
    before = page.evaluate("() => convscope.run.run")
    page.locator(".cs-scroll").first.focus()
    page.keyboard.press("s")
    page.wait_for_function("(old) => convscope.run.run !== old", arg=before)
    alone = convscope.solo(explored.network, layer, 1).predict(source(explored)).values[0]
    told = page.evaluate("() => convscope.run.predictions.map((one) => [one.index, one.score])")
    for index, score in told:
        assert score == pytest.approx(alone[index], rel=1e-3, abs=1e-6)
    page.wait_for_function("(name) => convscope.maps(name)", arg=layer)
    muted = page.evaluate(
        "(name) => convscope.ranking.order(convscope.maps(name)).shown.length", layer
    )
    assert muted <= 1 or page.evaluate("(name) => convscope.isMuted(name, 0)", layer)


@pytest.mark.parametrize("sort", ["index", "mean", "maximum", "active"])
def test_maps_are_sorted(walked, open_page, sort):
    explored, layer = walked
    page = at_layer(open_page, walked)
    page.locator(".cs-centre").get_by_label("sort").select_option(sort)
    order = page.evaluate("(name) => convscope.ranking.order(convscope.maps(name)).shown", layer)
    flat = values(explored, layer).reshape(len(values(explored, layer)), -1)
    strength = {
        "index": -np.arange(len(flat)),
        "mean": flat.mean(axis=1),
        "maximum": flat.max(axis=1),
        "active": (flat > 0).mean(axis=1),
    }[sort]
    ranked = strength[order]
    assert (np.diff(ranked) <= 1e-4 * np.abs(strength).max()).all()


def test_kernels_are_those_of_the_network(walked, open_page, painted):
    explored, _ = walked
    found = next(
        layer
        for layer in explored.network.layers.values()
        if layer.kind == "conv" and explored.network.computation(layer.name) is not None
    )
    page = open_page(f"theme=light&m=layer&l={found.name}&c=0", at=explored)
    page.locator(".cs-kernels canvas").first.wait_for()
    kernel = explored.network.computation(found.name).weights["kernel"][0]
    told = page.evaluate(
        "async (name) => { const found = await convscope.client.ask({type: 'weights', "
        "layer: name, channel: 0, network: 0}); return Array.from(found.kernel.data); }",
        found.name,
    )
    close(np.reshape(told, kernel.shape), kernel)
    tiles = page.locator(".cs-kernels .cs-tile")
    coloured_block = tiles.first.get_attribute("aria-label") == "kernel in colours"
    assert tiles.count() == len(kernel) + coloured_block
    most = np.abs(kernel).max()
    for place, weights in enumerate(kernel, coloured_block):
        pixels = painted(tiles.nth(place).locator("canvas"))[..., :3]
        tall, wide = ((pixels.shape[axis] - 1) // kernel.shape[axis + 1] for axis in (0, 1))
        # Numbers stand in the middle of large cells.
        corners = pixels[2::tall, 2::wide][: weights.shape[0], : weights.shape[1]]
        levels = np.floor((weights + most) * (239 / (2 * float(most))) + 0.5).astype(int)
        assert near(corners, full_palette("RdBu")[levels])


def test_two_layers_are_compared(walked, open_page, painted):
    explored, layer = walked
    names = list(explored.network.layers)
    other = next(
        name
        for name in names[names.index(layer) + 1 :]
        if values(explored, name).shape == values(explored, layer).shape
    )
    place = names.index(other)
    page = at_layer(open_page, walked, f"&c=2&strip=compare&cmp=layer&with={place}")
    shown = [painted(compared(page).nth(at)) for at in range(3)]
    a, b = values(explored, layer)[2], values(explored, other)[2]
    least = min(a.min(), b.min())
    reach = max(np.abs(one).max() for one in ((a, b, a - b) if least < 0 else (a, b)))
    assert near(cells(shown[2], a.shape), coloured(a - b, -reach, reach, "RdBu"))


def test_one_channel_over_the_images_and_through_the_layers(walked, open_page):
    explored, layer = walked
    page = at_layer(open_page, walked, "&c=2&strip=images")
    page.get_by_text("one scale for all 2").wait_for()
    cards = page.locator(".cs-cards:visible button")
    assert cards.count() == 2
    maps = [values(explored, layer, image)[2] for image in (0, 1)]
    for place, one in enumerate(maps):
        told = spread(cards.nth(place).locator("small").inner_text())
        assert told == pytest.approx([one.min(), one.max()], rel=1e-2, abs=1e-6)
    low, high = min(one.min() for one in maps), max(one.max() for one in maps)
    if low < 0 < high:
        low, high = -max(-low, high), max(-low, high)
    ends = numbers(page.locator(".cs-part:visible .cs-bar").inner_text())
    assert ends == pytest.approx([low, high], rel=1e-2, abs=1e-6)
    cards.nth(1).click()
    page.wait_for_function("() => convscope.state.image === 1")
    page.wait_for_function("() => convscope.run.image === convscope.pictures[1].name")
    page.evaluate("() => convscope.change({ strip: 'through' })")
    titles = page.locator(".cs-cards:visible .cs-cardtitle")
    titles.first.wait_for()
    fitting = [
        name
        for name, one in explored.network.layers.items()
        if len(one.shape) == 3 and one.channels > 2
    ]
    assert titles.all_inner_texts() == fitting
    page.wait_for_function(
        "() => [...document.querySelectorAll('.cs-part:not([hidden]) .cs-card small')].slice(0, 3)"
        ".every((one) => one.textContent !== '…')"
    )
    recorded = explored.network.activations(source(explored, 1), fitting[:3])
    for place, name in enumerate(fitting[:3]):
        one = recorded[name].values[0][2]
        told = spread(page.locator(".cs-cards:visible small").nth(place).inner_text())
        assert told == pytest.approx([one.min(), one.max()], rel=1e-2, abs=1e-5)


def spread(words):
    """Read the ends of a map from a card: one number where it is one value."""
    found = [float(one) for one in words.split(" … ")]
    return [found[0], found[-1]]


def test_the_theme_help_and_the_link(walked, open_page):
    explored, layer = walked
    page = at_layer(open_page, walked, "&c=2")
    page.get_by_label("theme").select_option("dark")
    ground = page.evaluate("() => getComputedStyle(convscope.root).backgroundColor")
    assert sum(int(one) for one in ground[4:-1].split(",")[:3]) < 200
    page.keyboard.press("?")
    page.locator("dialog").wait_for()
    page.keyboard.press("Escape")
    page.locator("dialog").wait_for(state="detached")
    address = page.evaluate("() => location.hash")
    again = open_page(address[1:], at=explored)
    again.wait_for_function("(name) => convscope.maps(name)", arg=layer)
    assert again.evaluate("() => [convscope.state.theme, convscope.state.channel]") == ["dark", 2]


def test_the_table_says_what_the_tiles_show(walked, open_page):
    explored, layer = walked
    page = at_layer(open_page, walked)
    page.wait_for_function("() => convscope.books")
    page.get_by_role("button", name="Table", exact=True).click()
    table = page.get_by_role("region", name="the maps of the layer")
    own = values(explored, layer)
    books = convscope.contributions(explored.network, source(explored))
    scale = np.abs(books.shares[layer][0]).max()
    for channel in (0, len(own) - 1):
        one = own[channel]
        cell = table.locator(f"tr[data-row='{channel}'] td").all_inner_texts()
        shown = [float(text.rstrip(" %").replace("−", "-")) for text in cell[1:]]
        expected = [one.min(), one.max(), one.mean(), 100 * (one > 0).mean()]
        assert shown[:4] == pytest.approx(expected, rel=1e-2, abs=0.05)
        share = float(books.shares[layer][0][channel])
        assert shown[4] == pytest.approx(share, rel=1e-2, abs=1e-3 * float(scale))
    table.get_by_role("button", name="max").click()
    order = [int(row.get_attribute("data-row")) for row in table.locator("tbody tr").all()]
    highest = own.reshape(len(own), -1).max(axis=1)[order]
    assert (np.diff(highest) <= 1e-4 * np.abs(highest).max()).all()
    table.locator("tbody tr").first.get_by_role("button").click()
    assert page.evaluate("convscope.state.channel") == order[0]
    pinned = page.get_by_role("region", name="the values of the pinned map")
    page.wait_for_function(
        "(end) => document.querySelector('.cs-valuespart h3').textContent.endsWith(end)",
        arg=f"channel {order[0]}",
    )
    cell = pinned.locator("tbody tr").nth(2).locator("td")
    row = own[order[0], 2]
    close([float(one.get_attribute("title")) for one in cell.all()], row[: cell.count()])
    cell.nth(4).click()
    assert page.evaluate("convscope.state.unit") == [2, 4]
