"""A fourth walk on networks of other kinds: every panel says what the network says."""

import math
import re

import numpy as np
import pytest

import convscope
from convscope.analysis.contributions import unit_contributions
from convscope.pictures.colormap import palette
from convscope.pictures.levels import levels

from .test_bottom import cells, coloured, compared, numbers
from .test_channel import MAP, read_number
from .test_input import PIN, STAGE, rows, still
from .test_sheet import Sheet
from .walking import at_layer, best, close, near, source, values


def odds(scores, index):
    """Take the logarithm of a class over the rest, which one alone near 1 does not hold."""
    exact = np.asarray(scores, float)
    return math.log(exact[index]) - math.log(np.delete(exact, index).sum())


def written_share(words):
    return float(words.strip("<> %"))


def test_the_prediction_and_what_muting_does_to_it(walked, open_page):
    explored, layer = walked
    page = at_layer(open_page, walked, "&c=2")
    scores, order = best(explored)
    shown = rows(page)
    assert len(shown) == min(5, len(scores))
    for (name, words), index in zip(shown, order, strict=False):
        assert page.evaluate("(index) => convscope.label(index)", index) in name
        assert abs(written_share(words) - 100 * scores[index]) <= 0.1
    page.locator(".cs-class").nth(1).hover()
    (said,) = re.findall(r"log-odds (\S+),", page.locator(".cs-class-detail").inner_text())
    expected = odds(scores, order[1])
    assert float(said) == pytest.approx(expected, rel=1e-2, abs=6e-3)
    page.get_by_role("button", name="Mute", exact=True).click()
    page.locator(".cs-effect table").wait_for()
    muted = convscope.mute(explored.network, layer, 2)
    left, _ = best(explored, network=muted)
    before, after = (float(one[order[0]]) for one in (scores, left))
    found = re.search(
        r"muted: .* [<>]?([\d.]+) % → [<>]?([\d.]+) %",
        page.locator(".cs-muted-words p").inner_text(),
    )
    assert [float(one) for one in found.groups()] == pytest.approx(
        [100 * before, 100 * after], abs=0.11
    )
    table = page.locator(".cs-effect tr").nth(1).locator("td").all_inner_texts()
    exact = [odds(one, order[0]) for one in (scores, left)]
    assert [read_number(one) for one in table[:2]] == pytest.approx(exact, rel=5e-3, abs=5e-3)
    page.get_by_role("button", name="unmute all").click()
    page.wait_for_function("() => convscope.run.before === null")
    assert [words for _, words in rows(page)] == [words for _, words in shown]


def test_what_a_unit_sees_is_framed_on_the_input(walked, open_page, painted):
    explored, layer = walked
    page = at_layer(open_page, walked, "&c=2&yx=3,4")
    page.locator(".cs-stage-pinned").wait_for()
    box = convscope.receptive_field(
        explored.network, layer, (3, 4), source(explored), channel=2
    ).box
    (top, bottom), (left, right) = ([int(one) for one in ends] for ends in box)
    # The box ends before its stop.
    said = page.locator(".cs-stage-sees").inner_text()
    assert said.startswith(f"{layer} 2 (y 3, x 4) sees y {top}–{bottom - 1}, x {left}–{right - 1}")
    still(page)
    marks = painted(page.locator(".cs-stage-marks"))
    ink = (np.abs(marks[..., :3].astype(int) - PIN).max(axis=-1) < 30) & (marks[..., 3] > 200)
    height, width = source(explored)[0].shape[:2]
    for axis, (low, high), size in ((1, (top, bottom), height), (0, (left, right), width)):
        drawn = np.flatnonzero(ink.any(axis=axis))
        pixel = marks.shape[1 - axis] / size
        assert abs(drawn[0] - low * pixel) <= 3 and abs(drawn[-1] - high * pixel) <= 3
    page.locator(".cs-thumb").nth(1).click()
    page.wait_for_function("() => convscope.run.image === convscope.pictures[1].name")
    still(page)
    (photo,) = source(explored, 1)
    seen = np.broadcast_to(photo, (*photo.shape[:2], 3))
    assert np.array_equal(painted(page.locator(STAGE))[..., :3], seen)


