"""The public archive of cats and dogs: 3,000 photographs of Kaggle's, cut for a course."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

from convscope.errors import InputError
from convscope.frameworks import import_keras

__all__ = ["ARCHIVE", "fetch_cats_and_dogs"]

ARCHIVE = "cats_and_dogs_filtered"
_ORIGIN = f"https://storage.googleapis.com/mledu-datasets/{ARCHIVE}.zip"
_INSTEAD = "give a folder with train/, val/ and test/ of class folders instead, with --data DIR"


def fetch_cats_and_dogs() -> Path:
    """Download the archive, once, and unpack it where Keras keeps its datasets.

    Returns
    -------
    Path
        The folder that holds ``train`` and ``validation``, each with ``cats`` and ``dogs``.

    Raises
    ------
    InputError
        When it is not there and cannot be downloaded, or holds something else.
    MissingExtraError
        When Keras is not installed.
    """
    keras = import_keras("downloading cats and dogs")
    try:
        # Standard output may be somebody's JSON: what Keras says of the download goes beside it.
        with contextlib.redirect_stdout(sys.stderr):
            fetched = keras.utils.get_file(f"{ARCHIVE}.zip", origin=_ORIGIN, extract=True)
    except Exception as error:
        # Keras raises a bare Exception when a download fails.
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(
            f"the archive of cats and dogs is not cached and could not be downloaded ({reason}): "
            f"{_INSTEAD}"
        ) from error
    # Where the archive is unpacked has changed between versions of Keras.
    place = Path(fetched)
    for folder in (place, place / ARCHIVE, place.with_suffix(""), place.parent / ARCHIVE):
        if (folder / "train").is_dir() and (folder / "validation").is_dir():
            return folder
    raise InputError(
        f"the archive of cats and dogs in {place} holds no train/ and validation/: delete it to "
        f"download it again, or {_INSTEAD}"
    )
