"""A session that is still being opened: asked already, it answers as soon as it can."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from convscope.explorer.application import Answers

__all__ = ["Pending"]


class Pending:
    """What answers in the place of a session that another thread opens.

    Parameters
    ----------
    opening : concurrent.futures.Future
        Gives the session.
    """

    def __init__(self, opening: Future[Answers]) -> None:
        self._opening = opening

    def answer(
        self, message: Mapping[str, Any], buffers: Sequence[bytes]
    ) -> tuple[dict[str, Any], list[bytes]]:
        """Wait for the session, and let it answer.

        Raises
        ------
        ConvscopeError
            When it could not be opened.
        """
        return self._opening.result().answer(message, buffers)
