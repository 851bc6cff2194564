"""Frameworks that other packages bring, found by the entry points ``convscope.networks``."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from convscope.errors import ConvscopeError, ModelError
from convscope.networks.base import Network
from convscope.networks.expectation import Options, Sidecar
from convscope.networks.reasons import reason_of

__all__ = ["GROUP", "Opener", "named_adapter", "opened_by_adapter", "opened_by_name"]

GROUP = "convscope.networks"
"""The group of entry points; the name of one is the prefix under which it opens names."""

Opener = Callable[[Any, Sidecar, Options], Network | None]
"""Opens a path, a live object, or the text behind its prefix; None for what is not its own."""


def opened_by_adapter(model: Any, sidecar: Sidecar, options: Options) -> Network | None:
    """Ask the adapters of other packages to open a path or a live object; None where none does."""
    for entry in _installed():
        network = _ask(entry, model, sidecar, options)
        if network is not None:
            return network
    return None


def named_adapter(text: str) -> EntryPoint | None:
    """Give the adapter under whose prefix a name is: ``mine:small`` for an entry point ``mine``."""
    prefix, found, _ = text.partition(":")
    several = [entry for entry in _installed() if entry.name == prefix] if found else []
    return several[0] if several else None


def opened_by_name(entry: EntryPoint, text: str, sidecar: Sidecar, options: Options) -> Network:
    """Open ``mine:small`` with the adapter ``mine``.

    Raises
    ------
    ModelError
        When it knows no such name.
    """
    network = _ask(entry, text.partition(":")[2], sidecar, options)
    if network is None:
        raise ModelError(f"the adapter {entry.value} does not open {text!r}: give a name it knows")
    return network


def _installed() -> list[EntryPoint]:
    return sorted(entry_points(group=GROUP), key=lambda entry: entry.name)


def _ask(entry: EntryPoint, model: Any, sidecar: Sidecar, options: Options) -> Network | None:
    try:
        opener: Opener = entry.load()
        return opener(model, sidecar, options)
    except ConvscopeError:
        raise
    except Exception as error:
        raise ModelError(
            f"the adapter {entry.value} failed with {type(error).__name__}: {reason_of(error)}; "
            "mend or remove the package that brings it"
        ) from error