def test_the_strongest_maps_are_compared_unit_by_unit(walked, open_page):
    explored, layer = walked
    page = at_layer(open_page, walked, "&strip=compare&cmp=image&with=1")
    page.wait_for_function("() => convscope.books")
    books = convscope.contributions(explored.network, source(explored))
    strongest = [int(one) for one in books.ranking(layer)[:4]]
    compared(page, 4)
    page.wait_for_function(
        "(words) => document.querySelector('.cs-group h3').textContent === words",
        arg=f"{layer} · channel {strongest[0]}",
    )
    titles = page.locator(".cs-group h3").all_inner_texts()
    assert titles == [f"{layer} · channel {channel}" for channel in strongest]
    own = [values(explored, layer, image)[strongest[0]] for image in (0, 1)]
    (height, width), (y, x) = own[0].shape, (5, 3)
    canvas = page.locator(".cs-three canvas").nth(2)
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    at = box["x"] + (x + 0.5) * box["width"] / width, box["y"] + (y + 0.5) * box["height"] / height
    page.mouse.move(*at)
    a, b = (one[y, x] for one in own)
    told = numbers(page.locator(".cs-readout").inner_text())
    assert told[:3] == [strongest[0], y, x]
    assert told[3:] == pytest.approx([a, b, a - b], rel=2e-3, abs=1e-5)
    page.mouse.click(*at)
    assert page.evaluate("[convscope.state.channel, ...convscope.state.unit]") == [
        strongest[0],
        y,
        x,
    ]
    scores = [best(explored, image)[0] for image in (0, 1)]
    row = page.locator(".cs-beside tbody tr").first.locator("td[title]")
    told = [float(one.get_attribute("title")) for one in row.all()]
    first = best(explored)[1][0]
    expected = [one[first] for one in scores]
    assert told == pytest.approx(expected[: len(told)], rel=1e-3, abs=1e-6) and told


def test_maps_of_unlike_size_have_no_difference(walked, open_page, painted):
    explored, layer = walked
    own = values(explored, layer)
    all_layers = list(explored.network.layers.values())
    other = next(
        place
        for place, one in enumerate(all_layers)
        if len(one.shape) == 3 and one.channels > 2 and None not in one.shape[1:]
        and one.shape[1:] != own.shape[1:]
    )  # fmt: skip
    against = values(explored, all_layers[other].name)
    page = at_layer(open_page, walked, f"&c=2&strip=compare&cmp=layer&with={other}")
    canvases = compared(page)
    assert canvases.count() == 2
    sizes = " × ".join(map(str, own.shape[1:])), " × ".join(map(str, against.shape[1:]))
    assert page.locator(".cs-nodifference").inner_text() == (
        f"no difference: A has {sizes[0]} units, B {sizes[1]}"
    )
    a, b = own[2], against[2]
    if min(a.min(), b.min()) < 0 < max(a.max(), b.max()):
        reach = max(np.abs(a).max(), np.abs(b).max())
        ends = -reach, reach, "RdBu"
    else:
        ends = min(a.min(), b.min()), max(a.max(), b.max()), "paper"
    told = numbers(page.locator(".cs-bars .cs-bar").first.inner_text())
    assert told == pytest.approx(ends[:2], rel=1e-2, abs=1e-6)
    assert near(cells(painted(canvases.first), a.shape), coloured(a, *ends))


def test_the_pinned_map_in_numbers_and_shares(walked, open_page, painted):
    explored, layer = walked
    page = at_layer(open_page, walked, "&c=2&look=shares")
    own = values(explored, layer)[2]
    page.locator(".cs-mapbar >> text=contribution to").wait_for()
    page.wait_for_function("() => convscope.books")
    still(page)
    told = unit_contributions(explored.network, source(explored), layer).values[0][2]
    most = np.abs(told).max()
    pixels = painted(page.locator(MAP))
    step = pixels.shape[0] / own.shape[0], pixels.shape[1] / own.shape[1]
    # Near a corner of every cell: numbers stand in the middle of large ones.
    y, x = (
        ((np.arange(size) + 0.25) * by).astype(int)
        for size, by in zip(own.shape, step, strict=True)
    )
    found = pixels[np.ix_(y, x)][..., :3].astype(int)
    wanted = coloured(told, -most, most, "RdBu")
    assert (np.abs(found - wanted).max(axis=-1) <= 12).mean() > 0.95
    total = read_number(page.locator(".cs-contribution dd").inner_text())
    assert total == pytest.approx(told.sum(), rel=1e-2, abs=2e-3 * float(np.abs(told).sum()))
    page.get_by_role("button", name="values", exact=True).click()
    facts = page.locator(".cs-numbers dd").all_inner_texts()[:4]
    expected = [own.min(), own.max(), own.mean(), 100 * (own > 0).mean()]
    assert [read_number(one.rstrip(" %")) for one in facts] == pytest.approx(
        expected, rel=1e-2, abs=1e-5
    )
    page.evaluate("() => convscope.change({ unit: [4, 6] })")
    page.locator(MAP).focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    label = page.locator(MAP).get_attribute("aria-label")
    assert label.startswith(f"{layer}, channel 2, y 3, x 7, ")
    assert float(label.rsplit(" ", 1)[1]) == pytest.approx(own[3, 7], rel=2e-3, abs=1e-6)


