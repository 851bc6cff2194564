"""Whether a file is there and can be read, before any framework is imported."""

from __future__ import annotations

from pathlib import Path

from convscope.errors import ModelError, near_file

__all__ = ["first_bytes"]


def first_bytes(path: Path, possible: str) -> bytes:
    """Give the first eight bytes of a model file.

    Parameters
    ----------
    path : Path
    possible : str
        What else could be given, as the remedy of a message.

    Raises
    ------
    ModelError
        For a missing, empty or unreadable file, and for a directory.
    """
    try:
        if path.is_dir():
            hint = "it looks like a SavedModel, which Keras 3 does not open; " * (
                (path / "saved_model.pb").exists()
            )
            raise ModelError(f"{path} is a directory: {hint}{possible}")
        if not path.exists():
            raise ModelError(f"there is no file {path}: {_beside(path, possible)}")
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        raise ModelError(
            f"{path} cannot be read ({error.strerror}): check its name and its permissions"
        ) from error
    if not start:
        raise ModelError(f"{path} is empty (0 bytes): it was not saved or copied completely")
    return start


def _beside(path: Path, possible: str) -> str:
    """Name files like the one that is missing, else say what is possible."""
    names = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    similar = near_file(path.name, names)
    return similar if "mean" in similar else possible
