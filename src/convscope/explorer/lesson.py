"""A lesson: what the page shows, step by step, with a sentence each."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convscope.arguments import file_path
from convscope.errors import InputError, near

__all__ = ["PANELS", "Lesson", "Step", "read_lesson"]

# What of the page a step may be about; lesson_panels.js has the same names.
PANELS = ("input", "prediction", "maps", "map", "effect", "unit", "lineage", "strip")


@dataclass(frozen=True)
class Step:
    """One step of a lesson.

    Attributes
    ----------
    show : str
        What the page shows: an address of the explorer behind its ``#``.
    say : str
        A sentence or two.
    panel : str
        Which of `PANELS` the sentence is about, so that a small page scrolls to it, or nothing.
    """

    show: str
    say: str
    panel: str = ""


@dataclass(frozen=True)
class Lesson:
    """A list of steps under a title.

    Attributes
    ----------
    name : str
        By which the address of the page names it.
    title : str
    steps : tuple of Step
        One at least.
    """

    name: str
    title: str
    steps: tuple[Step, ...]


def read_lesson(path: str | Path) -> Lesson:
    """Read a lesson from a TOML file; it is called like the file.

    ::

        title = "Edges"

        [[step]]
        show = "m=layer&l=conv1&c=2"
        say = "This map is bright where the pen ends."
        panel = "map"

    Parameters
    ----------
    path : str or Path
        Of a step's ``show`` what stands behind the first ``#`` counts: whole addresses may be
        given as they are copied.

    Returns
    -------
    Lesson

    Raises
    ------
    InputError
        When there is no such file, or it holds no lesson.
    """
    path = file_path(path, "lesson")
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"the lesson {path} cannot be read ({error.strerror or error}): give a TOML file"
        ) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(
            f"{path} is no TOML file: {error}; write it as docs/lessons.md shows"
        ) from error
    _check_keys(str(path), given, ("title", "step"))
    title = _words(str(path), given, "title")
    steps = given.get("step")
    if not isinstance(steps, list) or not steps or not all(isinstance(one, dict) for one in steps):
        raise InputError(
            f"{path} has no steps: write each under a line [[step]], with show and say"
        )
    return Lesson(
        path.stem,
        title,
        tuple(_step(f"{path}, step {place}", one) for place, one in enumerate(steps, start=1)),
    )


def _step(where: str, given: Mapping[str, Any]) -> Step:
    _check_keys(where, given, ("show", "say", "panel"))
    show, say = _words(where, given, "show"), _words(where, given, "say")
    if "://" in show and "#" not in show:
        raise InputError(
            f"{where}: the address {show!r} holds no state: copy all of it, with its #"
        )
    panel = given.get("panel", "")
    if panel not in ("", *PANELS):
        raise InputError(f"{where}: there is no panel {panel!r}: {near(str(panel), PANELS)}")
    return Step(show.partition("#")[2] if "#" in show else show, say, panel)


def _check_keys(where: str, given: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in given:
        if key not in known:
            raise InputError(f"{where}: {key!r} means nothing here: {near(key, known)}")


def _words(where: str, given: Mapping[str, Any], key: str) -> str:
    value = given.get(key)
    if not isinstance(value, str) or not value.strip():
        raise InputError(f'{where}: there is no {key}: write {key} = "..."')
    return " ".join(value.split())