def test_the_facts_of_a_layer(walked, open_page):
    explored, layer = walked
    page = at_layer(open_page, walked)
    page.locator(".cs-facts dt >> text=units above zero").wait_for()
    facts = dict(
        page.eval_on_selector_all(
            ".cs-facts dt", "(all) => all.map((one) => [one.innerText, one.nextSibling.innerText])"
        )
    )
    own = values(explored, layer)
    assert facts["channels × size"] == " × ".join(map(str, own.shape))
    assert read_number(facts["units above zero"].split()[0]) == pytest.approx(
        100 * (own > 0).mean(), rel=1e-2
    )
    told = [
        read_number(one)
        for one in re.fullmatch(r"(\S+) to (\S+), mean (\S+)", facts["values"]).groups()
    ]
    expected = [own.min(), own.max(), own.mean()]
    assert told == pytest.approx(expected, rel=1e-2, abs=1e-3 * float(np.abs(own).max()))


def test_maps_are_shown_on_every_scale_and_in_other_colours(walked, open_page, painted):
    explored, layer = walked
    own = values(explored, layer)
    page = at_layer(open_page, walked)
    scale = page.get_by_label("scale", exact=True)

    def levelled():
        return page.evaluate("(name) => [...convscope.colours.levels(convscope.maps(name))]", layer)

    for name in ("robust", "sigma", "layer", "channel"):
        scale.select_option(name)
        page.wait_for_function("(name) => convscope.state.scale === name", arg=name)
        off = np.abs(np.reshape(levelled(), own.shape) - levels(own, name)[0].astype(int))
        assert off.max() <= 1 and (off > 0).mean() < 0.02
    scale.select_option("fixed")
    low, high = (page.get_by_label(f"{end} value of the scale") for end in ("lowest", "highest"))
    ends = [float(one.input_value()) for one in (low, high)]
    assert ends == pytest.approx(
        [own.min(), own.max()], rel=1e-2, abs=1e-2 * float(np.abs(own).max())
    )
    half = float(np.float32(ends[1] / 2))
    high.fill(str(half))
    high.press("Tab")
    expected = levels(own, f"fixed({ends[0]}, {half})")[0].astype(int)
    off = np.abs(np.reshape(levelled(), own.shape) - expected)
    assert (off > 1).mean() < 1e-3 and (off > 0).mean() < 0.02
    page.get_by_label("colormap").select_option("viridis")
    still(page)
    pixels = painted(page.locator(".cs-centre .cs-scroll canvas").first)
    seen = {tuple(one) for one in pixels[..., :3].reshape(-1, 3)}
    assert len(seen & {tuple(one) for one in palette("viridis")[:240]}) > 20


