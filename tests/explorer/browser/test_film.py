"""A film in the page: the slider, the newest frame, training mode, frames beside each other."""

import numpy as np
import pytest

import convscope
from convscope.explorer.session import Session

from ..filming import STEPS, add, write

pytest.importorskip("zarr", reason="a film needs the extra survey")
LAYER = "theme=light&m=layer&l=norm"
VALUES = "name => Array.from(convscope.maps(name).values.data)"


@pytest.fixture(scope="package")
def filmed(tmp_path_factory, serve_session):
    """Serve a film of three frames."""
    path = tmp_path_factory.mktemp("film") / "film.zarr"
    write(path)
    with serve_session(Session(convscope.open_film(path))) as explored:
        yield explored, convscope.open_film(path)


def shown(page, step):
    page.locator(".cs-film-words", has_text=f"step {step} ·").wait_for()


def values(page, name="norm"):
    page.wait_for_function(f"() => convscope.maps({name!r})?.values")
    return np.array(page.evaluate(VALUES, name), np.float32)


def test_the_slider_leads_through_the_frames(open_page, filmed):
    explored, film = filmed
    page = open_page(LAYER, at=explored)
    slider = page.get_by_role("slider", name="frame of the film")
    shown(page, STEPS[-1])
    assert "the newest" in page.locator(".cs-film-words").inner_text()
    assert slider.get_attribute("aria-valuetext") == "step 25 · frame 3 of 3"
    for frame in (2, 1, 0):
        shown(page, STEPS[frame])
        page.wait_for_function(
            "([run, index]) => convscope.run.run !== run || index === 2",
            arg=[getattr(page, "last_run", ""), frame],
        )
        page.last_run = page.evaluate("() => convscope.run.run")
        expected = film["norm"]["maps"][frame, 0].values.astype(np.float32).ravel()
        assert np.array_equal(values(page), expected), frame
        slider.focus()
        page.keyboard.press("ArrowLeft")
    assert "f=0" in page.url
    page.locator(".cs-mosaic, .cs-centre").first.click(position={"x": 5, "y": 5})
    page.keyboard.press(">")
    shown(page, 10)


def test_the_film_plays_to_its_end(open_page, filmed):
    page = open_page(f"{LAYER}&f=0", at=filmed[0])
    shown(page, 0)
    page.get_by_role("button", name="play the film").click()
    shown(page, 25)
    page.get_by_role("button", name="play the film").wait_for()


def test_dead_channels_are_counted_at_every_frame(open_page, filmed):
    page = open_page("theme=light&m=layer&l=conv", at=filmed[0])
    page.get_by_text("1 of 4 dead in conv").wait_for()
    page.locator(".cs-centre").click(position={"x": 5, "y": 5})
    page.keyboard.press("<")
    page.get_by_text("0 of 4 dead in conv").wait_for()


def test_training_mode_shows_its_own_maps(open_page, filmed):
    explored, film = filmed
    page = open_page(f"{LAYER}&f=1", at=explored)
    values(page)
    run = page.evaluate("() => convscope.run.run")
    page.get_by_role("button", name="training", exact=True).click()
    page.wait_for_function("run => convscope.run.run !== run", arg=run)
    expected = film["norm"]["training"][1, 0].values.astype(np.float32).ravel()
    assert np.array_equal(values(page), expected)
    assert "tr=true" in page.url


def test_two_frames_stand_beside_each_other_on_one_scale(open_page, filmed):
    _, film = filmed
    page = open_page(f"{LAYER}&c=1&f=1&strip=compare&cmp=frame&with=0", at=filmed[0])
    page.locator(".cs-compare canvas").nth(2).wait_for()
    assert page.locator(".cs-ownside").inner_text() == "step 10"
    a, b = (film["norm"]["maps"][frame, 0, 1].values.astype(np.float64) for frame in (1, 0))
    label = page.locator(".cs-compare canvas").nth(2).get_attribute("aria-label")
    assert label.startswith("A minus B, channel 1")
    bars = page.locator(".cs-compare .cs-bars").inner_text().replace("−", "-").split()
    most = max(abs(a).max(), abs(b).max(), abs(a - b).max())
    assert float(bars[-1]) == pytest.approx(most, rel=0.02)


def test_a_channel_over_the_training_leads_to_a_frame(open_page, filmed):
    page = open_page(f"{LAYER}&c=1", at=filmed[0])
    line = page.get_by_role("img", name="change of the map over 3 frames")
    line.wait_for()
    box = line.bounding_box()
    page.mouse.click(box["x"] + 3, box["y"] + 10)
    shown(page, 0)


def test_new_frames_come_while_the_page_is_open(open_page, serve_session, tmp_path):
    film, network = write(tmp_path / "film.zarr", 1)
    with serve_session(Session(convscope.open_film(film.path))) as explored:
        page = open_page(LAYER, at=explored)
        shown(page, 0)
        add(film, network, 10)
        shown(page, 10)
        expected = convscope.open_film(film.path)["norm"]["maps"][1, 0]
        page.wait_for_function("() => convscope.network.film.steps.length === 2")
        page.wait_for_function(
            "value => convscope.maps('norm')?.values?.data[0] === value",
            arg=float(expected.values.ravel()[0]),
        )


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_bar_can_be_used_by_everybody(open_page, filmed, theme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = open_page(f"theme={theme}&m=layer&l=conv&c=1", at=filmed[0])
    page.get_by_role("img", name="change of the map over 3 frames").wait_for()
    found = axe.Axe().run(page, context=".cs-film, .cs-filmpanel")
    assert not found.response["violations"], found.generate_report()


def test_what_the_page_says_in_python_gives_the_same(open_page, filmed, tmp_path):
    explored, film = filmed
    page = open_page(f"{LAYER}&f=1&c=2&i=1", at=explored)
    values(page)
    page.get_by_role("button", name="Download").click()
    page.locator("[data-what=python]").click()
    code = page.get_by_label("Python code").inner_text()
    said = {}
    exec(code.split("picture = ")[0], said)
    expected = film["norm"]["maps"][1, 1].values.astype(np.float32)
    assert np.array_equal(said["maps"].values, expected)
