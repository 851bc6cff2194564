"""The table of the layers."""

import keras

import convscope
from convscope.views.layers import size_note


def test_the_table_is_a_data_frame(network):
    table = convscope.layers(network)
    assert list(table.index) == ["signed", "conv", "squashed", "mean", "classes"]
    assert table.loc["signed", "parameters"] == 3 * 3 * 3 * 6 + 6
    assert table.loc["conv", "shape"] == [4, 10, 14]


def test_sizes_are_explained_for_each_axis_where_they_differ():
    model = keras.Sequential(
        [keras.Input((28, 20, 1)), keras.layers.Conv2D(2, 2, strides=2, name="conv")]
    )
    network = convscope.open(model)
    note = size_note(network, network.layers["conv"])
    assert note == "y: (28 - 2 + 0)/2 + 1 = 14; x: (20 - 2 + 0)/2 + 1 = 10"


def test_the_tutorials_formula():
    model = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Conv2D(2, 2, name="conv")])
    network = convscope.open(model)
    assert size_note(network, network.layers["conv"]) == "(28 - 2 + 0)/1 + 1 = 27"
