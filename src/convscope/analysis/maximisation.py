"""The image that excites a channel most, by gradient ascent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from convscope.analysis.canvas import Canvas
from convscope.analysis.excitation import excitation
from convscope.analysis.units import channels_of, one_layer
from convscope.arguments import callback, whole
from convscope.errors import InputError, ModelError
from convscope.inputs.preparation import Preparation
from convscope.networks import Batch, Layer, Network
from convscope.networks.selection import LINEAR, Selector

__all__ = ["STEPS", "Maximised", "maximise"]

STEPS = 256
_RATE = 0.05
# Of images of any size, this is the side that is made.
_SIDE = 128
_PIXELS_AT_ONCE = 1 << 19
_MOST_AT_ONCE = 32
_THROUGH = {"pool", "dropout", "upsampling", "padding", "cropping"}


@dataclass(frozen=True, eq=False)
class Maximised:
    """Images made to excite channels.

    Attributes
    ----------
    layer : str
    channels : tuple of int
    images : numpy.ndarray
        ``(image, y, x, colour)``, uint8, one a channel; colours as a person sees them.
    excitation : numpy.ndarray
        ``(image,)``, float32: the mean of the channel's map on that very image, read and prepared
        like any other.
    course : numpy.ndarray
        ``(step, image)``, float32: the same during the ascent.
    seed : int
    """

    layer: str
    channels: tuple[int, ...]
    images: np.ndarray
    excitation: np.ndarray
    course: np.ndarray
    seed: int


def maximise(
    network: Network,
    layer: Selector,
    channels: Sequence[int],
    *,
    steps: int = STEPS,
    seed: int = 0,
    progress: Callable[[], None] | None = None,
) -> Maximised:
    """Find what excites channels most.

    Gradient ascent on the mean of the channel's map, the quantity that `excitation` measures for
    real images, with the coefficients of waves as variables (Olah, Mordvintsev and Schubert,
    *Feature Visualization*, Distill 2017), the image moved by a few pixels before every step, and
    the optimiser of Kingma and Ba (*Adam*, ICLR 2015). A channel that is silent, and so has no
    gradient, is first brought to life by the unit nearest to firing.

    Parameters
    ----------
    network : Network
    layer : str or int
        Name or index of one layer, or of a linear part: scores before a softmax are
        ``dense:linear``.
    channels : sequence of int
    steps : int
    seed : int
        The same seed gives the same images.
    progress : callable, optional
        Called ``steps x channels`` times in all.

    Raises
    ------
    SelectionError
        For a layer or channel that is not there.
    ModelError
        When the network gives no gradients.
    InputError
        When it takes no images.
    """
    whole(steps, "steps", 0)
    whole(seed, "seed", 0)
    callback(progress, "progress")
    one = one_layer(network, layer)
    preparation = _preparation(network, one)
    canvas = Canvas(_space(network, preparation), preparation.channels)
    blank = _fed(network, preparation, canvas.paint(canvas.begin([[seed]])))
    shape = network.run(blank, [one.name], outputs=False).values[one.name].shape[1:]
    chosen = channels_of(one, shape[0], channels)
    painted, course = [], []
    for group in _groups(chosen, canvas.space):
        ascent = _Ascent(network, one, preparation, canvas, group, seed, shape)
        for _ in range(steps):
            ascent.step()
            if progress is not None:
                for _ in group:
                    progress()
        painted.append(canvas.paint(ascent.waves))
        course.append(np.stack(ascent.course) if steps else np.empty((0, len(group))))
    pixels = np.rint(np.concatenate(painted) * 255).astype(np.uint8)
    images = np.ascontiguousarray(np.moveaxis(pixels, 1, -1))
    reached = excitation(network, one.name, list(images)).values
    return Maximised(
        layer=one.name,
        channels=chosen,
        images=images,
        excitation=reached[np.arange(len(chosen)), list(chosen)],
        course=np.concatenate(course, axis=1).astype(np.float32),
        seed=seed,
    )


class _Ascent:
    """The images of several channels on their way up, one a channel."""

    def __init__(
        self,
        network: Network,
        layer: Layer,
        preparation: Preparation,
        canvas: Canvas,
        channels: tuple[int, ...],
        seed: int,
        shape: tuple[int, ...],
    ) -> None:
        self.network = network
        self.layer = layer
        self.preparation = preparation
        self.canvas = canvas
        self.channels = channels
        self.waves = canvas.begin([[seed, channel] for channel in channels])
        self.course: list[np.ndarray] = []
        self._below = _below(network, layer)
        self._shape = shape
        self._moves = np.random.default_rng(seed)
        self._mean = np.zeros_like(self.waves)
        self._square = np.zeros_like(self.waves)

    def step(self) -> None:
        """Move every image a little uphill."""
        painted = self.canvas.paint(self.waves)
        farthest = max(1, min(self.canvas.space) // 16)
        move = tuple(self._moves.integers(-farthest, farthest + 1, 2))
        moved = np.roll(painted, move, axis=(-2, -1))
        slopes = self._slopes(_fed(self.network, self.preparation, moved))
        back = np.roll(slopes, (-move[0], -move[1]), axis=(-2, -1))
        self._climb(self.canvas.trace_back(painted, back))

    def _slopes(self, batch: Batch) -> np.ndarray:
        """Give the gradients of the excitations with respect to the images, 0..1."""
        network, name = self.network, self.layer.name
        count = len(self.channels)
        seed = np.zeros((count, *self._shape), np.float32)
        seed[range(count), list(self.channels)] = 1 / np.prod(self._shape[1:])
        found = network.gradients(batch, name, seed, [])
        self.course.append(found.score)
        slopes = _unfed(network, self.preparation, found.inputs[network.inputs[0].name])
        silent = found.score == 0
        if silent.any() and self._below is not None:
            slopes[silent] = self._waking(batch, self._below)[silent]
        return slopes

    def _waking(self, batch: Batch, below: str) -> np.ndarray:
        """Give the gradients of the units that are nearest to firing."""
        values = self.network.run(batch, [below], outputs=False).values[below]
        seed = np.zeros(values.shape, np.float32)
        for place, channel in enumerate(self.channels):
            own = values[place, channel]
            seed[(place, channel, *np.unravel_index(own.argmax(), own.shape))] = 1
        found = self.network.gradients(batch, below, seed, [])
        return _unfed(self.network, self.preparation, found.inputs[self.network.inputs[0].name])

    def _climb(self, slopes: np.ndarray) -> None:
        """Step as Adam does; the size of the gradients does not matter."""
        taken = len(self.course)
        # Gradients may be far below Adam's usual floor of 1e-8.
        largest = np.abs(slopes).max(axis=(1, 2, 3), keepdims=True)
        slopes = slopes / np.maximum(largest, np.finfo(np.float32).tiny)
        self._mean += 0.1 * (slopes - self._mean)
        self._square += 0.001 * (slopes**2 - self._square)
        mean = self._mean / (1 - 0.9**taken)
        spread = np.sqrt(self._square / (1 - 0.999**taken))
        self.waves += _RATE * mean / (spread + 1e-8)


def _preparation(network: Network, layer: Layer) -> Preparation:
    if not network.differentiable:
        raise ModelError(
            f"{network.name} gives no gradients, by which an image is made: look at the kernels of "
            f"{layer.name!r} instead, or open the model in the framework that trained it"
        )
    if network.preparation is None or np.dtype(network.inputs[0].dtype).kind != "f":
        raise InputError(
            f"{network.name} takes no images as floating-point numbers, so none can be made for "
            "it: look at the kernels instead"
        )
    return network.preparation


def _space(network: Network, preparation: Preparation) -> tuple[int, int]:
    """Give the size of the images: the network's own, or one for networks of any size."""
    if preparation.size is not None:
        return preparation.size
    entry = network.inputs[0]
    sizes = entry.shape[1:] if entry.channels_first else entry.shape[:-1]
    sizes = entry.shape if len(entry.shape) == 2 else sizes
    height, width = (_SIDE if size is None else size for size in sizes)
    return height, width


