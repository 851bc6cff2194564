"""Layers, channels and sheets, against Keras and NumPy."""

import keras
import numpy as np
import pytest

import convscope
from convscope.analysis.diagnosis import diagnosis
from convscope.explorer import Session
from convscope.inputs.images import Image
from convscope.pictures.colormap import Place
from convscope.pictures.levels import levels

from .asking import ask
from .models import numbers, settled


@pytest.fixture(scope="module")
def run(session):
    return ask(session, "run", image=0)["run"]


def keras_values(network, layer, pixels):
    """Give what Keras says a layer gives out, channels first."""
    part = keras.Model(network.model.input, network.model.get_layer(layer).output)
    value = numbers(part(pixels[None].astype("float32") / 255))[0]
    return np.moveaxis(value, -1, 0)


@pytest.mark.parametrize("layer", ["stem", "block1_2_conv", "block2_out", "mean", "classes"])
def test_layers_hold_the_values_of_keras(session, network, photos, run, layer):
    reply = ask(session, "layer", run=run, layer=layer)
    expected = keras_values(network, layer, photos[0].pixels)
    flat = expected.reshape(len(expected), -1)
    maps = reply["values"]
    assert reply["shape"] == list(maps.shape) and maps.ndim == 3
    np.testing.assert_allclose(maps.reshape(flat.shape), flat, rtol=1e-4, atol=1e-5)
    own = maps.reshape(flat.shape)
    np.testing.assert_array_equal(reply["low"], own.min(axis=1))
    np.testing.assert_array_equal(reply["high"], own.max(axis=1))
    np.testing.assert_array_equal(reply["maximum"], own.max(axis=1))
    np.testing.assert_allclose(reply["mean"], own.mean(axis=1, dtype=float), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(reply["positive"], (own > 0).mean(axis=1), rtol=1e-6)
    assert reply["signed"] == (own.min() < 0 < own.max())
    words = ask(session, "network")["words"]
    assert [words[code] for code in reply["codes"]] == diagnosis(own)
    by_index = ask(session, "layer", run=run, layer=reply["index"])
    np.testing.assert_array_equal(by_index["values"], maps)


def test_one_channel_is_one_map(session, run):
    maps = ask(session, "layer", run=run, layer="stem")["values"]
    for channel in (0, 5):
        reply = ask(session, "channel", run=run, layer="stem", channel=channel)
        np.testing.assert_array_equal(reply["values"], maps[channel])
        assert reply["space"] == [20, 16]


@pytest.mark.parametrize("scale", ["channel", "layer", "robust", "sigma", "fixed(0, 2)"])
@pytest.mark.parametrize("layer", ["stem", "block1_2_conv"])
def test_large_layers_come_as_levels(session, run, layer, scale):
    maps = ask(session, "layer", run=run, layer=layer)["values"]
    reply = ask(session, "layer", run=run, layer=layer, scale=scale, limit=100)
    assert reply["values"] is None and reply["levels"].dtype == np.uint8
    low = reply["span_low"].astype(float)[:, None, None]
    high = reply["span_high"].astype(float)[:, None, None]
    expected = np.clip(np.floor((maps - low) / (high - low) * 239 + 0.5), 0, 239)
    assert np.abs(reply["levels"].astype(int) - expected).max() <= 1
    assert (reply["levels"] == expected).mean() > 0.99
    ours, span = levels(maps, scale)
    np.testing.assert_array_equal(reply["levels"], ours)
    np.testing.assert_array_equal(reply["span_low"], span.low)


@pytest.fixture(scope="module")
def odd():
    """Open a network with a map that is zero, constant, saturated and not a number."""
    parts = [keras.layers.Conv2D(5, 1, name="conv"), keras.layers.Activation("relu6", name="cut")]
    model = settled(keras.Sequential([keras.Input((30, 26, 1)), *parts]))
    kernel, bias = model.get_layer("conv").get_weights()
    kernel[..., 1:], bias[1:] = 0, (-1, 2, 50, np.inf)
    kernel[..., 0], bias[0] = 1, 0
    model.get_layer("conv").set_weights([kernel, bias])
    pixels = np.random.default_rng(1).integers(0, 256, (30, 26, 1), np.uint8)
    return Session(convscope.open(model), [Image(pixels, "noise")])


def test_blank_maps_have_codes_and_reasons(odd):
    run = ask(odd, "run", image=0)["run"]
    words = ask(odd, "network")["words"]
    reply = ask(odd, "layer", run=run, layer="cut")
    told = [words[code] for code in reply["codes"]]
    assert told[:4] == ["active", "zero here", "constant", "saturated"]
    assert "2 everywhere" in reply["reasons"]["2"] and "bias alone" in reply["reasons"]["2"]
    assert reply["bounds"] == [None, 6.0]
    before = ask(odd, "layer", run=run, layer="conv")
    assert words[before["codes"][4]] == "not a number"
    assert "780 of 780" in before["reasons"]["4"]
    assert np.isnan(before["low"][4]) and np.isinf(before["maximum"][4])


def area_means(plane, height, width):
    """Reduce a plane by the mean over areas, with whole and broken units, in plain loops."""
    out = np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            top, bottom = y * plane.shape[0] / height, (y + 1) * plane.shape[0] / height
            left, right = x * plane.shape[1] / width, (x + 1) * plane.shape[1] / width
            total = area = 0.0
            for row in range(int(top), int(np.ceil(bottom))):
                for column in range(int(left), int(np.ceil(right))):
                    part = (min(bottom, row + 1) - max(top, row)) * (
                        min(right, column + 1) - max(left, column)
                    )
                    total += part * float(plane[row, column])
                    area += part
            out[y, x] = total / area
    return out


def tiles(reply):
    """Cut the flat levels of a sheet into layers."""
    found, start = {}, 0
    for row in reply["layers"]:
        shape = row["channels"], row["height"], row["width"]
        size = int(np.prod(shape))
        found[row["name"]] = reply["levels"][start : start + size].reshape(shape)
        start += size
    assert start == len(reply["levels"])
    return found


@pytest.mark.parametrize("tile", [4, 12, 64])
def test_sheets_hold_area_means_on_the_span_of_the_map(session, run, tile):
    reply = ask(session, "sheet", run=run, tile=tile)
    found, first = tiles(reply), 0
    assert [row["name"] for row in reply["layers"]] == [
        row["name"] for row in ask(session, "network")["layers"]
    ]
    for place, (name, got) in enumerate(found.items()):
        layer = ask(session, "layer", run=run, layer=name)
        maps = layer["values"]
        own = slice(first, first + len(maps))
        first += len(maps)
        for field in ("low", "high", "maximum", "codes"):
            np.testing.assert_array_equal(reply[field][own], layer[field])
        assert reply["signed"][place] == layer["signed"]
        height, width = got.shape[1:]
        assert max(height, width) <= tile
        assert (height, width) == maps.shape[1:] or max(height, width) == tile
        for channel, plane in enumerate(maps):
            low, high = float(plane.min()), float(plane.max())
            if layer["signed"]:
                high = max(abs(low), abs(high))
                low = -high
            means = area_means(plane, height, width)
            share = (means - low) / (high - low) if high > low else np.zeros_like(means)
            assert np.abs(got[channel].astype(int) - np.round(share * 239)).max() <= 1
    assert first == len(reply["codes"])


def test_sheets_keep_what_is_not_a_number_in_its_place():
    model = keras.Sequential([keras.Input((24, 24, 1)), keras.layers.Rescaling(1.0, name="same")])
    session = Session(convscope.open(model), np.zeros((1, 24, 24, 1), "float32"))
    run = session.runs.get(ask(session, "run", image=0)["run"])
    values = np.arange(576, dtype="float32").reshape(1, 24, 24, 1).copy()
    values[0, 3, 3], values[0, 20, 20] = np.nan, np.inf
    run.run.values["same"] = np.moveaxis(values, -1, 1)
    reply = ask(session, "sheet", run=run.key)
    (got,) = tiles(reply).values()
    assert got[0, 1, 1] == Place.NAN and got[0, 10, 10] == Place.INFINITE
    assert (got >= 240).sum() == 2
    assert got[0, 0, 0] < got[0, 0, 11] < got[0, 11, 11] <= 239


def test_signals_are_one_row(wave):
    run = ask(wave, "run", image=0)["run"]
    model = wave.networks[0].network.model
    expected = numbers(model.get_layer("conv")(wave.images[0].content["wave"]))[0].T
    reply = ask(wave, "layer", run=run, layer="conv")
    assert reply["shape"] == [4, 1, 9] and reply["space"] == [9]
    np.testing.assert_allclose(reply["values"][:, 0], expected, rtol=1e-4, atol=1e-6)
    assert ask(wave, "layer", run=run, layer="mean")["shape"] == [4, 1, 1]
    rows = ask(wave, "sheet", run=run, tile=3)["layers"]
    assert [(row["height"], row["width"]) for row in rows] == [(1, 3), (1, 1), (1, 1)]
