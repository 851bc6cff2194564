"""A report holds what the session answers, whatever names there are, and is written whole."""

import base64
import hashlib
import json
import math
import re

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keras import layers

import convscope
from convscope.errors import ConvscopeError
from convscope.explorer import Session
from convscope.explorer.document import document
from convscope.explorer.packing import Pack
from convscope.inputs.images import Image

from .models import settled
from .unpacking import Parsed, resolved, unpacked

FIELDS = ("run", "image", "layer", "channel", "unit", "target", "method")
# What a report says of itself; a session counts milliseconds anew.
OWN = {"live", "left_out", "methods", "targets", "milliseconds", "id", "then"}


def wide():
    """Make a network of more than 400,000 values, with what levels are foretold by."""
    inputs = keras.Input((96, 96, 3))
    x = layers.ZeroPadding2D(1, name="pad")(inputs)
    x = layers.Conv2D(16, 3, name="conv")(x)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.ReLU(max_value=6, name="relu")(x)
    x = layers.Dropout(0.5, name="drop")(x)
    y = layers.Conv2D(16, 1, name="beside")(x)
    x = layers.Add(name="add")([x, y])
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    return settled(keras.Model(inputs, layers.Dense(7, activation="softmax", name="dense")(x)))


@pytest.fixture(scope="module")
def large():
    return convscope.open(wide())


@pytest.fixture(scope="module")
def landscape():
    y, x = np.mgrid[:96, :96]
    waves = np.stack([np.sin(x / 9) * y, np.cos(y / 7) * x, x + y], axis=-1)
    waves += np.random.default_rng(3).normal(0, 60, waves.shape)
    return [Image((127 + waves / 2).clip(0, 255).astype(np.uint8), "waves")]


def same(one, other):
    """Tell whether two answers hold the same: bytes exactly, numbers but for rounding.

    Two passes of a busy machine sum in two orders.
    """
    if isinstance(one, np.ndarray):
        if one.dtype != other.dtype or one.shape != other.shape:
            return False
        if one.dtype != np.float32:
            return one.tobytes() == other.tobytes()
        largest = np.abs(one[np.isfinite(one)]).max(initial=0)
        return np.allclose(one, other, rtol=1e-5, atol=1e-6 * largest, equal_nan=True)
    if isinstance(one, dict):
        keys = set(one) - OWN
        return keys == set(other) - OWN and all(same(one[key], other[key]) for key in keys)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-4, abs_tol=1e-4)
    return one == other


def compared(session, stored):
    """Ask a session everything that a report holds; give how often each type was asked."""
    counts = {}
    for key, (reply, buffers) in stored.items():
        kind, *fields = json.loads(key)
        message = {"type": kind, **dict(zip(FIELDS, fields, strict=True))}
        if kind == "sheet":
            message["tile"] = reply["tile"]
        if kind == "layer":
            message["limit"] = 0 if reply["values"] is None else 2**31 - 1
        live, arrays = session.answer(message)
        assert live["type"] == kind, live
        # What goes over JSON comes back as JSON has it.
        live = json.loads(json.dumps(live))
        assert same(resolved(reply, buffers), resolved(live, arrays)), key
        counts[kind] = counts.get(kind, 0) + 1
    return counts


def test_a_small_network_comes_whole(network, photos, tmp_path):
    path = convscope.report(network, photos[:2], tmp_path / "small.html")
    stored = unpacked(path)
    counts = compared(Session(network, photos[:2]), stored)
    channels = sum(layer.channels for layer in network.layers.values())
    # Four classes, the one that the network gives twice.
    assert counts["run"] == counts["books"] == 2 * 5
    assert counts["heatmap"] == 2 * (5 * 5 + 1)
    assert counts["layer"] == 2 * len(network.layers)
    assert counts["lineage"] == 2 * channels
    assert counts["shares"] == 2 * 3 * channels
    assert counts["weights"] == channels
    assert counts["fields"] == 2 * len(network.layers)
    told, _ = stored[json.dumps(["network", *(None,) * 7])]
    assert told["live"] is False
    assert {"mute", "image", "ablation"} <= set(told["left_out"])
    assert not {"numbers", "weights", "lineage"} & set(told["left_out"])


def test_of_a_large_network_come_the_levels(large, landscape, tmp_path):
    stored = unpacked(convscope.report(large, landscape, tmp_path / "large.html"))
    counts = compared(Session(large, landscape), stored)
    assert counts == {
        "network": 1, "run": 2, "sheet": 1, "layer": 9, "books": 2, "fields": 9,
    }  # fmt: skip
    told, _ = stored[json.dumps(["network", *(None,) * 7])]
    assert {"numbers", "weights", "lineage", "shares"} <= set(told["left_out"])


def test_levels_that_can_be_foretold_take_little_room(large, landscape, tmp_path):
    page = Parsed(convscope.report(large, landscape, tmp_path / "large.html").read_text())
    sizes = {
        json.loads(element["data-pack"])[-1]: len(element["text"])
        for element in page.elements
        if element.get("data-pack", "").startswith('["maps"')
    }
    assert sizes["drop"] < sizes["conv"] / 20
    assert sizes["norm"] < sizes["conv"] / 2
    assert sizes["relu"] < sizes["conv"]


