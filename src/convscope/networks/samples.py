"""From files and arrays that are no pictures to what a network takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from convscope.errors import ConvscopeError, InputError, warn
from convscope.inputs import read
from convscope.inputs.array_files import ArrayFile, array_file, chosen
from convscope.inputs.images import Image
from convscope.inputs.preparation import Preparation
from convscope.inputs.samples import Sample
from convscope.inputs.sound import Sound
from convscope.networks.layer import Input

__all__ = ["fits", "parts", "read_for", "samples_of", "wanted"]


def read_for(
    images: Any, inputs: Sequence[Input], preparation: Preparation | None, name: str
) -> list[Image | Sample]:
    """Read whatever is given for a network, one by one.

    Parameters
    ----------
    images : object or iterable of such
        What `convscope.inputs.read` takes; ``.npy``, ``.npz`` and ``.wav`` files; samples that
        were read before; for a network that takes no images, arrays.
    inputs : sequence of Input
        The network's.
    preparation : Preparation or None
        What is done to images; None for a network that takes none.
    name : str
        What the network is called.

    Raises
    ------
    InputError
        When something cannot be read, or does not fit the network.
    SelectionError
        When there is no such dataset, split or entry.
    """
    found: list[Image | Sample] = []
    pictures: list[Any] = []

    def read_pictures() -> None:
        if pictures:
            if preparation is None:
                raise InputError(f"{name} takes no images: {wanted(inputs)}")
            found.extend(read(pictures))
            pictures.clear()

    for source in parts(images):
        samples = _samples(source, inputs, preparation, name)
        if samples is None:
            pictures.append(source)
        else:
            read_pictures()
            found.extend(samples)
    # What is given alone is read as it is: of an array, the axes say whether it is a stack.
    if not found and len(pictures) == 1 and pictures[0] is images and preparation is not None:
        return list(read(images))
    read_pictures()
    return found


def samples_of(
    file: ArrayFile, inputs: Sequence[Input], preparation: Preparation | None, name: str
) -> Sequence[Image | Sample]:
    """Fit what a file of numbers holds to a network.

    Raises
    ------
    InputError
        When names, shapes or types are others than the network's.
    SelectionError
        When the file has no such entry.
    """
    if file.sound is not None:
        return [_of_sound(file.name, file.sound, inputs, preparation, name)]
    nameless = file.arrays.get("")
    if nameless is not None:
        if len(inputs) != 1:
            raise InputError(
                f"{file.name!r} holds one array, and {name} takes {len(inputs)} inputs: "
                f"{_to_save(inputs)}"
            )
        if preparation is not None and not _is_prepared(nameless, inputs[0]):
            return _as_images(file, nameless)
    return _entries(_named(file, inputs), file, inputs)


def wanted(inputs: Sequence[Input]) -> str:
    """Say which arrays a network takes, as the remedy of a message."""
    arrays = _listed(inputs)
    if len(inputs) == 1:
        return f"give a floating-point array for {arrays}"
    return f"give a dict of floating-point arrays for {arrays}"


def fits(shape: Sequence[int], expected: Sequence[int | None]) -> bool:
    """Tell whether a shape is what an input takes."""
    return len(shape) == len(expected) and all(
        fixed is None or size == fixed for size, fixed in zip(shape, expected, strict=True)
    )


def parts(images: Any) -> Iterable[Any]:
    """Take a sequence of images apart; what is one by itself, or one array of several, stays so."""
    if isinstance(images, str | bytes | Path | Mapping) or hasattr(images, "__array__"):
        return [images]
    if isinstance(images, Iterable) and not hasattr(images, "filename"):
        return images
    return [images]


def _samples(
    source: Any, inputs: Sequence[Input], preparation: Preparation | None, name: str
) -> Sequence[Image | Sample] | None:
    """Read one source that is no picture; None for one that is."""
    if isinstance(source, Sample):
        return [source]
    file = array_file(source)
    if file is not None:
        return samples_of(file, inputs, preparation, name)
    if preparation is None and len(inputs) == 1 and hasattr(source, "__array__"):
        array = np.asarray(source)
        if array.dtype.kind in "fiub" and not hasattr(source, "filename"):
            arrays = {inputs[0].name: array}
            return _entries(arrays, ArrayFile("image", arrays), inputs)
    return None


def _is_prepared(array: np.ndarray, entry: Input) -> bool:
    return array.dtype.kind == "f" and fits(array.shape[1:], entry.shape)


def _as_images(file: ArrayFile, array: np.ndarray) -> list[Image]:
    """Take an array for a network of images as one, or as a stack of them."""
    try:
        pictures = read(np.asarray(array))
    except ConvscopeError as error:
        raise InputError(f"{file.name!r}: {error}") from error
    if file.index is not None:
        pictures = [pictures[chosen(file.index, len(pictures), file.name)]]
        return [Image(pictures[0].pixels, f"{file.name}:{file.index}")]
    return [
        Image(picture.pixels, file.name if len(pictures) == 1 else f"{file.name}:{place}")
        for place, picture in enumerate(pictures)
    ]


def _named(file: ArrayFile, inputs: Sequence[Input]) -> dict[str, np.ndarray]:
    """Give the arrays of a file by the names of the inputs."""
    if len(inputs) == 1 and len(file.arrays) == 1:
        return {inputs[0].name: next(iter(file.arrays.values()))}
    names = [entry.name for entry in inputs]
    missing = [one for one in names if one not in file.arrays]
    more = [one for one in file.arrays if one not in names]
    if missing or more:
        said = [
            *([f"lacks {_quoted(missing)}"] if missing else []),
            *([f"holds {_quoted(more)}, which is no input"] if len(more) == 1 else []),
            *([f"holds {_quoted(more)}, which are no inputs"] if len(more) > 1 else []),
        ]
        raise InputError(f"{file.name!r} {' and '.join(said)}: {_to_save(inputs)}")
    return {one: file.arrays[one] for one in names}


def _entries(
    arrays: Mapping[str, np.ndarray], file: ArrayFile, inputs: Sequence[Input]
) -> list[Sample]:
    """Split arrays along their image axis, or take them as one where they have none."""
    expected = {entry.name: entry.shape for entry in inputs}
    single = all(fits(array.shape, expected[one]) for one, array in arrays.items())
    for one, array in arrays.items():
        if not single and not fits(array.shape[1:], expected[one]):
            what = "an array" if len(arrays) == 1 else repr(one)
            raise InputError(
                f"{_called(file)} holds {what} of {array.dtype} and shape {array.shape}: "
                f"{_to_save(inputs)}"
            )
    if single:
        return [Sample(_one(file), {one: array[None] for one, array in arrays.items()})]
    counts = {one: len(array) for one, array in arrays.items()}
    if len(set(counts.values())) > 1 or 0 in counts.values():
        told = ", ".join(f"{count} for {one!r}" for one, count in counts.items())
        raise InputError(
            f"{_called(file)} holds {told}: save the same number, at least one, for every input"
        )
    count = next(iter(counts.values()))
    places = range(count) if file.index is None else [chosen(file.index, count, file.name)]
    return [
        Sample(
            _one(file, place, count),
            {one: array[place : place + 1] for one, array in arrays.items()},
        )
        for place in places
    ]


def _called(file: ArrayFile) -> str:
    return repr(file.name) if Path(file.name).suffix else "what was given"


def _one(file: ArrayFile, place: int = 0, count: int = 1) -> str:
    """Name one entry: as the file where it is the only one."""
    if not Path(file.name).suffix:
        return f"image {place}"
    return file.name if count == 1 and file.index is None else f"{file.name}:{place}"


def _of_sound(
    name: str,
    sound: Sound,
    inputs: Sequence[Input],
    preparation: Preparation | None,
    network: str,
) -> Sample:
    """Fit sound to a network: as long and of as many channels as it takes."""
    entry = inputs[0]
    if len(inputs) != 1 or len(entry.shape) not in {1, 2} or preparation is not None:
        raise InputError(
            f"{name!r} is sound, and {network} takes {_listed(inputs)}: make of it what the "
            "network takes, and save that with numpy.save or numpy.savez"
        )
    length, channels = entry.shape[0], 1
    if len(entry.shape) == 2:
        first, last = entry.shape
        length, channels = (last, first) if entry.channels_first else (first, last)  # type: ignore[assignment]
    samples, said = _channelled(sound.samples, channels, name, network)
    samples, cut = _long(samples, length, name)
    if len(entry.shape) == 1:
        samples = samples[:, 0]
    elif entry.channels_first:
        samples = np.ascontiguousarray(samples.T)
    fed = ", ".join([f"sound of {sound.rate:,} Hz as -1..1, not resampled", *said, *cut])
    if cut or said:
        warn(f"{name}: {', '.join([*said, *cut])}, as {network} takes {entry}")
    return Sample(name, {entry.name: samples[None]}, fed)


def _channelled(
    samples: np.ndarray, channels: int | None, name: str, network: str
) -> tuple[np.ndarray, list[str]]:
    had = samples.shape[1]
    if channels in {None, had}:
        return samples, []
    if channels == 1:
        return samples.mean(axis=1, keepdims=True, dtype=np.float32), [f"mean of {had} channels"]
    raise InputError(
        f"{name!r} has {had} {'channel' if had == 1 else 'channels'} and {network} takes "
        f"{channels}: where these are no microphones but a spectrogram or the like, make that of "
        "it and save it with numpy.save"
    )


def _long(samples: np.ndarray, length: int | None, name: str) -> tuple[np.ndarray, list[str]]:
    """Cut sound, or fill it up with silence, as tf.audio.decode_wav does."""
    had = len(samples)
    if length is None or had == length:
        return samples, []
    if had > length:
        return samples[:length], [f"the first {length:,} of {had:,} samples"]
    silence = np.zeros((length - had, samples.shape[1]), np.float32)
    return np.concatenate([samples, silence]), [f"{had:,} samples, then silence up to {length:,}"]


def _to_save(inputs: Sequence[Input]) -> str:
    listed = _listed(inputs)
    if len(inputs) == 1:
        return f"save numbers for {listed}"
    return f"save with numpy.savez one array for each of {listed}"


def _listed(inputs: Sequence[Input]) -> str:
    return ", ".join(f"{entry.name!r} of shape {entry}" for entry in inputs)


def _quoted(names: Sequence[str]) -> str:
    return " and ".join(map(repr, names))
