"""Images that are not held in memory: each is read when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from convscope.errors import InputError
from convscope.inputs.decoding import decode_file

__all__ = ["ChosenImages", "FileImages", "StoredImages", "size_of"]


class StoredImages(Protocol):
    """Images by index, in files of any kind.

    They can be pickled, and several threads may read at once.
    """

    def __len__(self) -> int: ...

    def pixels(self, index: int, name: str) -> np.ndarray:
        """Read one image.

        Parameters
        ----------
        index : int
            From 0.
        name : str
            What to call it in errors.

        Returns
        -------
        numpy.ndarray
            ``(y, x, channel)``, as `convscope.inputs.images.Image` holds them.

        Raises
        ------
        InputError
            When it cannot be read.
        """
        ...

    def contents(self) -> Iterator[tuple[str, int]]:
        """Give the names and sizes of what they are read from, wherever that lies."""
        ...


@dataclass(frozen=True)
class FileImages:
    """Images in files of their own.

    Attributes
    ----------
    folder : Path
    files : tuple of str
        Below the folder, with ``/`` between the parts.
    """

    folder: Path
    files: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.files)

    def pixels(self, index: int, name: str) -> np.ndarray:
        """Read one image; errors name its file."""
        return decode_file(self.folder / self.files[index])

    def contents(self) -> Iterator[tuple[str, int]]:
        """Give the files and their sizes in bytes."""
        return ((file, size_of(self.folder / file)) for file in self.files)


@dataclass(frozen=True, eq=False)
class ChosenImages:
    """Some of other images.

    Attributes
    ----------
    images : StoredImages
    indices : numpy.ndarray
        ``(image,)``, which ones.
    """

    images: StoredImages
    indices: np.ndarray

    def __len__(self) -> int:
        return len(self.indices)

    def pixels(self, index: int, name: str) -> np.ndarray:
        """Read one image."""
        return self.images.pixels(int(self.indices[index]), name)

    def contents(self) -> Iterator[tuple[str, int]]:
        """Give the names and sizes of what all images are read from."""
        return self.images.contents()


def size_of(file: Path) -> int:
    """Give a file's size in bytes.

    Raises
    ------
    InputError
        When it is not there any more.
    """
    try:
        return file.stat().st_size
    except OSError as error:
        raise InputError(
            f"{str(file)!r} cannot be read ({error.strerror or error}): open the dataset again"
        ) from error