@pytest.mark.parametrize("values", ["wave", "scan"])
def test_networks_of_other_shapes(values, request, tmp_path):
    session = request.getfixturevalue(values)
    opened = session.networks[0].network
    rng = np.random.default_rng(4)
    shape = tuple(opened.inputs[0].shape)
    given = rng.uniform(0, 1, (2, *shape)).astype("float32")
    counts = compared(
        Session(opened, given), unpacked(convscope.report(opened, given, tmp_path / "a.html"))
    )
    assert counts["layer"] == 2 * len(opened.layers)


NAMES = st.text(st.characters(codec=None, exclude_categories=[]), max_size=40) | st.sampled_from(
    [
        "</script><script>alert(1)</script>", "<!--<script>", "]]>", '"><img src=x onerror=a()>',
        "'", "\\", "&quot;&lt;", "\x00", "\ud800", "a\u2028b", "${x}`", "--></style></title>",
    ]
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(NAMES, NAMES, NAMES)
def test_no_name_breaks_the_page(title, layer, label):
    message = {"type": "layer", "run": "r", "layer": layer}
    pack = Pack(["maps", "r", layer])
    pack.add(message, {"type": "layer", "layer": layer, "label": label}, [])
    page = b"".join(document(title, [pack] * 5)).decode("utf-8")
    found = Parsed(page).elements
    assert [element["tag"] for element in found] == [
        "html", "head", "meta", "meta", "meta", "title", "style", "body", "main", "noscript",
        "script", "script", "script", "script", "script", "script", "script",
    ]  # fmt: skip
    packs = [element for element in found if "data-pack" in element]
    for element in packs:
        assert json.loads(element["data-pack"]) == ["maps", "r", layer]
    assert "alert" not in "".join(element["text"] for element in found if element["tag"] != "title")
    if not re.search(r"[\x00\r\ud800-\udfff]", title):
        (told,) = (element["text"] for element in found if element["tag"] == "title")
        assert told == f"{title}: Convscope"


@settings(max_examples=40, deadline=None)
@given(NAMES, NAMES)
def test_every_name_comes_back(layer, label):
    import gzip

    message = {"type": "layer", "run": "r", "layer": layer}
    pack = Pack(["maps", "r", layer])
    pack.add(message, {"type": "layer", "layer": layer, "label": label}, [])
    frame = gzip.decompress(base64.b64decode(pack.encoded()))
    length = int.from_bytes(frame[:4], "little")
    header = json.loads(frame[4 : 4 + length])
    assert header["keys"] == [["layer", "r", None, layer, None, None, None, None]]
    assert header["answers"] == [{"type": "layer", "layer": layer, "label": label}]


def test_the_policy_allows_its_own_script_and_style_alone(network, photos, tmp_path):
    text = convscope.report(network, photos[:1], tmp_path / "a.html").read_text()
    elements = Parsed(text).elements
    (policy,) = (
        element["content"]
        for element in elements
        if element.get("http-equiv") == "Content-Security-Policy"
    )
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert "unsafe" not in policy and "http" not in policy

    def named(code):
        return f"'sha256-{base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()}'"

    scripts = [one for one in elements if one["tag"] == "script" and one.get("type") == "module"]
    assert len(scripts) == 1 and named(scripts[0]["text"]) in rules["script-src"].split()
    assert len(rules["script-src"].split()) == 2, "the loader, and what it unpacks"
    (style,) = (one["text"] for one in elements if one["tag"] == "style")
    assert rules["style-src"] == named(style)
    assert not [one for one in elements if {"src", "href", "style", "onclick"} & set(one)]


def test_a_report_of_the_embedded_network_is_small(tmp_path):
    from convscope.explorer.drawn import drawn_digits
    from convscope.training.recipes import embedded

    opened = convscope.open(embedded())
    path = convscope.report(opened, drawn_digits()[:1], tmp_path / "digit.html")
    assert path.stat().st_size < 1_000_000


@pytest.mark.parametrize(
    ("images", "name", "said"),
    [
        ([], "a.html", "without images"),
        (None, "a.html", "without images"),
        ("photos", "a.pdf", "ends in .html"),
        ("photos", "none/a.html", "no folder"),
    ],
)
def test_what_cannot_be_written_leaves_nothing(images, name, said, network, photos, tmp_path):
    given = photos if images == "photos" else images
    with pytest.raises(ConvscopeError) as told:
        convscope.report(network, given, tmp_path / name)
    assert said in str(told.value) and "\n" not in str(told.value)
    assert list(tmp_path.iterdir()) == []


def test_a_file_stays_as_it_was_when_the_work_fails(network, photos, tmp_path, monkeypatch):
    path = tmp_path / "a.html"
    path.write_text("before")

    def fails(share):
        if share > 0.1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convscope.report(network, photos, path, progress=fails)
    assert path.read_text() == "before"
    assert [found.name for found in tmp_path.iterdir()] == ["a.html"]


def test_progress_rises_to_one(network, photos, tmp_path):
    shares = []
    convscope.report(network, photos, tmp_path / "a.html", progress=shares.append)
    assert shares == sorted(shares) and shares[-1] == 1
