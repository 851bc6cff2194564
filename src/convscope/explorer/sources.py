"""The images of a session: those it was opened with, and those that the page sends."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

from convscope.errors import InputError
from convscope.explorer.failures import NotUnderstood, TooLarge
from convscope.explorer.message import Message
from convscope.inputs import read
from convscope.inputs.array_files import ARRAY_SUFFIXES, ArrayFile, decode_arrays
from convscope.inputs.decoding import PictureTooLargeError, decode_bytes
from convscope.inputs.images import Image
from convscope.inputs.samples import Sample
from convscope.networks import Batch, Network
from convscope.networks.samples import samples_of
from convscope.training.filmed_network import FilmedNetwork
from convscope.views.input_picture import seen

__all__ = ["Source", "opened_with", "reduced", "sent", "source_of", "thumbnail"]

_BYTES = 16 * 2**20
_PIXELS = 25_000_000
# As many in double precision.
_NUMBERS = 8 * _PIXELS
_SIDE = 96
_NAME = 120


@dataclass(frozen=True, eq=False)
class Source:
    """One image, or what else a network takes.

    Attributes
    ----------
    name : str
    content : Image, Sample or mapping of str to numpy.ndarray
        An image; what else a network takes; or arrays by input name, one image each, taken as
        prepared.
    key : bytes
        The same for the same content.
    label : int or None
    class_name : str
    thumbnail : numpy.ndarray or None
        ``(y, x, channel)``, uint8, at most 96 pixels; None for what is no picture.
    """

    name: str
    content: Image | Sample | Mapping[str, np.ndarray]
    key: bytes
    label: int | None = None
    class_name: str = ""
    thumbnail: np.ndarray | None = None

    @property
    def images(self) -> Any:
        """What `Network.activations` takes."""
        return self.content if isinstance(self.content, Mapping) else [self.content]

    def batch(self, network: Network) -> Batch:
        """Prepare it for a network."""
        (batch,) = network.batches(self.images)
        return replace(batch, names=(self.name,))


def opened_with(network: Network, images: Any) -> tuple[Source, ...]:
    """Read the images that a session is opened with; see `Network.activations`."""
    if isinstance(network, FilmedNetwork):
        # It knows no others.
        return tuple(_of_batch(network, network.batch))
    if images is None:
        return ()
    if isinstance(images, Sequence) and images and all(isinstance(one, Image) for one in images):
        return tuple(source_of(one) for one in images)
    floating = isinstance(images, np.ndarray) and images.dtype.kind == "f"
    if isinstance(images, Mapping) or floating:
        batches = network.batches(images)
        if not all(batch.prepared for batch in batches):
            return tuple(source for batch in batches for source in _of_batch(network, batch))
    return tuple(source for one in network.read(images) for source in _of_one(network, one))


def _of_one(network: Network, one: Image | Sample) -> Iterable[Source]:
    if isinstance(one, Image):
        return [source_of(one)]
    (batch,) = network.batches([one])
    return [replace(found, content=one) for found in _of_batch(network, batch)]


def sent(
    message: Message, buffers: Sequence[bytes], known: Sequence[Source], network: Network
) -> Source:
    """Find the image that a message means, or read what it brings for a network.

    Raises
    ------
    NotUnderstood
        For a message that names no image.
    TooLarge
        For more bytes or pixels than are read.
    InputError
        For bytes that are no picture, and numbers that do not fit the network.
    """
    given = message.raw("image")
    if not isinstance(given, Mapping):
        if not known:
            raise NotUnderstood("field 'image' has to bring an image, since there are none here")
        return known[message.whole("image", 0, len(known) - 1)]
    brought = Message(given)
    if not buffers:
        raise NotUnderstood("field 'image' brings an image, and no buffer holds it")
    data = bytes(buffers[0])
    if len(data) > _BYTES:
        raise TooLarge(f"an image of {len(data):,} bytes: give one of at most {_BYTES:,}")
    if brought.has("pixels"):
        return _drawn(brought, data)
    name = brought.text("upload")[-_NAME:]
    if Path(name).suffix.lower() in ARRAY_SUFFIXES:
        return _of_file(network, decode_arrays(data, name, most=_NUMBERS))
    try:
        pixels = decode_bytes(data, name, most=_PIXELS)
    except PictureTooLargeError as error:
        raise TooLarge(str(error)) from error
    return source_of(Image(pixels, name))


def _of_file(network: Network, file: ArrayFile) -> Source:
    entries = samples_of(file, network.inputs, network.preparation, network.name)
    found = [source for one in entries for source in _of_one(network, one)]
    if len(found) != 1:
        raise InputError(f"{file.name!r} holds {len(found)} entries: send one at a time")
    return found[0]


def _drawn(brought: Message, data: bytes) -> Source:
    shape = brought.wholes("pixels", 3, 1, 1 << 14)
    if shape[2] not in {1, 3, 4}:
        raise NotUnderstood("field 'pixels' has to end in 1, 3 or 4 channels")
    if int(np.prod(shape)) != len(data):
        raise NotUnderstood(f"field 'pixels' says {shape}, and the buffer holds {len(data)} bytes")
    pixels = np.frombuffer(data, np.uint8).reshape(shape)
    (image,) = read(pixels)
    return source_of(replace(image, name=brought.text("name", "drawing")[:_NAME]))


def source_of(image: Image) -> Source:
    """Let an image be what a network is run on."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(f"{image.pixels.shape} {image.pixels.dtype} {image.name}".encode())
    digest.update(np.ascontiguousarray(image.pixels).data)
    return Source(image.name, image, digest.digest(), image.label, image.class_name)


def _of_batch(network: Network, batch: Batch) -> Iterable[Source]:
    for place, name in enumerate(batch.names):
        arrays = {key: array[place : place + 1] for key, array in batch.arrays.items()}
        digest = hashlib.blake2b(digest_size=16)
        digest.update(name.encode())
        for key, array in arrays.items():
            digest.update(f"{key} {array.shape} {array.dtype}".encode())
            digest.update(np.ascontiguousarray(array).data)
        picture = seen(network, batch, place)
        yield Source(
            name,
            arrays,
            digest.digest(),
            batch.labels[place],
            batch.class_names[place],
            None if picture is None else reduced(picture),
        )


def thumbnail(source: Source) -> np.ndarray | None:
    """Give a small picture of an image: ``(y, x, channel)``, uint8, at most 96 pixels."""
    if not isinstance(source.content, Image):
        return source.thumbnail
    return reduced(np.clip(np.rint(source.content.pixels), 0, 255).astype(np.uint8))


def reduced(pixels: np.ndarray) -> np.ndarray:
    """Bring ``(y, x, channel)``, uint8, to at most 96 pixels a side; never enlarged."""
    height, width = pixels.shape[:2]
    factor = max(height, width) / _SIDE
    if factor <= 1:
        return pixels
    size = max(1, round(width / factor)), max(1, round(height / factor))
    plain = pixels[..., 0] if pixels.shape[2] == 1 else pixels
    picture = PIL.Image.fromarray(np.ascontiguousarray(plain))
    smaller = np.asarray(picture.resize(size, PIL.Image.Resampling.BOX, reducing_gap=3))
    return smaller.reshape(size[1], size[0], -1)
