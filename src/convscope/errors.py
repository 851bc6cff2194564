"""What can go wrong and be mended: every message is one line and ends with the remedy."""

from __future__ import annotations

import difflib
import importlib
import sys
import warnings
from collections.abc import Iterable
from pathlib import PurePath
from types import ModuleType

__all__ = [
    "ConvscopeError",
    "ConvscopeWarning",
    "MissingExtraError",
    "ModelError",
    "InputError",
    "NotHeldError",
    "OutputError",
    "SelectionError",
    "near",
    "near_file",
    "reason_of",
    "require",
    "warn",
]


class ConvscopeError(Exception):
    """A failure that the person who caused it can mend.

    Attributes
    ----------
    status : int
        Exit status of the command line: 1, the work failed; 2, wrong usage.
    """

    status = 1


class InputError(ConvscopeError):
    """An image or a dataset cannot be read, or is not what the network takes."""


class ModelError(ConvscopeError):
    """A model cannot be opened or run."""


class OutputError(ConvscopeError):
    """A result cannot be written."""


class MissingExtraError(ConvscopeError):
    """A command needs a library that the plain installation leaves out."""


class SelectionError(ConvscopeError):
    """A layer, channel, class, colormap, scale or option that is not there."""

    status = 2


class NotHeldError(SelectionError, KeyError):
    """A name that a mapping does not hold; a KeyError too, so that its ``get`` gives None."""

    def __str__(self) -> str:
        # A KeyError puts its message in quotes.
        return str(self.args[0])


class ConvscopeWarning(UserWarning):
    """The result is computed, but probably not what was meant."""


def warn(message: str) -> None:
    """Give a `ConvscopeWarning` that points at the line which called Convscope."""
    level, frame = 1, sys._getframe()
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == "convscope":
        level, frame = level + 1, frame.f_back
    warnings.warn(message, ConvscopeWarning, stacklevel=level)


_LONGEST_REASON = 240


def reason_of(error: BaseException) -> str:
    """Give what an error says, in one line; its type where it says nothing.

    What others raise may quote the file that they read: more than a few words are cut off.
    """
    said = " ".join(str(getattr(error, "strerror", None) or error).split())
    if len(said) > _LONGEST_REASON:
        said = f"{said[:_LONGEST_REASON]}..."
    # Half of a surrogate pair cannot be printed.
    return said.encode("utf-8", "replace").decode() or type(error).__name__


def near(name: str, choices: Iterable[str]) -> str:
    """Say which choices are meant when a name is not among them.

    Returns
    -------
    str
        ``"did you mean 'conv2d'?"`` with up to three near matches, else ``"one of: ..."`` with up
        to twelve of the choices.
    """
    known = [str(choice) for choice in choices]
    matches = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
    if not matches:
        folded = {choice.casefold(): choice for choice in known}
        matches = [
            folded[match] for match in difflib.get_close_matches(name.casefold(), folded, n=3)
        ]
    return _meant(matches, known)


def near_file(name: str, choices: Iterable[str]) -> str:
    """Say which files are meant: names are near when they are so without their suffixes."""
    known = sorted(choices)
    stems = {PurePath(choice).stem.casefold() for choice in known}
    similar = difflib.get_close_matches(PurePath(name).stem.casefold(), stems, n=3, cutoff=0.6)
    matches = [choice for choice in known if PurePath(choice).stem.casefold() in similar]
    return _meant(matches[:3], known)


def _meant(matches: list[str], known: list[str]) -> str:
    if matches:
        return f"did you mean {' or '.join(repr(match) for match in matches)}?"
    if not known:
        return "there are none"
    shown = ", ".join(known[:12])
    return f"one of: {shown}" + (f" and {len(known) - 12} more" if len(known) > 12 else "")


def require(module: str, extra: str | None, purpose: str) -> ModuleType:
    """Import a library that is not always there, or say in one line how to get it.

    Parameters
    ----------
    module : str
        Import name, such as ``"keras"``.
    extra : str or None
        The extra of Convscope that installs it; None where none does, and pip knows it by its name.
    purpose : str
        What needs it, as the subject of a sentence: ``"opening a Keras model"``.

    Raises
    ------
    MissingExtraError
        When the module, or something that it imports, is not installed, or fails while it is
        imported.
    """
    package = f"'convscope[{extra}]'" if extra else module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        missing = error.name or module
        raise MissingExtraError(
            f"{purpose} needs {missing}, which is not installed: pip install {package}"
        ) from error
    # With libraries that it was not made for, one may fail in any way.
    except Exception as error:
        raise MissingExtraError(
            f"{purpose} needs {module}, which is installed but cannot be imported "
            f"({reason_of(error)}): pip install --upgrade --upgrade-strategy eager {package}"
        ) from error
