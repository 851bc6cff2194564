"""A survey beside the network: leaders with crops, histogram, classes, filters, mean maps."""

import re
from itertools import pairwise

import numpy as np
import pytest

import convscope
from convscope.explorer.session import Session
from convscope.explorer.surveyed import first_images
from convscope.pictures.colormap import full_palette

from ..surveying import CLASSES, IMAGES, images, maps_of, write

pytest.importorskip("zarr", reason="surveys need the extra survey")
PINNED = "theme=light&m=layer&l=edges&c=1"


@pytest.fixture(scope="package")
def surveyed_store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("survey")
    network, dataset = write(folder)
    convscope.survey(network, str(dataset), folder / "small.zarr", per_class="edges", k=4)
    return network, folder / "small.zarr"


@pytest.fixture(scope="package")
def surveyed(surveyed_store, serve_session):
    """Serve the small network with its survey, on the first image of each class."""
    network, store = surveyed_store
    found = first_images(convscope.open_survey(store))
    with serve_session(Session(convscope.open(network), found, survey=store)) as explored:
        yield explored


@pytest.fixture(scope="module")
def maps():
    return maps_of("edges").astype(np.float64)


def pinned(open_page, surveyed, state=PINNED):
    page = open_page(state, at=surveyed)
    page.locator(".cs-survey .cs-leader").first.wait_for()
    return page


def leaders_of(maps, channel):
    return np.argsort(-maps[:, channel].max(axis=(1, 2)), kind="stable")[:4]


def painted_image(painted, canvas, size):
    """Read a picture that is drawn enlarged, a pixel a pixel."""
    pixels = painted(canvas)
    zoom = pixels.shape[0] / size
    places = ((np.arange(size) + 0.5) * zoom).astype(int)
    return pixels[np.ix_(places, places)][..., :3]


def test_leaders_show_the_images_and_the_crop_of_the_peak(open_page, surveyed, maps, painted):
    page = pinned(open_page, surveyed)
    tiles = page.locator(".cs-survey .cs-leader")
    assert tiles.count() == 4
    for rank, place in enumerate(leaders_of(maps, 1)):
        own = images()[0][place]
        y, x = np.unravel_index(maps[place, 1].argmax(), maps.shape[2:])
        words = tiles.nth(rank).get_attribute("aria-label")
        assert f":{place}, class {place % CLASSES}" in words and f"at y {y}, x {x}" in words
        shown = painted_image(painted, tiles.nth(rank).locator("canvas"), 12)
        outside = np.ones((12, 12), bool)
        outside[max(0, y - 1) : y + 4, max(0, x - 1) : x + 4] = False
        assert (shown[outside] == own[outside][:, None]).all()
        tiles.nth(rank).hover()
        page.wait_for_timeout(100)
        close = page.locator(".cs-close-up canvas")
        crop = painted_image(painted, close, 3)
        assert (crop == own[y : y + 3, x : x + 3][..., None]).all()
        assert f"sees y {y}–{y + 2}, x {x}–{x + 2}" in page.locator(".cs-close-up p").inner_text()


def test_the_crop_is_outlined_in_the_whole_image(open_page, surveyed, maps, painted):
    page = pinned(open_page, surveyed)
    place = leaders_of(maps, 1)[0]
    y, x = np.unravel_index(maps[place, 1].argmax(), maps.shape[2:])
    pixels = painted(page.locator(".cs-survey .cs-leader canvas").first)[..., :3].astype(int)
    pin = np.array([0xC2, 0x6A, 0x00])
    rows, columns = np.nonzero(np.abs(pixels - pin).max(axis=-1) < 8)
    unit = pixels.shape[0] / 12
    assert rows.min() == pytest.approx(y * unit, abs=1.5)
    assert rows.max() == pytest.approx((y + 3) * unit, abs=1.5)
    assert columns.min() == pytest.approx(x * unit, abs=1.5)
    assert columns.max() == pytest.approx((x + 3) * unit, abs=1.5)


