"""What is not understood, too large, gone or impossible gets a reply, and the session lives on."""

import json
import struct
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import convscope
from convscope.explorer import Session
from convscope.inputs.images import Image

from .asking import ask, file_of, refused
from .models import digits


@pytest.fixture(scope="module")
def run(session):
    return ask(session, "run", image=0)["run"]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"type": "nothing"}, "type"),
        ({"type": "__class__"}, "type"),
        ({"type": 3}, "type"),
        ({}, "type"),
        ({"type": "run"}, "image"),
        ({"type": "run", "image": 3}, "image"),
        ({"type": "run", "image": -1}, "image"),
        ({"type": "run", "image": True}, "image"),
        ({"type": "run", "image": "photo.jpg"}, "image"),
        ({"type": "run", "image": {"upload": "a"}}, "image"),
        ({"type": "run", "image": 0, "network": 2}, "network"),
        ({"type": "run", "image": 0, "mute": [1]}, "mute"),
        ({"type": "run", "image": 0, "mute": {"stem": "1"}}, "mute"),
        ({"type": "run", "image": 0, "mute": {"stem": [1.5]}}, "mute"),
        ({"type": "run", "image": 0, "target": "cat"}, "target"),
        ({"type": "run", "image": 0, "target": [1]}, "target"),
        ({"type": "run", "image": 0, "target": [1, 2, 3]}, "target"),
        ({"type": "run", "image": 0, "then": {}}, "then"),
        ({"type": "run", "image": 0, "then": [3]}, "then"),
        ({"type": "layer", "layer": "stem"}, "run"),
        ({"type": "layer", "run": 3, "layer": "stem"}, "run"),
        ({"type": "layer", "run": "RUN"}, "layer"),
        ({"type": "layer", "run": "RUN", "layer": ["stem"]}, "layer"),
        ({"type": "layer", "run": "RUN", "layer": "stem", "limit": -1}, "limit"),
        ({"type": "layer", "run": "RUN", "layer": "stem", "limit": float("nan")}, "limit"),
        ({"type": "channel", "run": "RUN", "layer": "stem", "channel": 6}, "channel"),
        ({"type": "channel", "run": "RUN", "layer": "stem", "channel": "0"}, "channel"),
        ({"type": "sheet", "run": "RUN", "tile": 0}, "tile"),
        ({"type": "sheet", "run": "RUN", "tile": 65}, "tile"),
        ({"type": "weights", "layer": "stem", "channel": 6}, "channel"),
        ({"type": "unit", "run": "RUN", "layer": "stem", "channel": 0, "unit": [20, 0]}, "unit"),
        ({"type": "unit", "run": "RUN", "layer": "stem", "channel": 0, "unit": [0]}, "unit"),
        ({"type": "unit", "run": "RUN", "layer": "stem", "channel": 0, "unit": "00"}, "unit"),
        ({"type": "lineage", "run": "RUN", "layer": "stem", "channel": 0, "count": 0}, "count"),
        ({"type": "heatmap", "run": "RUN"}, "method"),
        ({"type": "ablation", "run": "RUN", "layer": "stem", "start": 3, "stop": 3}, "stop"),
        ({"type": "ablation", "run": "RUN", "layer": "stem", "start": 0, "stop": 7}, "stop"),
    ],
)
def test_fields_that_are_not_understood_are_named(session, run, fields, named):
    message = {key: run if value == "RUN" else value for key, value in fields.items()}
    code, said = refused(session, message)
    assert code == "not-understood" and f"'{named}'" in said
    ask(session, "layer", run=run, layer="stem")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"type": "layer", "run": "RUN", "layer": "stom"}, "did you mean 'stem'?"),
        ({"type": "layer", "run": "RUN", "layer": 999}, "there is no layer 999"),
        ({"type": "layer", "run": "RUN", "layer": "stem", "scale": "chanel"}, "channel"),
        ({"type": "heatmap", "run": "RUN", "method": "grad-kam"}, "grad-cam"),
        ({"type": "run", "image": 0, "mute": {"nowhere": [0]}}, "nowhere"),
        ({"type": "run", "image": 0, "mute": {"stem": [6]}}, "channels are 0 to 5"),
        ({"type": "run", "image": 0, "mute": {"stem": [0]}, "mute_to": "one"}, "zero or mean"),
        ({"type": "run", "image": 0, "target": 9}, "classes are 0 to 3"),
    ],
)
def test_what_does_not_exist_is_refused_with_the_remedy(session, run, fields, said):
    message = {key: run if value == "RUN" else value for key, value in fields.items()}
    code, line = refused(session, message)
    assert code == "refused" and said in line


@pytest.mark.parametrize("kind", ["layer", "channel", "sheet", "books", "unit", "weights"])
def test_runs_that_are_not_kept_are_gone(session, kind):
    code, said = refused(session, {"type": kind, "run": "f" * 24, "layer": "stem", "channel": 0})
    assert code == "gone" and "run the image again" in said


