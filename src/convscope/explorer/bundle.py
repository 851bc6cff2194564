"""The page's modules and styles, joined where they cannot be loaded by themselves."""

from __future__ import annotations

import re
from functools import cache

from convscope.explorer.assets import WEB

__all__ = ["script", "styles"]

_ENTRY = "main.js"
_IMPORT = re.compile(r'^import \{ [^}]*\} from "\./(\w+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?function|const|let|class)", re.MULTILINE)
# The rules of the modules leave no line inside a text that could be taken for a comment.
_COMMENT = re.compile(r"^[ \t]*(?:/\*(?:[^*]|\*(?!/))*\*/|//[^\n]*)[ \t]*\n", re.MULTILINE)
_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)
_NOTHING = re.compile(r"^export \{\};\n", re.MULTILINE)
_SHEET = re.compile(r'<link rel="stylesheet" href="(\w+\.css)" />')


@cache
def script() -> str:
    """Join the modules into one, each before those that import it.

    A notebook loads its module from a blob and a report from itself, where a relative import leads
    nowhere. The names at the top of all modules are unique, so that they may share one scope.

    Returns
    -------
    str
        A module whose default export is what anywidget asks for.
    """
    parts: dict[str, str] = {}
    _add(_ENTRY, parts)
    return "\n".join(parts.values())


def _add(name: str, parts: dict[str, str]) -> None:
    if name in parts:
        return
    text = (WEB / name).read_text(encoding="utf-8")
    for needed in _IMPORT.findall(text):
        _add(needed, parts)
    for pattern in (_COMMENT, _IMPORT, _EXPORT, _NOTHING, _INDENT):
        text = pattern.sub("", text)
    parts[name] = f"// {name}\n{text.lstrip()}"


@cache
def styles() -> str:
    """Join the style sheets in the order in which the page links them."""
    page = (WEB / "index.html").read_text(encoding="utf-8")
    return "\n".join((WEB / name).read_text(encoding="utf-8") for name in _SHEET.findall(page))
