"""Drawing: a figure with text, made by matplotlib, that knows how to save itself."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from convscope.arguments import choice, file_path, real
from convscope.errors import SelectionError
from convscope.pictures import png
from convscope.pictures.files import write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["DPI", "Drawing", "check_suffix"]

DPI = 150
"""Pixels an inch in the files that are written."""

_SUFFIXES = (".png", ".pdf", ".svg")


def check_suffix(path: str | os.PathLike[str]) -> str:
    """Give the kind of file that a name asks for, ``png``, ``pdf`` or ``svg``.

    Raises
    ------
    SelectionError
        For another suffix; worth asking before long work.
    """
    suffix = file_path(path).suffix.lower()
    if suffix not in _SUFFIXES:
        raise SelectionError(f"cannot save {path}: end the name in {', '.join(_SUFFIXES)}")
    return suffix[1:]


@dataclass(frozen=True, eq=False, repr=False)
class Drawing:
    """A table or page of pictures with text.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
        The drawing itself, outside pyplot.
    provenance : dict
        Where the values came from, and how they were drawn; written into every file.
    dpi : float
        Pixels an inch in files, unless others are asked for.
    """

    figure: Figure
    provenance: dict[str, Any] = field(default_factory=dict)
    dpi: float = DPI

    def __repr__(self) -> str:
        # What it says of itself as data would go into every notebook that shows it.
        wide, high = self.figure.get_size_inches()
        return f"<Drawing of {wide:.3g} x {high:.3g} inches>"

    def encode(self, kind: str, dpi: float | None = None) -> bytes:
        """Give the bytes of a file.

        Parameters
        ----------
        kind : str
            ``png``, ``pdf`` or ``svg``. Text stays text in the last two.
        dpi : float, optional
            Pixels an inch, where there are pixels; by default the drawing's own.

        Raises
        ------
        SelectionError
            For another kind, or no number of pixels.
        """
        choice(kind, "kind", [suffix[1:] for suffix in _SUFFIXES])
        dots = self.dpi if dpi is None else real(dpi, "dpi", above=0)
        import matplotlib

        said = png.provenance_text(self.provenance)
        kinds: dict[str, dict[str, Any]] = {
            "png": {png.KEYWORD: said},
            "pdf": {"Keywords": said, "CreationDate": None},
            "svg": {"Description": said, "Date": None},
        }
        settings: Any = {"svg.fonttype": "none", "pdf.fonttype": 42, "svg.hashsalt": "convscope"}
        stream = io.BytesIO()
        with matplotlib.rc_context(settings):
            self.figure.savefig(stream, format=kind, dpi=dots, metadata=kinds[kind])
        return stream.getvalue()

    def save(self, path: str | os.PathLike[str], dpi: float | None = None) -> None:
        """Save by suffix as ``.png``, ``.pdf`` or ``.svg``; whole or not at all.

        Raises
        ------
        SelectionError
            For another suffix.
        OutputError
            When the file cannot be written.
        """
        write_atomically(path, self.encode(check_suffix(path), dpi))

    def _repr_png_(self) -> bytes:
        return self.encode("png", 100)
