"""The splits of a dataset: what they are called and which one is meant."""

from __future__ import annotations

from collections.abc import Iterable

from convscope.errors import SelectionError, near

__all__ = ["canonical", "choose"]

_WORDS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}


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
        None takes the test split where there is one, else validation, else training.

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
    default = next(split for split in ("test", "val", "train") if split in known)
    if wanted is None:
        return default, name
    split = canonical(wanted)
    if split not in known:
        raise SelectionError(f"{name} has no split {wanted!r}: {near(wanted, known)}")
    return split, name if split == default else f"{name}/{split}"
