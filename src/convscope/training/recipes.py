"""Recipes: the networks of the gallery, trained from named data by one call."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from convscope.arguments import callback, file_path, text, whole
from convscope.errors import SelectionError, near
from convscope.frameworks import import_keras
from convscope.inputs.class_names import CLASS_NAMES
from convscope.inputs.preparation import Preparation
from convscope.training import architectures
from convscope.training.archive import ARCHIVE, fetch_cats_and_dogs
from convscope.training.course import Progress, Score, fit, score
from convscope.training.distortion import Distortion
from convscope.training.recipe import Recipe
from convscope.training.samples import open_splits
from convscope.training.saving import check_output, save

__all__ = [
    "RECIPES",
    "Progress",
    "Recipe",
    "Score",
    "Training",
    "embedded",
    "fetch_cats_and_dogs",
    "find",
    "train",
]

_SEED = 0
_DIGITS = CLASS_NAMES["mnist"]
_CELLS = Distortion(rotation=10, shift=0.08, shear=0.15, zoom=0.15)
_STROKES = Distortion(rotation=12, shift=0.1, shear=0.15, zoom=0.2, thickness=0.7)
# Ranges of the book and the lesson; Keras 2 took its 0.2 of shear for degrees, which nobody sees.
_PHOTOGRAPHS = Distortion(rotation=40, shift=0.2, shear=0.2, zoom=0.2, mirror=True, extends=True)

_ALL = (
    Recipe(
        name="digits",
        makes="a small network for scikit-learn's digits of 8 x 8 pixels, in seconds, offline",
        dataset="digits",
        epochs=40,
        batch=64,
        labels=_DIGITS,
        preparation=Preparation((8, 8), 1),
        build=architectures.digits,
        learning_rate=4e-3,
        decays=True,
        phases=(_CELLS,),
    ),
    Recipe(
        name="mnist",
        makes="two convolutions of 2 x 2 and a sigmoid layer of 500 units for MNIST's digits",
        dataset="mnist",
        epochs=20,
        batch=1000,
        labels=_DIGITS,
        preparation=Preparation((28, 28), 1),
        build=architectures.mnist,
    ),
    Recipe(
        name="fashion-mnist",
        makes="two convolutions of 64 channels for the clothes and shoes of Fashion-MNIST",
        dataset="fashion_mnist",
        epochs=5,
        batch=32,
        labels=CLASS_NAMES["fashion_mnist"],
        preparation=Preparation((28, 28), 1),
        build=architectures.fashion_mnist,
    ),
    Recipe(
        name="cats-vs-dogs",
        makes="four convolutions for photographs of cats and dogs, as they are, then distorted",
        dataset=ARCHIVE,
        epochs=30,
        batch=20,
        labels=("cat", "dog"),
        preparation=Preparation((150, 150), 3),
        build=architectures.cats_vs_dogs,
        optimizer="rmsprop",
        learning_rate=1e-4,
        steps=100,
        phases=(None, _PHOTOGRAPHS),
    ),
    Recipe(
        name="embedded",
        makes="the compact network that comes with the package, for digits however drawn",
        dataset="mnist",
        epochs=12,
        batch=128,
        labels=_DIGITS,
        preparation=Preparation((28, 28), 1),
        build=architectures.embedded,
        learning_rate=2e-3,
        decays=True,
        phases=(_STROKES,),
        compact=True,
    ),
)

RECIPES: Mapping[str, Recipe] = MappingProxyType({recipe.name: recipe for recipe in _ALL})
"""All recipes, by name."""


@dataclass(frozen=True)
class Training:
    """What a training came to.

    Attributes
    ----------
    path : Path
        The saved network; its sidecar ``NAME.convscope.json`` lies beside it.
    recipe : str
        Name of the recipe.
    parameters : int
        Numbers in the network that were trained.
    epochs : int
        Over all phases.
    seconds : float
        From the first batch to the last; reading and scoring apart.
    train, test : Score
        On the training images, undistorted, and on the test images.
    validation : tuple of Score
        On the validation images after each phase; empty where the data has none.
    """

    path: Path
    recipe: str
    parameters: int
    epochs: int
    seconds: float
    train: Score
    test: Score
    validation: tuple[Score, ...] = ()


def find(name: str) -> Recipe:
    """Give a recipe by its name; ``_`` and ``-`` are alike.

    Raises
    ------
    SelectionError
        When there is none.
    """
    recipe = RECIPES.get(text(name, "name").replace("_", "-"))
    if recipe is None:
        raise SelectionError(f"there is no recipe {name!r}: {near(name, RECIPES)}")
    return recipe


def train(
    name: str,
    path: str | Path,
    *,
    data: str | Path | None = None,
    epochs: int | None = None,
    batch: int | None = None,
    progress: Progress | None = None,
) -> Training:
    """Train one of the networks and save it with its sidecar.

    The same recipe with the same data gives the same weights on the same machine and backend:
    Keras's, Python's and NumPy's global random numbers are set.

    Parameters
    ----------
    name : str
        One of `RECIPES`.
    path : str or Path
        Where to save it, ``.keras``; a file that exists is replaced.
    data : str or Path, optional
        The images, instead of the recipe's own: a folder with ``train`` and ``test`` (or ``val``)
        folders of class folders, a folder of IDX files, an ``.npz``, or a dataset's name.
    epochs : int, optional
        Epochs of each phase, instead of the recipe's.
    batch : int, optional
        Images a step, instead of the recipe's.
    progress : callable, optional
        Is told ``epoch, epochs, step, steps, metrics``.

    Raises
    ------
    SelectionError
        When there is no such recipe or dataset, `epochs` or `batch` is below 1, or the path does
        not end in ``.keras``.
    InputError
        When the images cannot be read, downloaded, or are not what the recipe takes.
    OutputError
        When the network cannot be written; found before the training where that is possible.
    MissingExtraError
        When Keras, or for the digits scikit-learn, is not installed.
    """
    recipe, target = find(name), file_path(path).expanduser()
    callback(progress, "progress")
    if data is not None:
        file_path(data, "data")
    recipe = replace(
        recipe,
        epochs=recipe.epochs if epochs is None else whole(epochs, "epochs", 1),
        batch=recipe.batch if batch is None else whole(batch, "batch", 1, what="images a step"),
    )
    check_output(target)
    keras = import_keras("training a network")
    splits = open_splits(recipe, data)
    keras.utils.set_random_seed(_SEED)
    model = recipe.build()
    began = time.monotonic()
    validation = fit(model, recipe, splits, _SEED, progress)
    seconds = time.monotonic() - began
    scores = {"train": score(model, splits.train), "test": score(model, splits.test)}
    save(model, target, recipe, splits.labels, scores["test"], validation)
    return Training(
        path=target,
        recipe=recipe.name,
        parameters=int(model.count_params()),
        epochs=recipe.epochs * len(recipe.phases),
        seconds=seconds,
        **scores,
        validation=tuple(validation),
    )


def embedded() -> Path:
    """Give the file of the network that comes with the package, its sidecar beside it.

    It was made by the recipe ``embedded``.
    """
    return Path(__file__).with_name("embedded.keras")
