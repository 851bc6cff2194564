"""A training is interrupted between two steps, and what it learned until then is whole."""

import os
import signal
import threading
from dataclasses import replace
from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest

from convscope.training import recipes
from convscope.training.course import fit
from convscope.training.interruption import BetweenSteps

keras = pytest.importorskip("keras")

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")

BATCH = 64


class Images:
    """Always the same batches."""

    def __len__(self):
        return 5 * BATCH

    def drawn(self, batch, steps, distortion, rng):
        fixed = np.random.default_rng(0)
        for _ in range(10 * steps):
            yield fixed.random((batch, 8, 8, 1), np.float32), np.arange(batch) % 10


def trained(steps, happening=lambda: None):
    keras.utils.set_random_seed(0)
    recipe = replace(recipes.find("digits"), epochs=1, batch=BATCH, steps=steps, decays=False)
    model = recipe.build()
    made = model.make_train_function

    def make(*args, **options):
        made(*args, **options)
        step, places = model.train_function, count()

        def stepped(*given):
            if next(places) == 2:
                happening()
            return step(*given)

        model.train_function = stepped

    # Within the third step: batches are drawn before, how far ahead is Keras's affair.
    model.make_train_function = make
    splits = SimpleNamespace(train=Images(), validation=None)
    try:
        fit(model, recipe, splits, 0)
    except KeyboardInterrupt:
        return model.get_weights(), True
    return model.get_weights(), False


def test_a_signal_within_a_step_waits_for_its_end():
    three, _ = trained(3)
    stopped, interrupted = trained(5, lambda: signal.raise_signal(signal.SIGINT))
    assert interrupted
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    for one, other in zip(stopped, three, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_second_signal_does_not_wait():
    def twice():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    two, _ = trained(2)
    stopped, interrupted = trained(5, twice)
    assert interrupted
    for one, other in zip(stopped, two, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_signal_at_the_very_end_is_not_lost():
    with pytest.raises(KeyboardInterrupt), BetweenSteps():
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_python_does_not_handle_and_other_threads_are_left_alone():
    seen = []

    def look():
        with BetweenSteps():
            seen.append(signal.getsignal(signal.SIGINT))

    # Whatever other tests left, such as Ray's.
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        with BetweenSteps():
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGTERM, before)
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]
