"""Why a framework failed, in one line."""

from __future__ import annotations

import re

__all__ = ["reason_of"]

_STYLE = re.compile(r"\x1b\[[0-9;]*m")
_LONGEST = 240


def reason_of(error: BaseException) -> str:
    """Give the line of an error's message that says why, without styles, at most 240 characters.

    Keras wraps what a layer raises between a line that names the layer and the arguments that it
    was given, and what fails while a file is read in the configurations of all that lies around
    it; none of these says why.
    """
    told = _STYLE.sub("", str(error)).rpartition("Exception encountered: ")[2]
    lines = [line.strip() for line in told.splitlines()]
    said = [line for line in lines if line and not line.startswith("Exception encountered when")]
    text = " ".join(said[0].split()) if said else type(error).__name__
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
