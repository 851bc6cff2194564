"""Which values every path must cross."""

import keras
from keras import layers

import convscope
from convscope.networks.graph import Graph

from .models import Residual, branched, classifier, settled


def graph_of(model):
    return Graph(convscope.open(model).layers)


def test_a_chain_is_crossed_everywhere():
    network = convscope.open(classifier())
    graph = Graph(network.layers)
    assert graph.crossed("dense_1:linear") == set(network.layers)
    assert graph.downstream("flatten") == {"flatten", "dense", "dense_1"}
    assert graph.upstream("pool") >= {"conv2d", "pool"} and "bn" not in graph.upstream("pool")


def test_branches_hold_a_part_each():
    graph = graph_of(branched())
    assert graph.crossed("score") == {"joined", "score"}
    assert graph.downstream("total") == {"total", "peak", "joined", "score"}


def test_beside_a_skip_connection():
    inputs = keras.Input((8, 8, 3))
    first = layers.Conv2D(3, 3, padding="same", name="first")(inputs)
    inner = layers.Conv2D(3, 3, padding="same", name="inner")(first)
    both = layers.Add(name="sum")([first, inner])
    model = keras.Model(inputs, layers.GlobalAveragePooling2D(name="pool")(both))
    assert graph_of(model).crossed("pool") == {"first", "sum", "pool"}


def test_a_skip_from_the_input():
    inputs = keras.Input((8, 8, 3))
    first = layers.Conv2D(3, 3, padding="same", name="first")(inputs)
    both = layers.Add(name="sum")([first, inputs])
    graph = graph_of(keras.Model(inputs, layers.Conv2D(2, 1, name="last")(both)))
    assert graph.crossed("last") == {"sum", "last"}


def test_what_code_hides_counts_as_a_path():
    """Inside a hand-written residual block the parts hold a part; before and after it, all."""
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(3, 1, name="before")(inputs)
    x = Residual(3, name="block")(x)
    model = settled(keras.Model(inputs, layers.GlobalAveragePooling2D(name="pool")(x)))
    graph = graph_of(model)
    assert graph.crossed("pool") == {"before", "block", "pool"}
    assert graph.downstream("block/first") >= {"block/second", "block", "pool"}