def test_it_says_how_often_the_channel_fires(open_page, surveyed, maps):
    page = pinned(open_page, surveyed, "theme=light&m=layer&l=edges&c=3")
    fired = int((maps[:, 3] != 0).any(axis=(1, 2)).sum())
    assert 0 < fired < IMAGES
    words = page.locator(".cs-surveytold").inner_text()
    assert f"fires on {fired} of {IMAGES} images ({100 * fired / IMAGES:.1f} %)" in words


def test_a_map_that_is_zero_here_is_silent_or_dead(open_page, surveyed, maps):
    """The first image has the class that is darkest: channel 3 is zero on it."""
    assert not maps[0, 3].any() and maps[:, 3].any() and not maps[:, 4].any()
    page = pinned(open_page, surveyed, "theme=light&m=layer&l=edges&c=3")
    assert page.locator(".cs-heading .cs-word").inner_text() == "silent"
    fired = int((maps[:, 3] != 0).any(axis=(1, 2)).sum())
    assert f"it fires on {fired} of {IMAGES} images" in page.locator(".cs-reason").inner_text()
    assert page.locator(".cs-drawer button").inner_text().startswith("1 silent, 1 dead")
    page.evaluate("convscope.change({ channel: 4 })")
    page.locator(".cs-heading .cs-word", has_text="dead").wait_for()
    words = page.locator(".cs-reason").inner_text()
    assert f"zero on all {IMAGES} images" in words
    assert page.locator(".cs-entry", has_text="edges").locator(".cs-blanks").inner_text() == (
        "2 blank, 1 dead"
    )
    label = page.locator(".cs-scroll").first.get_attribute("aria-label")
    assert "dead" in label and f"zero on all {IMAGES} images" in label


def numbers(row):
    return [float(one) for one in re.findall(r"[+-]?\d+(?:\.\d+)?(?:e-?\d+)?", " ".join(row[2:]))]


def test_class_bars(open_page, surveyed, maps):
    page = pinned(open_page, surveyed)
    rows = page.locator(".cs-classbars tbody tr")
    labels, means = images()[1], maps[:, 1].mean(axis=(1, 2))
    spread = [means[labels == own].std() for own in range(CLASSES)]
    mean = [means[labels == own].mean() for own in range(CLASSES)]
    most = max(one + beside for one, beside in zip(mean, spread, strict=True))
    track = rows.first.locator(".cs-classtrack").bounding_box()["width"]
    for own in range(CLASSES):
        cells = rows.nth(own).locator("th, td").all_inner_texts()
        assert cells[0] == str(own)
        assert numbers(cells)[:2] == pytest.approx([mean[own], spread[own]], rel=0.05)
        bar = rows.nth(own).locator(".cs-classbar").bounding_box()["width"]
        assert bar / track == pytest.approx(mean[own] / most, abs=0.02)


