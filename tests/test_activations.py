"""Activations: a mapping from layers to labelled arrays."""

import numpy as np
import pytest

from convscope.activations import Activations, Named
from convscope.errors import InputError, SelectionError

DIMS = ("image", "channel", "y", "x")


def part(images, side=4, start=0.0):
    """Make the values of one batch: a layer with space, one without, one without images."""
    maps = np.arange(images * 2 * side * side, dtype="float32").reshape(images, 2, side, side)
    return {
        "conv": Named(maps + np.float32(start), DIMS, {"layer": "conv", "network": "n"}),
        "dense": Named(maps.mean(axis=(2, 3)), DIMS[:2], {"layer": "dense"}),
        "table": Named(np.ones((3, 5), "float32"), ("channel", "x"), {}),
    }


@pytest.fixture
def together():
    return Activations([part(3)], [["a", "b", "c"]], [[7, None, 9]])


@pytest.fixture
def one_by_one():
    return Activations(
        [part(1), part(1, side=6, start=100)], [["small"], ["large"]], [[None], [None]]
    )


def test_a_mapping_in_execution_order(together):
    assert list(together) == ["conv", "dense", "table"] and len(together) == 3
    assert "conv" in together and "pool" not in together and 3 not in together
    assert [name for name, _ in together.items()] == list(together)


def test_arrays_carry_names_labels_and_provenance(together):
    array = together["conv"]
    assert array.dims == DIMS and array.name == "conv" and array.dtype == np.float32
    assert list(array["image"].values) == ["a", "b", "c"]
    np.testing.assert_array_equal(array["label"].values, [7, np.nan, 9])
    assert array.attrs == {"layer": "conv", "network": "n"}
    assert together["conv"] is array, "wrapped once"


def test_selection_by_name_is_xarray_s_work(together):
    one = together["conv"].sel(image="b")
    np.testing.assert_array_equal(one.values, part(3)["conv"].values[1])
    assert together["conv"].mean("channel", skipna=False).dims == ("image", "y", "x")


def test_without_labels_there_is_no_such_coordinate(one_by_one):
    assert "label" not in one_by_one["dense"].coords
    assert one_by_one.labels == (None, None)


def test_images_of_one_size_are_joined():
    both = Activations([part(1), part(2, start=5)], [["a"], ["b", "c"]], [[1], [2, 3]])
    assert both.images == ("a", "b", "c") and both.labels == (1, 2, 3)
    joined = np.concatenate([part(1)["conv"].values, part(2, start=5)["conv"].values])
    np.testing.assert_array_equal(both["conv"].values, joined)
    np.testing.assert_array_equal(both.array("conv", 2), joined[2])


def test_images_of_unlike_size_are_taken_one_by_one(one_by_one):
    with pytest.raises(InputError, match=r"'conv' do not fit into one array: .*\.image\(0\)"):
        _ = one_by_one["conv"]
    assert one_by_one["dense"].shape == (2, 2)
    assert one_by_one.array("conv", 1).shape == (2, 6, 6)
    alone = one_by_one.image(1)
    assert alone.images == ("large",) and alone["conv"].shape == (1, 2, 6, 6)
    assert float(alone["conv"][0, 0, 0, 0]) == 100


def test_one_image_of_many(together):
    np.testing.assert_array_equal(together.array("conv", 2), part(3)["conv"].values[2])
    np.testing.assert_array_equal(together.array("conv", -1), part(3)["conv"].values[2])
    np.testing.assert_array_equal(together.array("table", 1), np.ones((3, 5)))
    alone = together.image(0)
    assert alone.labels == (7,) and alone["table"].shape == (3, 5)


def test_bare_arrays_are_views(together):
    assert np.shares_memory(together.array("conv", 1), together["conv"].values)


@pytest.mark.parametrize("image", [3, -4])
def test_an_image_that_is_not_there(together, image):
    with pytest.raises(SelectionError, match=f"no image {image}: the 3 images have indices 0 to 2"):
        together.array("conv", image)


def test_a_layer_that_was_not_recorded(together):
    with pytest.raises(SelectionError, match="did you mean 'conv'"):
        _ = together["conv2"]
    with pytest.raises(SelectionError, match="'pool' was recorded: one of: conv, dense, table"):
        together.array("pool")
    assert together.get("pool") is None


def test_shown_in_words(together):
    first, conv, *_ = repr(together).splitlines()
    assert first == "<Activations: 3 layers, 3 images>"
    assert conv.split() == ["conv", "image:", "3,", "channel:", "2,", "y:", "4,", "x:", "4"]


def test_in_a_notebook_a_table_with_all_images_counted():
    both = Activations([part(1), part(2)], [["a"], ["b", "c"]], [[None], [None, None]])
    shown = both._repr_html_()
    assert "<td>conv</td>" in shown and "<td>3 x 2 x 4 x 4</td>" in shown
    assert "conv" in repr(both) and "image: 3" in repr(both)


def test_names_are_escaped_in_html():
    odd = {"<b>": Named(np.ones((1, 2), "float32"), DIMS[:2], {})}
    assert "&lt;b&gt;" in Activations([odd], [["a"]], [[None]])._repr_html_()
