"""Reads a report as its page does, in NumPy and the standard library alone."""

import base64
import gzip
import json
import math
import struct
from html.parser import HTMLParser

import numpy as np


class Parsed(HTMLParser):
    """The elements of a page, and the text of each."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        element = {"tag": tag, **dict(attrs), "text": ""}
        self.elements.append(element)
        if tag not in {"meta"}:
            self.open.append(element)

    def handle_endtag(self, tag):
        closed = self.open.pop()
        assert closed["tag"] == tag, f"{tag} closes {closed['tag']}"

    def handle_data(self, data):
        if self.open:
            self.open[-1]["text"] += data


def unpacked(path):
    """Give every answer of a report: key as JSON -> (reply, buffers)."""
    page = Parsed(path.read_text(encoding="utf-8"))
    found = {}
    frames = []
    for element in page.elements:
        if "data-pack" not in element:
            continue
        frame = gzip.decompress(base64.b64decode(element["text"]))
        (length,) = struct.unpack_from("<I", frame)
        header = json.loads(frame[4 : 4 + length])
        buffers, at = [], 4 + length
        for size in header["buffers"]:
            buffers.append(frame[at : at + size])
            at += size
        frames.append((json.loads(element["data-pack"]), header, buffers))
        for key, reply in zip(header["keys"], header["answers"], strict=True):
            found[json.dumps(key)] = reply, buffers
    for _, header, buffers in frames:
        for residual in header["residuals"]:
            buffers[residual["buffer"]] = restored(header, buffers, residual, found)
    return found


def restored(header, buffers, residual, found):
    """Give levels back that were written as differences."""
    place = residual["buffer"]
    differences = np.frombuffer(buffers[place], np.uint8)
    if "source" not in residual:
        return np.cumsum(differences, dtype=np.uint8).tobytes()
    (own,) = (
        reply
        for reply in header["answers"]
        if "levels" in reply and reply["levels"]["buffer"] == place
    )
    asked = residual["source"]
    key = json.dumps([asked.get(name) for name in ("type", "run", "image", "layer", *("",) * 4)])
    source, before = found[key]
    given, out = array(source["levels"], before), differences.reshape(own["levels"]["shape"]).copy()
    ends = [
        [
            array(reply[name], kept).astype(float)
            for name in ("span_low", "span_high", "low", "high")
        ]
        for reply, kept in ((source, before), (own, buffers))
    ]
    for channel in range(len(out)):
        from_ends, to_ends = ([float(end[channel]) for end in one] for one in ends)
        expected = [
            _expected(level, from_ends, to_ends, residual["stretched"]) for level in range(256)
        ]
        out[channel] += np.array(expected, np.uint8)[given[channel]]
    return out.tobytes()


def _expected(level, source, own, stretched):
    """Say which level a level of the input lets expect; in Python's own numbers."""
    span_low, span_high, low, high = source
    own_span_low, own_span_high, own_low, own_high = own
    value = span_low + level * ((span_high - span_low) / 239)
    if stretched:
        factor = (own_high - own_low) / (high - low) if high > low else 0.0
        value = own_low + (value - low) * factor
    value = own_low if value < own_low else value
    value = own_high if value > own_high else value
    factor = 239 / (own_span_high - own_span_low) if own_span_high > own_span_low else 0.0
    place = (value - own_span_low) * factor + 0.5
    return min(239, math.floor(place)) if place >= 0 else 0


def array(reference, buffers):
    """Give the array that a reference stands for."""
    flat = np.frombuffer(buffers[reference["buffer"]], reference["dtype"])
    return flat.reshape(reference["shape"])


def resolved(value, buffers):
    """Put arrays in the places of references to them."""
    if isinstance(value, list):
        return [resolved(one, buffers) for one in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"dtype", "shape", "buffer"}:
        return array(value, buffers)
    return {key: resolved(one, buffers) for key, one in value.items()}
