"""Code that a file holds or names, which runs only where the person trusts it."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from convscope.errors import ModelError
from convscope.frameworks import import_keras
from convscope.networks.keras.legacy.configuration import inner_entries
from convscope.networks.reasons import reason_of

__all__ = ["needed_objects"]

_REMEDY = (
    "load it in Python with keras.saving.load_model(path, custom_objects={...}) and open the live "
    "model"
)


def needed_objects(
    path: Path, configuration: Any, given: Mapping[str, Any], trust_model: bool
) -> dict[str, Any]:
    """Refuse Lambda layers and foreign classes unless given or trusted; find the classes.

    Parameters
    ----------
    path : Path
        The file, for the messages.
    configuration : object
        What its JSON held.
    given : mapping of str to object
        Classes and functions that the person gave.
    trust_model : bool

    Returns
    -------
    dict of str to object
        Those given, and those imported, by the names under which Keras looks for them.

    Raises
    ------
    ModelError
        For code that is not trusted, or cannot be imported.
    """
    custom = dict(given)
    # How the model was compiled (losses, metrics) is not loaded.
    if isinstance(configuration, dict):
        configuration = {**configuration, "compile_config": None}
    for entry in inner_entries(configuration):
        class_name, settings = entry["class_name"], entry["config"]
        name = settings.get("name", "") if isinstance(settings, dict) else ""
        name = str(name or entry.get("name", ""))
        if class_name == "Lambda":
            _refuse_lambda(path, name, settings, given, trust_model)
        module, registered = entry.get("module"), entry.get("registered_name")
        if module is not None and not _is_foreign(str(module)):
            continue
        if _is_registered(registered):
            continue
        if class_name in given:
            custom[str(registered or class_name)] = given[class_name]
            continue
        if module is None:
            # Files of Keras 1 and 2 name no modules at all; in those of Keras 3 only classes from
            # a script or notebook have none.
            if "module" in entry and registered:
                raise ModelError(
                    f"{path}: layer {name!r} is of the class {class_name}, which is not part of "
                    "Keras, and the file names no module to import it from: give it with --custom "
                    f"package.module:{class_name} (custom=...), or {_REMEDY}"
                )
            continue
        custom[str(registered or class_name)] = _import_class(
            path, str(module), class_name, name, trust_model
        )
    return custom


def _refuse_lambda(
    path: Path, name: str, settings: Any, given: Mapping[str, Any], trust_model: bool
) -> None:
    function = settings.get("function") if isinstance(settings, dict) else None
    if trust_model or name in given or (isinstance(function, str) and function in given):
        return
    raise ModelError(
        f"{path}: layer {name!r} is a Lambda, which holds code that would run on this machine: "
        "open it with --trust-model (trust_model=True) if you trust its author, or give the "
        f"function with --custom package.module:{name} (custom=...)"
    )


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
            "importing it runs its code: open it with --trust-model (trust_model=True), give it "
            f"with --custom package.module:{name} (custom=...), or {_REMEDY}"
        )
    try:
        return getattr(importlib.import_module(module), name)
    except Exception as error:
        raise ModelError(
            f"{path}: {where} is of the class {module}.{name}, which cannot be imported "
            f"({reason_of(error)}): {_REMEDY}"
        ) from error
