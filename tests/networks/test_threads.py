"""Several threads at once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
from keras import layers

import convscope

from .expected import TOLERANCE, called_by_hand, in_dims
from .models import classifier, photos


def ask(network, x, names):
    return network.activations(x, names)


def test_two_threads_on_one_network_and_two_on_another():
    models = [classifier("one"), classifier("two", channels=3)]
    given = [photos(2, 12, 12, 1), photos(2, 12, 12, 3)]
    networks = [convscope.open(model) for model in models]
    expected = [called_by_hand(m.layers, x) for m, x in zip(models, given, strict=True)]
    wanted = [["conv2d"], ["dense", "dense_1:linear"], ["bn", "pool"]]
    with ThreadPoolExecutor(4) as pool:
        tasks = [
            (place, names, pool.submit(ask, networks[place], given[place], names))
            for names in wanted
            for place in (0, 1)
        ]
        for place, names, task in tasks:
            activations = task.result(timeout=60)
            for name in set(names) & set(expected[place]):
                np.testing.assert_allclose(
                    activations[name].values, in_dims(expected[place][name]), **TOLERANCE
                )


def test_what_another_thread_runs_meanwhile_is_not_recorded():
    inside, done = threading.Event(), threading.Event()

    class Waiting(layers.Layer):
        def call(self, x):
            inside.set()
            assert done.wait(30), "the other thread was kept from running"
            return x + 1.0

    done.set()
    bystander = keras.Sequential([layers.Input((3,)), layers.Dense(2, name="bystander")])
    model = keras.Sequential(
        [
            layers.Input((3,)),
            layers.Dense(3, name="first"),
            Waiting(name="waiting"),
            layers.Dense(2, name="last"),
        ]
    )
    done.clear()
    inside.clear()
    outcomes = []

    def meanwhile():
        inside.wait(30)
        outcomes.append(bystander(photos(2, 3)).shape)
        outcomes.append(model.layers[0](photos(2, 3)).shape)
        done.set()

    thread = threading.Thread(target=meanwhile)
    thread.start()
    names = list(convscope.open(model).layers)
    thread.join(30)
    assert [tuple(shape) for shape in outcomes] == [(2, 2), (2, 3)]
    assert names == ["first", "waiting", "last"]


def test_what_a_layer_computes_is_read_while_another_thread_traces_it(monkeypatch):
    """A trace that keeps linear parts stands in for activation functions meanwhile."""
    tracing, held, go_on = (threading.Event() for _ in range(3))
    convolve = layers.Conv2D.convolution_op

    def waiting(layer, *given):
        if tracing.is_set():
            held.set()
            go_on.wait(30)
        return convolve(layer, *given)

    monkeypatch.setattr(layers.Conv2D, "convolution_op", waiting)
    entry = keras.Input((6, 6, 2))
    y = layers.Conv2D(3, 3, activation="relu", name="conv")(entry)
    model = keras.Model(entry, layers.Dense(2, name="dense")(layers.Flatten()(y)))
    network, x = convscope.open(model), np.ones((1, 6, 6, 2), "float32")
    network.activations(x, "dense")
    relu = model.get_layer("conv").activation
    tracing.set()
    other = threading.Thread(target=network.activations, args=(x, "conv:linear"))
    other.start()
    try:
        assert held.wait(30) and model.get_layer("conv").activation is not relu
        assert network.computation("conv").activation.name == "relu"
    finally:
        go_on.set()
        other.join(60)
    assert model.get_layer("conv").activation is relu
