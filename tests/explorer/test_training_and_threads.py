"""A session that is asked while the network trains, and by several at once."""

import threading

import keras
import numpy as np
import pytest

import convscope
from convscope.explorer import Session
from convscope.inputs.images import Image

from .asking import ask, refused
from .models import digits, numbers, residual


@pytest.fixture
def trained():
    """Open a network that learns, and a session on it that has seen an image."""
    keras.utils.set_random_seed(0)
    model = digits()
    model.compile("sgd", "sparse_categorical_crossentropy")
    pixels = np.random.default_rng(0).integers(0, 256, (12, 10, 1), np.uint8)
    session = Session(convscope.open(model), [Image(pixels, "noise")])
    ask(session, "run", image=0)
    return model, session


def fit(model, callback=None):
    x = np.random.default_rng(1).uniform(0, 1, (64, 12, 10, 1)).astype("float32")
    y = np.arange(64) % 3
    model.fit(x, y, batch_size=16, epochs=2, verbose=0, callbacks=callback and [callback])


class Asking(keras.callbacks.Callback):
    """Asks between the steps, as another thread would; `self.model` would fetch the weights."""

    def __init__(self, model, session, message):
        super().__init__()
        self.weights, self.session, self.message = model.trainable_variables, session, message
        self.replies = []

    def on_train_batch_end(self, batch, logs=None):
        away = any(variable._value is None for variable in self.weights)
        self.replies.append((away, self.session.answer(self.message)[0]))


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="only on jax do weights go away")
@pytest.mark.parametrize(
    "message",
    [
        {"type": "run", "image": 0},
        {"type": "books", "run": "RUN"},
        {"type": "weights", "layer": "conv", "channel": 0},
        {"type": "unit", "run": "RUN", "layer": "conv", "channel": 0, "unit": [0, 0]},
        {"type": "network"},
    ],
)
def test_a_network_in_training_says_so_and_answers_after_it(trained, message):
    model, session = trained
    run = ask(session, "run", image=0)["run"]
    message = {key: run if value == "RUN" else value for key, value in message.items()}
    asking = Asking(model, session, message)
    fit(model, asking)
    away = [reply for was_away, reply in asking.replies if was_away]
    assert len(away) >= 4
    for reply in away:
        assert reply["type"] == "error" and reply["code"] == "training"
    assert ask(session, "run", image=0)["predictions"]


def test_runs_follow_the_weights(trained):
    model, session = trained
    old = ask(session, "run", image=0)
    fit(model)
    code, said = refused(session, {"type": "unit", "run": old["run"], "layer": "conv",
                                   "channel": 0, "unit": [0, 0]})  # fmt: skip
    assert code == "gone" and "weights" in said
    # What was recorded stays what it was.
    ask(session, "layer", run=old["run"], layer="conv")
    new = ask(session, "run", image=0)
    expected = numbers(model(session.images[0].content.pixels[None].astype("float32") / 255))[0]
    scores = {row["index"]: row["score"] for row in new["predictions"]}
    np.testing.assert_allclose([scores[k] for k in range(3)], expected, rtol=1e-4)
    assert new["predictions"] != old["predictions"]
    assert ask(session, "unit", run=new["run"], layer="conv", channel=0, unit=[0, 0])["ok"]


def test_a_changed_weight_is_noticed(trained):
    model, session = trained
    old = ask(session, "run", image=0)
    kernel, bias = model.layers[0].get_weights()
    model.layers[0].set_weights([kernel * 2, bias])
    new = ask(session, "run", image=0)
    assert new["predictions"] != old["predictions"]


def test_several_threads_get_the_answers_of_one(photos):
    network = convscope.open(residual())
    alone = Session(network, photos)
    expected = {}
    for image in range(3):
        run = ask(alone, "run", image=image)
        expected[image] = (run["predictions"], ask(alone, "books", run=run["run"])["score"])
    layers = list(network.layers)
    session = Session(convscope.open(residual()), photos)
    wrong, barrier = [], threading.Barrier(4)

    def work(first):
        try:
            barrier.wait()
            for step in range(6):
                image = (first + step) % 3
                then = [{"type": "layer", "layer": name} for name in layers]
                run = ask(session, "run", image=image, then=then)
                assert [row["index"] for row in run["predictions"]] == [
                    row["index"] for row in expected[image][0]
                ]
                books = ask(session, "books", run=run["run"])
                assert books["score"] == pytest.approx(expected[image][1], rel=1e-4)
                for row, told in zip(run["then"], layers, strict=True):
                    assert row["layer"] == told
                ask(session, "sheet", run=run["run"])
                ask(session, "unit", run=run["run"], layer="stem", channel=1, unit=[2, 2])
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong, wrong


def test_what_is_recorded_is_answered_while_the_network_is_busy(photos):
    session = Session(convscope.open(residual()), photos)
    run = ask(session, "run", image=0)["run"]
    holds, done = threading.Event(), threading.Event()

    def hold():
        with session.networks[0].running():
            holds.set()
            done.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    holds.wait(30)
    try:
        ask(session, "layer", run=run, layer="stem")
        ask(session, "channel", run=run, layer="stem", channel=0)
        ask(session, "sheet", run=run)
    finally:
        done.set()
        thread.join()
