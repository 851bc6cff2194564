"""Save a trained network and its sidecar: whole, or not at all."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from convscope.errors import OutputError, SelectionError
from convscope.frameworks import import_keras
from convscope.pictures.files import write_atomically
from convscope.training.course import Score
from convscope.training.recipe import Recipe

__all__ = ["check_output", "save", "sidecar_path"]


def check_output(path: Path) -> None:
    """Find out before the training whether its result can be written.

    Raises
    ------
    SelectionError
        When the name does not end in ``.keras``.
    OutputError
        When nothing can be written there.
    """
    if path.suffix != ".keras":
        raise SelectionError(
            f"a network cannot be saved as {str(path)!r}: give a name that ends in .keras, such as "
            f"{(path.stem or 'model') + '.keras'!r}"
        )
    trial = _beside(path)
    try:
        if path.is_dir():
            raise OutputError(f"cannot write {path}: that is a folder: name a file in it")
        write_atomically(trial, b"")
        trial.unlink()
    except OutputError as error:
        raise OutputError(str(error).replace(str(trial), str(path))) from error
    except OSError as error:
        raise OutputError(
            f"cannot write {path}: {error.strerror or error}: choose another name"
        ) from error


def sidecar_path(path: Path) -> Path:
    """Give the sidecar of a network's file: ``NAME.convscope.json``."""
    return path.with_suffix(".convscope.json")


def save(
    model: Any,
    path: Path,
    recipe: Recipe,
    labels: Sequence[str],
    test: Score,
    validation: Sequence[Score] = (),
) -> None:
    """Write a network, then its sidecar: labels, preparation, how well it does.

    Raises
    ------
    OutputError
        When either cannot be written. What was there before is as it was, or whole and new.
    """
    part = _beside(path)
    if recipe.compact:
        model = _for_use_alone(model, recipe)
    try:
        model.save(part)
        part.replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(
            f"cannot write {path}: {reason}: make room there, or name another folder"
        ) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    entry: dict[str, Any] = {
        "labels": list(labels),
        "preparation": recipe.preparation.to_json(),
        "recipe": recipe.name,
        "test": _rounded(test),
    }
    if validation:
        entry["validation"] = [_rounded(score) for score in validation]
    text = json.dumps(entry, indent=1, ensure_ascii=False) + "\n"
    write_atomically(sidecar_path(path), text.encode())


def _for_use_alone(trained: Any, recipe: Recipe) -> Any:
    keras = import_keras("saving a network")
    model = recipe.build()
    model.set_weights(trained.get_weights())
    for layer in model.layers:
        if hasattr(layer, "kernel_initializer"):
            # Keras fills weights before it reads them, and compiles the drawing of random ones.
            layer.kernel_initializer = keras.initializers.Zeros()
        # Older versions of Keras refuse entries that they do not know, though they are None.
        entries = {name: entry for name, entry in layer.get_config().items() if entry is not None}
        layer.get_config = entries.copy
    return model


def _rounded(score: Score) -> dict[str, float]:
    return {"loss": round(score.loss, 6), "accuracy": round(score.accuracy, 6)}


def _beside(path: Path) -> Path:
    """Name a file that nobody has, in the same folder; Keras demands the ending."""
    return path.with_name(f".convscope-{secrets.token_hex(8)}.keras")
