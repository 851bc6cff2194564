"""What a PyTorch model is called with: names, shapes and dtypes of its inputs."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isqrt
from typing import Any

import numpy as np
import torch

from convscope.errors import SelectionError

__all__ = ["Signature", "argument_names", "guesses", "signature_of_arrays", "signature_of_shapes"]

# Two examples with unlike numbers show which axes depend on the input.
BATCHES = (2, 3)

# A size must survive the pooling of deep networks, and differ after it.
FREE = ((64, 96), (224, 256), (512, 576))

# Sizes of pictures that networks were trained on, the frequent ones first.
FIXED = (28, 32, 224, 64, 128, 96, 48, 256, 227, 299, 150, 160, 180, 192, 200, 100, 112, 120, 84,
         80, 72, 56, 50, 40, 36, 24, 16, 8, 144, 240, 288, 300, 320, 384, 416, 448, 480, 512, 12,
         20, 10, 42, 60, 90, 400, 600)  # fmt: skip


@dataclass(frozen=True)
class Signature:
    """How a model is called.

    Attributes
    ----------
    names : tuple of str
        Names of the inputs: those of the arguments of ``forward``.
    shapes : tuple of tuple of (int or None)
        Without the image axis; None where any size fits.
    dtypes : tuple of torch.dtype
    device : torch.device
        Where the weights are.
    channels_last : bool
        Whether the weights of its convolutions lie channels last in memory.
    free : (int, int)
        The sizes of the two examples where any fits.
    positional : bool
        Whether the inputs are given in order, not by name.
    images : int or None
        The only number of images that it takes; None where any will do.
    """

    names: tuple[str, ...]
    shapes: tuple[tuple[int | None, ...], ...]
    dtypes: tuple[torch.dtype, ...]
    device: torch.device
    channels_last: bool = False
    free: tuple[int, int] = FREE[0]
    positional: bool = True
    images: int | None = None

    @property
    def batches(self) -> tuple[int, int]:
        """Numbers of images in the two examples."""
        return BATCHES if self.images is None else (self.images, self.images)

    def example(self, which: int) -> list[torch.Tensor]:
        """Make tensors to trace with, the first or the second kind."""
        arrays = []
        for shape, dtype in zip(self.shapes, self.dtypes, strict=True):
            sizes = [self.free[which] if size is None else size for size in shape]
            # Values that are not all alike: a model may divide by their spread.
            count = self.batches[which] * int(np.prod(sizes, dtype=np.int64))
            floating = dtype.is_floating_point
            values = np.linspace(0, 1, count, dtype=np.float32) if floating else np.zeros(count)
            arrays.append(values.reshape(self.batches[which], *sizes))
        return self.tensors(arrays)

    def tensors(self, arrays: Sequence[np.ndarray]) -> list[torch.Tensor]:
        """Copy arrays, one an input, into tensors as the model takes them."""
        found = []
        for array, dtype in zip(arrays, self.dtypes, strict=True):
            last = self.channels_last and array.ndim == 4
            order = torch.channels_last if last else torch.contiguous_format
            given = torch.from_numpy(np.require(array, requirements="W"))
            found.append(given.to(self.device, dtype, copy=True, memory_format=order))
        return found

    def call(self, model: Any, tensors: Sequence[torch.Tensor]) -> Any:
        """Call a model."""
        if self.positional:
            return model(*tensors)
        return model(**dict(zip(self.names, tensors, strict=True)))


def argument_names(model: torch.nn.Module) -> list[str]:
    """Name the arguments that a model's ``forward`` cannot do without."""
    named = getattr(model, "input_names", None)
    if named:
        return list(named)
    try:
        parameters = inspect.signature(model.forward).parameters.values()
    except (TypeError, ValueError):
        return ["input"]
    needed = [
        entry.name
        for entry in parameters
        if entry.default is entry.empty and entry.kind is entry.POSITIONAL_OR_KEYWORD
    ]
    return needed or ["input"]


def signature_of_shapes(model: torch.nn.Module, shapes: Any) -> Signature:
    """Give the signature for shapes that a person named.

    Parameters
    ----------
    shapes : sequence of (int or None), or mapping of str to such
        Without the image axis; by the names of the arguments where there are several.

    Raises
    ------
    SelectionError
        Where they are none, or the names are not those of the arguments.
    """
    named = shapes if isinstance(shapes, Mapping) else {argument_names(model)[0]: shapes}
    try:
        if isinstance(shapes, str):
            raise TypeError
        sizes = tuple(
            tuple(None if size is None else int(size) for size in shape) for shape in named.values()
        )
    except (TypeError, ValueError):
        raise SelectionError(
            f"{shapes!r} is no shape of an input: give its sizes without the image axis, such as "
            "(3, 224, 224), or a dict of these by name of the argument"
        ) from None
    return _placed(model, tuple(map(str, named)), sizes)


