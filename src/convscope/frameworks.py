"""Import Keras, on the backend that the person has."""

from __future__ import annotations

import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from convscope.errors import MissingExtraError, require

__all__ = ["choose_backend", "expect_keras", "import_keras"]

_BACKENDS = ("jax", "tensorflow", "torch")


def import_keras(purpose: str) -> ModuleType:
    """Import Keras on the backend that the person has.

    ``KERAS_BACKEND`` decides, then ``keras.json`` where the backend it names is installed (Keras
    itself writes that file, with tensorflow, on its first import), then the first of jax,
    tensorflow and torch that is installed.

    Parameters
    ----------
    purpose : str
        What needs Keras, as the subject of a sentence.

    Raises
    ------
    MissingExtraError
        When Keras or every backend is missing, or the one that ``KERAS_BACKEND`` names.
    """
    if reason := _no_backend(purpose):
        raise MissingExtraError(reason)
    return require("keras", "keras", purpose)


def expect_keras(purpose: str) -> None:
    """Say at once that Keras or every backend is missing; importing it takes a second or more.

    Parameters
    ----------
    purpose : str
        What needs Keras, as the subject of a sentence.

    Raises
    ------
    MissingExtraError
        When Keras or every backend is missing, or the one that ``KERAS_BACKEND`` names.
    """
    if find_spec("keras") is None or _no_backend(purpose):
        import_keras(purpose)


def _no_backend(purpose: str) -> str:
    """Say why Keras has no backend; nothing where it has one, or is not there itself."""
    needs = f"{purpose} needs a backend for Keras"
    if not choose_backend():
        return (
            f"{needs} (jax, tensorflow or torch), and none is installed: "
            "pip install 'convscope[keras]'"
        )
    named = os.environ.get("KERAS_BACKEND")
    if not named or _installed(named) or "keras" in sys.modules or find_spec("keras") is None:
        return ""
    installed = " or ".join(name for name in _BACKENDS if _installed(name))
    remedy = (
        f"set it to {installed}" if installed else "set it to jax: pip install 'convscope[keras]'"
    )
    return f"{needs}, and KERAS_BACKEND names {named!r}, which is not installed: {remedy}"


def choose_backend() -> bool:
    """Choose the backend of Keras before anything imports it; False where Keras has none.

    Importing Keras is left to whoever needs it.
    """
    if "keras" not in sys.modules and not os.environ.get("KERAS_BACKEND"):
        wanted = _configured()
        if wanted is None or not _installed(wanted):
            installed = [name for name in _BACKENDS if _installed(name)]
            if find_spec("keras") is not None and not installed:
                return False
            if installed:
                os.environ["KERAS_BACKEND"] = installed[0]
    # Keras on jax imports tensorflow where it is installed; its greeting is not ours to print.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    return True


def _configured() -> str | None:
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    try:
        settings = json.loads((home / "keras.json").read_text())
    except (OSError, ValueError):
        return None
    backend = settings.get("backend") if isinstance(settings, dict) else None
    return backend if isinstance(backend, str) else None


def _installed(backend: str) -> bool:
    return backend.isidentifier() and find_spec(backend) is not None
