"""Which score of a network is meant: a class, a contrast of two, a place in a map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from convscope.arguments import is_whole, real_array, text, told, wholes
from convscope.errors import SelectionError, near
from convscope.networks import Batch, Head, Layer, Network
from convscope.networks.selection import named_layer

__all__ = ["Aim", "Target", "aim", "aim_at", "head_of", "is_strongest"]


@dataclass(frozen=True, eq=False)
class Target:
    """A score that a network gives an image.

    Attributes
    ----------
    channel : int, str or None
        The class, by index or name; for a network that is no classifier, the output's channel.
        None: for each image the class that the network gives it.
    against : int, str or None
        Another class: the score is then the difference of the two.
    output : str or None
        Which of several outputs; the first by default.
    unit : tuple of int, or None
        For an output with space, such as a detector's boxes: one position, in the order of its
        dims.
    box : tuple of int, or None
        For an output with space: ``(top, left, bottom, right)``, the last two left out; the sum
        over the box.
    mask : array of bool, or None
        For an output with space: the sum over the positions where it is true. Without `unit`, `box`
        and `mask`, the sum runs over the positions at which the class wins.
    """

    channel: int | str | None = None
    against: int | str | None = None
    output: str | None = None
    unit: tuple[int, ...] | None = None
    box: tuple[int, int, int, int] | None = None
    mask: Any = None

    def __post_init__(self) -> None:
        for name in ("channel", "against"):
            given = getattr(self, name)
            if given is not None and not isinstance(given, str) and not is_whole(given):
                raise SelectionError(
                    f"the class {told(given)} ({name}): give its index, its name or None"
                )
        if self.output is not None:
            text(self.output, "output")
        if self.unit is not None:
            wholes(self.unit, "unit")
        if self.box is not None and len(wholes(self.box, "box")) != 4:
            raise SelectionError(f"box {told(self.box)}: give (top, left, bottom, right)")
        if self.mask is not None:
            mask = real_array(self.mask, "mask", "of bool, as large as the output")
            if mask.ndim == 0:
                raise SelectionError(
                    f"mask {told(self.mask)}: give an array as large as the output"
                )

    @classmethod
    def of(cls, given: Any) -> Target:
        """Read a target as a person writes it: ``None``, ``3``, ``"dog"``, ``("dog", "cat")``.

        Raises
        ------
        SelectionError
            For anything else.
        """
        if isinstance(given, Target):
            return given
        if given is None or isinstance(given, str) or is_whole(given):
            return cls(given)
        if isinstance(given, Sequence) and not isinstance(given, bytes) and len(given) == 2:
            return cls(given[0], given[1])
        raise SelectionError(
            f"{told(given)} is no target: give a class by index or name, two of them for their "
            "difference, or a Target"
        )


@dataclass(frozen=True, eq=False)
class Aim:
    """A target found in a network, for one batch.

    Attributes
    ----------
    head : Head
        Where the score is.
    seed : numpy.ndarray
        Of the shape of the head's value, in the order of the dims: the score of an image is the sum
        of seed x value.
    classes : tuple of int
        The channel that was chosen for each image.
    words : tuple of str
        What the score of each image is: ``logit of dog``, ``logit of dog - logit of cat``.
    """

    head: Head
    seed: np.ndarray
    classes: tuple[int, ...]
    words: tuple[str, ...]


def aim(network: Network, batch: Batch, target: Any = None) -> Aim:
    """Find a target in a network.

    The score is the logit: a sigmoid with one unit scores its second class with the logit, its
    first with minus the logit.

    Parameters
    ----------
    network : Network
    batch : Batch
        The network is run on it once, up to the head, unless the target names a class of a head
        without space, for which no score need be known.
    target : None, int, str, pair or Target

    Raises
    ------
    SelectionError
        For an output, class or place that does not exist; the message names what is possible.
    """
    head, wanted = head_of(network, target), Target.of(target)
    layer = named_layer(network.layers, head.layer)
    if wanted.channel is not None and _is_row(layer):
        # Told by its size alone.
        value = np.zeros((len(batch.names), layer.channels or 0), np.float32)
    else:
        value = network.run(batch, [head.layer], outputs=False).values[head.layer]
    return aim_at(network, head, value, target)


def is_strongest(network: Network, target: Any) -> bool:
    """Tell whether a target is the class that each image scores highest, and nothing else.

    `Network.gradients` and `Network.sums` find that one themselves.
    """
    wanted = Target.of(target)
    asked = (wanted.channel, wanted.against, wanted.unit, wanted.box, wanted.mask)
    if any(part is not None for part in asked):
        return False
    return _is_row(named_layer(network.layers, head_of(network, target).layer))


def _is_row(layer: Layer) -> bool:
    """Tell whether a layer gives each image a row of scores, of which the number is known."""
    return layer.has_image_axis and layer.dims == ("channel",) and bool(layer.channels)


def aim_at(network: Network, head: Head, value: np.ndarray, target: Any) -> Aim:
    """Find a target among scores that are known; see `aim`."""
    wanted = Target.of(target)
    if value.ndim < 2:
        raise SelectionError(
            f"output {head.output!r} has no channels to choose from: name another output "
            f"({', '.join(network.heads)})"
        )
    binary = value.shape[1] == 1 and head.activation == "sigmoid"
    classes = _classes(network, head, value, wanted.channel, binary)
    seed = np.zeros(value.shape, np.float32)
    for image, chosen in enumerate(classes):
        seed[image] += _plane(value[image], chosen, wanted, binary)
    if wanted.against is not None:
        others = _classes(network, head, value, wanted.against, binary)
        for image, (chosen, other) in enumerate(zip(classes, others, strict=True)):
            if chosen == other:
                raise SelectionError(
                    f"class {_name(network, value, chosen, binary)} against itself is always 0: "
                    "give two classes"
                )
            if binary:
                # One logit is the difference of the two classes already.
                continue
            where = np.abs(_plane(value[image], chosen, wanted, binary)).sum(axis=0)
            seed[image] -= _at(value[image], other, where, binary)
    words = tuple(
        _words(network, head, value, chosen, other, binary)
        for chosen, other in zip(
            classes,
            others if wanted.against is not None else [None] * len(classes),
            strict=True,
        )
    )
    where = _region(wanted, seed)
    return Aim(head, seed, tuple(classes), tuple(said + where for said in words))


def head_of(network: Network, target: Any = None) -> Head:
    """Give the head of the output that a target is about.

    Raises
    ------
    SelectionError
        For an output that does not exist, or a network whose outputs no layer makes.
    """
    output = Target.of(target).output
    heads: Mapping[str, Head] = network.heads
    if not heads:
        raise SelectionError(
            f"no layer of {network.name} makes its output, so there is no score to explain"
        )
    if output is None:
        return next(iter(heads.values()))
    if output not in heads:
        raise SelectionError(f"{network.name} has no output {output!r}: {near(output, heads)}")
    return heads[output]


def _classes(
    network: Network, head: Head, value: np.ndarray, channel: int | str | None, binary: bool
) -> list[int]:
    """Give the class of every image."""
    images = len(value)
    if channel is None:
        return [_strongest(value[image], binary) for image in range(images)]
    count = 2 if binary else value.shape[1]
    labels = network.labels if len(network.labels) == count else ()
    if isinstance(channel, str) and channel in labels:
        return [labels.index(channel)] * images
    if isinstance(channel, str) and not channel.lstrip("-").isdigit():
        said = near(channel, labels) if labels else f"give an index from 0 to {count - 1}"
        raise SelectionError(f"output {head.output!r} has no class {channel!r}: {said}")
    index = int(channel)
    if not 0 <= index < count:
        raise SelectionError(
            f"output {head.output!r} has no class {index}: its classes are 0 to {count - 1}"
        )
    return [index] * images


def _strongest(value: np.ndarray, binary: bool) -> int:
    """Find the class that wins an image, or most of its positions."""
    flat = value.reshape(len(value), -1)
    if binary:
        return int((flat > 0).any())
    winners = flat.argmax(axis=0)
    return int(np.bincount(winners, minlength=len(value)).argmax())


def _plane(value: np.ndarray, chosen: int, wanted: Target, binary: bool) -> np.ndarray:
    """Give the seed of one image for one class."""
    space = value.shape[1:]
    if wanted.mask is not None:
        where = np.asarray(wanted.mask)
        if where.shape != space or not where.any():
            raise SelectionError(
                f"a mask of shape {where.shape} for an output of {_size(space)}: give one of that "
                "shape that is true somewhere"
            )
    elif wanted.box is not None:
        top, left, bottom, right = wanted.box
        inside = len(space) == 2 and 0 <= top < bottom <= space[0] and 0 <= left < right <= space[1]
        if not inside:
            raise SelectionError(
                f"box {wanted.box} (top, left, bottom, right) does not lie in an output of "
                f"{_size(space)}"
            )
        where = np.zeros(space, bool)
        where[top:bottom, left:right] = True
    elif wanted.unit is not None:
        unit = tuple(wanted.unit)
        inside = len(unit) == len(space) and all(
            0 <= at < size for at, size in zip(unit, space, strict=False)
        )
        if not inside:
            raise SelectionError(f"unit {unit} does not lie in an output of {_size(space)}")
        where = np.zeros(space, bool)
        where[unit] = True
    else:
        where = _won(value, chosen, binary)
    return _at(value, chosen, where, binary)


def _won(value: np.ndarray, chosen: int, binary: bool) -> np.ndarray:
    """Find where a class wins; everywhere when it wins nowhere, or there is no space."""
    if value.ndim == 1:
        return np.ones((), bool)
    won = (value[0] > 0) == bool(chosen) if binary else value.argmax(axis=0) == chosen
    return won if won.any() else np.ones_like(won)


def _at(value: np.ndarray, chosen: int, where: np.ndarray, binary: bool) -> np.ndarray:
    seed = np.zeros(value.shape, np.float32)
    if binary:
        seed[0] = where * (1.0 if chosen else -1.0)
    else:
        seed[chosen] = where
    return seed


def _size(space: tuple[int, ...]) -> str:
    return " x ".join(map(str, space)) if space else "no positions"


def _region(target: Target, seed: np.ndarray) -> str:
    """Say over which positions of an output with space a score is summed."""
    if seed.ndim < 3:
        return ""
    if target.mask is not None:
        return f" within a mask of {np.count_nonzero(target.mask)} positions"
    if target.box is not None:
        return f" within the box {tuple(target.box)}"
    if target.unit is not None:
        return f" at {tuple(target.unit)}"
    return " where it wins"


def _name(network: Network, value: np.ndarray, chosen: int, binary: bool) -> str:
    count = 2 if binary else value.shape[1]
    return network.labels[chosen] if len(network.labels) == count else str(chosen)


def _words(
    network: Network, head: Head, value: np.ndarray, chosen: int, other: int | None, binary: bool
) -> str:
    kind = "output" if head.activation == "linear" else "logit"
    first = f"{kind} of {_name(network, value, chosen, binary)}"
    if other is None:
        return first
    return f"{first} - {kind} of {_name(network, value, other, binary)}"
