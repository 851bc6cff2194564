"""Volumes by slice and from the front, signals as lines and strip, time by channel: as painted."""

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

import convscope
from convscope.pictures.colormap import full_palette

from ..models import numbers, settled

SHARED = Path(__file__).resolve().parents[4] / "shared"
REAL = SHARED / "models" / "keras" / "snch1211_3d_cnn_model.h5"
RECORDING = SHARED / "models" / "inputs" / "Left_0001_2024_08_20_14_46_42.h5"
# tiles.js and mosaic.js: left of the first tile, above it, and between tiles.
LEFT, ABOVE, GAP, TILE = 14, 4, 12, 64


@pytest.fixture(scope="module")
def scans(serve):
    """Serve a network of volumes: maps of 5 x 6 x 7 and of 5 x 3 x 3."""
    parts = [layers.Conv3D(3, 2, name="conv"), layers.MaxPooling3D((1, 2, 2), name="pool")]
    model = settled(keras.Sequential([keras.Input((6, 7, 8, 1), name="scan"), *parts]))
    x = np.random.default_rng(3).normal(size=(1, 6, 7, 8, 1)).astype("float32")
    with serve(convscope.open(model), x) as found:
        yield found, x


@pytest.fixture(scope="module")
def conv(scans):
    """Give the convolution's volumes as Keras computes them, (channel, z, y, x)."""
    found, x = scans
    return np.moveaxis(numbers(found.network.model.get_layer("conv")(x))[0], -1, 0)


@pytest.fixture(scope="module")
def heard(serve):
    """Serve a network of signals with a recurrent layer."""
    parts = [
        layers.Conv1D(5, 3, activation="relu", name="conv"),
        layers.LSTM(4, return_sequences=True, name="lstm"),
        layers.GlobalAveragePooling1D(name="mean"),
        layers.Dense(2, activation="softmax", name="classes"),
    ]
    model = settled(keras.Sequential([keras.Input((20, 2), name="wave"), *parts]))
    x = np.random.default_rng(4).normal(size=(1, 20, 2)).astype("float32")
    with serve(convscope.open(model), x) as found:
        yield found, x


def levels(plane, whole):
    """Give the levels of values on the span of a whole map, with zero in the middle."""
    end = np.abs(whole).max()
    return np.floor((plane.astype(np.float64) + end) / (2 * end) * 239 + 0.5).astype(int)


def is_coloured(pixels, wanted, name="RdBu"):
    """Tell whether colours are those of levels, to one level."""
    palette = full_palette(name).astype(int)
    near = [palette[np.clip(wanted + step, 0, 239)] for step in (-1, 0, 1)]
    apart = [np.abs(pixels[..., :3].astype(int) - one).max(axis=-1) for one in near]
    return bool((np.min(apart, axis=0) <= 1).all())


def middles(pixels, box, shape):
    """Give the colours in the middle of every unit of a map painted into a box."""
    left, top, wide, tall = box
    rows = np.floor(top + (np.arange(shape[0]) + 0.5) * tall / shape[0]).astype(int)
    columns = np.floor(left + (np.arange(shape[1]) + 0.5) * wide / shape[1]).astype(int)
    return pixels[np.ix_(rows, columns)]


def tile_box(place, shape):
    return LEFT + place * (TILE + GAP), ABOVE, TILE, round(TILE * shape[0] / shape[1])


def mosaic_shows(page, painted, conv, planes):
    """Check the three tiles of the mosaic against planes, (channel, y, x)."""
    page.wait_for_timeout(150)
    pixels = painted(page.locator(".cs-centre .cs-scroll canvas"))
    for channel in range(3):
        found = middles(pixels, tile_box(channel, planes.shape[1:]), planes.shape[1:])
        if not is_coloured(found, levels(planes[channel], conv[channel])):
            return False
    return True


def wait_for_slice(page, slice_, layer="conv"):
    page.wait_for_function(
        "([layer, slice]) => convscope.maps(layer)?.depth?.slice === slice",
        arg=[layer, slice_],
    )