def test_the_histogram_draws_every_bin_as_large_as_its_count(open_page, surveyed, maps, painted):
    """Four bins an octave on an axis of octaves: areas are counts."""
    page = pinned(open_page, surveyed)
    pixels = painted(page.locator(".cs-surveyhistogram canvas"))[..., :3].astype(int)
    # The marker of this image, orange, hides what is behind it.
    grey = np.abs(pixels - np.array([0x9A, 0xA5, 0xAE])).max(axis=-1) < 4
    peaks = maps[:, 1].max(axis=(1, 2))
    octave = np.floor(np.log2(peaks))
    place = 4 * octave + np.floor((peaks / 2**octave - 1) * 4)
    bins = np.arange(place.min(), place.max() + 1)
    low = 2 ** (bins // 4) * (1 + bins % 4 / 4)
    high = 2 ** ((bins + 1) // 4) * (1 + (bins + 1) % 4 / 4)
    wide = np.log2(high / low)
    counts = np.array([(place == one).sum() for one in bins])
    ends = np.concatenate([[0], np.cumsum(wide)]) / wide.sum() * pixels.shape[1]
    areas = np.array([grey[:-1, int(a) : int(b)].sum() for a, b in pairwise(ends)])
    full = counts > 0
    assert (areas[~full] <= 2 * np.diff(ends)[~full]).all()
    shares, expected = areas / areas.sum(), counts / counts.sum()
    assert shares == pytest.approx(expected, abs=0.05)


def test_a_top_image_becomes_the_image_and_the_address_holds_it(open_page, surveyed, maps):
    page = pinned(open_page, surveyed)
    place = int(leaders_of(maps, 1)[2])
    page.locator(".cs-survey .cs-leader").nth(2).click()
    page.wait_for_function("(place) => convscope.run.image.endsWith(`:${place}`)", arg=place)
    scores = maps_of("scores")[place]
    best = page.evaluate("convscope.run.predictions[0]")
    assert best["index"] == scores.argmax()
    assert best["score"] == pytest.approx(scores.max(), rel=1e-4)
    shown = page.locator(".cs-survey .cs-leader").nth(2)
    assert shown.get_attribute("aria-pressed") == "true"
    assert f"sv={place}" in page.url
    page.reload()
    page.wait_for_function(
        "(place) => globalThis.convscope?.run?.image.endsWith(`:${place}`)", arg=place
    )
    assert page.evaluate("convscope.state.surveyed") == place
    page.go_back()
    page.wait_for_function("() => convscope.state.surveyed === -1")
    page.wait_for_function("() => convscope.run.image.endsWith(':0')")


def test_an_image_that_the_dataset_does_not_have_is_given_up(open_page, surveyed):
    page = open_page(f"{PINNED}&sv=4711", at=surveyed)
    page.wait_for_function("() => !document.querySelector('.cs-problem').hidden")
    assert "no image 4711" in page.locator(".cs-problem").inner_text()
    assert page.evaluate("[convscope.state.surveyed, convscope.state.image]") == [-1, 0]


def shown_channels(page):
    return page.evaluate("convscope.ranking.order(convscope.maps('edges')).shown")


def test_filters_of_the_mosaic(open_page, surveyed, maps):
    page = pinned(open_page, surveyed)
    chosen = page.get_by_label("show which maps")
    page.wait_for_function("() => convscope.surveys.selectivity('edges')")
    best = tells(maps)
    counts = {own: int((best == own).sum()) for own in range(CLASSES)}
    words = chosen.locator("option").all_inner_texts()
    assert words[:3] == ["all", "dead (1)", "silent here (1)"]
    assert words[3:] == [f"tells {own} ({count})" for own, count in counts.items() if count]
    chosen.select_option("dead")
    assert shown_channels(page) == [4]
    assert "1 of 5 dead" in page.locator(".cs-head").inner_text()
    chosen.select_option("silent")
    assert shown_channels(page) == [3]
    own = max(counts, key=lambda one: counts[one])
    chosen.select_option(f"class:{own}")
    assert sorted(shown_channels(page)) == np.flatnonzero(best == own).tolist()
    assert f"show=class:{own}" in page.url
    page.reload()
    page.wait_for_function(
        "() => globalThis.convscope?.maps?.('edges') && convscope.surveys.selectivity('edges')"
    )
    assert sorted(shown_channels(page)) == np.flatnonzero(best == own).tolist()
    chosen.select_option("")
    assert sorted(shown_channels(page)) == [0, 1, 2]


def primes(maps):
    labels, means = images()[1], maps.mean(axis=(2, 3))[:, :4]
    found = []
    for own in range(CLASSES):
        one, rest = means[labels == own], means[labels != own]
        spread = np.sqrt((one.var(axis=0) + rest.var(axis=0)) / 2)
        found.append((one.mean(axis=0) - rest.mean(axis=0)) / spread)
    return np.array(found)


def tells(maps):
    return np.abs(primes(maps)).argmax(axis=0)


def test_sorted_by_selectivity(open_page, surveyed, maps):
    page = pinned(open_page, surveyed, f"{PINNED}&sort=selectivity")
    page.wait_for_function("() => convscope.surveys.selectivity('edges')")
    most = np.abs(primes(maps)).max(axis=0)
    assert shown_channels(page) == [one for one in np.argsort(-most).tolist() if one != 3]


def test_class_against_class_as_mean_maps(open_page, surveyed, maps, painted):
    page = open_page(f"{PINNED}&strip=compare&cmp=survey&of=2&with=0", at=surveyed)
    page.wait_for_function("() => document.querySelectorAll('.cs-three canvas').length === 3")
    labels = images()[1]
    a, b = (maps[labels == own, 1].mean(axis=0) for own in (2, 0))
    high, low = max(a.max(), b.max()), min(a.min(), b.min())
    for place, (values, ends, palette) in enumerate(
        [(a, (low, high), "paper"), (b, (low, high), "paper"), (a - b, (-high, high), "RdBu")]
    ):
        pixels = painted(page.locator(".cs-three canvas").nth(place))
        zoom = pixels.shape[0] // 10
        shown = pixels[zoom // 2 :: zoom, zoom // 2 :: zoom, :3].astype(int)
        levels = np.floor((values - ends[0]) * 239 / (ends[1] - ends[0]) + 0.5).astype(int)
        wanted = full_palette(palette)[levels].astype(int)
        # A value at the edge of a level may fall to either side.
        assert np.abs(shown - wanted).max() <= 12
    assert "mean of 13 and of 14 images" in page.locator(".cs-group h3").inner_text()
    page.get_by_label("compare what").select_option("1")
    page.wait_for_function("() => convscope.state.first === 1")
    assert "of=1" in page.url


def test_layers_without_mean_maps_say_how_to_get_them(open_page, surveyed):
    page = open_page("m=layer&l=smaller&c=1&strip=compare&cmp=survey", at=surveyed)
    page.locator(".cs-compare .cs-partnote", has_text="--per-class smaller").wait_for()


def test_tables_hold_the_same(open_page, surveyed, maps):
    page = open_page(f"{PINNED}&table=true", at=surveyed)
    rows = page.locator(".cs-survey .cs-figures tbody tr")
    rows.first.wait_for()
    for rank, place in enumerate(leaders_of(maps, 1)):
        cells = rows.nth(rank).locator("td").all_inner_texts()
        assert cells[0].endswith(f":{place}") and cells[1] == str(place % CLASSES)
        assert float(cells[2]) == pytest.approx(maps[place, 1].max(), rel=1e-3)
    bins = page.locator(".cs-surveyhistogram tbody tr td:last-child").all_inner_texts()
    assert sum(map(int, bins)) == IMAGES
    page.wait_for_function("() => convscope.surveys.selectivity('edges')")
    page.wait_for_timeout(100)
    table = page.locator(".cs-tables table:visible").first
    heads = table.locator("thead th").all_inner_texts()
    column = next(place for place, name in enumerate(heads) if name.startswith("fires, of"))
    fired = (maps != 0).any(axis=(2, 3)).sum(axis=0)
    for channel in range(5):
        cells = table.locator("tbody tr").nth(channel).locator("th, td").all_inner_texts()
        assert int(cells[column]) == fired[channel]
    words = [table.locator("tbody tr").nth(one).locator("td").first.inner_text() for one in (3, 4)]
    assert words == ["silent", "dead"]


def test_leaders_are_reached_by_keys(open_page, surveyed, maps):
    page = pinned(open_page, surveyed)
    page.locator(".cs-survey .cs-leader").first.focus()
    page.keyboard.press("Tab")
    second = int(leaders_of(maps, 1)[1])
    assert f":{second}" in page.locator(".cs-close-up b").inner_text()
    page.keyboard.press("Enter")
    page.wait_for_function("(place) => convscope.run.image.endsWith(`:${place}`)", arg=second)
    page.locator(".cs-survey .cs-leader").nth(1).wait_for()
    assert page.evaluate("document.activeElement.className").startswith("cs-leader")


def test_a_report_holds_the_survey_without_its_images(surveyed_store, chromium, maps, tmp_path):
    network, store = surveyed_store
    path = tmp_path / "report.html"
    convscope.report(convscope.open(network), images()[0][:1], path, survey=store)
    page = chromium.new_page()
    page.goto(f"{path.as_uri()}#m=layer&l=edges&c=3&strip=compare&cmp=survey&show=silent")
    page.wait_for_function("() => globalThis.convscope?.run && convscope.maps('edges')")
    page.locator(".cs-classbars tbody tr").first.wait_for()
    assert page.locator(".cs-heading .cs-word").inner_text() == "silent"
    fired = int((maps[:, 3] != 0).any(axis=(1, 2)).sum())
    assert f"fires on {fired} of {IMAGES}" in page.locator(".cs-surveytold").inner_text()
    assert shown_channels(page) == [3]
    page.locator(".cs-survey p", has_text="this file holds no images of the survey").wait_for()
    rows = page.locator(".cs-survey .cs-figures tbody tr button")
    assert rows.count() == 4 and rows.first.is_disabled()
    assert "convscope explore" in rows.first.get_attribute("title")
    page.locator(".cs-partnote", has_text="this file holds no mean maps of classes").wait_for()
    page.close()


def test_without_a_survey_nothing_of_it_is_seen(open_page):
    page = open_page("m=layer&l=conv3&c=3&show=dead&sort=selectivity&sv=3&strip=compare&cmp=survey")
    assert page.locator(".cs-survey").is_hidden()
    assert page.get_by_label("show which maps").is_hidden()
    state = page.evaluate("convscope.state")
    assert (state["filter"], state["sort"], state["surveyed"]) == ("", "contribution", -1)
    assert "survey" not in page.get_by_label("what to compare").inner_text()
    assert "selectivity" not in page.get_by_label("sort the maps by").first.inner_text()


def test_the_python_filters_and_compares_as_the_page_does(
    open_page, surveyed, maps, tmp_path, monkeypatch
):
    page = open_page(
        f"{PINNED}&sort=selectivity&show=class:2&strip=compare&cmp=survey&of=2&with=0&sv=5",
        at=surveyed,
    )
    page.wait_for_function("() => document.querySelectorAll('.cs-three canvas').length === 3")
    page.wait_for_function("() => convscope.books && convscope.surveys.selectivity('edges')")
    page.get_by_role("button", name="Download").click()
    page.locator("[data-what=python]").click()
    code = page.locator("dialog pre").inner_text()
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(compile(code, "explorer.py", "exec"), names)
    assert names["order"] == shown_channels(page)
    labels = images()[1]
    a, b = (maps[labels == own, 1].mean(axis=0) for own in (2, 0))
    np.testing.assert_allclose(names["difference"], a - b, atol=1e-5)
    np.testing.assert_allclose(names["maps"].values, maps[5], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("more", ["", "&table=true", "&strip=compare&cmp=survey"])
def test_no_serious_finding_of_axe_with_the_panel_open(open_page, surveyed, theme, more):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe is not installed"
    )
    page = open_page(f"theme={theme}&m=layer&l=edges&c=1{more}", at=surveyed)
    page.locator(".cs-classbars tbody tr").first.wait_for()
    page.wait_for_timeout(600)
    found = axe.Axe().run(page).response["violations"]
    serious = [
        (one["id"], node["target"], node["failureSummary"])
        for one in found
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"]
    ]
    assert not serious
