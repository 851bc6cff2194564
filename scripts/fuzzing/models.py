"""Model files of every format, opened by `convscope.open`."""

from __future__ import annotations

from pathlib import Path

from fuzzing.mutations import mutated
from fuzzing.seeds import FORMATS, options, seeds
from fuzzing.subject import Subject

__all__ = ["MODELS"]


def _subject(kind: str) -> Subject:
    def used(path: Path, folder: Path) -> None:
        import convscope

        opened, given = options(kind, path, folder)
        assert convscope.open(opened, **given).layers is not None

    return Subject(lambda folder: seeds(kind, folder), mutated, used)


MODELS = {kind: _subject(kind) for kind in FORMATS}
"""By the name of the format."""
