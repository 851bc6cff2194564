"""Datasets in tar files, each sample a few files of one name: what WebDataset reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from convscope.errors import InputError
from convscope.inputs.dataset import Dataset
from convscope.inputs.decoding import decode_bytes
from convscope.inputs.listing import files, folder_name, folders
from convscope.inputs.patterns import expand
from convscope.inputs.shard_labels import Labels, names_beside
from convscope.inputs.shard_samples import samples
from convscope.inputs.splits import by_split, canonical, pick, refuse_split
from convscope.inputs.stored import size_of

__all__ = ["TarImages", "find_shards", "is_shard", "open_pattern", "open_shards", "shards_parent"]

_SUFFIX = (".tar",)
# These are found, so that it can be said why they cannot be read.
_PACKED = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst")
# Larger than any picture that is decoded is, even if it is not packed.
_LARGEST = 2**30
_POSSIBLE = "give shards as WebDataset writes them, such as 0001.jpg and 0001.cls for each image"


@dataclass(frozen=True, eq=False)
class TarImages:
    """Images within tar files, each read from where it lies.

    Attributes
    ----------
    files : tuple of Path
    file_sizes : tuple of int
        In bytes, when they were opened.
    names : tuple of str
        What the images are called in the files.
    places : numpy.ndarray
        ``(image, 3)``, int64: the place of its file, where its bytes begin there, how many.
    """

    files: tuple[Path, ...]
    file_sizes: tuple[int, ...]
    names: tuple[str, ...]
    places: np.ndarray

    def __len__(self) -> int:
        return len(self.names)

    def pixels(self, index: int, name: str) -> np.ndarray:
        """Read one image."""
        place, start, size = (int(number) for number in self.places[index])
        path = self.files[place]
        called = f"{name} ({self.names[index]} in {path.name})"
        if size > _LARGEST:
            raise InputError(f"{called!r} takes {size:,} bytes: give a smaller version of it")
        try:
            # Opened anew, since threads would move each other's place in an open file.
            with path.open("rb") as file:
                file.seek(start)
                data = file.read(size)
        except OSError as error:
            raise InputError(
                f"{called!r} cannot be read ({error.strerror or error}): check {str(path)!r}"
            ) from error
        if len(data) < size:
            raise InputError(
                f"{called!r} is not there any more, since {str(path)!r} has become shorter: open "
                "the dataset again"
            )
        return decode_bytes(data, called)

    def contents(self) -> Iterator[tuple[str, int]]:
        """Give the names and sizes in bytes of the files and of the images in them."""
        yield from (
            (file.name, size) for file, size in zip(self.files, self.file_sizes, strict=True)
        )
        yield from zip(self.names, self.places[:, 2].tolist(), strict=True)


def is_shard(path: Path) -> bool:
    """Tell by its name whether a file is a tar file, compressed or not."""
    return path.name.lower().endswith(_SUFFIX + _PACKED)


def find_shards(folder: Path) -> Mapping[str, tuple[Path, ...]]:
    """Find tar files, by split.

    Returns
    -------
    dict of str to tuple of Path
        Files in the folder by the split in their names (``train-0000.tar``); under the empty name
        where these say none; else files in folders called ``train``, ``val`` and ``test``; empty
        where there are none.
    """
    found = _shards(folder)
    if found:
        return by_split(found) or {"": tuple(found)}
    parts = {canonical(part.name) or "": part for part in folders(folder)}
    held = {split: tuple(_shards(part)) for split, part in parts.items() if split}
    return {split: members for split, members in held.items() if members}


def shards_parent(folder: Path) -> Path | None:
    """Give the folder of all splits when this is the folder of one."""
    whole, own = folder.absolute().parent, canonical(folder.name)
    if own is None or not _shards(folder) or _shards(whole):
        return None
    held = find_shards(whole).get(own)
    return whole if held and held[0].parent == whole / folder.name else None


def open_shards(folder: Path, split: str | None = None) -> Dataset:
    """Open a folder of tar files.

    Raises
    ------
    InputError
        When a file is compressed, damaged or truncated, or none holds pictures.
    SelectionError
        When it has no such split.
    """
    found = find_shards(folder)
    members, chosen, title = pick(folder_name(folder), found, split)
    splits = tuple(key for key in found if key)
    return _open(members, folder, folder_name(folder), chosen, splits, title)


def open_pattern(text: str, split: str | None = None) -> Dataset:
    """Open tar files by one name, such as ``shards-{0000..0009}.tar``; it has no splits.

    Raises
    ------
    InputError
        When a file is not there, is no tar file, or as `open_shards` does.
    SelectionError
        When a split is asked for.
    """
    found = expand(text)
    other = next((file for file in found if not is_shard(file)), None)
    if other is not None:
        raise InputError(f"{text!r} names {str(other)!r}, which is no .tar file: {_POSSIBLE}")
    refuse_split(text, split)
    name = Path(text).name
    return _open(found, found[0].parent, name, None, (), name)


def _shards(folder: Path) -> list[Path]:
    return files(folder, _SUFFIX) or files(folder, _PACKED)


def _open(
    shards: Iterable[Path],
    folder: Path,
    name: str,
    split: str | None,
    splits: tuple[str, ...],
    title: str,
) -> Dataset:
    members = tuple(shards)
    names: list[str] = []
    places: list[tuple[int, int, int]] = []
    labels = Labels()
    sizes = tuple(map(size_of, members))
    for place, path in enumerate(members):
        for sample in samples(path, labels.wanted):
            names.append(sample.image.name)
            places.append((place, sample.image.start, sample.image.size))
            labels.add(sample.texts, path)
    if not names:
        raise InputError(f"{str(members[0])!r} holds no pictures: {_POSSIBLE}")
    images = TarImages(members, sizes, tuple(names), np.array(places, np.int64))
    numbers, class_names = labels.found(names_beside(members[0].parent, folder))
    return Dataset(name, split, numbers, class_names, images, splits, title)
