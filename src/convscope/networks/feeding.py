"""From what a person gives to batches in a network's own shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import numpy as np

from convscope.errors import InputError, warn
from convscope.inputs.images import Image
from convscope.inputs.preparation import Preparation, check, prepare
from convscope.inputs.samples import Sample
from convscope.networks.layer import Input
from convscope.networks.run import Batch
from convscope.networks.samples import fits, read_for, wanted

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
        such arrays by input name, is taken as prepared, and so is what a ``.npy``, ``.npz`` or
        ``.wav`` file holds of that kind; all else is images.
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
        if expected is not None and fits(images.shape[1:], expected.shape):
            return [_given({expected.name: images}, inputs, preparation)]
    found = read_for(images, inputs, preparation, name)
    if not found:
        raise InputError("no image was given: give at least one file, array or DATASET:INDEX")
    batches: list[Batch] = []
    for are_samples, several in groupby(found, key=lambda one: isinstance(one, Sample)):
        group: list[Any] = list(several)
        if are_samples:
            batches += _sampled(group, inputs, preparation)
        elif preparation is not None:
            batches += _prepared(group, inputs[0], preparation)
    return batches


def shapes_of(arrays: Mapping[str, Any]) -> str:
    """Say which arrays were given."""
    return ", ".join(f"{name!r} of shape {array.shape}" for name, array in arrays.items())


def _sampled(
    samples: Sequence[Sample], inputs: Sequence[Input], preparation: Preparation | None
) -> list[Batch]:
    """Put samples of the same sizes together."""
    batches = []
    for _, several in groupby(samples, key=lambda one: (one.shapes, one.fed)):
        alike = list(several)
        for start in range(0, len(alike), _AT_ONCE):
            group = alike[start : start + _AT_ONCE]
            arrays = {
                entry.name: np.concatenate([one.arrays[entry.name] for one in group])
                for entry in inputs
            }
            batch = _given(arrays, inputs, preparation)
            called = tuple(one.name for one in group)
            batches.append(replace(batch, names=called, fed=group[0].fed))
    return batches


def _prepared(pictures: list[Image], entry: Input, preparation: Preparation) -> list[Batch]:
    sizes = {picture.pixels.shape[:2] for picture in pictures}
    together = _AT_ONCE if preparation.size is not None or len(sizes) == 1 else 1
    groups = [pictures[start : start + together] for start in range(0, len(pictures), together)]
    batches = []
    for group in groups:
        array = _ordered(prepare(group, preparation), entry)
        if not fits(array.shape[1:], entry.shape):
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
    # One of each, without an axis that counts images.
    alone = all(fits(np.shape(arrays[entry.name]), entry.shape) for entry in inputs)
    for entry in inputs:
        array = np.asarray(arrays[entry.name])
        if alone:
            array = array[None]
        if array.dtype.kind not in "fiub" or not fits(array.shape[1:], entry.shape):
            raise InputError(
                f"input {entry.name!r} was given {array.dtype} of shape {array.shape}: "
                f"{wanted(inputs)}"
            )
        _check_whole(array, entry)
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


def _check_whole(array: np.ndarray, entry: Input) -> None:
    """Refuse what a network of whole numbers would cut off without a word."""
    if array.dtype.kind != "f" or np.dtype(entry.dtype).kind not in "iu":
        return
    with np.errstate(invalid="ignore"):
        wrong = np.count_nonzero(array != np.rint(array))
    if wrong and np.isfinite(array).all():
        raise InputError(
            f"input {entry.name!r} takes whole numbers ({entry.dtype}), and {wrong} values of "
            f"{array.size} have a fraction: round them"
        )


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