@pytest.mark.parametrize("given", [None, 3, "run", [], [{"type": "run"}], b"run"])
def test_what_is_no_message_is_not_understood(session, given):
    assert refused(session, given)[0] == "not-understood"


@pytest.mark.parametrize("ident", [None, 3, "a", {"a": 1}, [1], float("nan"), "x" * 1000])
def test_the_id_comes_back(session, ident):
    reply, _ = session.answer({"type": "nothing", "id": ident})
    assert reply["id"] == (ident if ident in (3, "a") else None)


# ---- uploads ----


def upload(session, data, name="mine.png"):
    return refused(session, {"type": "run", "image": {"upload": name}}, buffers=[data])


NOISE = np.random.default_rng(0).integers(0, 256, (20, 16, 3), np.uint8)


def test_too_many_bytes_are_not_decoded(session):
    code, said = upload(session, bytes(16 * 2**20 + 1))
    assert code == "too-large" and "16,777,216" in said


def bomb(width, height):
    """Make a PNG that claims a size and holds nothing."""

    def chunk(kind, data):
        crc = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + crc

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(b"")), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_too_many_pixels_are_refused_by_the_header(session):
    code, said = upload(session, bomb(30_000, 30_000))
    assert code == "too-large" and "30,000 x 30,000" in said and "25 million" in said


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.4",
        file_of(NOISE)[:-60],
        file_of(NOISE)[:20],
        file_of(NOISE, "JPEG")[:200],
        bomb(10, 10),
    ],
    ids=range(8),
)
def test_what_is_no_picture_is_refused(session, data):
    code, said = upload(session, data)
    assert code == "refused" and "mine.png" in said


@pytest.mark.parametrize("kind", ["BMP", "TIFF"])
def test_the_name_of_an_upload_is_never_opened(drawing, tmp_path, kind):
    """Pillow maps uncompressed files by their name; that must not be the one on the page."""
    secret = tmp_path / f"secret.{kind.lower()}"
    secret.write_bytes(file_of(np.full((12, 10), 200, np.uint8), kind))
    sent = file_of(np.full((12, 10), 30, np.uint8), kind)
    reply = ask(drawing, "run", image={"upload": str(secret)}, buffers=[sent])
    np.testing.assert_array_equal(reply["seen"], 30)
    # A shorter file than its header claims does not fill up from the other one.
    code, _ = upload(drawing, sent[:-40], str(secret))
    assert code == "refused"


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "mnist:0", "http://a/b.png"])
def test_names_of_uploads_are_names_alone(drawing, name):
    data = file_of(np.full((12, 10), 30, np.uint8))
    reply = ask(drawing, "run", image={"upload": name}, buffers=[data])
    assert reply["image"] == name
    code, _ = upload(drawing, b"hello", name)
    assert code == "refused"


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ([12, 10, 1], 119),
        ([12, 10], 120),
        ([12, 10, 2], 240),
        ([0, 10, 1], 0),
        ([-12, -10, 1], 120),
        ([1 << 20, 1 << 20, 1], 120),
        ("12", 120),
    ],
)
def test_pixels_that_do_not_fit_their_shape_are_not_understood(drawing, shape, size):
    message = {"type": "run", "image": {"pixels": shape, "name": "drawn"}}
    code, said = refused(drawing, message, buffers=[bytes(size)])
    assert code == "not-understood" and "pixels" in said


def test_networks_without_pictures_take_no_uploads(wave):
    data = file_of(np.zeros((12, 10), np.uint8))
    code, said = upload(wave, data)
    assert code == "refused" and "takes no images" in said


# ---- what goes wrong inside ----


def test_too_little_memory_is_told(photos, network, monkeypatch):
    session = Session(network, photos)

    def fails(*args, **kwargs):
        raise MemoryError

    monkeypatch.setattr(network, "run", fails)
    code, said = refused(session, {"type": "run", "image": 0})
    assert code == "too-large" and "memory" in said
    monkeypatch.undo()
    ask(session, "run", image=0)


def test_what_nobody_thought_of_is_internal(photos, network, monkeypatch, caplog):
    session = Session(network, photos)

    def fails(*args, **kwargs):
        raise ZeroDivisionError("secret /home/somebody")

    monkeypatch.setattr(network, "run", fails)
    code, said = refused(session, {"type": "run", "image": 0})
    assert code == "internal" and "ZeroDivisionError" in said
    assert "secret" not in said and "secret" in caplog.text
    monkeypatch.undo()
    ask(session, "run", image=0)


def test_a_session_without_a_network_is_refused():
    with pytest.raises(convscope.errors.SelectionError, match="at least one"):
        Session([])


