"""Open Keras files: look before loading, load without waste, say in one line what is wrong."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import h5py

from convscope.errors import ConvscopeError, ModelError
from convscope.frameworks import import_keras
from convscope.networks.keras.code import needed_objects
from convscope.networks.keras.contents import POSSIBLE, Contents, read_contents
from convscope.networks.keras.initial_values import thrown_away
from convscope.networks.keras.legacy.architecture import architecture_beside, read_architecture
from convscope.networks.keras.legacy.configuration import inner_entries
from convscope.networks.keras.legacy.saved import in_order
from convscope.networks.readable import first_bytes
from convscope.networks.reasons import reason_of

__all__ = ["KNOWN", "check_file", "load_file"]

KNOWN = frozenset({".keras", ".h5", ".hdf5"})
"""What the names of Keras files end in."""

_HDF5 = b"\x89HDF\r\n\x1a\n"
_ZIP = b"PK\x03\x04"
_OTHERS = {
    ".onnx": "an ONNX graph",
    ".tflite": "a TensorFlow Lite model",
    ".pb": "a TensorFlow graph",
}


def check_file(path: Path) -> None:
    """Refuse what cannot be a model file, before any framework is imported.

    Raises
    ------
    ModelError
        For a missing, empty, unreadable or foreign file, a directory, a wrong suffix.
    """
    start = first_bytes(path, POSSIBLE)
    if path.suffix.lower() in _OTHERS:
        raise ModelError(f"{path} is {_OTHERS[path.suffix.lower()]}, not a Keras file: {POSSIBLE}")
    _check_format(path, start)


def _check_format(path: Path, start: bytes) -> None:
    suffix = path.suffix.lower()
    if start == _HDF5:
        if suffix not in {".h5", ".hdf5"}:
            raise ModelError(f"{path} holds HDF5 data under a wrong name: rename it to end in .h5")
    elif start[:4] == _ZIP:
        if suffix != ".keras":
            raise ModelError(
                f"{path} holds a zip archive: if it is a Keras model, rename it to .keras"
            )
    else:
        shown = start[:4].decode("latin-1")
        kind = "text" if start.isascii() and shown.isprintable() else "something else"
        raise ModelError(f"{path} is no Keras file, its content is {kind}: {POSSIBLE}")


def load_file(
    path: Path,
    *,
    trust_model: bool = False,
    custom: Mapping[str, Any] | None = None,
    architecture: Path | None = None,
) -> Any:
    """Load a Keras model from a ``.keras`` or ``.h5`` file.

    What Keras opens by itself is opened by Keras; what an older Keras wrote otherwise, and weights
    with an architecture of their own, is built from its configuration.

    Parameters
    ----------
    path : Path
        A file that `check_file` let pass.
    trust_model : bool
        Run code that the file holds (Lambda layers), and import the classes that it names.
    custom : mapping of str to object, optional
        Classes and functions that the file names and Keras does not have.
    architecture : Path, optional
        The JSON of the network, where the file holds its weights.

    Raises
    ------
    ModelError
        When it holds weights only, is damaged, needs code that is not trusted, or Keras fails.
    """
    try:
        return _loaded(path, trust_model, custom or {}, architecture)
    except ConvscopeError:
        raise
    # What a damaged file holds where something else is expected can fail anywhere.
    except Exception as error:
        raise ModelError(
            f"{path} cannot be opened ({reason_of(error)}): save or copy it again"
        ) from error


def _loaded(
    path: Path, trust_model: bool, custom: Mapping[str, Any], architecture: Path | None
) -> Any:
    contents = read_contents(path)
    if architecture is not None:
        configuration = read_architecture(architecture)
    elif contents.configuration is None:
        configuration = architecture_beside(path)
    else:
        configuration = contents.configuration
    needed = needed_objects(path, configuration, custom, trust_model)
    keras = import_keras(f"opening {path.name}")
    if configuration is contents.configuration and not _needs_mending(contents):
        try:
            with warnings.catch_warnings(), _starting_values(needed, contents.largest):
                warnings.simplefilter("ignore")
                model = keras.saving.load_model(
                    path, custom_objects=needed, compile=False, safe_mode=not trust_model
                )
            if not contents.is_old or _has_order_of(model, path):
                return model
        except ModelError:
            raise
        except Exception as error:
            if not contents.is_old:
                raise ModelError(
                    f"Keras {keras.__version__} cannot open {path}: {reason_of(error)}; save it "
                    "again with the Keras that wrote it, or build the network in Python and open "
                    "the live model"
                ) from error
    from convscope.networks.keras.legacy.opening import open_legacy

    return open_legacy(
        path,
        configuration,
        custom=needed,
        trust_model=trust_model,
        at_most=contents.largest,
    )


_MODELS = ("Model", "Functional", "Sequential")


def _needs_mending(contents: Contents) -> bool:
    """Tell whether Keras, if it opened a file, would compute something else than it says.

    Or would never come back: before 3.15 it looks for ever for the calls of a model that another
    one calls several times.
    """
    if not contents.is_old:
        return False
    from convscope.networks.keras.legacy.settings import changed_meaning

    entries = list(inner_entries(contents.configuration))
    shared = any(
        entry["class_name"] in _MODELS and len(entry.get("inbound_nodes") or ()) > 1
        for entry in entries
    )
    return contents.backend == "theano" or shared or changed_meaning(entries)


def _has_order_of(model: Any, path: Path) -> bool:
    """Tell whether Keras, which loads by order alone, gave each layer the weights of its name."""
    if path.suffix.lower() == ".keras":
        return True
    names = [layer.name for layer in model.layers if layer.weights]
    with h5py.File(path, "r") as file:
        return in_order(file, names)


def _starting_values(custom: dict[str, Any], at_most: int) -> AbstractContextManager[None]:
    """Keep the initial values where a file needs classes whose state may not be in it."""
    return nullcontext() if custom else thrown_away(at_most)
