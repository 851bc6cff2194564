"""Import what the person names as ``package.module:name``."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from typing import Any

from convscope.errors import ModelError, near
from convscope.networks.reasons import reason_of

__all__ = ["IMPORTABLE", "imported"]

IMPORTABLE = re.compile(r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")
"""What a name of this kind looks like."""


def imported(name: str, otherwise: str) -> Any:
    """Import ``package.module:name``, found as Python finds modules or in the current folder.

    Parameters
    ----------
    name : str
    otherwise : str
        What else could have been given, for the messages.

    Raises
    ------
    ModelError
        When the module cannot be imported or has nothing of that name.
    """
    module_name, _, attribute = name.partition(":")
    here = str(Path.cwd())
    added = here not in sys.path
    if added:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise ModelError(
            f"{name!r} is no file, and no module {error.name!r} can be imported: give {otherwise} "
            "of a module in the current folder or installed"
        ) from error
    except Exception as error:
        raise ModelError(
            f"importing {module_name} failed with {type(error).__name__}: {reason_of(error)}; mend "
            "the module, or give a .keras or .h5 file"
        ) from error
    finally:
        if added:
            sys.path.remove(here)
    if not hasattr(module, attribute):
        raise ModelError(
            f"module {module_name} has no {attribute!r}: {near(attribute, vars(module))}"
        )
    return getattr(module, attribute)