def test_values_that_are_not_numbers_are_answered():
    session = Session(convscope.open(digits()), [Image(np.zeros((12, 10, 1), np.uint8), "a")])
    session.networks[0].network.model.layers[0].kernel.assign(
        np.full((3, 3, 1, 5), np.nan, "float32")
    )
    run = ask(session, "run", image=0)
    assert run["predictions"][0]["score"] is None
    assert run["score"]["value"] is None
    assert set(ask(session, "layer", run=run["run"], layer="conv")["codes"]) == {4}
    ask(session, "sheet", run=run["run"])
    ask(session, "books", run=run["run"])
    ask(session, "unit", run=run["run"], layer="conv", channel=0, unit=[0, 0])
    ask(session, "lineage", run=run["run"], layer="dense", channel=0)


# ---- anything at all ----

TYPES = ["network", "run", "layer", "channel", "sheet", "books", "weights", "unit", "fields",
         "lineage", "heatmap", "ablation", "shares", "field", "nothing"]  # fmt: skip
PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 40),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["conv", "pool", "dense", "saliency", "grad-cam", "RUN"]),
)
ANY = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)
LIKELY = {
    "run": st.sampled_from(["RUN", "RUN", "RUN", None, "x"]) | ANY,
    "layer": st.sampled_from(["conv", "pool", "flatten", "dense", 0, 3]) | ANY,
    "channel": st.integers(-1, 6) | ANY,
    "unit": st.lists(st.integers(-1, 12), min_size=2, max_size=2) | ANY,
    "image": st.sampled_from(
        [0, {"upload": "a.png"}, {"pixels": [12, 10, 1]}, {"pixels": [1, 1, 3]}]
    )
    | ANY,
    "target": st.integers(-1, 3) | st.lists(st.integers(0, 3), max_size=3) | ANY,
    "mute": st.dictionaries(
        st.sampled_from(["conv", "pool", "dense", "no"]),
        st.lists(st.integers(-1, 5), max_size=3),
        max_size=2,
    )
    | ANY,
    "mute_to": st.sampled_from(["zero", "mean", "one"]) | ANY,
    "method": st.sampled_from(["grad-cam", "eigen-cam", "saliency", "no"]) | ANY,
    "scale": st.sampled_from(["channel", "layer", "sigma", "fixed(0,1)", "fixed"]) | ANY,
    "limit": st.sampled_from([0, 10**6]) | ANY,
    "tile": st.integers(-1, 70) | ANY,
    "start": st.integers(-1, 6) | ANY,
    "stop": st.integers(-1, 6) | ANY,
    "count": st.integers(-1, 6) | ANY,
    "network": st.integers(-1, 2) | ANY,
    "then": st.lists(
        st.fixed_dictionaries({"type": st.sampled_from(TYPES)}, optional={"layer": PLAIN}),
        max_size=2,
    )
    | ANY,
    "id": ANY,
}
MESSAGES = st.fixed_dictionaries({"type": st.sampled_from(TYPES)}, optional=LIKELY) | ANY
BUFFERS = st.lists(
    st.sampled_from([file_of(np.full((12, 10), 77, np.uint8)), bytes(120), bytes(3), b"PNG"])
    | st.binary(max_size=64),
    max_size=2,
)


@pytest.fixture(scope="module")
def small():
    pixels = np.random.default_rng(0).integers(0, 256, (12, 10, 1), np.uint8)
    session = Session(convscope.open(digits()), [Image(pixels, "noise")])
    return session, ask(session, "run", image=0)["run"]


def keys_of(value):
    """Give all array references in a reply."""
    if isinstance(value, list):
        return [key for one in value for key in keys_of(one)]
    if not isinstance(value, dict):
        return []
    if set(value) == {"dtype", "shape", "buffer"}:
        return [value]
    return [key for one in value.values() for key in keys_of(one)]


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, *HealthCheck]
)
@given(message=MESSAGES, buffers=BUFFERS)
def test_any_message_gets_a_reply(small, message, buffers):
    session, run = small
    if isinstance(message, dict):
        message = {key: run if value == "RUN" else value for key, value in message.items()}
    reply, found = session.answer(message, buffers)
    json.dumps(reply, allow_nan=False)
    assert reply["type"] == "error" or reply["type"] == message["type"]
    if reply["type"] == "error":
        assert reply["code"] in {"refused", "not-understood", "gone", "too-large"}, reply
    references = keys_of(reply)
    assert sorted(one["buffer"] for one in references) == list(range(len(found)))
    for one in references:
        size = {"float32": 4, "int32": 4, "uint8": 1}[one["dtype"]]
        assert len(found[one["buffer"]]) == int(np.prod(one["shape"])) * size
    for one in reply.get("then") or []:
        assert one["type"] != "error" or one["code"] != "internal", one
