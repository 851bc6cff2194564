"""The course of a training: phases of epochs, progress, scores."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil
from types import ModuleType
from typing import Any

import numpy as np

from convscope.frameworks import import_keras
from convscope.training.interruption import BetweenSteps
from convscope.training.recipe import Recipe
from convscope.training.samples import Samples, Splits

__all__ = ["Progress", "Score", "fit", "score"]

Progress = Callable[[int, int, int, int, Mapping[str, float]], None]
"""Is told ``epoch, epochs, step, steps, metrics``: both counted from 1, epochs over all phases;
metrics ``loss`` and ``accuracy``, running means of the epoch. Told at most ten times a second, and
at the end of every epoch."""

_PAUSE = 0.1
_SCORED_AT_ONCE = 100


@dataclass(frozen=True)
class Score:
    """How well a network does.

    Attributes
    ----------
    loss : float
        Mean cross-entropy.
    accuracy : float
        Share of images whose class is found, 0..1.
    """

    loss: float
    accuracy: float


def fit(
    model: Any,
    recipe: Recipe,
    splits: Splits,
    seed: int,
    progress: Progress | None = None,
) -> list[Score]:
    """Compile a network and train it through all phases of its recipe.

    Parameters
    ----------
    model : keras.Model
        Trained in place.
    recipe : Recipe
    splits : Splits
    seed : int
        Decides on the order of the images and on their distortions.
    progress : callable, optional
        See `Progress`.

    Returns
    -------
    list of Score
        On the validation split, after each phase; empty where there is none.
    """
    keras = import_keras("training a network")
    epochs, batch, phases = recipe.epochs, recipe.batch, len(recipe.phases)
    steps = ceil(len(splits.train) / batch)
    if recipe.steps is not None:
        steps = min(steps, recipe.steps)
    _compile(keras, model, recipe, epochs * steps * phases)
    scores = []
    for phase, distortion in enumerate(recipe.phases):
        rng = np.random.default_rng((seed, phase))
        callbacks = []
        if progress is not None:
            callbacks.append(_teller(keras, progress, phase * epochs, epochs * phases, steps))
        with BetweenSteps() as signals:
            callbacks.append(_heeder(keras, signals))
            model.fit(
                splits.train.drawn(batch, steps, distortion, rng),
                epochs=epochs,
                steps_per_epoch=steps,
                callbacks=callbacks,
                shuffle=False,  # the batches come in an order of their own
                verbose=0,
            )
        if splits.validation is not None:
            scores.append(score(model, splits.validation))
    return scores


def score(model: Any, samples: Samples) -> Score:
    """Run a compiled network on every image, undistorted."""
    found = model.evaluate(
        samples.in_order(_SCORED_AT_ONCE),
        steps=ceil(len(samples) / _SCORED_AT_ONCE),
        verbose=0,
        return_dict=True,
    )
    return Score(float(found["loss"]), float(found["accuracy"]))


def _compile(keras: ModuleType, model: Any, recipe: Recipe, steps: int) -> None:
    rate: Any = recipe.learning_rate
    if recipe.decays:
        rate = keras.optimizers.schedules.CosineDecay(rate, steps)
    optimizer = keras.optimizers.get(
        {"class_name": recipe.optimizer, "config": {"learning_rate": rate}}
    )
    binary = model.output_shape[-1] == 1
    loss = "binary_crossentropy" if binary else "sparse_categorical_crossentropy"
    model.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"])


def _heeder(keras: ModuleType, signals: BetweenSteps) -> Any:
    """Make the callback of Keras that heeds signals."""
    return keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: signals.heed())


def _teller(keras: ModuleType, progress: Progress, before: int, epochs: int, steps: int) -> Any:
    """Make the callback of Keras that tells of one phase."""
    epoch, told = before, 0.0

    def begin(place: int, _: Any) -> None:
        nonlocal epoch
        epoch = before + place + 1

    def tell(place: int, logs: Mapping[str, Any] | None) -> None:
        nonlocal told
        now = time.monotonic()
        if place + 1 < steps and now - told < _PAUSE:
            return
        told = now
        metrics = {name: float(value) for name, value in (logs or {}).items()}
        progress(epoch, epochs, place + 1, steps, metrics)

    return keras.callbacks.LambdaCallback(on_epoch_begin=begin, on_train_batch_end=tell)
