"""From what a person gives to batches in a network's own shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from convscope.errors import InputError, warn
from convscope.inputs import read
from convscope.inputs.images import Image
from convscope.inputs.preparation import Preparation, check, prepare
from convscope.networks.layer import Input
from convscope.networks.run import Batch

__all__ = ["batches_of", "shapes_of", "wanted"]

# More images than this at once need more memory than they save time.
_AT_ONCE = 64


def batches_of(
    images: Any, inputs: Sequence[Input], preparation: Preparation | None, name: str
) -> list[Batch]:
    """Prepare images as a network wants them, or check that they are prepared.

    Parameters
    ----------
    images : path, str, PIL.Image, array, dict of arrays, or a sequence of images
        A floating-point array in the shape of the one input with a leading image axis, or a dict of
        such arrays by input name, is taken as prepared; all else is images.
    inputs : sequence of Input
        The network's.
    preparation : Preparation or None
        What is done to images; None for a network that takes none.
    name : str
        What the network is called.

    Returns
    -------
    list of Batch
        Of at most 64 images; for a network without a fixed size, of one image each where they
        differ in size.

    Raises
    ------
    InputError
        When the images cannot be read or do not fit the network.
    """
    if isinstance(images, Mapping):
        return [_given(images, inputs, preparation)]
    if isinstance(images, np.ndarray) and images.dtype.kind == "f":
        expected = inputs[0] if len(inputs) == 1 else None
        if expected is not None and _fits(images.shape[1:], expected.shape):
            return [_given({expected.name: images}, inputs, preparation)]
    if preparation is None:
        raise InputError(f"{name} takes no images: {wanted(inputs)}")
    pictures = read(images)
    if not pictures:
        raise InputError("no image was given: give at least one file, array or DATASET:INDEX")
    return _prepared(pictures, inputs[0], preparation)


def wanted(inputs: Sequence[Input]) -> str:
    """Say which arrays a network takes, as the remedy of a message."""
    arrays = ", ".join(f"{entry.name!r} of shape {entry}" for entry in inputs)
    if len(inputs) == 1:
        return f"give a floating-point array for {arrays}"
    return f"give a dict of floating-point arrays for {arrays}"


def shapes_of(arrays: Mapping[str, Any]) -> str:
    """Say which arrays were given."""
    return ", ".join(f"{name!r} of shape {array.shape}" for name, array in arrays.items())


def _prepared(pictures: list[Image], entry: Input, preparation: Preparation) -> list[Batch]:
    sizes = {picture.pixels.shape[:2] for picture in pictures}
    together = _AT_ONCE if preparation.size is not None or len(sizes) == 1 else 1
    groups = [pictures[start : start + together] for start in range(0, len(pictures), together)]
    batches = []
    for group in groups:
        array = _ordered(prepare(group, preparation), entry)
        if not _fits(array.shape[1:], entry.shape):
            raise InputError(
                f"{group[0].name} was prepared to shape {array.shape[1:]}, and input "
                f"{entry.name!r} takes {entry}: give a size that fits with --size (size=)"
            )
        batches.append(
            Batch(
                {entry.name: array},
                tuple(picture.name for picture in group),
                tuple(picture.label for picture in group),
                tuple(picture.class_name for picture in group),
                prepared=True,
            )
        )
    return batches


def _ordered(array: np.ndarray, entry: Input) -> np.ndarray:
    """Bring (image, y, x, channel) into the axis order of a network's one input."""
    if len(entry.shape) == 2:
        array = array[..., 0]
    elif entry.channels_first:
        array = np.ascontiguousarray(np.moveaxis(array, -1, 1))
    return array.astype(entry.dtype, copy=False)


def _given(
    arrays: Mapping[str, Any], inputs: Sequence[Input], preparation: Preparation | None
) -> Batch:
    if set(arrays) != {entry.name for entry in inputs}:
        raise InputError(
            f"arrays were given for {', '.join(map(repr, arrays)) or 'nothing'}: {wanted(inputs)}"
        )
    checked = {}
    for entry in inputs:
        array = np.asarray(arrays[entry.name])
        if array.dtype.kind not in "fiub" or not _fits(array.shape[1:], entry.shape):
            raise InputError(
                f"input {entry.name!r} was given {array.dtype} of shape {array.shape}: "
                f"{wanted(inputs)}"
            )
        checked[entry.name] = array.astype(entry.dtype, copy=False)
    counts = {len(array) for array in checked.values()}
    if len(counts) > 1 or 0 in counts:
        raise InputError(
            f"the inputs hold {' and '.join(map(str, sorted(counts)))} images: give the same "
            "number, at least one, for every input"
        )
    _examine(checked, preparation)
    count = counts.pop()
    called = tuple(f"image {place}" for place in range(count))
    return Batch(checked, called, (None,) * count, ("",) * count, prepared=False)


def _examine(arrays: Mapping[str, np.ndarray], preparation: Preparation | None) -> None:
    for name, array in arrays.items():
        wrong = array.size - np.count_nonzero(np.isfinite(array))
        if wrong:
            raise InputError(
                f"input {name!r} holds {wrong} values of {array.size} that are not finite (NaN "
                "or infinite), and so would every layer: replace them, for example with "
                "numpy.nan_to_num"
            )
        if preparation is not None and len(arrays) == 1:
            for problem in check(array, preparation):
                # Whoever called `Network.batches`: past `_given`, `batches_of` and itself.
                warn(problem)


def _fits(shape: Sequence[int], expected: Sequence[int | None]) -> bool:
    return len(shape) == len(expected) and all(
        fixed is None or size == fixed for size, fixed in zip(shape, expected, strict=True)
    )
