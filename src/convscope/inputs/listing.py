"""What lies in a folder, in natural order: 2 before 10."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

__all__ = ["files", "folder_name", "folders", "natural"]


def folders(folder: Path) -> list[Path]:
    """Give the sub-folders, less those that tools leave; none where there is no such folder."""
    if not folder.is_dir():
        return []
    # Names such as .ipynb_checkpoints and __MACOSX are left by tools.
    parts = [
        part for part in folder.iterdir() if part.is_dir() and not part.name.startswith((".", "__"))
    ]
    return natural(parts)


def files(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """Give the files whose names end so, in any case; none where there is no such folder."""
    if not folder.is_dir():
        return []
    found = [
        file
        for file in folder.iterdir()
        if file.name.lower().endswith(suffixes) and not file.name.startswith(".") and file.is_file()
    ]
    return natural(found)


def natural(paths: Iterable[Path]) -> list[Path]:
    """Sort numbers within names by their value; equal names by the plain name."""
    return sorted(paths, key=_key)


def folder_name(folder: Path) -> str:
    """Give the name of a folder that may be called ``.``."""
    return folder.absolute().resolve().name if folder.name in {"", ".", ".."} else folder.name


def _key(path: Path) -> tuple[list[tuple[str, int]], str]:
    parts = re.findall(r"([^0-9]*)([0-9]*)", path.name.casefold())
    return [(text, int(number or -1)) for text, number in parts], path.name
