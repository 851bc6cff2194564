"""Film: activations of the same images, recorded while a network trains."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from convscope.arguments import whole
from convscope.errors import InputError, ModelError, SelectionError, warn
from convscope.networks import Batch, Layer, Network, network_given
from convscope.networks.selection import Selector
from convscope.training.film_store import Contents, FilmedLayer, FilmStore
from convscope.training.filmed_network import described
from convscope.training.frame import Frame, Seen, next_frame
from convscope.training.kernels import kernels_of
from convscope.training.last_gradient import LastGradient

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
        self._training: list[str] = []
        self._last: Frame | None = None
        self._before: tuple[dict[str, np.ndarray], LastGradient] | None = None

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
        network_given(network)
        last = self._last
        if whole(step, "step") < 0 or (last is not None and step <= last.step):
            raise SelectionError(
                f"a frame of step {step} cannot follow "
                f"{'nothing' if last is None else f'one of step {last.step}'}: count the updates "
                "from 0, upwards"
            )
        if network is not self._network:
            self._batches, self._network = network.batches(self._images), network
            self._before = None
        chosen = self._chosen(network)
        if last is not None and [layer.name for layer in chosen] != [
            one.name for one in self._layers
        ]:
            raise self._another(network)
        seen = self._seen(network, chosen)
        layers = [
            FilmedLayer(layer.name, layer.kind, layer.dims, seen.maps[layer.name].shape[1:])
            for layer in chosen
        ]
        if last is None:
            seen = self._begin(network, layers, seen)
        elif layers != self._layers:
            raise self._another(network)
        frame = next_frame(step, seen, None if last is None else last.maps)
        self._store.append(frame)
        self._last, self._before = frame, None

    def remember(self, network: Network) -> None:
        """Keep what is known right before an update; in PyTorch after ``backward``.

        The frame that is recorded after the update then holds how far it moved the kernel of each
        channel, and how large the gradient of that kernel was.

        Parameters
        ----------
        network : Network
        """
        chosen = self._chosen(network_given(network))
        self._before = kernels_of(network, chosen), LastGradient(network, chosen)

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

    def to_tensorboard(self, logdir: str | Path) -> Path:
        """Write what was recorded up to now for TensorBoard; see `OpenedFilm.to_tensorboard`."""
        from convscope.training.opened_film import open_film

        return open_film(self.path).to_tensorboard(logdir)

    def _chosen(self, network: Network) -> list[Layer]:
        chosen = network.select(self._selectors)
        fit = [layer for layer in chosen if layer.has_image_axis and layer.dims[:1] == ("channel",)]
        if self._selectors is not None and len(fit) < len(chosen):
            name = next(layer.name for layer in chosen if layer not in fit)
            raise SelectionError(f"{name!r} has no channels to film: choose other layers")
        if not fit:
            raise SelectionError(f"{network.name} has no layer with channels: there is no film")
        return fit

    def _another(self, network: Network) -> SelectionError:
        return SelectionError(
            f"the layers of {network.name} are not those of the film {self.path}: record one "
            "network, and begin another film for another"
        )

    def _seen(self, network: Network, chosen: Sequence[Layer]) -> Seen:
        names = [layer.name for layer in chosen]
        runs = [network.run(batch, names) for batch in self._batches]
        maps = _joined([run.values for run in runs], names)
        training = self._in_training(network, names)
        outputs = _joined([run.outputs for run in runs], runs[0].outputs if runs else ())
        count = sum(len(batch.names) for batch in self._batches)
        of_images = {name: part for name, part in outputs.items() if part.shape[:1] == (count,)}
        if self._before is None:
            return Seen(maps, training, of_images)
        before, gradient = self._before
        gradients = gradient.after(network, chosen)
        return Seen(maps, training, of_images, kernels_of(network, chosen), before, gradients)

    def _in_training(self, network: Network, names: Sequence[str]) -> dict[str, np.ndarray]:
        """Give the maps in training mode of the layers of which they are kept; at first of all."""
        wanted = names if self._last is None else self._training
        if not wanted or not network.trains:
            return {}
        try:
            parts = [network.run_in_training(batch, wanted) for batch in self._batches]
        except ModelError as error:
            if self._last is not None:
                raise
            warn(f"the film holds no maps in training mode: {error}")
            return {}
        return _joined(parts, wanted)

    def _begin(self, network: Network, layers: list[FilmedLayer], seen: Seen) -> Seen:
        names = [name for batch in self._batches for name in batch.names]
        labels = [label for batch in self._batches for label in batch.labels]
        self._training = _from_first_other(seen)
        seen = replace(seen, training={name: seen.training[name] for name in self._training})
        about = {
            "network": network.name,
            "source": Path(network.source).name,
            "images": names,
            "labels": labels,
            "class_names": [name for batch in self._batches for name in batch.class_names],
            "preparation": network.fed(self._batches[0]),
            "description": described(network, [layer.name for layer in layers]),
        }
        inputs = _joined([batch.arrays for batch in self._batches], self._batches[0].arrays)
        outputs = {name: values.shape[1:] for name, values in seen.outputs.items()}
        self._store.create(Contents(layers, self._training, inputs, outputs, about))
        self._layers = layers
        return seen

    def __repr__(self) -> str:
        frames = "no frame yet" if self._last is None else f"last frame at step {self._last.step:,}"
        return f"<Film {self.path}: {frames}>"


def _joined(
    parts: Sequence[Mapping[str, np.ndarray]], names: Iterable[str]
) -> dict[str, np.ndarray]:
    """Put what several batches gave behind each other."""
    if not parts:
        raise InputError("there is no image to film: give at least one")
    try:
        return {name: np.concatenate([part[name] for part in parts]) for name in names}
    except ValueError as error:
        raise InputError(
            "the images differ in size, and so do their maps: film images of one size"
        ) from error


def _from_first_other(seen: Seen) -> list[str]:
    """Name the layers from the first one on whose maps are others in training mode.

    One behind it may give the same at first and another value later.
    """
    names = list(seen.training)
    for place, name in enumerate(names):
        if not np.array_equal(seen.maps[name], seen.training[name], equal_nan=True):
            return names[place:]
    return []
