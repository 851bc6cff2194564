"""Labels and class names of samples in tar files."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from convscope.errors import InputError

__all__ = ["Labels", "names_beside"]

_NUMBER = "cls"
_JSON = "json"
_KEYS = ("label", "cls")
_NAMES = ("class_name", "label_name", "class")
_FILES = ("classes.txt", "classes.json")
_WHOLE = re.compile(rb"\s*([+-]?[0-9]{1,18})\s*")
_MOST = 10**6


class Labels:
    """Collects what samples say of their classes.

    A label is a whole number in ``.cls``, or under ``label`` or ``cls`` in ``.json``; there it may
    be the name of the class as well, and beside a number ``class_name`` names it.
    """

    def __init__(self) -> None:
        self._labels: list[int | str | None] = []
        self._names: dict[int, str] = {}
        self._named = True

    def wanted(self, ends: Mapping[str, Any]) -> list[str]:
        """Choose the files of a sample to read, by their endings."""
        # Where a label is known, the JSON is read for the names, as long as it has some.
        known = _NUMBER in ends and not self._named
        return [end for end in (_NUMBER, _JSON) if end in ends and not (known and end == _JSON)]

    def add(self, texts: Mapping[str, bytes], path: Path) -> None:
        """Take up one sample.

        Raises
        ------
        InputError
            When its label is no whole number, or its JSON cannot be read.
        """
        told = _told(texts[_JSON], path) if _JSON in texts else {}
        if _NUMBER in texts:
            label: int | str | None = _number(texts[_NUMBER], path)
        else:
            label = _label(next((told[key] for key in _KEYS if key in told), None), path)
        name = next((told[key] for key in _NAMES if isinstance(told.get(key), str)), None)
        if isinstance(label, int) and name is not None:
            self._names.setdefault(label, name)
        elif _NUMBER in texts and _JSON in texts:
            self._named = False
        self._labels.append(label)

    def found(self, names: tuple[str, ...]) -> tuple[np.ndarray | None, tuple[str, ...]]:
        """Give all labels and the names of the classes.

        Parameters
        ----------
        names : tuple of str
            Those that lie beside the shards, which go before what samples say.

        Returns
        -------
        labels : numpy.ndarray or None
            ``(image,)``, int64, -1 where there is none; None when no image has one.
        class_names : tuple of str
            Empty where they are not known.

        Raises
        ------
        InputError
            When a name is none of those beside, or numbers and names are mixed.
        """
        held = {label for label in self._labels if label is not None}
        words = sorted(label for label in held if isinstance(label, str))
        if words and len(words) < len(held):
            raise InputError(
                f"some labels are numbers and some are names ({words[0]!r}): write all as numbers"
            )
        if words:
            names = names or tuple(words)
            other = next((word for word in words if word not in names), None)
            if other is not None:
                raise InputError(f"the class {other!r} is not in {_FILES[0]}: add it there")
        places = {name: place for place, name in enumerate(names)}
        numbers = np.array([_place(label, places) for label in self._labels], np.int64)
        if not names and self._names and max(self._names) < _MOST:
            last = max(self._names)
            names = tuple(self._names.get(label, str(label)) for label in range(last + 1))
        return (numbers if held and numbers.max() >= 0 else None), names


def names_beside(*folders: Path) -> tuple[str, ...]:
    """Read the names of the classes that lie beside the shards.

    They are the lines of ``classes.txt``, or in ``classes.json`` a list of names, names by number,
    or numbers by name.

    Raises
    ------
    InputError
        When such a file cannot be read.
    """
    for file in dict.fromkeys(folder / name for folder in folders for name in _FILES):
        if not file.is_file():
            continue
        try:
            text = file.read_text(encoding="utf-8-sig")
            if file.suffix == ".txt":
                return tuple(line.strip() for line in text.strip().splitlines())
            return _listed(json.loads(text))
        except (OSError, ValueError, RecursionError, TypeError) as error:
            raise InputError(
                f"{str(file)!r} holds no names of classes: give a list of names, in the order of "
                "their labels"
            ) from error
    return ()


def _listed(told: Any) -> tuple[str, ...]:
    if isinstance(told, dict):
        pairs = told.items()
        by_number = {
            int(key if isinstance(name, str) else name): name if isinstance(name, str) else key
            for key, name in pairs
        }
        told = [by_number.get(label) for label in range(len(pairs))]
    if not isinstance(told, list) or not all(isinstance(name, str) for name in told):
        raise ValueError("no names")
    return tuple(told)


def _place(label: int | str | None, places: Mapping[str, int]) -> int:
    if label is None:
        return -1
    return places[label] if isinstance(label, str) else label


def _told(text: bytes, path: Path) -> Mapping[str, Any]:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"a .json in {str(path)!r} is none ({error}): write it again") from error
    return told if isinstance(told, dict) else {}


def _number(text: bytes, path: Path) -> int:
    match = _WHOLE.fullmatch(text)
    if match is None:
        raise InputError(
            f"a .cls in {str(path)!r} holds {text[:20].decode('utf-8', 'replace')!r}: give the "
            "index of the class, a whole number"
        )
    return int(match[1])


def _label(label: Any, path: Path) -> int | str | None:
    if label is None or isinstance(label, str):
        return label
    if isinstance(label, bool) or not isinstance(label, int) or abs(label) >= 2**63:
        raise InputError(
            f"a .json in {str(path)!r} holds the label {label!r:.40}: give a whole number or a name"
        )
    return label
