"""The numbers of one map."""

import re

import numpy as np
import pandas as pd
import pytest

import convscope
from convscope.errors import SelectionError


def test_the_numbers_are_those_of_the_map(network, photos):
    table = convscope.values(network, photos[:1], "signed", 2)
    expected = network.activations(photos[:1], "signed")["signed"].values[0, 2]
    np.testing.assert_array_equal(table.array, expected)
    frame = table.to_pandas()
    assert isinstance(frame, pd.DataFrame)
    assert (frame.index.name, frame.columns.name, frame.shape) == ("y", "x", (10, 14))


def test_csv_gives_back_the_same_float32(network, photos, tmp_path):
    table = convscope.values(network, photos[:1], "signed", 2)
    table.save(tmp_path / "values.csv")
    read = pd.read_csv(tmp_path / "values.csv", index_col=0)
    np.testing.assert_array_equal(read.to_numpy(np.float32), table.array)


def test_positive_cells_are_marked_in_a_notebook(network, photos):
    table = convscope.values(network, photos[:1], "signed", 0)
    styles = re.search(r"([^{}]*)\{[^}]*background-color", table._repr_html_())
    marked = {(int(y), int(x)) for y, x in re.findall(r"_row(\d+)_col(\d+)", styles.group(1))}
    positive = {(int(y), int(x)) for y, x in np.argwhere(table.array > 0)}
    assert marked == positive
    assert 0 < len(positive) < table.array.size


def test_a_layer_without_space_gives_all_units(network, photos):
    table = convscope.values(network, photos[:1], "classes")
    assert table.array.shape == (1, 2)
    assert table.array.sum() == pytest.approx(1, abs=1e-5)


def test_what_is_not_one_map(network, photos):
    with pytest.raises(SelectionError, match="means 2 layers"):
        convscope.values(network, photos[:1], "0:2", 0)
    with pytest.raises(SelectionError, match="2 images"):
        convscope.values(network, photos, "conv", 0)
    with pytest.raises(SelectionError, match="0 to 3"):
        convscope.values(network, photos[:1], "conv", -1)
