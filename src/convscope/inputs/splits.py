"""The splits of a dataset: what they are called and which one is meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from convscope.errors import SelectionError, near

__all__ = ["by_split", "canonical", "choose", "pick", "refuse_split"]

_Part = TypeVar("_Part")


_WORDS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}

# train-00000-of-00002-a1b2c3.parquet: the name may be any.
_NUMBERED = re.compile(r"(.+)-\d{5}-of-\d{5}(?:-[0-9a-f]+)?", re.IGNORECASE)
_WITHIN = re.compile(rf"(?:^|[-_.])({'|'.join(_WORDS)})(?=[-_.0-9]|$)", re.IGNORECASE)


def canonical(word: str) -> str | None:
    """Give ``train``, ``val`` or ``test`` for a word that means it, else None."""
    return _WORDS.get(word.casefold())


def choose(name: str, splits: Iterable[str], wanted: str | None) -> tuple[str, str]:
    """Decide on a split.

    Parameters
    ----------
    name : str
        The dataset, for the message.
    splits : iterable of str
        What it has, at least one.
    wanted : str or None
        None takes the test split where there is one, else validation, else training, else the
        first.

    Returns
    -------
    split, title : str
        The title is ``name``, or ``name/split`` when it is not the one that None takes.

    Raises
    ------
    SelectionError
        When the dataset has no such split.
    """
    known = list(splits)
    default = next((split for split in ("test", "val", "train") if split in known), known[0])
    if wanted is None:
        return default, name
    split = wanted if wanted in known else canonical(wanted)
    if split is None or split not in known:
        raise SelectionError(f"{name} has no split {wanted!r}: {near(wanted, known)}")
    return split, name if split == default else f"{name}/{split}"


def pick(
    name: str, found: Mapping[str, _Part], wanted: str | None
) -> tuple[_Part, str | None, str]:
    """Decide on a split where there may be none.

    Parameters
    ----------
    name : str
        The dataset, for the message.
    found : mapping of str to object
        What was found, by split; under the empty name that of a dataset without splits.
    wanted : str or None

    Returns
    -------
    object, str or None, str
        What was found, its split, and the title as `choose` gives it.

    Raises
    ------
    SelectionError
        When the dataset has no such split.
    """
    if "" in found:
        refuse_split(name, wanted)
        return found[""], None, name
    split, title = choose(name, found, wanted)
    return found[split], split, title


def refuse_split(source: object, wanted: str | None, remedy: str = "") -> None:
    """Refuse a split of a dataset that has none.

    Raises
    ------
    SelectionError
        When one is wanted.
    """
    if wanted is not None:
        raise SelectionError(
            f"{str(source)!r} has no splits, and {wanted!r} was asked for: leave the split out"
            + remedy
        )


def by_split(files: Iterable[Path]) -> dict[str, tuple[Path, ...]]:
    """Group files by the split in their names, such as ``train-00000-of-00002.parquet``.

    Returns
    -------
    dict of str to tuple of Path
        In the order given; empty where some name holds no split.
    """
    found: dict[str, list[Path]] = {}
    for file in files:
        split = _split_within(file.stem)
        if split is None:
            return {}
        found.setdefault(split, []).append(file)
    return {split: tuple(members) for split, members in found.items()}


def _split_within(stem: str) -> str | None:
    numbered = _NUMBERED.fullmatch(stem)
    if numbered:
        return canonical(numbered[1]) or numbered[1]
    within = _WITHIN.search(stem)
    return canonical(within[1]) if within else None
