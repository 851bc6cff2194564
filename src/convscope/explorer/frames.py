"""The binary frame in which a message or a reply goes over HTTP with its buffers.

Four bytes hold the length of the header (little-endian, without sign), then comes the header, a
JSON object whose ``buffers`` lists the lengths of the buffers, then the buffers one after the
other.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from convscope.errors import ConvscopeError

__all__ = ["FrameError", "decode", "encode"]

_LENGTH = struct.Struct("<I")
# No message is near this; what is parsed takes many times the memory of its text.
_LONGEST_HEADER = 1 << 20


class FrameError(ConvscopeError):
    """Bytes that are no frame."""


def encode(header: Mapping[str, Any], buffers: Sequence[bytes] = ()) -> bytes:
    """Join a header and its buffers.

    Parameters
    ----------
    header : mapping
        What JSON can hold; not-a-number and infinity become null, which is all that JSON has for
        them. An entry ``buffers`` is replaced.
    buffers : sequence of bytes

    Returns
    -------
    bytes
    """
    whole = {**header, "buffers": [len(buffer) for buffer in buffers]}
    text = _written(whole)
    # Then the buffers begin at a multiple of eight, and numbers can be read where they lie.
    text += b" " * (-(_LENGTH.size + len(text)) % 8)
    return b"".join([_LENGTH.pack(len(text)), text, *buffers])


def _written(header: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(header, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:
        # Half of a surrogate pair, as in the name of a file that is not UTF-8: as an escape.
        return json.dumps(_plain(header)).encode()


def _plain(value: Any) -> Any:
    """Put null in the place of numbers that JSON does not have."""
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def decode(frame: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """Take a frame apart.

    Returns
    -------
    header : dict
        Without the entry ``buffers``.
    buffers : list of bytes

    Raises
    ------
    FrameError
        When it is cut off, too long, or its header is not what it has to be; the message says
        which.
    """
    if len(frame) < _LENGTH.size:
        raise FrameError(
            f"a frame of {len(frame)} bytes has no header: send its length in {_LENGTH.size} bytes"
        )
    (length,) = _LENGTH.unpack_from(frame)
    start = _LENGTH.size + length
    if length > _LONGEST_HEADER:
        raise FrameError(
            f"a header of {length:,} bytes is too long: send at most {_LONGEST_HEADER:,}"
        )
    if start > len(frame):
        raise FrameError(
            f"the frame ends inside its header ({len(frame) - _LENGTH.size} bytes of {length}): "
            "send it whole"
        )
    header = _header(frame[_LENGTH.size : start])
    lengths = _lengths(header.pop("buffers", []))
    if sum(lengths) != len(frame) - start:
        raise FrameError(
            f"{len(frame) - start} bytes follow the header, where its buffers have "
            f"{sum(lengths)}: send exactly those"
        )
    buffers = []
    for one in lengths:
        buffers.append(frame[start : start + one])
        start += one
    return header, buffers


def _header(text: bytes) -> dict[str, Any]:
    try:
        header = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise FrameError("the header of the frame is no JSON: send a JSON object") from None
    if not isinstance(header, dict):
        raise FrameError(f"the header of the frame is a {type(header).__name__}: send an object")
    return header


def _lengths(given: Any) -> list[int]:
    # Not isinstance: JSON's true is no length, and an int of Python.
    if not isinstance(given, list) or any(type(one) is not int or one < 0 for one in given):
        raise FrameError("'buffers' is no list of lengths: send one number of bytes a buffer")
    return given
