"""The screen: what a viewer may ask, and the hosts that carry the answers.

A session brings half of the package along; a server is to run before that is imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from convscope.explorer.session import Session

__all__ = ["Session"]


def __getattr__(name: str) -> Any:
    if name != "Session":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from convscope.explorer.session import Session

    return Session
