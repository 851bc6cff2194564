"""What a network expects of an image: options, the sidecar, the network itself, its family."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from convscope.errors import ModelError, SelectionError, warn
from convscope.inputs.preparation import Preparation, application_preparation
from convscope.networks.layer import Input

__all__ = [
    "Options",
    "Sidecar",
    "check_labels",
    "expected_preparation",
    "find_labels",
    "read_sidecar",
]


@dataclass(frozen=True)
class Options:
    """What the person says of the preparation; None leaves a thing to the network.

    Attributes
    ----------
    size : tuple of (int, int), optional
        Height and width in pixels.
    range : tuple of (float, float), optional
        What black and white become.
    mean, std : tuple of float, optional
        Subtracted and divided by, a channel each, after `range`.
    order : str, optional
        ``rgb`` or ``bgr``.
    """

    size: tuple[int, int] | None = None
    range: tuple[float, float] | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    order: str | None = None

    def apply(self, preparation: Preparation) -> Preparation:
        """Let what was said go before what was found."""
        said: dict[str, Any] = {}
        if self.size is not None:
            # What is cut out belongs to the size that the network was trained on.
            said["size"], said["resize"] = self.size, None
        if self.range is not None:
            said["low"], said["high"] = self.range
        for name in ("mean", "std", "order"):
            if getattr(self, name) is not None:
                said[name] = getattr(self, name)
        if not said:
            return preparation
        words = ", ".join(
            "range" if name in {"low", "high"} else name
            for name in said
            if name not in {"low", "resize"}
        )
        return replace(preparation, **said, source=f"{words} as given; else {preparation.source}")


@dataclass(frozen=True)
class Sidecar:
    """What was saved beside a model.

    Attributes
    ----------
    labels : tuple of str
        Names of the classes.
    preparation : dict or None
        The preparation's entry.
    path : Path or None
        The file.
    """

    labels: tuple[str, ...] = ()
    preparation: dict[str, Any] | None = None
    path: Path | None = None


def read_sidecar(model: Path) -> Sidecar:
    """Read ``NAME.convscope.json`` beside a model file; empty when there is none.

    Raises
    ------
    ModelError
        When the file is there and cannot be understood.
    """
    if not model.name:
        return Sidecar()
    path = model.with_suffix(".convscope.json")
    if not path.is_file():
        return Sidecar()
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        labels = tuple(str(label) for label in entries.get("labels", ()))
        return Sidecar(labels, entries.get("preparation"), path)
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise ModelError(
            f"{path} lies beside the model but is no sidecar ({error}): mend it or move it away"
        ) from error


def find_labels(model: Path | None, given: Sequence[str] | str | Path | None) -> tuple[str, ...]:
    """Find the names of the classes: given, or in ``labels.txt`` beside the model.

    Parameters
    ----------
    model : Path or None
    given : sequence of str, or path of a text file with a label a line

    Notes
    -----
    Teachable Machine writes ``0 Cat`` and ``1 Dog``; the numbers are left out where every line
    has its own.
    """
    if given is not None and not isinstance(given, str | Path):
        return tuple(str(label) for label in given)
    path = Path(given) if given is not None else None
    if path is None:
        beside = model.with_name("labels.txt") if model is not None and model.name else None
        if beside is None or not beside.is_file():
            return ()
        path = beside
    elif isinstance(given, str) and "," in given and not _exists(path):
        return tuple(label.strip() for label in given.split(","))
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(
            f"the labels cannot be read from {path} ({_reason(error)}): give a text file with one "
            "label a line, or the labels separated by commas"
        ) from error
    lines = [line for line in lines if line]
    numbered = [line.split(maxsplit=1) for line in lines]
    if lines and all(
        len(parts) == 2 and parts[0] == str(place) for place, parts in enumerate(numbered)
    ):
        return tuple(parts[1] for parts in numbered)
    return tuple(lines)


def expected_preparation(
    inputs: Sequence[Input],
    options: Options,
    sidecar: Sidecar,
    inside: tuple[float, float, str] | None,
    application: str | None,
    *,
    planes: bool = True,
    family: Preparation | None = None,
) -> Preparation | None:
    """Decide what is done to images: options, sidecar, layers inside, family, else 0..1.

    Parameters
    ----------
    inside : tuple of (float, float, str) or None
        Pixel range that rescaling layers inside the network are made for, and the reason.
    application : str or None
        A family of ``keras.applications``.
    planes : bool
        Whether an input of two axes is a grey picture ``(y, x)``, and not a signal or sequence.
    family : Preparation or None
        What the library that the network came from does to images.

    Returns
    -------
    Preparation or None
        None when the network takes no images: several inputs, or one that is not
        ``(y, x, channel)`` with one or three channels, nor ``(y, x)``.
    """
    found = _picture_of(inputs, planes)
    if found is None:
        return None
    size, channels = found
    if size is not None and options.size is not None and options.size != size:
        raise SelectionError(
            f"a size of {options.size[0]} x {options.size[1]} was asked for, and the network takes "
            f"{size[0]} x {size[1]} alone: leave the size out"
        )
    if sidecar.preparation is not None:
        try:
            saved = Preparation.from_json(
                {"size": size, "channels": channels, **sidecar.preparation},
                source=f"from {sidecar.path.name}" if sidecar.path else "from the sidecar",
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"{sidecar.path} does not describe a preparation ({error}): mend or remove it"
            ) from error
        return options.apply(replace(saved, size=size or saved.size, channels=channels))
    if family is not None:
        return options.apply(replace(family, size=size or family.size, channels=channels))
    if inside is not None:
        low, high, reason = inside
        return options.apply(Preparation(size, channels, low=low, high=high, source=reason))
    if application is not None:
        return options.apply(application_preparation(application, size))
    return options.apply(Preparation(size, channels, source="nothing says otherwise"))


def check_labels(labels: Sequence[str], sizes: Collection[int], name: str) -> None:
    """Warn when the names of the classes are not one an output.

    Parameters
    ----------
    labels : sequence of str
    sizes : collection of int
        How many channels each output of the network has.
    name : str
        What the network is called.
    """
    count = len(labels)
    if not count or count in sizes or (count == 2 and 1 in sizes):
        return
    had = " and ".join(map(str, sorted(sizes)))
    warn(
        f"{count} class names were found for {had} outputs of {name}, so classes show as "
        "numbers: give one name an output with --labels (labels=)",
    )


def _picture_of(inputs: Sequence[Input], planes: bool) -> tuple[tuple[int, int] | None, int] | None:
    if len(inputs) != 1:
        return None
    shape = inputs[0].shape
    if len(shape) == 2 and None not in shape and planes:
        return (int(shape[0] or 0), int(shape[1] or 0)), 1
    if len(shape) != 3:
        return None
    channels = shape[0] if inputs[0].channels_first else shape[2]
    space = shape[1:] if inputs[0].channels_first else shape[:2]
    if channels not in {1, 3}:
        return None
    if space[0] is None or space[1] is None:
        return None, channels
    return (space[0], space[1]), channels


def _exists(path: Path) -> bool:
    # A thousand labels in a row are too long for a file's name.
    try:
        return path.exists()
    except OSError:
        return False


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
