"""What is known of a layer before any image is seen, and of the inputs of a network."""

from __future__ import annotations

from dataclasses import dataclass, field

from convscope.networks.geometry import Geometry

__all__ = ["Input", "Layer", "dims_of"]

_SPACE = {0: (), 1: ("x",), 2: ("y", "x"), 3: ("z", "y", "x")}


def dims_of(rank: int, *, image: bool = True) -> tuple[str, ...]:
    """Name the axes of an activation by its rank, channels before space.

    Parameters
    ----------
    rank : int
        Number of axes, the image axis included where there is one.
    image : bool
        Whether the first axis counts images.

    Returns
    -------
    tuple of str
        ``image, channel``; ``image, channel, x``; ``image, channel, y, x``;
        ``image, channel, z, y, x``; for other ranks ``image, axis1, ...``; without an image axis
        the same less ``image``.
    """
    inner = rank - 1 if image else rank
    leading = ("image",) if image else ()
    if inner - 1 in _SPACE:
        return (*leading, "channel", *_SPACE[inner - 1])
    return (*leading, *(f"axis{axis + 1}" for axis in range(inner)))


@dataclass(frozen=True)
class Input:
    """One input of a network.

    Attributes
    ----------
    name : str
        The name under which a dict of arrays gives it.
    shape : tuple of (int or None)
        Shape in the network's own axis order, without the image axis; None where any size fits.
    dtype : str
        The dtype in which the network takes it.
    channels_first : bool
        Whether the network puts the channel axis before the spatial axes.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str
    channels_first: bool

    def __str__(self) -> str:
        """Give the shape as an array is written, images first."""
        sizes = ", ".join("any" if size is None else str(size) for size in self.shape)
        return f"(images, {sizes})" if sizes else "(images,)"


@dataclass(frozen=True)
class Layer:
    """One call of one layer or operation, in execution order, under a unique name.

    Attributes
    ----------
    index : int
        Place in execution order, from 0.
    name : str
        ``outer/inner`` for a nested layer, ``relu#2`` for the second call of a shared one,
        ``lstm:0`` for one of several outputs, ``conv2d:linear`` for a linear part.
    kind : str
        What it does, in one word for all frameworks: ``conv``, ``pool``, ``dense``, ...
    operation : str
        What its framework calls it: ``Conv2D``.
    dims : tuple of str
        Axis words of its activation, without ``image``.
    shape : tuple of (int or None)
        Size along each of `dims`; None where it depends on the input.
    parameters, trainable : int
        Number of weights, and how many of them training changes. Weights that several layers
        share count where they are used first.
    inputs : tuple of str, or None
        The layers and network inputs whose values it takes; None when code between the layers
        makes that unknown.
    geometry : Geometry or None
        Which positions of its input a unit looks at; None where that is not a window.
    joined : int or None
        The spatial axis along which its inputs lie end to end; None where they do not.
    receptive_field : tuple of int, or None
        Size of the part of the network's input that a unit can see, per spatial axis.
    sees_everything : bool
        Whether every unit sees the whole input (after global pooling or dense).
    composite : bool
        Whether it is a model or block whose parts are layers too.
    bounds : tuple of (float or None, float or None)
        Values that its activation function approaches and never leaves, zero of a rectifier left
        out: ``(0, 1)`` for a sigmoid, ``(None, 6)`` for ReLU6.
    has_image_axis : bool
        Whether the activation has one entry an image.
    channels_first : bool
        Whether the framework's value has the channel axis before the spatial axes.
    has_linear : bool
        Whether a fused activation function hides a linear part, ``name:linear``.
    """

    index: int
    name: str
    kind: str
    operation: str
    dims: tuple[str, ...]
    shape: tuple[int | None, ...]
    parameters: int = 0
    trainable: int = 0
    inputs: tuple[str, ...] | None = None
    geometry: Geometry | None = None
    joined: int | None = None
    receptive_field: tuple[int, ...] | None = None
    sees_everything: bool = False
    composite: bool = False
    bounds: tuple[float | None, float | None] = (None, None)
    has_image_axis: bool = True
    channels_first: bool = field(default=False, repr=False)
    has_linear: bool = field(default=False, repr=False)

    @property
    def channels(self) -> int | None:
        """Number of feature maps; None where it depends on the input or there is no channel."""
        return self.shape[0] if self.dims[:1] == ("channel",) else None

    @property
    def space(self) -> tuple[int | None, ...]:
        """Size of a feature map along its spatial axes; empty for a layer without space."""
        return self.shape[1:] if self.dims[:1] == ("channel",) else ()
