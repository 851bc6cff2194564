"""Open Keras files: look before loading, load without waste, say in one line what is wrong."""

from __future__ import annotations

import importlib
import json
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import h5py

from convscope.errors import ModelError, near_file
from convscope.frameworks import import_keras
from convscope.networks.keras.initial_values import thrown_away
from convscope.networks.reasons import reason_of

__all__ = ["check_file", "load_file"]

_HDF5 = b"\x89HDF\r\n\x1a\n"
_ZIP = b"PK\x03\x04"
_OTHERS = {
    ".pt": "a PyTorch file",
    ".pth": "a PyTorch file",
    ".pt2": "a PyTorch program",
    ".onnx": "an ONNX graph",
    ".tflite": "a TensorFlow Lite model",
    ".pb": "a TensorFlow graph",
}
_REMEDY = (
    "load it in Python with keras.saving.load_model(path, custom_objects={...}) and open the live "
    "model"
)
_POSSIBLE = "give a .keras or .h5 file that holds a whole model, as model.save() writes it"


def check_file(path: Path) -> None:
    """Refuse what cannot be a model file, before any framework is imported.

    Raises
    ------
    ModelError
        For a missing, empty, unreadable or foreign file, a directory, a wrong suffix.
    """
    try:
        if path.is_dir():
            hint = "it looks like a SavedModel, which Keras 3 does not open; " * (
                (path / "saved_model.pb").exists()
            )
            raise ModelError(f"{path} is a directory: {hint}{_POSSIBLE}")
        if not path.exists():
            raise ModelError(f"there is no file {path}: {_beside(path)}")
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        raise ModelError(
            f"{path} cannot be read ({error.strerror}): check its name and its permissions"
        ) from error
    if not start:
        raise ModelError(f"{path} is empty (0 bytes): it was not saved or copied completely")
    if path.suffix.lower() in _OTHERS:
        raise ModelError(f"{path} is {_OTHERS[path.suffix.lower()]}, not a Keras file: {_POSSIBLE}")
    _check_format(path, start)


def _beside(path: Path) -> str:
    """Name files like the one that is missing, else say what is possible."""
    names = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    similar = near_file(path.name, names)
    return similar if "mean" in similar else _POSSIBLE


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
        raise ModelError(f"{path} is no Keras file, its content is {kind}: {_POSSIBLE}")


def load_file(path: Path, *, trust_model: bool = False) -> Any:
    """Load a Keras model from a ``.keras`` or ``.h5`` file.

    Parameters
    ----------
    path : Path
        A file that `check_file` let pass.
    trust_model : bool
        Run code that the file holds (Lambda layers), and import the classes that it names.

    Raises
    ------
    ModelError
        When it holds weights only, is damaged, needs code that is not trusted, or Keras fails.
    """
    config = _read_config(path)
    custom = _refuse_code(path, config, trust_model)
    keras = import_keras(f"opening {path.name}")
    try:
        with warnings.catch_warnings(), _starting_values(custom):
            warnings.simplefilter("ignore")
            return keras.saving.load_model(
                path, custom_objects=custom, compile=False, safe_mode=not trust_model
            )
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(
            f"Keras {keras.__version__} cannot open {path}: {reason_of(error)}; save it again with "
            "the Keras that wrote it, or build the network in Python and open the live model"
        ) from error


def _starting_values(custom: dict[str, Any]) -> AbstractContextManager[None]:
    """Keep the initial values where a file needs classes whose state may not be in it."""
    return nullcontext() if custom else thrown_away()


def _read_config(path: Path) -> dict[str, Any]:
    try:
        config = _zipped_config(path) if path.suffix.lower() == ".keras" else _hdf5_config(path)
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, UnicodeDecodeError) as error:
        raise ModelError(
            f"{path} is damaged or incomplete ({reason_of(error)}): save or copy it again"
        ) from error
    if not isinstance(config, dict):
        raise ModelError(f"{path} holds no model configuration: {_POSSIBLE}")
    return config


def _zipped_config(path: Path) -> Any:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if "config.json" not in names:
            raise ModelError(f"{path} is a zip archive without config.json, no model: {_POSSIBLE}")
        return json.loads(archive.read("config.json"))


def _hdf5_config(path: Path) -> Any:
    with h5py.File(path, "r") as file:
        config = file.attrs.get("model_config")
        if config is None:
            if (
                "layer_names" in file.attrs
                or "layers" in file
                or "_layer_checkpoint_dependencies" in file
            ):
                raise ModelError(
                    f"{path} holds weights only, not the network they belong to: {_POSSIBLE}, or "
                    "build the network in Python, load the weights and open the live model"
                )
            raise ModelError(f"{path} is an HDF5 file without a model in it: {_POSSIBLE}")
        return json.loads(config)


def _refuse_code(path: Path, config: dict[str, Any], trust_model: bool) -> dict[str, Any]:
    """Refuse Lambda layers and foreign classes unless trusted; give the classes when they are."""
    custom: dict[str, Any] = {}
    # How the model was compiled (losses, metrics) is not loaded.
    for entry in _objects({key: part for key, part in config.items() if key != "compile_config"}):
        class_name = entry["class_name"]
        settings = entry.get("config")
        name = settings.get("name", "") if isinstance(settings, dict) else ""
        if class_name == "Lambda" and not trust_model:
            raise ModelError(
                f"{path}: layer {name!r} is a Lambda, which holds code that would run on this "
                "machine: open it with --trust-model (trust_model=True) if you trust its author"
            )
        module = entry.get("module")
        if module is not None and not _is_foreign(str(module)):
            continue
        registered = entry.get("registered_name")
        if _is_registered(registered):
            continue
        if module is None:
            # Files of Keras 1 and 2 name no modules at all; in those of Keras 3 only classes from
            # a script or notebook have none.
            if "module" in entry and registered:
                raise ModelError(
                    f"{path}: layer {name!r} is of the class {class_name}, which is not part of "
                    f"Keras, and the file names no module to import it from: {_REMEDY}"
                )
            continue
        custom[str(registered or class_name)] = _import_class(
            path, str(module), class_name, name, trust_model
        )
    return custom


def _objects(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if isinstance(node.get("class_name"), str) and "config" in node:
            yield node
        for value in node.values():
            yield from _objects(value)
    elif isinstance(node, list):
        for value in node:
            yield from _objects(value)


def _is_foreign(module: str) -> bool:
    return module.partition(".")[0] not in {"keras", "tensorflow", "builtins"}


def _is_registered(name: Any) -> bool:
    if not name:
        return False
    keras = import_keras("opening a model")
    return keras.saving.get_registered_object(name) is not None


def _import_class(path: Path, module: str, name: str, layer: str, trust_model: bool) -> Any:
    where = f"layer {layer!r}" if layer else "a part"
    if not trust_model:
        raise ModelError(
            f"{path}: {where} is of the class {module}.{name}, which is not part of Keras; "
            "importing it runs its code: open it with --trust-model (trust_model=True), or "
            f"{_REMEDY}"
        )
    try:
        return getattr(importlib.import_module(module), name)
    except Exception as error:
        raise ModelError(
            f"{path}: {where} is of the class {module}.{name}, which cannot be imported "
            f"({reason_of(error)}): {_REMEDY}"
        ) from error