def test_a_slider_moves_the_mosaic_through_the_slices(scans, conv, open_page, painted):
    page = open_page("m=layer&l=conv&sort=index&z=0.25", at=scans[0])
    wait_for_slice(page, 1)
    assert mosaic_shows(page, painted, conv, conv[:, 1])
    assert not mosaic_shows(page, painted, conv, conv[:, 2])
    tools = page.locator(".cs-centre .cs-slices").first
    slider = tools.locator("input[type=range]")
    assert slider.get_attribute("aria-valuetext") == "z 1 of 0–4"
    slider.focus()
    page.keyboard.press("ArrowRight")
    wait_for_slice(page, 2)
    assert mosaic_shows(page, painted, conv, conv[:, 2])
    assert tools.locator("output").inner_text() == "z 2 of 0–4"
    page.locator(".cs-centre .cs-scroll").focus()
    for key, z in ((".", 3), (".", 4), (".", 4), (",", 3)):
        page.keyboard.press(key)
        wait_for_slice(page, z)
    assert mosaic_shows(page, painted, conv, conv[:, 3])
    assert "z=0.75" in page.url
    page.reload()
    page.wait_for_function("() => globalThis.convscope?.run")
    wait_for_slice(page, 3)
    assert mosaic_shows(page, painted, conv, conv[:, 3])


def test_the_maximum_along_the_depth(scans, conv, open_page, painted):
    page = open_page("m=layer&l=conv&sort=index", at=scans[0])
    page.locator(".cs-centre .cs-slices button[data-flat=maximum]").click()
    wait_for_slice(page, None)
    assert "flat=maximum" in page.url
    assert mosaic_shows(page, painted, conv, conv.max(axis=1))
    assert page.locator(".cs-centre .cs-slices output").first.inner_text() == "largest of 5 slices"
    assert page.locator(".cs-centre .cs-slices input").first.is_disabled()
    page.locator(".cs-centre .cs-scroll").focus()
    page.keyboard.press("p")
    wait_for_slice(page, 2)
    assert mosaic_shows(page, painted, conv, conv[:, 2])


