"""Levels come back in the browser's own arithmetic exactly as they were."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from convscope.explorer.residual import Mapped, behind, beside

WEB = Path(__file__).parents[2] / "src" / "convscope" / "explorer" / "web"
ENDS = ("span_low", "span_high", "low", "high")
RESTORE = """
import { readFileSync } from "node:fs";
import { addBehind, addBeside } from %r;
const mapped = (one) => ({ levels: Uint8Array.from(one.levels),
    ...Object.fromEntries(["span_low", "span_high", "low", "high"].map((name) =>
        [name, Float32Array.from(one[name].map(Number))])) });
const restored = JSON.parse(readFileSync(0, "utf8")).map(({ own, source, stretched }) => {
    const levels = mapped(own);
    if (source) addBehind(levels, mapped(source), stretched);
    else addBeside(levels.levels);
    return [...levels.levels];
});
console.log(JSON.stringify(restored));
"""
ODD = [0.0, -0.0, np.nan, np.inf, -np.inf, 1e-45, 3.4e38, -3.4e38, 1.0]


def mapped(rng, channels, units):
    """Make levels and ends of any kind: plain ones, and all that a broken network gives."""
    low, high = np.sort(rng.normal(0, 10.0 ** rng.integers(-6, 6), (2, channels)), axis=0)
    span_low, span_high = (low, high) if rng.random() < 0.5 else (-np.abs(high), np.abs(high))
    ends = [end.astype(np.float32) for end in (span_low, span_high, low, high)]
    for end in ends:
        end[rng.random(channels) < 0.2] = rng.choice(ODD)
    levels = rng.integers(0, 256, (channels, units), np.uint8)
    return Mapped(levels, *(end.astype(np.float64) for end in ends))


def told(one, levels):
    """Write it as JSON can: numbers as words, since JSON knows no infinity."""
    words = {name: [repr(float(end)) for end in getattr(one, name)] for name in ENDS}
    names = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
    plain = {name: [names.get(word, word) for word in found] for name, found in words.items()}
    return {"levels": levels.ravel().tolist(), **plain}


def test_levels_come_back_exactly():
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on this machine: the page's arithmetic cannot be run")
    rng = np.random.default_rng(0)
    cases, expected = [], []
    for _ in range(300):
        own, source = (mapped(rng, channels, 40) for channels in [rng.integers(1, 6)] * 2)
        stretched = bool(rng.random() < 0.5)
        differences = behind(own, source, stretched=stretched)
        cases.append(
            {
                "own": told(own, differences),
                "source": told(source, source.levels),
                "stretched": stretched,
            }
        )
        expected.append(own.levels.ravel().tolist())
    cases.append({"own": told(own, beside(own.levels)), "source": None})
    expected.append(own.levels.ravel().tolist())
    code = RESTORE % (WEB / "residual.js").as_uri()
    done = subprocess.run(
        [node, "--input-type=module", "--eval", code],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == expected


def test_what_follows_its_input_differs_by_nothing():
    rng = np.random.default_rng(1)
    low, high = np.zeros(3), np.full(3, 2.0)
    source = Mapped(rng.integers(0, 240, (3, 50), np.uint8), low, high, low, high)
    assert not behind(source, source, stretched=False).any()
    # Three times the value and one more has the same levels on a span that grew alike.
    affine = Mapped(source.levels, 3 * low + 1, 3 * high + 1, 3 * low + 1, 3 * high + 1)
    assert not behind(affine, source, stretched=True).any()


def test_rectified_levels_are_foretold():
    rng = np.random.default_rng(2)
    values = rng.normal(size=(2, 400))
    most = np.abs(values).max(axis=1)
    signed = np.floor((values + most[:, None]) / (2 * most[:, None]) * 239 + 0.5).astype(np.uint8)
    source = Mapped(signed, -most, most, values.min(axis=1), values.max(axis=1))
    positive = np.maximum(values, 0)
    high = positive.max(axis=1)
    levels = np.floor(positive / high[:, None] * 239 + 0.5).astype(np.uint8)
    own = Mapped(levels, np.zeros(2), high, np.zeros(2), high)
    differences = behind(own, source, stretched=False).astype(np.int8)
    # A level of the input is half as fine, so that one more or less remains.
    assert np.abs(differences).max() <= 2
