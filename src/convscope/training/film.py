"""Film: activations of the same images, recorded while a network trains."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from convscope.errors import InputError, SelectionError
from convscope.networks import Batch, Layer, Network
from convscope.networks.selection import Selector
from convscope.training.film_store import FilmedLayer, FilmStore
from convscope.training.frame import Frame, next_frame

__all__ = ["Film"]


class Film:
    """Activations of the same images, recorded while a network trains.

    Every frame is written whole before the next one begins, so that a film can be looked at while
    the training runs (`open_film`), and holds all its frames when the training is killed. The
    network and its training stay as they are.

    Parameters
    ----------
    images
        As for `Network.activations`: files, ``DATASET:INDEX``, arrays. The same in every frame.
    layers : str, int, slice or sequence, optional
        Which layers, as for `Network.activations`; by default all that have channels.
    path : str or Path
        A folder that is not there yet, such as ``training.zarr``.

    Raises
    ------
    OutputError
        When there is something at the path already.
    MissingExtraError
        When Zarr is not installed.

    Examples
    --------
    In Keras, a frame before the first step and one an epoch::

        film = convscope.Film(["mnist:0", "mnist:1"], path="training.zarr")
        model.fit(x, y, epochs=5, callbacks=[film.callback()])

    In a loop of one's own::

        network = convscope.open(module, input_shape=(1, 28, 28))
        for step in range(1000):
            if step % 100 == 0:
                film.record(network, step)
            ...
    """

    def __init__(
        self,
        images: Any,
        layers: Selector | Sequence[Selector] | None = None,
        *,
        path: str | Path,
    ) -> None:
        self._images = images
        self._selectors = layers
        self._store = FilmStore(path)
        self._store.check_free()
        self._batches: list[Batch] = []
        self._network: Network | None = None
        self._layers: list[FilmedLayer] = []
        self._last: Frame | None = None
        self._before: dict[str, np.ndarray] | None = None

    @property
    def path(self) -> str:
        """The folder that it is written to."""
        return self._store.path

    @property
    def last_step(self) -> int | None:
        """The step of the last frame; None before the first."""
        return None if self._last is None else self._last.step

    def record(self, network: Network, step: int) -> None:
        """Add a frame.

        Parameters
        ----------
        network : Network
            With the weights of this moment; the same network each time.
        step : int
            How many updates the weights have had; more than at the last frame.

        Raises
        ------
        InputError, ModelError
            When the network does not take the images.
        SelectionError
            When there is no such layer, a layer has no channels, the step is not later than the
            last one, or the network is another.
        OutputError
            When the frame cannot be written; those before it stay.
        """
        last = self._last
        if step < 0 or (last is not None and step <= last.step):
            raise SelectionError(
                f"a frame of step {step} cannot follow "
                f"{'nothing' if last is None else f'one of step {last.step}'}: count the updates "
                "from 0, upwards"
            )
        if network is not self._network:
            self._batches, self._network = network.batches(self._images), network
        chosen = self._chosen(network)
        found = network.record(self._batches, chosen)
        maps = {layer.name: np.asarray(found[layer.name].values) for layer in chosen}
        layers = [
            FilmedLayer(layer.name, layer.kind, layer.dims, maps[layer.name].shape[1:])
            for layer in chosen
        ]
        if last is None:
            self._begin(network, layers)
        elif layers != self._layers:
            raise SelectionError(
                f"the layers of {network.name} are not those of the film {self.path}: record one "
                "network, and begin another film for another"
            )
        frame = next_frame(
            step,
            maps,
            None if last is None else last.maps,
            {} if self._before is None else kernels_of(network, chosen),
            self._before,
        )
        self._store.append(frame)
        self._last, self._before = frame, None

    def remember(self, network: Network) -> None:
        """Keep the kernels of this moment, right before an update.

        The frame that is recorded after the update then holds how far it moved the kernel of each
        channel.

        Parameters
        ----------
        network : Network
        """
        self._before = kernels_of(network, self._chosen(network))

    def callback(self, network: Network | None = None, *, every: str | int = "epoch") -> Any:
        """Make a callback for ``fit`` of Keras.

        It records the network before the first step, and then after every epoch or every so many
        steps, with the ratio of the last update. It may be given to several calls of ``fit``, one
        after the other. Where a frame cannot be written, it warns, and the training goes on
        without it.

        Parameters
        ----------
        network : Network, optional
            The model that trains, opened by `convscope.open` where it needs options: how images are
            prepared, what the classes are called. By default opened without.
        every : "epoch" or int
            When to record: after every epoch, or after every so many steps.

        Returns
        -------
        keras.callbacks.Callback

        Raises
        ------
        SelectionError
            When `every` is neither.
        MissingExtraError
            When Keras is not installed.
        """
        from convscope.training.film_callback import film_callback

        return film_callback(self, network, every)

    def _chosen(self, network: Network) -> list[Layer]:
        chosen = network.select(self._selectors)
        fit = [layer for layer in chosen if layer.has_image_axis and layer.dims[:1] == ("channel",)]
        if self._selectors is not None and len(fit) < len(chosen):
            name = next(layer.name for layer in chosen if layer not in fit)
            raise SelectionError(f"{name!r} has no channels to film: choose other layers")
        if not fit:
            raise SelectionError(f"{network.name} has no layer with channels: there is no film")
        return fit

    def _begin(self, network: Network, layers: list[FilmedLayer]) -> None:
        names = [name for batch in self._batches for name in batch.names]
        labels = [label for batch in self._batches for label in batch.labels]
        if not names:
            raise InputError("there is no image to film: give at least one")
        about = {
            "network": network.name,
            "source": Path(network.source).name,
            "images": names,
            "labels": labels,
            "preparation": network.fed(self._batches[0]),
        }
        self._store.create(layers, len(names), about)
        self._layers = layers

    def __repr__(self) -> str:
        frames = "no frame yet" if self._last is None else f"last frame at step {self._last.step:,}"
        return f"<Film {self.path}: {frames}>"


def kernels_of(network: Network, layers: Sequence[Layer]) -> dict[str, np.ndarray]:
    """Give the kernels of layers that have one a channel, ``(channel, ...)``.

    Of a separable convolution it is the pointwise kernel, which has its output channels.
    """
    found = {}
    for layer in layers:
        computation = network.computation(layer.name) if layer.kind in _WITH_KERNELS else None
        weights = {} if computation is None else computation.weights
        kernel = weights.get("pointwise", weights.get("kernel"))
        if kernel is not None and len(kernel) == layer.channels:
            # A copy: on some backends it is the weights' own memory.
            found[layer.name] = np.array(kernel, np.float32)
    return found


_WITH_KERNELS = ("conv", "dense")
