"""Read one image or many, from whatever names or holds them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

from convscope.errors import InputError, SelectionError, warn
from convscope.inputs.dataset import Dataset
from convscope.inputs.datasets import NAMES, open_dataset
from convscope.inputs.images import Image, is_there, local_path, picture_name, read_image
from convscope.inputs.pixels import CHANNELS, array_of, over_white, to_255

__all__ = ["read"]

_TWO, _RGB = 2, 3
# Three images of fewer columns than this are somebody's numbers, not a photograph.
_NARROW = 16
_POSSIBLE = "give a path, DATASET:INDEX, a PIL image, an array, or a list of these"


def read(source: Any) -> list[Image]:
    """Read one image or many.

    Parameters
    ----------
    source : object or iterable of such
        A path; ``DATASET:INDEX`` (``fashion_mnist:23``, ``fashion_mnist/train:7``, ``folder:0``,
        ``file.npz:5``); a PIL image; an `Image`; an array. An array of two axes is one grey image,
        of four a stack ``(image, y, x, channel)``; one of three axes is one image where the last
        axis is 1, 3 or 4 long, else a stack ``(image, y, x)``.

    Returns
    -------
    list of Image
        Named by the file, by ``DATASET:INDEX``, or ``image 0``, ``image 1``, ... by their place.

    Raises
    ------
    InputError
        When something cannot be read as an image.
    SelectionError
        When there is no such dataset, split or index.
    """
    found: list[Image] = []
    opened: dict[str, Dataset] = {}
    for part in _parts(source):
        found += _read_one(part, len(found), opened)
    return found


def _parts(source: Any) -> Iterable[Any]:
    if isinstance(source, Mapping) or source is None:
        raise InputError(f"a {type(source).__name__} is no image: {_POSSIBLE}")
    single = (str, bytes, Path, PIL.Image.Image, Image)
    if isinstance(source, single) or hasattr(source, "__array__"):
        return [source]
    if isinstance(source, Iterable):
        return source
    raise InputError(f"a {type(source).__name__} is no image: {_POSSIBLE}")


def _read_one(source: Any, place: int, opened: dict[str, Dataset]) -> list[Image]:
    if isinstance(source, Image):
        return [source]
    if isinstance(source, str):
        item = _dataset_item(source)
        if item is not None:
            name, index = item
            if name not in opened:
                opened[name] = open_dataset(name)
            return [opened[name][index]]
    if isinstance(source, str | Path):
        return [read_image(source)]
    if isinstance(source, PIL.Image.Image):
        return [read_image(source, picture_name(source) or f"image {place}")]
    if hasattr(source, "__array__"):
        return _read_array(source, place)
    raise InputError(f"a {type(source).__name__} among the images is none: {_POSSIBLE}")


def _dataset_item(text: str) -> tuple[str, int] | None:
    """Split ``DATASET:INDEX``; None when it is a path."""
    if "://" in text or is_there(Path(text)):
        return None
    name, colon, index = text.rpartition(":")
    is_name = name.partition("/")[0] in NAMES
    # One letter before the colon is a drive of Windows.
    if colon and len(name) > 1 and re.fullmatch(r"-?[0-9]+", index):
        return name, int(index)
    if colon and is_name:
        raise SelectionError(f"{text!r} has no index: give a whole number, such as {name}:0")
    if text.partition("/")[0] in NAMES and not local_path(text).suffix:
        raise SelectionError(f"{text!r} is a dataset, not an image: give one of it, as {text}:0")
    return None


def _check_channels(array: np.ndarray) -> None:
    """Say so when three axes are more likely one image of odd channels than a stack."""
    first, last = array.shape[0], array.shape[2]
    if last == _TWO:
        raise InputError(
            f"an array of shape {array.shape} has two channels: an image has 1, 3 or 4; a stack of "
            "grey images so narrow needs an axis for the channel, array[..., None]"
        )
    if first == _RGB and last not in CHANNELS and last > _NARROW:
        warn(
            f"an array of shape {array.shape} is taken as three grey images: if it is one image "
            "with channels first, give numpy.moveaxis(array, 0, -1)",
        )


def _read_array(source: Any, place: int) -> list[Image]:
    array = array_of(source)
    if array.ndim == 2:
        array = array[np.newaxis, :, :, np.newaxis]
    elif array.ndim == 3:
        one = array.shape[2] in CHANNELS
        _check_channels(array)
        array = array[np.newaxis] if one else array[:, :, :, np.newaxis]
    # All of a stack at once: one dark image of it must not be taken as 0..1 by itself.
    pixels = over_white(to_255(array))
    return [Image(image, f"image {place + index}") for index, image in enumerate(pixels)]
