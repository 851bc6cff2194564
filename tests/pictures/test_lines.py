"""Signals as lines: the points that are drawn, and what stands beside them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.collections import LineCollection

from convscope.errors import SelectionError
from convscope.pictures.figures import lines
from convscope.pictures.lines import envelope

DIMS = ("channel", "x")
TALL = 0.42


def signals():
    x = np.linspace(0, 6, 40, dtype=np.float32)
    return np.stack([np.sin(x), np.abs(np.cos(x)), np.zeros_like(x), 3 * np.sin(2 * x)])


def drawn(drawing):
    """Give the vertices of every line that a page holds, in inches, and all its words."""
    axes = drawing.figure.axes[0]
    collections = [one for one in axes.collections if isinstance(one, LineCollection)]
    return [path.vertices for path in collections[1].get_paths()], [
        text.get_text() for text in axes.texts
    ]


@pytest.mark.parametrize("scale", ["layer", "fixed(-1, 1)", "channel"])
def test_a_line_goes_through_its_values(scale):
    values = signals()
    own = np.abs(values).max(axis=1)
    end = {"layer": own.max(), "fixed(-1, 1)": 1}.get(scale)
    segments, _ = drawn(lines(values, dims=DIMS, scale=scale))
    # On a scale of its own a flat one has no span, and is marked alone.
    channels = (0, 1, 3) if scale == "channel" else (0, 1, 2, 3)
    for segment, channel in zip(segments, channels, strict=True):
        high = own[channel] if end is None else end
        low = -high
        share = np.clip((values[channel] - low) / (high - low), 0, 1)
        top = segment[:, 1].min() - (1 - share.max()) * TALL
        np.testing.assert_allclose(segment[:, 1], top + (1 - share) * TALL, atol=1e-3)
        assert np.allclose(np.diff(segment[:, 0]), np.diff(segment[:, 0])[0])


def test_words_beside_the_lines():
    _, words = drawn(
        lines(signals(), dims=DIMS, scale="layer", axis="time", provenance={"layer": "lstm"})
    )
    assert words[0] == "lstm   4 channels, time 0 to 39"
    assert {"0", "1", "2", "3", "-3", "zero here"} <= set(words)
    assert (
        "time to the right; from bottom to top: one scale for all maps, ± the larger end" in words
    )


def test_channels_stand_in_the_order_that_is_asked_for():
    _, words = drawn(lines(signals(), dims=DIMS, order=[3, 1, 0, 2]))
    assert [word for word in words if word in {"0", "1", "2", "3"}][:4] != ["0", "1", "2", "3"]
    segments, _ = drawn(lines(signals(), dims=DIMS, scale="layer", order=[3, 1, 0, 2]))
    reach = [float(np.ptp(segment[:, 1])) for segment in segments]
    assert reach[0] == max(reach)


def test_a_gap_where_a_value_is_no_number():
    values = signals()
    values[0, 7] = np.nan
    segments, _ = drawn(lines(values, dims=DIMS, scale="layer"))
    assert np.isnan(segments[0][7, 1]) and np.isfinite(np.delete(segments[0][:, 1], 7)).all()


@given(st.integers(2, 5000), st.integers(2, 400), st.integers(0, 2**32 - 1))
def test_an_envelope_loses_no_peak(count, points, seed):
    signal = np.random.default_rng(seed).normal(size=count).astype(np.float32)
    x, values = envelope(signal, points)
    assert len(x) == len(values) <= max(points, count if count <= points else points)
    assert (np.diff(x) >= 0).all()
    np.testing.assert_array_equal(values, signal[x.astype(int)])
    assert values.max() == signal.max() and values.min() == signal.min()


def test_a_recording_of_minutes_is_drawn(tmp_path):
    rng = np.random.default_rng(0)
    drawing = lines(rng.normal(size=(2, 100_000)).astype(np.float32), dims=DIMS)
    assert all(len(segment) <= 1200 for segment in drawn(drawing)[0])
    for suffix in ("png", "pdf", "svg"):
        drawing.save(tmp_path / f"lines.{suffix}")


def test_only_signals_are_lines():
    with pytest.raises(SelectionError, match=r"give \(channel, x\)"):
        lines(np.zeros((2, 3, 4)))
    with pytest.raises(SelectionError, match="columns 0"):
        lines(signals(), dims=DIMS, columns=0)
