"""The files of the page: which there are is found once, and nothing else is ever served."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

__all__ = ["WEB", "Asset", "find_assets"]

WEB = Path(__file__).with_name("web")

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}


class Asset(NamedTuple):
    """One file of the page.

    Attributes
    ----------
    path : pathlib.Path
    type : str
        Its media type.
    """

    path: Path
    type: str


def find_assets(folder: Path = WEB) -> Mapping[str, Asset]:
    """List what may be served beside the page itself, by name: ``main.js``, ``panels/sheet.js``.

    A request can only choose among these names: no path that it holds reaches the file system.
    """
    return {
        path.relative_to(folder).as_posix(): Asset(path, _TYPES[path.suffix])
        for path in sorted(folder.rglob("*"))
        if path.suffix in _TYPES and path.is_file()
    }
