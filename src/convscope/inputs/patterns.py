"""Many files by one name: shards-{0000..0009}.tar, shards-*.tar."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

from convscope.errors import InputError, near
from convscope.inputs.listing import natural

__all__ = ["expand", "is_pattern"]

_BRACES = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"(\d{1,9})\.\.(\d{1,9})")
_MOST = 1_000_000


def is_pattern(text: str) -> bool:
    """Tell whether a name can stand for several files."""
    return any(sign in text for sign in "*?[") or _BRACES.search(text) is not None


def expand(text: str) -> tuple[Path, ...]:
    """Give the files that a name stands for.

    Parameters
    ----------
    text : str
        With ``{0000..0009}`` and ``{a,b}`` as in a shell, whose files must all be there, in this
        order; with ``*``, ``?`` and ``[...]``, for the files that are there, in natural order.

    Raises
    ------
    InputError
        When a file is not there, or none is.
    """
    found: list[Path] = []
    missing: list[str] = []
    for name in _alternatives(text):
        if any(sign in name for sign in "*?["):
            found += _matches(Path(name))
        elif Path(name).is_file():
            found.append(Path(name))
        else:
            missing.append(name)
    if missing:
        raise InputError(
            f"{text!r} names {len(missing):,} files that are not there, such as {missing[0]!r}: "
            "correct the braces, or fetch these files"
        )
    if not found:
        beside = Path(text).parent
        names = [entry.name for entry in beside.iterdir()] if beside.is_dir() else []
        raise InputError(f"no file is called {text!r}: {near(Path(text).name, sorted(names))}")
    return tuple(found)


def _matches(pattern: Path) -> list[Path]:
    start = Path(pattern.anchor)
    try:
        return natural(start.glob(str(pattern.relative_to(start))))
    except (OSError, ValueError) as error:
        raise InputError(f"{str(pattern)!r} is no pattern ({error}): give *, ? or [...]") from error


def _alternatives(text: str) -> list[str]:
    """Write out the braces."""
    parts = _BRACES.split(text)
    choices = [_choices(part) if place % 2 else [part] for place, part in enumerate(parts)]
    count = 1
    for choice in choices:
        count *= len(choice)
    if count > _MOST:
        raise InputError(f"{text!r} names {count:,} files: give at most {_MOST:,}")
    return ["".join(chosen) for chosen in itertools.product(*choices)]


def _choices(inside: str) -> list[str]:
    span = _RANGE.fullmatch(inside)
    if span is None:
        return inside.split(",") if "," in inside else [f"{{{inside}}}"]
    first, last = int(span[1]), int(span[2])
    if abs(last - first) >= _MOST:
        raise InputError(
            f"{{{inside}}} names {abs(last - first) + 1:,} files: give at most {_MOST:,}"
        )
    # As in a shell, zeros in front of either end fill up both.
    padded = any(len(end) > 1 and end.startswith("0") for end in span.groups())
    width = max(map(len, span.groups())) if padded else 0
    step = 1 if last >= first else -1
    return [f"{number:0{width}d}" for number in range(first, last + step, step)]
