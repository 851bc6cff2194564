"""Networks of keras.applications, with their weights and labels."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any
from urllib.error import URLError

from convscope.errors import ModelError, SelectionError, near
from convscope.frameworks import import_keras
from convscope.networks.keras.initial_values import thrown_away
from convscope.networks.reasons import reason_of

__all__ = ["application_labels", "open_application"]

_LABELS_URL = (
    "https://storage.googleapis.com/download.tensorflow.org/data/imagenet_class_index.json"
)


def open_application(name: str) -> Any:
    """Make a network of ``keras.applications`` with its ImageNet weights.

    The weights are downloaded once, to Keras's own cache.

    Raises
    ------
    SelectionError
        When there is no such network; the message names near matches.
    ModelError
        When the weights are neither cached nor to be downloaded, or Keras fails on them.
    """
    keras = import_keras(f"opening keras:{name}")
    known = {
        key: value
        for key, value in vars(keras.applications).items()
        if inspect.isfunction(value) and "weights" in inspect.signature(value).parameters
    }
    if name not in known:
        raise SelectionError(f"keras.applications has no network {name!r}: {near(name, known)}")
    try:
        with thrown_away():
            return known[name](weights="imagenet")
    except Exception as error:
        # Keras raises a bare Exception when it cannot fetch a file; h5py's OSError is not that.
        offline = isinstance(error, URLError | ConnectionError | TimeoutError)
        if offline or "URL fetch failure" in str(error):
            raise ModelError(
                f"the ImageNet weights of {name} are not cached and could not be downloaded "
                f"({reason_of(error)}): connect to the internet once, or open a file of your own"
            ) from error
        raise ModelError(
            f"Keras {keras.__version__} cannot open {name} with its ImageNet weights: "
            f"{reason_of(error)}; delete the file in Keras's cache if it is damaged, or open a "
            "file of your own"
        ) from error


def application_labels() -> tuple[str, ...]:
    """Give the names of ImageNet's 1,000 classes, empty when they cannot be had."""
    keras = import_keras("reading ImageNet's labels")
    try:
        path = keras.utils.get_file("imagenet_class_index.json", _LABELS_URL, cache_subdir="models")
        entries = json.loads(Path(path).read_text(encoding="utf-8"))
        return tuple(entries[str(place)][1] for place in range(len(entries)))
    except Exception:
        # Labels are a comfort: without them the classes show as numbers.
        return ()