def test_the_pinned_channel_its_unit_and_the_table(scans, conv, open_page, painted):
    page = open_page("m=layer&l=conv&c=1&yx=3,4&z=0.75", at=scans[0])
    wait_for_slice(page, 3)
    title = page.locator(".cs-channel h3", has_text="z 3, y 3, x 4")
    title.wait_for()
    assert float(title.locator("b").inner_text()) == pytest.approx(conv[1, 3, 3, 4], rel=1e-3)
    canvas = page.locator(".cs-large[aria-roledescription='feature map']")
    pixels = painted(canvas)
    height, width = pixels.shape[:2]
    found = middles(pixels, (0, 0, width, height), (6, 7))
    wanted = levels(conv[1, 3], conv[1])
    # Numbers stand in the middle of a unit: its corner is free of them.
    corner = pixels[
        np.ix_(
            (np.arange(6) * height // 6 + 4),
            (np.arange(7) * width // 7 + 4),
        )
    ]
    keep = np.ones((6, 7), bool)
    keep[3, 4] = False
    assert is_coloured(corner[keep], wanted[keep]) and found.shape == (6, 7, 4)
    assert "z 3, y 3, x 4" in canvas.get_attribute("aria-label")
    page.keyboard.press("p")
    wait_for_slice(page, None)
    z = int(conv[1, :, 3, 4].argmax())
    page.locator(".cs-channel h3", has_text=f"z {z}, y 3, x 4").wait_for()
    page.keyboard.press("t")
    table = page.locator(".cs-tables .cs-valuespart").first
    table.locator("td").first.wait_for()
    assert "the largest along z of 5 slices" in table.locator("p").inner_text()
    told = [float(text) for text in table.locator("td").all_inner_texts()]
    np.testing.assert_allclose(told, conv[1].max(axis=0).ravel(), rtol=6e-3, atol=1e-4)


def test_the_sheet_shows_the_slice_too(scans, conv, open_page, painted):
    page = open_page("sort=index&z=1", at=scans[0])
    wait_for_slice(page, 4)
    page.wait_for_function("() => convscope.made.get('sheet scene')?.layers.size")

    def shown(planes):
        page.wait_for_timeout(250)
        pixels = painted(page.locator(".cs-sheet-view canvas"))
        for channel in range(3):
            box = page.evaluate(
                """(channel) => { const scene = convscope.made.get('sheet scene');
                    return scene.onScreen(scene.boxFor('conv', channel)); }""",
                channel,
            )
            corner = (box["x"], box["y"], box["wide"], box["tall"])
            found = middles(pixels, corner, planes.shape[1:])
            if not is_coloured(found, levels(planes[channel], conv[channel])):
                return False
        return True

    assert shown(conv[:, 4])
    page.locator(".cs-sheet-legend .cs-slices input").focus()
    page.keyboard.press("Home")
    wait_for_slice(page, 0)
    assert shown(conv[:, 0]) and not shown(conv[:, 4])
    page.locator(".cs-sheet-legend button[data-flat=maximum]").press("Enter")
    wait_for_slice(page, None)
    assert shown(conv.max(axis=1))
    head = page.evaluate("() => convscope.layers.get('conv').space")
    assert head == [5, 6, 7]


def test_what_was_given_is_seen_at_the_same_depth(scans, open_page, painted):
    found, x = scans
    page = open_page("z=0", at=found)
    canvas = page.locator(".cs-given canvas")
    pixels = painted(canvas)
    colours = middles(pixels, (0, 0, pixels.shape[1], pixels.shape[0]), (7, 8))
    assert is_coloured(colours, levels(x[0, 0, ..., 0], x))
    assert "slice z 0 of 0–5" in canvas.get_attribute("aria-label")


def row_of(place, width, tall=16):
    """Give the box of a row of a strip: mosaic_grid.js leaves 44 pixels for the numbers."""
    return 44, ABOVE + place * tall, max(60, width - 60), tall


def test_a_recurrent_layer_is_time_by_channel(heard, open_page, painted):
    found, x = heard
    page = open_page("m=layer&l=lstm&sort=index", at=found)
    page.wait_for_function("() => convscope.maps('lstm')")
    page.wait_for_timeout(200)
    inner = found.network.model
    value = numbers(inner.get_layer("lstm")(inner.get_layer("conv")(x)))[0].T
    assert value.shape == (4, 18)
    pixels = painted(page.locator(".cs-centre .cs-scroll canvas"))
    signed = value.min() < 0 < value.max()
    assert signed
    for channel in range(4):
        box = row_of(channel, pixels.shape[1])
        colours = middles(pixels, box, (1, 18))[0]
        assert is_coloured(colours, levels(value[channel], value[channel]))
    tools = page.locator(".cs-centre .cs-slices", has_text="heat strip")
    assert "time to the right, channels downwards" in tools.inner_text()
    box = page.locator(".cs-centre .cs-scroll").bounding_box()
    left, top, wide, tall = row_of(2, pixels.shape[1])
    page.mouse.click(box["x"] + left + wide * 7.5 / 18, box["y"] + top + tall / 2)
    assert page.evaluate("() => [convscope.state.channel, convscope.state.unit]") == [2, [0, 7]]
    page.locator(".cs-channel h3", has_text="time 7").wait_for()
    page.keyboard.press("t")
    table = page.locator(".cs-signaltable")
    table.locator("td").first.wait_for()
    told = [float(text) for text in table.locator("td").all_inner_texts()]
    np.testing.assert_allclose(told, value.ravel(), rtol=6e-3, atol=1e-4)
    assert (
        table.locator("td[aria-current]").inner_text()
        == table.locator("td").nth(2 * 18 + 7).inner_text()
    )
    assert "rows channels, columns time" in table.locator("p").inner_text()


def test_a_convolution_along_one_axis_is_lines_and_a_strip(heard, open_page, painted):
    found, x = heard
    page = open_page("m=layer&l=conv&sort=index&c=0", at=found)
    page.wait_for_function("() => convscope.maps('conv')")
    page.wait_for_timeout(200)
    value = numbers(found.network.model.get_layer("conv")(x))[0].T
    ink = page.evaluate(
        """() => { const style = getComputedStyle(convscope.root);
            const pen = document.createElement('canvas').getContext('2d');
            pen.fillStyle = style.getPropertyValue('--cs-ink').trim();
            pen.fillRect(0, 0, 1, 1); return [...pen.getImageData(0, 0, 1, 1).data]; }"""
    )
    plot = painted(page.locator(".cs-signalplot"))
    height, width = plot.shape[:2]
    low, high = value[0].min(), value[0].max()
    dark = np.abs(plot[..., :3].astype(int) - ink[:3]).max(axis=-1) < 90
    for at in range(value.shape[1]):
        column = int((at + 0.5) / value.shape[1] * width)
        row = height - 1.5 - (value[0, at] - low) / (high - low) * (height - 3)
        near = dark[max(0, int(row) - 3) : int(row) + 4, max(0, column - 2) : column + 3]
        assert near.any(), (at, column, row)
    assert dark.mean() < 0.2
    page.locator(".cs-centre .cs-scroll").focus()
    page.keyboard.press("l")
    page.wait_for_function("() => convscope.state.signal === 'strip'")
    assert "sig=strip" in page.url
    page.wait_for_timeout(200)
    pixels = painted(page.locator(".cs-centre .cs-scroll canvas"))
    shown = page.evaluate("() => convscope.ranking.order(convscope.maps('conv')).shown")
    for place, channel in enumerate(shown):
        if channel == 0:
            continue
        box = row_of(place, pixels.shape[1])
        colours = middles(pixels, box, (1, value.shape[1]))[0]
        low, high = value[channel].min(), value[channel].max()
        wanted = np.floor((value[channel] - low) / (high - low) * 239 + 0.5).astype(int)
        assert is_coloured(colours, wanted, "paper")
    box = page.locator(".cs-signalplot").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 4.5 / value.shape[1], box["y"] + 20)
    assert page.evaluate("() => convscope.state.unit") == [0, 4]


@pytest.mark.skipif(not REAL.exists(), reason="../shared/models is not there")
def test_a_real_network_of_volumes_on_its_recording(serve, open_page, painted):
    h5py = pytest.importorskip("h5py")
    with h5py.File(RECORDING) as file:
        antennas = file["DS1"][()].astype("float32")
    x = np.concatenate(list(antennas), axis=1)[..., None] / antennas.max()
    network = convscope.open(REAL)
    value = network.activations(x[None], "conv3d")["conv3d"].values[0]
    assert value.shape == (4, 30, 62, 43) and (value >= 0).all()
    with serve(network, x[None]) as found:
        page = open_page("m=layer&l=conv3d&c=1&yx=20,18", at=found)
        wait_for_slice(page, 15, "conv3d")
        plane = page.evaluate(
            "() => [...convscope.maps('conv3d').values.data.slice(62 * 43, 2 * 62 * 43)]"
        )
        np.testing.assert_allclose(plane, value[1, 15].ravel(), rtol=1e-5, atol=1e-6)
        page.wait_for_timeout(300)
        pixels = painted(page.locator(".cs-large[aria-roledescription='feature map']"))
        colours = middles(pixels, (0, 0, pixels.shape[1], pixels.shape[0]), (62, 43))
        end = value[1].max()
        wanted = np.floor(value[1, 15].astype(np.float64) / end * 239 + 0.5).astype(int)
        keep = np.ones((62, 43), bool)
        keep[19:22, 17:20] = False
        assert is_coloured(colours[keep], wanted[keep], "paper")
        page.locator(".cs-channel h3", has_text="z 15, y 20, x 18").wait_for()
        for _ in range(3):
            page.keyboard.press(".")
        wait_for_slice(page, 18, "conv3d")
        page.locator(".cs-channel h3", has_text="z 18, y 20, x 18").wait_for()
        assert float(
            page.locator(".cs-channel h3", has_text="z 18").locator("b").inner_text()
        ) == pytest.approx(value[1, 18, 20, 18], rel=1e-2, abs=1e-4)


def test_a_file_of_numbers_comes_in(heard, open_page, tmp_path):
    found, x = heard
    path = tmp_path / "other.npy"
    np.save(path, -x[0])
    page = open_page("m=layer&l=conv", at=found)
    page.locator("input[type=file]").set_input_files(path)
    page.wait_for_function("() => convscope.run.image === 'other.npy'")
    page.wait_for_function("() => convscope.maps('conv')")
    shown = page.evaluate("() => Array.from(convscope.maps('conv').values.data)")
    expected = numbers(found.network.model.get_layer("conv")(-x))[0].T
    np.testing.assert_allclose(np.reshape(shown, expected.shape), expected, rtol=1e-4, atol=1e-5)
    assert "other.npy" in page.locator("[aria-label='image'] option:checked").inner_text()
    np.save(path, x[0, :7])
    page.locator("input[type=file]").set_input_files(path)
    page.wait_for_function("() => document.querySelector('.cs-problem').textContent.includes('20')")
    assert page.evaluate("() => convscope.pictures.length") == 2
