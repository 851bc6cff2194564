"""What a network takes: size, channels and range; and images brought to it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import PIL.Image

from convscope.errors import InputError, SelectionError, near
from convscope.inputs.applications import APPLICATIONS, MODES
from convscope.inputs.checking import find_problems
from convscope.inputs.images import Image

__all__ = ["APPLICATIONS", "Preparation", "application_preparation", "check", "prepare"]

_ENTRIES = ("size", "resize", "channels", "low", "high", "mean", "std", "order")


@dataclass(frozen=True)
class Preparation:
    """What is done to images before a network sees them.

    A pixel value ``v`` in 0..255 becomes ``(v / 255 (high - low) + low - mean) / std``.

    Attributes
    ----------
    size : tuple of (int, int) or None
        Height and width in pixels; None leaves an image's own.
    channels : int
        1 (grey) or 3 (colour).
    resize : int or None
        To how many pixels the shorter side is brought before the middle of `size` is cut out; None
        stretches the whole image to the size. An image that has the size already is left as it is.
    low, high : float
        What pixel values 0 and 255 become.
    mean, std : tuple of float, or None
        Subtracted and divided by, after `low` and `high`: one number, or one a channel in the
        order in which the network sees the channels (blue first under ``bgr``).
    order : str
        ``rgb`` or ``bgr``.
    source : str
        Where this came from, in words that are printed.

    Raises
    ------
    InputError
        When this is no preparation: a size below one pixel, an empty range, a standard deviation
        of 0, ...
    """

    size: tuple[int, int] | None
    channels: int
    low: float = 0.0
    high: float = 1.0
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    order: str = "rgb"
    source: str = "default"
    resize: int | None = None

    def __post_init__(self) -> None:
        problem = self._problem()
        if problem:
            raise InputError(f"the preparation ({self.source}) {problem}")

    def _problem(self) -> str | None:
        if self.size is not None and (len(self.size) != 2 or min(self.size) < 1):
            return f"has the size {self.size}: give height and width, at least one pixel each"
        if self.resize is not None and (self.size is None or self.resize < max(self.size)):
            return f"has the resize {self.resize}: give a size, and at least its longer side"
        if self.channels not in {1, 3}:
            return f"has {self.channels} channels: give 1 (grey) or 3 (RGB)"
        if not all(map(math.isfinite, (self.low, self.high))) or self.low == self.high:
            return f"has the range {self.low:g}..{self.high:g}: give two finite, unlike numbers"
        if self.order not in {"rgb", "bgr"}:
            return f"has the channel order {self.order!r}: give 'rgb' or 'bgr'"
        return self._wrong_numbers("mean") or self._wrong_numbers("std")

    def _wrong_numbers(self, name: str) -> str | None:
        numbers = self.mean if name == "mean" else self.std
        if numbers is None:
            return None
        if len(numbers) not in {1, self.channels}:
            return f"has {len(numbers)} numbers as {name}: give one, or {self.channels}"
        if not all(map(math.isfinite, numbers)) or (name == "std" and min(numbers) <= 0):
            kind = "positive" if name == "std" else "finite"
            return f"has {numbers} as {name}: give {kind} numbers"
        return None

    def describe(self) -> str:
        """Say in one line what is done: ``28 x 28, grey, 0..1 (default)``."""
        size = "own size" if self.size is None else f"{self.size[0]} x {self.size[1]}"
        colour = "grey" if self.channels == 1 else self.order.upper()
        if self.resize is not None:
            size = f"the middle {size} of {self.resize} on the shorter side"
        words = [size, colour, f"{self.low:g}..{self.high:g}"]
        if self.mean is not None:
            words.append("minus " + " ".join(f"{number:g}" for number in self.mean))
        if self.std is not None:
            words.append("over " + " ".join(f"{number:g}" for number in self.std))
        return f"{', '.join(words)} ({self.source})"

    def bounds(self) -> tuple[float, float]:
        """Give the lowest and the highest value that a prepared image can hold."""
        means = np.asarray(self.mean or (0.0,))
        stds = np.asarray(self.std or (1.0,))
        ends = [(end - means) / stds for end in (self.low, self.high)]
        return float(np.min(ends)), float(np.max(ends))

    def to_json(self) -> dict[str, Any]:
        """Give the entry of a sidecar; `mean` and `std` only where there are any."""
        entry: dict[str, Any] = {
            "size": None if self.size is None else list(self.size),
            "channels": self.channels,
            "low": self.low,
            "high": self.high,
            "order": self.order,
        }
        for name, numbers in (("mean", self.mean), ("std", self.std)):
            if numbers is not None:
                entry[name] = list(numbers)
        if self.resize is not None:
            entry["resize"] = self.resize
        return entry

    @classmethod
    def from_json(cls, entry: Mapping[str, Any], source: str = "default") -> Preparation:
        """Read the entry of a sidecar.

        Raises
        ------
        KeyError, TypeError, ValueError
            When an entry is missing, of the wrong type, or unknown.
        InputError
            When they say what cannot be done.
        """
        unknown = set(entry) - set(_ENTRIES)
        if unknown:
            name = sorted(unknown)[0]
            raise ValueError(f"unknown entry {name!r}: {near(name, _ENTRIES)}")
        size, resize = entry.get("size"), entry.get("resize")
        return cls(
            size=None if size is None else tuple(int(number) for number in size),  # type: ignore[arg-type]
            channels=int(entry["channels"]),
            low=float(entry.get("low", 0.0)),
            high=float(entry.get("high", 1.0)),
            mean=_numbers(entry.get("mean")),
            std=_numbers(entry.get("std")),
            order=str(entry.get("order", "rgb")),
            source=source,
            resize=None if resize is None else int(resize),
        )


def _numbers(given: Any) -> tuple[float, ...] | None:
    if given is None:
        return None
    return tuple(
        float(number) for number in (given if isinstance(given, list | tuple) else [given])
    )


def application_preparation(name: str, size: tuple[int, int] | None) -> Preparation:
    """Give what a network of keras.applications takes.

    Parameters
    ----------
    name : str
        Such as ``MobileNetV2``; upper and lower case are alike.
    size : tuple of (int, int) or None
        Height and width that the network was built for.

    Raises
    ------
    SelectionError
        When there is no such application.
    """
    known = {application.casefold(): application for application in APPLICATIONS}
    application = known.get(name.casefold())
    if application is None:
        raise SelectionError(f"keras.applications has no {name!r}: {near(name, APPLICATIONS)}")
    fields: dict[str, Any] = MODES[APPLICATIONS[application]]
    return Preparation(
        size, 3, source=f"as keras.applications prepares for {application}", **fields
    )


def check(prepared: np.ndarray, preparation: Preparation) -> list[str]:
    """Say what looks wrong in an array that is given as prepared.

    Parameters
    ----------
    prepared : numpy.ndarray
        Any shape.
    preparation : Preparation
        What the network expects.

    Returns
    -------
    list of str
        One line a problem, each with the remedy; empty when nothing looks wrong.
    """
    return find_problems(prepared, *preparation.bounds(), preparation.describe())


def prepare(images: Sequence[Image], preparation: Preparation) -> np.ndarray:
    """Bring images to what a network takes.

    Images are stretched to the size, or their middle is cut out (Pillow's bilinear filter, which
    averages when it reduces), RGB becomes grey by ITU-R 601 (0.299 R + 0.587 G + 0.114 B), grey is
    repeated for RGB, and the values are brought to the range.

    Returns
    -------
    numpy.ndarray
        ``(image, y, x, channel)``, float32.

    Raises
    ------
    InputError
        When there are no images, or they differ in size and the preparation sets none.
    """
    if not images:
        raise InputError("there is no image to prepare: give at least one")
    sizes = {image.size for image in images} if preparation.size is None else {preparation.size}
    if len(sizes) > 1:
        found = ", ".join(f"{y} x {x}" for y, x in sorted(sizes)[:4])
        raise InputError(
            f"the images differ in size ({found}{', ...' if len(sizes) > 4 else ''}) and the "
            "network sets none: give images of one size, set a size, or prepare them one by one"
        )
    size = sizes.pop()
    out = np.empty((len(images), *size, preparation.channels), np.float32)
    divisor = np.float32(255 / (preparation.high - preparation.low))
    for place, image in enumerate(images):
        pixels = _resized(_coloured(image.pixels, preparation.channels), size, preparation.resize)
        if preparation.order == "bgr":
            pixels = np.ascontiguousarray(pixels[:, :, ::-1])
        np.divide(pixels, divisor, out=out[place], dtype=np.float32)
    if preparation.low:
        out += np.float32(preparation.low)
    # Whole rows at once: an innermost loop over three channels is ten times slower.
    rows = out.reshape(len(images), size[0], size[1] * preparation.channels)
    if preparation.mean is not None:
        rows -= _row(preparation.mean, rows.shape[2])
    if preparation.std is not None:
        rows /= _row(preparation.std, rows.shape[2])
    return out


def _row(numbers: tuple[float, ...], length: int) -> np.ndarray:
    """Repeat one number, or one a channel, over a row of pixels."""
    return np.tile(np.asarray(numbers, np.float32), length // len(numbers))


def _coloured(pixels: np.ndarray, channels: int) -> np.ndarray:
    """Make RGB grey where grey is taken; grey for RGB is left to be repeated on writing."""
    if pixels.shape[2] == channels or pixels.shape[2] == 1:
        return pixels
    if pixels.dtype == np.uint8:
        picture = PIL.Image.fromarray(np.ascontiguousarray(pixels))
        return np.asarray(picture.convert("L"))[:, :, np.newaxis]
    return (pixels @ np.array([0.299, 0.587, 0.114], np.float32))[:, :, np.newaxis]


def _resized(pixels: np.ndarray, size: tuple[int, int], resize: int | None) -> np.ndarray:
    if pixels.shape[:2] == size:
        return pixels
    if pixels.dtype == np.uint8:
        plain = pixels[:, :, 0] if pixels.shape[2] == 1 else pixels
        return _stretched(plain, size, resize).reshape(*size, pixels.shape[2])
    planes = [_stretched(pixels[:, :, place], size, resize) for place in range(pixels.shape[2])]
    return np.stack(planes, axis=2)


def _stretched(plane: np.ndarray, size: tuple[int, int], resize: int | None) -> np.ndarray:
    picture = PIL.Image.fromarray(np.ascontiguousarray(plane))
    box = None if resize is None else _middle(picture.size, size, resize)
    wide, tall = size[1], size[0]
    return np.asarray(picture.resize((wide, tall), PIL.Image.Resampling.BILINEAR, box))


def _middle(
    sides: tuple[int, int], size: tuple[int, int], resize: int
) -> tuple[float, float, float, float]:
    """Give the part of an image that fills the size once its shorter side has `resize` pixels."""
    pixel = min(sides) / resize
    wide, tall = size[1] * pixel, size[0] * pixel
    # Rounding must not leave the image.
    left, top = max(0.0, (sides[0] - wide) / 2), max(0.0, (sides[1] - tall) / 2)
    return left, top, min(left + wide, sides[0]), min(top + tall, sides[1])
