"""Frames: what is encoded comes back, and nothing that is no frame is taken for one."""

import json
import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.explorer.frames import FrameError, decode, encode

texts = st.text(st.characters(codec="utf-8"), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=10,
).filter(lambda value: not _infinite(value))
headers = st.dictionaries(texts.filter(lambda name: name != "buffers"), values, max_size=5)
buffers = st.lists(st.binary(max_size=40), max_size=4)


def _infinite(value):
    if isinstance(value, dict):
        return any(map(_infinite, value.values()))
    if isinstance(value, list):
        return any(map(_infinite, value))
    return isinstance(value, float) and math.isinf(value)


def framed(header: bytes, rest: bytes = b"") -> bytes:
    return struct.pack("<I", len(header)) + header + rest


def test_the_bytes_are_those_of_the_contract():
    frame = encode({"id": 7, "type": "layer"}, [b"abc", b"", b"\x00\xff"])
    (length,) = struct.unpack("<I", frame[:4])
    told = json.loads(frame[4 : 4 + length])
    assert told == {"id": 7, "type": "layer", "buffers": [3, 0, 2]}
    assert frame[4 + length :] == b"abc\x00\xff"


def test_floats_survive_bit_by_bit():
    values = np.array([np.nan, -0.0, np.inf, 1e-45, 3.4e38], "<f4")
    _, (buffer,) = decode(encode({}, [values.tobytes()]))
    np.testing.assert_array_equal(np.frombuffer(buffer, "<u4"), values.view("<u4"))


def test_what_json_cannot_say_is_null():
    frame = encode({"score": float("nan"), "low": float("-inf"), "reasons": {3: "dead"}})
    assert b"NaN" not in frame and b"Infinity" not in frame
    assert decode(frame)[0] == {"score": None, "low": None, "reasons": {"3": "dead"}}


@given(headers, buffers)
def test_the_buffers_begin_where_numbers_can_be_read_in_place(header, parts):
    (length,) = struct.unpack_from("<I", encode(header, parts))
    assert (4 + length) % 8 == 0


@given(headers, buffers)
def test_round_trip(header, parts):
    assert decode(encode(header, parts)) == (header, parts)


@given(headers, buffers, st.data())
def test_a_frame_cut_anywhere_or_longer_is_none(header, parts, data):
    frame = encode(header, parts)
    end = data.draw(st.integers(0, len(frame) - 1))
    with pytest.raises(FrameError):
        decode(frame[:end])
    with pytest.raises(FrameError):
        decode(frame + b"\x00")


@given(st.binary(max_size=200))
def test_any_bytes_are_a_frame_or_a_frame_error(data):
    try:
        header, parts = decode(data)
    except FrameError as error:
        assert "\n" not in str(error)
    else:
        assert isinstance(header, dict) and all(isinstance(part, bytes) for part in parts)


@given(values, st.binary(max_size=20))
def test_any_json_is_a_header_or_a_frame_error(value, rest):
    for header in (value, {"buffers": value}):
        try:
            decode(framed(json.dumps(header).encode(), rest))
        except FrameError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (b"", "no header"),
        (b"\x01\x00", "no header"),
        (struct.pack("<I", 10) + b"{}", "inside its header"),
        (struct.pack("<I", 2**32 - 1), "too long"),
        (framed(b"{" * 400), "no JSON"),
        (framed(b"[" * 5000 + b"]" * 5000), "no JSON"),
        (framed(b"\xff\xfe"), "no JSON"),
        (framed(b'{"score": NaN}'), "no JSON"),
        (framed(b"[]"), "list"),
        (framed(b"null"), "NoneType"),
        (framed(b'{"buffers": 3}', b"abc"), "lengths"),
        (framed(b'{"buffers": [true]}', b"a"), "lengths"),
        (framed(b'{"buffers": [1.0]}', b"a"), "lengths"),
        (framed(b'{"buffers": [-1, 2]}', b"a"), "lengths"),
        (framed(b'{"buffers": [4]}', b"abc"), "3 bytes"),
        (framed(b'{"buffers": [9999999999999999999999]}', b"abc"), "lengths"),
        (framed(b"{}", b"abc"), "3 bytes"),
    ],
)
def test_what_is_wrong_is_said(frame, words):
    with pytest.raises(FrameError, match=words):
        decode(frame)


def test_a_header_too_long_to_parse_is_refused_whatever_it_holds():
    with pytest.raises(FrameError, match="too long"):
        decode(framed(b"[" + b"[]," * 400_000 + b"[]]"))
