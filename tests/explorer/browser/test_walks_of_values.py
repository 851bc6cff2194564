"""A third walk on networks of other kinds: every number on the page is the network's own."""

import html
import re
from decimal import Decimal

import numpy as np
import PIL.Image
import pytest

import convscope
from convscope.analysis.contributions import unit_contributions
from convscope.pictures.overlay import blended, span_for

from .test_bottom import cells, coloured, compared
from .test_channel import LISTEN, MAP, read_number, waterfall
from .test_input import STAGE, still
from .test_page import download
from .test_sheet import Sheet
from .walking import at_layer, best, close, near, source, values

ARITHMETIC = "section[aria-label='arithmetic of a unit']"


def summing(explored):
    """Find the first convolution that adds up several maps."""
    for name in explored.network.layers:
        made = explored.network.computation(name)
        if made and made.operation == "convolution" and made.weights["kernel"].shape[1] > 3:
            return name
    raise AssertionError("no convolution of several maps")


def taken(explored, name):
    """Give what a layer takes, as the framework has it."""
    (entry,) = explored.network.computation(name).inputs
    batch = explored.network.batches(source(explored))[0]
    return explored.network.run(batch, (entry,), outputs=False).values[entry][0]


def multiplied(explored, name, channel, unit):
    """Multiply patch and kernel of every input of a unit, in float64; give the bias as well."""
    made = explored.network.computation(name)
    geometry, kernel = made.geometry, made.weights["kernel"][channel].astype(float)
    padded = np.pad(taken(explored, name).astype(float), ((0, 0), *geometry.padding))
    top, left = (at * step for at, step in zip(unit, geometry.stride, strict=True))
    patch = padded[:, top : top + kernel.shape[1], left : left + kernel.shape[2]]
    bias = made.weights.get("bias")
    return (patch * kernel).sum(axis=(1, 2)), 0.0 if bias is None else float(bias[channel])


def point(page, shape, unit):
    """Move the pointer to a unit of the pinned map."""
    box = page.locator(MAP).bounding_box()
    place = [
        box[corner] + (at + 0.5) * box[size] / count
        for corner, size, at, count in zip(
            ("y", "x"), ("height", "width"), unit, shape, strict=True
        )
    ]
    page.mouse.move(place[1], place[0])


def power(words):
    """Read in what power of ten numbers are written."""
    found = re.search(r"1e(-?\d+)", words)
    return 10.0 ** int(found[1]) if found else 1.0


def logits_apart(scores, first, second):
    """Tell how far two logits are apart, from what a softmax made of them."""
    return float(np.log(np.float64(scores[first])) - np.log(np.float64(scores[second])))


def test_the_arithmetic_follows_the_pointer(walked, open_page):
    explored, layer = walked
    page = at_layer(open_page, walked)
    summed = summing(explored)
    for name in dict.fromkeys((layer, summed)):
        page.evaluate("(name) => convscope.pin(name, 1)", name)
        page.wait_for_function("(name) => convscope.maps(name)", arg=name)
        page.locator(MAP).wait_for()
        still(page)
        own = values(explored, name)[1]
        for unit in ((4, 6), (9, 3)):
            point(page, own.shape, unit)
            page.wait_for_function(
                "([part, words]) => document.querySelector(`${part} h3`).textContent"
                ".startsWith(words) && document.querySelector(`${part} .cs-framework`)",
                arg=[ARITHMETIC, f"Unit y {unit[0]}, x {unit[1]} "],
            )
            said = page.locator(f"{ARITHMETIC} .cs-framework").inner_text()
            recorded = read_number(re.search(r"framework (\S+)", said)[1])
            assert recorded == pytest.approx(own[unit], rel=2e-3, abs=1e-6) and "✓" in said
            value = read_number(page.locator(f"{ARITHMETIC} h3 .cs-value").inner_text())
            assert value == pytest.approx(own[unit], rel=2e-3, abs=1e-6)
    # The last unit is of the convolution: its products add up as they are written.
    written = waterfall(page)
    terms = [Decimal(text.replace("−", "-")) for _, text, _ in written]
    assert sum(terms[:-1]) == terms[-1]
    unitary = power(written[-1][0])
    products, bias = multiplied(explored, summed, 1, (9, 3))
    exact = [*products, bias]
    reach = np.abs(exact).max()
    assert float(terms[-1]) * unitary == pytest.approx(sum(exact), rel=2e-3, abs=1e-3 * reach)
    strongest = np.argsort(-np.abs(products), kind="stable")[:4]
    for (words, _, _), term, channel in zip(written, terms, strongest, strict=False):
        assert int(words) == channel
        assert float(term) * unitary == pytest.approx(products[channel], rel=2e-3, abs=2e-3 * reach)
    assert float(terms[-2]) * unitary == pytest.approx(bias, rel=2e-3, abs=2e-3 * reach)
    # What only the pointer shows goes when it leaves for the link: a click keeps it.
    page.mouse.down()
    page.mouse.up()
    page.locator(f"{ARITHMETIC} >> text=checked in Python").wait_for()
    page.locator(f"{ARITHMETIC} .cs-follow").first.click()
    followed, channel = page.evaluate("() => [convscope.state.layer, convscope.state.channel]")
    assert channel == strongest[0], (followed, channel)
    close(values(explored, followed)[channel], taken(explored, summed)[channel])


