"""What keeps a message from its answer, each under the code that the page knows."""

from __future__ import annotations

__all__ = ["Failure", "Gone", "NotUnderstood", "TooLarge", "Training"]


class Failure(Exception):
    """A message that gets an error as its reply."""

    code = "internal"


class NotUnderstood(Failure):
    """A type that does not exist, or a field that is missing or of another type."""

    code = "not-understood"


class Gone(Failure):
    """A run that is not kept any more: the page runs again."""

    code = "gone"


class Training(Failure):
    """A network whose weights are away while it trains."""

    code = "training"


class TooLarge(Failure):
    """An upload, or an answer, beyond what is taken or given."""

    code = "too-large"