def test_the_sheet_shows_all_paints_units_and_opens_layers(walked, open_page):
    explored, layer = walked
    sheet = Sheet(open_page(f"theme=light&l={layer}&c=2", at=explored))
    sheet.go("network")
    width, height = sheet.scene("[scene.width, scene.height]")
    corners = sheet.scene(
        "scene.layout.groups.map(({x, y, wide, tall, body}) =>"
        " scene.onScreen({x, y, wide, tall: body + tall - y}))"
    )
    for box in corners:
        assert box["x"] >= 0 and box["x"] + box["wide"] <= width + 0.5
        assert box["y"] >= 0 and box["y"] + box["tall"] <= height + 0.5
    sheet.go("map")
    own = values(explored, layer)[2]
    low, high, colours = own.min(), own.max(), "paper"
    if values(explored, layer).min() < 0:
        high = np.abs(own).max()
        low, colours = -high, "RdBu"
    x, y, wide, tall = sheet.box(layer, 2)
    places = [
        (i, j)
        for i, j in np.ndindex(own.shape)
        if 4 < x + j * wide / own.shape[1] < width - 4 - wide / own.shape[1]
        and 30 < y + i * tall / own.shape[0] < height - 34 - tall / own.shape[0]
    ]
    assert len(places) > own.size / 2
    quarter = wide / own.shape[1] / 4, tall / own.shape[0] / 4
    seen = sheet.pixels(
        [
            (x + j * 4 * quarter[0] + quarter[0], y + i * 4 * quarter[1] + quarter[1])
            for i, j in places
        ]
    )[:, :3]
    wanted = coloured(np.array([own[place] for place in places]), low, high, colours)
    assert (np.abs(seen - wanted.astype(int)).max(axis=-1) <= 12).mean() > 0.95
    books = convscope.contributions(explored.network, source(explored))
    legend = sheet.page.inner_text(".cs-sheet-books")
    told = numbers(legend)
    score = float(books.score[0])
    size = max(1.0, float(np.abs(books.shares[layer][0]).sum()))
    assert told[0] == pytest.approx(float(books.shares[layer][0].sum()), rel=5e-3, abs=1e-3 * size)
    if layer in books.crossed:
        assert told[-1] == pytest.approx(score, rel=5e-3, abs=1e-3) and "✓" in legend
    else:
        assert "beside" in legend and "✓" not in legend
    address = sheet.page.url.split("#")[1]
    again = Sheet(open_page(address, at=explored))
    assert again.box(layer, 2) == pytest.approx((x, y, wide, tall), abs=1)
    again.go("layer")
    left, top = again.corner(f"scene.groups.get('{layer}')")
    again.page.mouse.click(*again.mouse(left + 12, max(12, top + 12)))
    assert again.page.evaluate("[convscope.state.mode, convscope.state.layer]") == ["layer", layer]


def test_the_sheet_as_a_table(walked, open_page):
    explored, layer = walked
    page = open_page("theme=light&table=true", at=explored)
    page.wait_for_function("() => convscope.books")
    table = page.get_by_role("region", name="the layers")
    table.locator("td").first.wait_for()
    lines = [one.split("\t") for one in table.locator("tbody tr").all_inner_texts()]
    assert [one[0] for one in lines] == list(explored.network.layers)
    own = explored.network.layers[layer]
    line = next(one for one in lines if one[0] == layer)
    assert line[2] == str(own.channels) and line[3] == " × ".join(map(str, own.shape[1:]))
    books = convscope.contributions(explored.network, source(explored))
    shares = books.shares[layer][0]
    assert read_number(line[5]) == pytest.approx(
        float(shares.sum()), rel=1e-3, abs=1e-3 * float(np.abs(shares).sum())
    )
    table.get_by_role("button", name="parameters").click()
    counts = [
        int(one.split("\t")[4].replace(",", ""))
        for one in table.locator("tbody tr").all_inner_texts()
    ]
    assert counts == sorted(counts, reverse=True) and counts[0] > 0
    table.get_by_role("button", name=layer, exact=True).click()
    assert page.evaluate("[convscope.state.mode, convscope.state.layer]") == ["layer", layer]
    page.go_back()
    page.wait_for_function("() => convscope.state.mode === 'sheet'")


def test_what_is_no_picture_is_refused(walked, open_page):
    explored, layer = walked
    page = at_layer(open_page, walked)
    before = page.evaluate("[...convscope.maps(convscope.state.layer).maximum.data]")
    held = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no picture"}
    page.locator("input[type=file]").set_input_files(held)
    page.locator(".cs-problem").wait_for()
    assert "notes.txt" in page.locator(".cs-problem").inner_text()
    assert page.locator(".cs-thumb").count() == len(explored.session.images)
    assert page.evaluate("[...convscope.maps(convscope.state.layer).maximum.data]") == before
    close(before, values(explored, layer).max(axis=(1, 2)))


@pytest.mark.parametrize("width", [800, 1280])
def test_nothing_is_cut_off(walked, open_page, width):
    explored, layer = walked
    state = f"m=layer&l={layer}&c=1&scale=fixed(0,1)"
    page = open_page(state, at=explored, viewport={"width": width, "height": 900})
    for part in (".cs-top", ".cs-channel .cs-heading"):
        for one in page.locator(f"{part} :is(button, select, input):visible").all():
            box = one.bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= width
    wide = "() => document.documentElement.scrollWidth"
    assert page.evaluate(wide) <= width
