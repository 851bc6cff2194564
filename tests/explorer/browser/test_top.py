"""The bar at the top: what is shown, of which network, image and class, and how."""

import numpy as np
import pytest

from convscope.networks import open_network
from convscope.pictures.colormap import palette
from convscope.pictures.levels import levels
from convscope.training.recipes import embedded

# Of a tile of 104 pixels, a map of 26 x 26 has four pixels a unit.
TILE = "m=layer&l=conv1&sort=index&tile=104"


@pytest.fixture(scope="module")
def maps(explored):
    """Give the maps of the first layer for one of the images: ``(channel, y, x)``."""

    def find(image):
        content = [explored.session.images[image].content]
        found = explored.network.activations(content, layers="conv1")
        return np.asarray(found["conv1"].values)[0]

    return find


def wait(page, script, argument=None):
    page.wait_for_function(script, arg=argument)


def still(page):
    page.evaluate("() => new Promise((go) => requestAnimationFrame(() => setTimeout(go, 60)))")


def tile(painted, page, channel):
    """Read one tile of the mosaic, a pixel a unit."""
    canvas = painted(page.locator(".cs-scroll canvas"))
    wide = page.evaluate("() => document.querySelector('.cs-scroll').clientWidth")
    columns = max(1, (wide - 14) // 116)
    y, x = divmod(channel, columns)
    top, left = 4 + y * (104 + 22), 14 + x * 116
    return canvas[top + 2 : top + 104 : 4, left + 2 : left + 104 : 4, :3]


def expected(values, scale, name):
    found, _ = levels(np.asarray(values, np.float32), scale)
    return palette(name)[found]


@pytest.mark.parametrize(
    ("scale", "colormap"),
    [("channel", "viridis"), ("layer", "magma"), ("robust", "viridis"), ("sigma", "gray")],
)
def test_scale_and_colours_are_those_of_pictures(open_page, maps, painted, scale, colormap):
    page = open_page(f"{TILE}&i=4")
    page.get_by_label("scale", exact=True).select_option(scale)
    page.get_by_label("colormap").select_option(colormap)
    still(page)
    wanted = expected(maps(4), scale, colormap)
    for channel in (0, 3):
        shown = tile(painted, page, channel)
        # A value between two levels may fall to either.
        assert np.abs(shown.astype(int) - wanted[channel]).max() <= 8
        assert np.abs(shown.astype(int) - wanted[channel]).mean() < 0.3
    assert f"cm={colormap}" in page.url


def test_a_fixed_scale_is_entered(open_page, maps, painted):
    page = open_page(f"{TILE}&i=4&cm=viridis")
    page.get_by_label("scale", exact=True).select_option("fixed")
    low, high = (page.get_by_label(f"{end} value of the scale") for end in ("lowest", "highest"))
    # At first from the lowest to the highest value of the layer.
    values = maps(4)
    assert float(low.input_value()) == pytest.approx(values.min(), abs=0.01)
    assert float(high.input_value()) == pytest.approx(values.max(), rel=0.01)
    high.fill("0.5")
    high.press("Tab")
    low.fill("0.125")
    low.press("Tab")
    still(page)
    assert page.evaluate("() => convscope.state.scale") == "fixed(0.125,0.5)"
    wanted = expected(values, "fixed(0.125, 0.5)", "viridis")
    assert np.abs(tile(painted, page, 0).astype(int) - wanted[0]).max() <= 8
    high.fill("0.1")
    high.press("Tab")
    assert high.get_attribute("aria-invalid") == "true"
    assert page.evaluate("() => convscope.state.scale") == "fixed(0.125,0.5)"
    page.get_by_label("scale", exact=True).select_option("channel")
    assert low.is_hidden()


def test_image_class_and_mode(open_page):
    page = open_page("i=4")
    assert page.locator(".cs-network-name").inner_text() == "embedded"
    shown = "() => document.querySelector('.cs-top [aria-label=\"class that is explained\"]')"
    words = page.evaluate(f"({shown})().selectedOptions[0].textContent")
    assert words == "4 (the class it gives)"
    page.get_by_label("image", exact=True).select_option("6")
    wait(page, "() => convscope.run.image === 'digit 6'")
    words = page.evaluate(f"({shown})().selectedOptions[0].textContent")
    assert words == "6 (the class it gives)"
    page.get_by_label("class that is explained").select_option("2")
    wait(page, "() => convscope.run.score.words === 'logit of 2'")
    page.locator(".cs-class").first.click(modifiers=["Shift"])
    wait(page, "() => convscope.run.score.words === 'logit of 2 - logit of 6'")
    assert page.evaluate(f"({shown})().selectedOptions[0].textContent") == "2 − 6"
    for mode in ("layer", "sheet"):
        button = page.locator(".cs-switch").get_by_role("button", name=mode, exact=True)
        button.press("Enter")
        assert button.get_attribute("aria-pressed") == "true"
        assert page.evaluate("() => convscope.root.dataset.mode") == mode


def test_the_theme(open_page, painted):
    page = open_page(TILE, color_scheme="dark")
    theme = page.get_by_label("theme")

    def ground():
        still(page)
        return painted(page.locator(".cs-scroll canvas"))[0, 0, :3].tolist()

    assert ground() == [18, 23, 28]
    theme.select_option("light")
    assert ground() == [255, 255, 255]
    page.emulate_media(color_scheme="light")
    theme.select_option("dark")
    assert ground() == [18, 23, 28]
    theme.select_option("auto")
    assert ground() == [255, 255, 255]


def test_download_and_help_open_what_they_say(open_page):
    page = open_page()
    for name, title in (("Download", "Download what you see"), ("help", "What is what")):
        press = page.get_by_role("button", name=name, exact=False).first
        press.press("Enter")
        page.locator("dialog[open]").wait_for()
        assert page.locator("dialog[open] h2").first.inner_text() == title
        page.keyboard.press("Escape")
        page.locator("dialog[open]").wait_for(state="detached")


def test_the_network_is_chosen_where_there_are_several(open_page, explored, serve):
    import keras

    keras.utils.set_random_seed(3)
    image = keras.Input((28, 28, 1))
    hidden = keras.layers.Conv2D(2, 5, name="only", activation="relu")(image)
    scores = keras.layers.Dense(10, activation="softmax")(keras.layers.Flatten()(hidden))
    other = keras.Model(image, scores, name="other")
    images = [one.content for one in explored.session.images]
    with serve([open_network(embedded()), open_network(other)], images) as found:
        page = open_page(at=found)
        choice = page.get_by_label("network", exact=True)
        assert choice.locator("option").all_inner_texts() == ["embedded", "other"]
        choice.select_option("1")
        wait(page, "() => convscope.network.name === 'other' && convscope.run?.predictions.length")
        wait(page, "() => convscope.maps('only')?.shape[0] === 2")
        batch = np.asarray(images[0].pixels, np.float32)[None] / 255
        best = int(np.asarray(other(batch))[0].argmax())
        assert page.locator(".cs-class-name").first.inner_text() == f"class {best}"
        assert "n=1" in page.url
        page.context.close()


@pytest.mark.parametrize("width", [800, 1280, 1920])
def test_nothing_is_cut_off(open_page, width):
    page = open_page("scale=fixed(0,1)&t=1,2", viewport={"width": width, "height": 900})
    controls = page.locator(".cs-top :is(button, select, input):visible")
    assert controls.count() >= 11
    for one in controls.all():
        box = one.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= width
        assert one.evaluate("(one) => (one.labels?.[0] ?? one).textContent || one.ariaLabel")
    assert page.locator(".cs-top").bounding_box()["height"] < 90
