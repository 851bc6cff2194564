"""The bins of the histograms: the same as NumPy finds between the grid's edges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from convscope.surveys.adding import find_bins
from convscope.surveys.grid import BINS, EDGES
from surveys.expected import histogram

floats = st.floats(width=32, allow_nan=True, allow_infinity=True, allow_subnormal=True)
near = st.sampled_from([float(edge) for edge in EDGES[1:-1]])
around = st.builds(lambda edge, way: np.nextafter(np.float32(edge), np.float32(way)), near,
                   st.sampled_from([-np.inf, 0, np.inf]))  # fmt: skip


def bins_of(values):
    bins = np.full(len(values), -1, np.int32)
    find_bins(bins, values, values.view(np.int32))
    return bins


@settings(max_examples=300, deadline=None)
@given(arrays.arrays(np.float32, st.integers(1, 40), elements=floats | near | around))
def test_bins_are_those_between_the_edges(values):
    found = bins_of(values)
    np.testing.assert_array_equal(found == BINS, np.isnan(values))
    counted = np.bincount(found, minlength=BINS + 1)[:BINS]
    np.testing.assert_array_equal(counted, histogram(values[:, None])[0])


def test_the_edges_are_four_an_octave_and_mirror_each_other():
    inner = EDGES[1:-1]
    assert len(EDGES) == BINS + 1
    np.testing.assert_array_equal(inner, -inner[::-1])
    above = inner[inner > 0]
    np.testing.assert_array_equal(above[:5] / above[0], [1, 1.25, 1.5, 1.75, 2])
    assert (np.diff(inner) > 0).all()


@pytest.mark.parametrize(
    ("value", "place"),
    [(0.0, BINS // 2), (-0.0, BINS // 2), (1e-45, BINS // 2), (-1e-45, BINS // 2),
     (np.inf, BINS - 1), (-np.inf, 0), (3e38, BINS - 1), (-3e38, 0), (np.nan, BINS),
     (-np.nan, BINS), (2.0**-16, BINS // 2 + 1), (-(2.0**-16), BINS // 2 - 1)],
)  # fmt: skip
def test_where_the_ends_and_the_middle_are(value, place):
    assert bins_of(np.float32([value])).tolist() == [place]