def test_the_wheel_enlarges_the_pinned_map_until_its_numbers_are_read(walked, open_page):
    explored, layer = walked
    page = at_layer(open_page, walked, "&c=2")
    page.evaluate(LISTEN)
    page.locator(MAP).wait_for()
    own = values(explored, layer)[2]
    middle = [size // 2 for size in own.shape]
    point(page, own.shape, middle)
    page.wait_for_function("() => convscope.hover?.unit")
    assert page.evaluate("() => convscope.hover.unit") == middle
    for _ in range(6):
        page.mouse.wheel(0, -240)
        still(page)
    page.evaluate("() => globalThis.written.clear()")
    page.evaluate("() => convscope.emit('colours')")
    still(page)
    # The unit under the pointer stayed where it is.
    assert page.evaluate("() => convscope.hover.unit") == middle
    assert page.evaluate("() => convscope.hover.value") == pytest.approx(
        own[tuple(middle)], rel=1e-4, abs=1e-6
    )
    cell = 72
    box = page.locator(MAP).bounding_box()
    at = [(middle[axis] + 0.5) * box[size] / own.shape[axis] for axis, size in ((1, "width"),)]
    at.append((middle[0] + 0.5) * box["height"] / own.shape[0])
    unitary = power(page.locator(".cs-mapbar").inner_text())
    written = page.locator(MAP).evaluate("(canvas) => globalThis.written.get(canvas)")
    shown = set()
    for text, x, y in written:
        unit = middle[0] + round((y - at[1]) / cell), middle[1] + round((x - at[0]) / cell)
        assert float(text) * unitary == pytest.approx(own[unit], rel=1e-3, abs=6e-5 * unitary)
        shown.add(unit)
    assert len(shown) > 8
    page.get_by_role("button", name="show the whole map").click()
    still(page)
    point(page, own.shape, (1, 2))
    page.wait_for_function("() => String(convscope.hover?.unit) === '1,2'")
    assert page.evaluate("() => convscope.hover.value") == pytest.approx(
        own[1, 2], rel=1e-4, abs=1e-6
    )


def test_the_products_behind_a_number_stand_in_its_cell(walked, open_page):
    explored, _ = walked
    name, unit = summing(explored), (4, 5)
    sheet = Sheet(open_page(f"theme=light&l={name}&c=1&yx=4,5", at=explored))
    sheet.go("products")
    sheet.page.wait_for_function(
        "([name, unit]) => convscope.made.get('sheet scene').values.unit(name, 1, unit)?.products",
        arg=[name, list(unit)],
    )
    sheet.settle()
    own = values(explored, name)[1]
    products, bias = multiplied(explored, name, 1, unit)
    x, y, wide, tall = sheet.box(name, 1)
    cell = wide / own.shape[1], tall / own.shape[0]
    corner = x + unit[1] * cell[0], y + unit[0] * cell[1]
    inside = [
        text
        for text, a, b in sheet.written()
        if corner[0] <= a <= corner[0] + cell[0] and corner[1] <= b <= corner[1] + cell[1]
    ]
    assert "y 4, x 5" in inside
    # Products of several weights stand behind an equals sign.
    written = [re.fullmatch(r"(?:= )?([+−-]?[\d.]+(?:e-?\d+)?)", one) for one in inside]
    found = [read_number(one[1]) for one in written if one]

    def stands(value):
        return any(one == pytest.approx(value, rel=6e-3, abs=1e-6) for one in found)

    for strongest in np.argsort(-np.abs(products), kind="stable")[:3]:
        assert any(re.match(rf"input {strongest}\b", one) for one in inside)
        assert stands(products[strongest])
    assert stands(own[unit]) and (bias == 0 or stands(bias))
    sums = [one for one in inside if re.match(r"= .* → ", one)]
    assert read_number(sums[0].split()[1]) == pytest.approx(
        products.sum() + bias, rel=2e-3, abs=1e-5
    )
    assert any(one.startswith("framework ") for one in inside)
    assert any(one.startswith("✓ Δ") for one in inside)


def test_one_class_against_another(walked, open_page, painted):
    explored, layer = walked
    scores, (first, second, *_) = best(explored)
    page = at_layer(open_page, walked, "&c=2&strip=compare&cmp=class")
    shown = [painted(compared(page).nth(place)) for place in range(3)]
    a, b = (
        unit_contributions(explored.network, source(explored), layer, aim)[0].values[2]
        for aim in (first, second)
    )
    most = max(np.abs(part).max() for part in (a, b, a - b))
    for pixels, part in zip(shown, (a, b, a - b), strict=True):
        assert near(cells(pixels, part.shape), coloured(part, -most, most, "RdBu"))
    page.locator(".cs-class").nth(1).click(modifiers=["Shift"])
    page.wait_for_function("() => convscope.run.score.words.includes(' - ')")
    apart = logits_apart(scores, first, second)
    assert page.evaluate("() => convscope.run.score.value") == pytest.approx(
        apart, rel=1e-3, abs=1e-4
    )
    page.wait_for_function("() => convscope.books?.words.includes(' - ')")
    shares = page.evaluate("(name) => Array.from(convscope.shares.get(name))", layer)
    own = convscope.contributions(explored.network, source(explored), (first, second))
    scale = np.abs(own.shares[layer][0]).max()
    np.testing.assert_allclose(shares, own.shares[layer][0], rtol=1e-3, atol=1e-3 * scale)
    page.get_by_role("button", name="the class it gives").click()
    page.wait_for_function("(index) => convscope.run.score.index === index", arg=first)
    assert "t=" not in page.url


def test_two_networks_are_compared(walked, open_page, painted, serve):
    explored, layer = walked
    early = next(name for name, one in explored.network.layers.items() if one.kind == "conv")
    strongest = int(np.abs(values(explored, early)).max(axis=(1, 2)).argmax())
    other = convscope.mute(explored.network, early, strongest)
    images = [one.content for one in explored.session.images]
    with serve([explored.network, other], images) as both:
        page = at_layer(open_page, (both, layer), "&c=1&strip=compare&cmp=network&with=1")
        shown = [painted(compared(page).nth(place)) for place in range(3)]
        beside = page.locator(".cs-beside tbody tr").first.locator("td[title]")
        told = [float(one.get_attribute("title")) for one in beside.all()]
        page.context.close()
    a, b = (values(explored, layer, network=one)[1] for one in (None, other))
    assert np.abs(a - b).max() > 1e-3 * np.abs(a).max()
    least = min(a.min(), b.min())
    reach = max(np.abs(one).max() for one in ((a, b, a - b) if least < 0 else (a, b)))
    ends = (-reach, reach, "RdBu") if least < 0 else (0, reach, "paper")
    for pixels, one in zip(shown[:2], (a, b), strict=True):
        assert near(cells(pixels, one.shape), coloured(one, *ends))
    assert near(cells(shown[2], a.shape), coloured(a - b, -reach, reach, "RdBu"))
    (scores, (first, *_)), (others, _) = best(explored), best(explored, network=other)
    assert told[0] == pytest.approx(scores[first], rel=1e-3, abs=1e-6)
    assert len(told) == 1 or told[1] == pytest.approx(others[first], rel=1e-3, abs=1e-6)


def test_maps_are_sorted_by_what_muting_them_costs(walked, open_page):
    explored, layer = walked
    scores, (first, second, *_) = best(explored)
    # Of two classes the difference of the logits is known from what the softmax made of them.
    page = at_layer(open_page, walked, f"&t={first},{second}")
    page.locator(".cs-centre").get_by_label("sort").select_option("ablation")
    page.wait_for_function("(name) => convscope.ranking.costs.has(name)", arg=layer)
    order, by, costs = page.evaluate(
        "(name) => { const { shown, by } = convscope.ranking.order(convscope.maps(name));"
        " return [shown, by, [...convscope.ranking.costs.get(name)]]; }",
        layer,
    )
    assert by == "ablation" and "until" not in page.locator(".cs-centre .cs-head").inner_text()
    ranked = np.abs(np.array(costs))[order]
    assert len(order) > 3 and (np.diff(ranked) <= 0).all() and ranked[0] > 0
    whole = logits_apart(scores, first, second)
    for channel in (order[0], order[-1]):
        muted = convscope.mute(explored.network, layer, channel)
        left = logits_apart(best(explored, network=muted)[0], first, second)
        assert costs[channel] == pytest.approx(whole - left, rel=1e-2, abs=2e-4)
    page.locator(".cs-scroll").first.focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("() => convscope.state.channel") == order[0]


def test_a_heat_map_is_as_opaque_as_the_slider_says(walked, open_page, painted):
    explored, _ = walked
    page = open_page("theme=light", at=explored)
    still(page)
    (photo,) = source(explored)
    seen = np.broadcast_to(photo, (*photo.shape[:2], 3))
    assert np.array_equal(painted(page.locator(STAGE))[..., :3], seen)
    grey = photo
    if photo.shape[-1] == 3:
        grey = np.asarray(PIL.Image.fromarray(photo).convert("L"))[..., None]
    page.get_by_label("method of the heat map").select_option("saliency")
    page.locator(".cs-heat-ends").wait_for()
    told = np.asarray(
        convscope.heatmap(explored.network, source(explored), None, "saliency").upsampled
    )[0]
    ends = span_for(told)
    colours = "RdBu" if ends[0] < 0 else "inferno"
    pictures = []
    for opacity in (0, 35, 100):
        page.get_by_label("opacity of the heat map").fill(str(opacity))
        still(page)
        pictures.append(painted(page.locator(STAGE))[..., :3].astype(int))
        expected = blended(grey, told, ends, opacity / 100, colours)
        off = np.abs(pictures[-1] - expected)
        # A value between two levels may fall to either, and grey is rounded here and there.
        assert off.max() <= 6 and off.mean() < 0.6
        assert page.locator(".cs-heat-opacity output").inner_text() == f"{opacity} %"
    assert (pictures[0] == pictures[0][..., :1]).all()
    apart = [np.abs(one - pictures[0]).mean() for one in pictures]
    assert apart[0] == 0 and 0 < apart[1] < apart[2]
    page.get_by_label("method of the heat map").select_option("")
    still(page)
    assert np.array_equal(painted(page.locator(STAGE))[..., :3], seen)


def svg_words(file):
    found = re.findall(r"<text[^>]*>([^<]*)</text>", file.path().read_text())
    return [html.unescape(one) for one in found]


def test_the_words_of_an_svg_are_those_on_the_screen(walked, open_page):
    explored, layer = walked
    page = at_layer(open_page, walked, "&c=2&yx=3,4&scale=layer")
    page.wait_for_function("() => convscope.books")
    own = values(explored, layer)
    words = svg_words(download(page, "svg", f"all maps of {layer}"))
    head = page.locator(".cs-centre .cs-head")
    title = f"{head.locator('h2').inner_text()} · {head.locator('.cs-note').first.inner_text()}"
    # A title that is too long is broken between its words.
    assert " ".join(words).startswith(title) and title.startswith(layer)
    bar = page.locator(".cs-centre .cs-bar span").all_inner_texts()
    low, high = bar[0], bar[-1]
    assert {low, high} <= set(words)
    reach = np.abs(own).max()
    expected = (-reach, reach) if own.min() < 0 else (own.min(), own.max())
    assert [float(low), float(high)] == pytest.approx(expected, rel=1e-2, abs=1e-6)
    for channel in (0, len(own) - 1):
        place = words.index(str(channel))
        assert float(words[place + 1]) == pytest.approx(own[channel].max(), rel=0.06, abs=1e-3)
    words = svg_words(download(page, "svg", f"channel 2 of {layer}"))
    heading = re.match(rf"{re.escape(layer)} · channel 2 · y 3, x 4: (\S+)", " ".join(words))
    assert read_number(heading[1]) == pytest.approx(own[2, 3, 4], rel=2e-3, abs=1e-6)
    ends = page.locator(".cs-mapbar span").all_inner_texts()[:2]
    assert set(ends) <= set(words)
    assert [float(one) for one in ends] == pytest.approx(expected, rel=1e-2, abs=1e-6)
    share = page.locator(".cs-contribution dd").first.inner_text().split()[0]
    assert any(one.startswith(f"contributes {share} to the logit of") for one in words)