def _groups(channels: tuple[int, ...], space: tuple[int, int]) -> list[tuple[int, ...]]:
    """Share the channels out evenly, as many at once as the memory bears."""
    most = int(np.clip(_PIXELS_AT_ONCE // (space[0] * space[1]), 1, _MOST_AT_ONCE))
    count = -(-len(channels) // most)
    return [tuple(part.tolist()) for part in np.array_split(np.array(channels), count)]


def _below(network: Network, layer: Layer) -> str | None:
    """Find the signed value whose rectification a layer gives on; None where there is none."""
    while True:
        if layer.has_linear:
            return layer.name + LINEAR
        if layer.inputs is None or len(layer.inputs) != 1 or layer.inputs[0] not in network.layers:
            return None
        if layer.kind == "activation":
            return layer.inputs[0]
        if layer.kind not in _THROUGH:
            return None
        layer = network.layers[layer.inputs[0]]


def _fed(network: Network, preparation: Preparation, images: np.ndarray) -> Batch:
    """Prepare images ``(image, colour, y, x)``, 0..1, exactly as pixels are prepared."""
    values = images[:, ::-1] if preparation.order == "bgr" else images
    values = values * (preparation.high - preparation.low) + preparation.low
    values = (values - _columns(preparation.mean, 0)) / _columns(preparation.std, 1)
    entry = network.inputs[0]
    if len(entry.shape) == 2:
        values = values[:, 0]
    elif not entry.channels_first:
        values = np.moveaxis(values, 1, -1)
    count = len(images)
    array = np.ascontiguousarray(values, entry.dtype)
    return Batch({entry.name: array}, ("",) * count, (None,) * count, ("",) * count, True)


def _unfed(network: Network, preparation: Preparation, slopes: np.ndarray) -> np.ndarray:
    """Turn gradients with respect to prepared values into those with respect to 0..1."""
    entry = network.inputs[0]
    if len(entry.shape) == 2:
        slopes = slopes[:, None]
    elif not entry.channels_first:
        slopes = np.moveaxis(slopes, -1, 1)
    slopes = slopes * (preparation.high - preparation.low) / _columns(preparation.std, 1)
    return np.array(slopes[:, ::-1] if preparation.order == "bgr" else slopes, np.float32)


def _columns(numbers: tuple[float, ...] | None, missing: float) -> np.ndarray:
    return np.asarray(numbers or (missing,), np.float32)[:, None, None]
