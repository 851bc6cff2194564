"""What a Keras file holds, read as data before anything is built."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py

from convscope.errors import ModelError
from convscope.networks.keras.hdf5 import (
    check_file_heaps,
    check_heaps,
    check_tree,
    part_of_archive,
)
from convscope.networks.keras.legacy.configuration import LARGEST, parsed
from convscope.networks.reasons import reason_of

__all__ = ["POSSIBLE", "Contents", "read_contents"]

POSSIBLE = "give a .keras or .h5 file that holds a whole model, as model.save() writes it"

_LARGEST_SWELLING = 200
# Weights of so many numbers fill no memory: what does not fit is said in better words.
_SMALL = 2**22


@dataclass(frozen=True)
class Contents:
    """What a file holds.

    Parameters
    ----------
    configuration : object
        The network, as JSON gives it; None where there are weights only.
    version : str
        The Keras that wrote it; ``"1"`` where it does not say, as Keras 1 did.
    backend : str or None
        The backend of that Keras.
    size : int
        How many numbers the file holds.
    """

    configuration: Any
    version: str
    backend: str | None = None
    size: int = 0

    @property
    def largest(self) -> int:
        """How many numbers its weights can have: a damaged configuration may ask for more."""
        return max(2 * self.size, _SMALL)

    @property
    def is_old(self) -> bool:
        """Whether a Keras before the third wrote it."""
        return self.version.partition(".")[0] in {"0", "1", "2"}


def read_contents(path: Path) -> Contents:
    """Read what a file says of itself.

    Raises
    ------
    ModelError
        When it is damaged, or holds neither a network nor weights.
    """
    try:
        return _archive(path) if path.suffix.lower() == ".keras" else _hdf5(path)
    except ModelError:
        raise
    # HDF5 raises what it likes on what it cannot read.
    except Exception as error:
        raise ModelError(
            f"{path} is damaged or incomplete ({reason_of(error)}): save or copy it again"
        ) from error


def _archive(path: Path) -> Contents:
    with zipfile.ZipFile(path) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        if "config.json" not in entries:
            raise ModelError(f"{path} is a zip archive without config.json, no model: {POSSIBLE}")
        for entry in entries.values():
            swollen = entry.file_size > _LARGEST_SWELLING * max(entry.compress_size, 2**20)
            if swollen or (entry.filename.endswith(".json") and entry.file_size > LARGEST):
                raise ModelError(
                    f"{path} is damaged or made to fill the memory ({entry.filename} would be "
                    f"{entry.file_size / 2**20:.0f} MB): save or copy it again"
                )
        configuration = parsed(archive.read("config.json"))
        said = parsed(archive.read("metadata.json")) if "metadata.json" in entries else {}
        held = sum(_numbers(archive, path, entry) for entry in entries.values())
    if not isinstance(configuration, dict):
        raise ModelError(f"{path} holds no model configuration: {POSSIBLE}")
    version = said.get("keras_version") if isinstance(said, dict) else None
    return Contents(configuration, str(version or "3"), size=held)


def _numbers(archive: zipfile.ZipFile, path: Path, entry: zipfile.ZipInfo) -> int:
    if not entry.filename.endswith(".h5"):
        return 0
    content = part_of_archive(archive, entry.filename)
    check_heaps(content, path)
    with h5py.File(io.BytesIO(content), "r") as file:
        return check_tree(file, path, entry.compress_size)


def _hdf5(path: Path) -> Contents:
    from convscope.networks.keras.legacy.saved import Era, weight_group
    from convscope.networks.keras.legacy.store import is_store

    check_file_heaps(path)
    with h5py.File(path, "r") as file:
        size = check_tree(file, path, path.stat().st_size)
        group = weight_group(file)
        era = Era.of(*(part for part in (group, file) if part is not None))
        written = file.attrs.get("model_config")
        if written is None:
            if group is None and not is_store(file):
                raise ModelError(f"{path} is an HDF5 file without a model in it: {POSSIBLE}")
            return Contents(None, era.version, era.backend, size)
        configuration = parsed(written)
    # What was encoded twice is a string here.
    if isinstance(configuration, str):
        configuration = parsed(configuration)
    if not isinstance(configuration, dict | list):
        raise ModelError(f"{path} holds no model configuration: {POSSIBLE}")
    return Contents(configuration, era.version, era.backend, size)