def signature_of_arrays(model: torch.nn.Module, arrays: Any) -> Signature:
    """Give the signature with which a model takes these arrays, of images along the first axis."""
    named = arrays if isinstance(arrays, Mapping) else {argument_names(model)[0]: arrays}
    values = [np.asarray(array) for array in named.values()]
    found = _placed(
        model, tuple(map(str, named)), tuple(tuple(value.shape[1:]) for value in values)
    )
    dtypes = tuple(
        kept if value.dtype.kind == "f" else torch.int64
        for value, kept in zip(values, found.dtypes, strict=True)
    )
    return replace(found, dtypes=dtypes)


def _placed(
    model: torch.nn.Module, names: tuple[str, ...], shapes: tuple[tuple[int | None, ...], ...]
) -> Signature:
    weights = [weight for weight in model.parameters() if weight.dtype.is_floating_point]
    kernels = [weight for weight in weights if weight.ndim == 4 and weight.shape[2:].numel() > 1]
    device = weights[0].device if weights else torch.device("cpu")
    dtype = weights[0].dtype if weights else torch.float32
    embedded = any(isinstance(module, torch.nn.Embedding) for module in model.modules())
    convolved = any("Conv" in type(module).__name__ for module in model.modules())
    if embedded and not convolved and all(len(shape) == 1 for shape in shapes):
        dtype = torch.int64
    return Signature(
        names,
        shapes,
        (dtype,) * len(names),
        device,
        _channels_last(kernels),
        positional=list(names) == argument_names(model)[: len(names)],
    )


def _channels_last(kernels: Sequence[torch.Tensor]) -> bool:
    """Tell whether weights lie channels last; those of one channel lie both ways."""
    last = all(kernel.is_contiguous(memory_format=torch.channels_last) for kernel in kernels)
    return last and not all(kernel.is_contiguous() for kernel in kernels)


def guesses(model: torch.nn.Module) -> Iterator[Signature]:
    """Give signatures that a model of one input may have, told by its first weights, likely first.

    The channels are those of the first convolution; its sizes are free, or else one of those that
    networks are trained on. A model that begins with a dense layer takes a vector, or the picture
    with as many values.
    """
    names = argument_names(model)
    if getattr(model, "input_shapes", None):
        yield from _told(model, tuple(names))
        return
    if len(names) != 1:
        return
    read = _first_read(model)
    if read is None:
        return
    name = (names[0],)
    count, rank = read
    if rank:
        channels = count
        shape = (channels, *(None,) * rank)
        for free in FREE[: 3 if rank < 3 else 1]:
            yield replace(_placed(model, name, (shape,)), free=free)
        for size in FIXED if rank < 3 else FIXED[3:4]:
            yield _placed(model, name, ((channels, *(size,) * rank),))
        return
    for channels in (1, 3):
        side = isqrt(count // channels)
        if side >= 8 and channels * side * side == count:
            yield _placed(model, name, ((channels, side, side),))
    yield _placed(model, name, ((count,),))


def _told(model: Any, names: tuple[str, ...]) -> Iterator[Signature]:
    """Give signatures of a program that tells its shapes, and perhaps a number of images."""
    whole = replace(
        _placed(model, names, tuple(model.input_shapes)), dtypes=tuple(model.input_dtypes)
    )
    for images in dict.fromkeys((None, model.images)):
        for free in FREE:
            yield replace(whole, images=images, free=free)
            if all(None not in shape for shape in whole.shapes):
                break


def _first_read(model: torch.nn.Module) -> tuple[int, int] | None:
    """Give the channels that the first weights read, and their number of spatial axes."""
    for module in model.modules():
        if hasattr(module, "in_channels") and hasattr(module, "kernel_size"):
            return int(module.in_channels), len(module.kernel_size)
        if hasattr(module, "in_features") and hasattr(module, "weight"):
            return int(module.in_features), 0
        if isinstance(module, torch.nn.Embedding | torch.nn.RNNBase):
            return None
    # A program has weights and no modules.
    for weight in model.parameters():
        if 2 <= weight.ndim <= 5:
            return int(weight.shape[1]), weight.ndim - 2
    return None
