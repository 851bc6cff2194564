"""A network: a model opened for looking inside, whatever framework made it."""

from __future__ import annotations

import hashlib
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from convscope.activations import Activations, Named
from convscope.arguments import told
from convscope.errors import InputError, ModelError
from convscope.inputs.images import Image
from convscope.inputs.preparation import Preparation
from convscope.inputs.samples import Sample
from convscope.markup import html_table
from convscope.networks.computation import Computation
from convscope.networks.edit import Edit
from convscope.networks.feeding import batches_of
from convscope.networks.gradients import Gradients, Sums
from convscope.networks.graph import Graph
from convscope.networks.head import Head
from convscope.networks.layer import Input, Layer, dims_of
from convscope.networks.reductions import Reductions, as_reductions, reduced
from convscope.networks.run import Batch, Run
from convscope.networks.samples import read_for
from convscope.networks.selection import Selector, named_layer, select_layers

if TYPE_CHECKING:
    import xarray

    from convscope.networks.opening import Opening

__all__ = ["ON_GPU", "ON_PROCESSOR", "Network"]

ON_PROCESSOR, ON_GPU = 512_000_000, 8_000_000_000
"""What `Network.maps_at_once` gives, where a framework has no reason to give something else."""


class Network(ABC):
    """A model opened for looking inside.

    An adapter for a framework gives `inputs`, `layers`, `run` and the totals; everything else
    follows from them.

    Attributes
    ----------
    name : str
        What the model calls itself.
    source : str
        Where it came from: a path, ``keras:MobileNetV2``, or the class of a live object.
    labels : tuple of str
        Names of the classes in the order of the outputs; empty when unknown.
    preparation : Preparation or None
        What is done to images before the network sees them; None when it takes no images.
    opening : Opening or None
        How `convscope.open` opened it from a path or name, so that it can be opened elsewhere too.
    """

    name: str
    source: str
    labels: tuple[str, ...] = ()
    opening: Opening | None = None

    @property
    @abstractmethod
    def inputs(self) -> tuple[Input, ...]:
        """The network's inputs, in order."""

    @property
    @abstractmethod
    def layers(self) -> Mapping[str, Layer]:
        """All layers by name, in execution order."""

    @cached_property
    def graph(self) -> Graph:
        """Which layers depend on which."""
        return Graph(self.layers)

    @property
    @abstractmethod
    def parameters(self) -> tuple[int, int]:
        """Number of weights, and how many of them training changes; each counted once."""

    @property
    @abstractmethod
    def preparation(self) -> Preparation | None:
        """What is done to images before the network sees them."""

    @property
    @abstractmethod
    def heads(self) -> Mapping[str, Head]:
        """Where the scores of each output are, by the outputs' names."""

    @property
    def differentiable(self) -> bool:
        """Whether `gradients` and `sums` can be asked for."""
        return True

    @property
    def trains(self) -> bool:
        """Whether `run_in_training` can be asked for."""
        return False

    @property
    def maps_at_once(self) -> int:
        """How many bytes of activations a batch should have to be fastest, when all are reduced."""
        return ON_PROCESSOR

    @property
    def passes_at_once(self) -> int:
        """How many passes side by side are fastest, when all activations are reduced."""
        return 1

    @property
    def moment(self) -> object | None:
        """A token of the weights: equal to one taken before as long as they are the same.

        None while they are out of the model, so that it cannot be run: Keras on jax takes them out
        while ``fit`` runs.
        """
        return ()

    def holding(self) -> AbstractContextManager[None]:
        """Answer with the weights of this moment until the block ends, where they are copies.

        Only for this thread. Weights that are no copies can change meanwhile; see `moment`.
        """
        return nullcontext()

    @abstractmethod
    def run(
        self,
        batch: Batch,
        layers: Sequence[str],
        *,
        outputs: bool = True,
        edits: Mapping[str, Edit] | None = None,
    ) -> Run:
        """Run the network once and record the chosen layers or linear parts.

        Parameters
        ----------
        batch : Batch
        layers : sequence of str
            Names of layers or linear parts, and of what a layer was given, under the names of
            `computation`: ``conv2d:input:0``.
        outputs : bool
            Whether the network's outputs are given as well.
        edits : mapping of str to Edit, optional
            Changes of layers' or linear parts' values, with which the pass goes on; what is
            recorded of these layers is the changed value. The model stays as it is.
        """

    def run_in_training(self, batch: Batch, layers: Sequence[str]) -> Mapping[str, np.ndarray]:
        """Run the network once as a step of its training would, and leave it as it was.

        Batch normalization then takes mean and variance of this batch, and dropout drops. Moving
        averages and random seeds are put back.

        Parameters
        ----------
        batch : Batch
        layers : sequence of str

        Returns
        -------
        mapping of str to numpy.ndarray
            By layer; as the values of `Run`.

        Raises
        ------
        ModelError
            When it has no such mode; see `trains`.
        """
        raise ModelError(f"{self.name} has no training mode: open the model that was trained")

    @abstractmethod
    def gradients(
        self,
        batch: Batch,
        head: str | Head,
        seed: np.ndarray | None,
        layers: Sequence[str],
        *,
        inputs: bool = True,
        edits: Mapping[str, Edit] | None = None,
    ) -> Gradients:
        """Differentiate a score with respect to the chosen layers' values and the inputs.

        Parameters
        ----------
        batch : Batch
        head : str or Head
            The layer or linear part that holds the scores; see `heads`.
        seed : numpy.ndarray or None
            Of the shape of the head's value, in the order of the dims: the score of an image is
            the sum of seed x head over that image. None as for `sums`, for which `head` is a Head.
        layers : sequence of str
            Names of layers or linear parts. Where the score does not depend on one, its gradient
            is zero.
        inputs : bool
            Whether the gradients with respect to the inputs are given as well, which costs a
            backward pass through all layers.
        edits : mapping of str to Edit, optional
            As for `run`; gradients are with respect to the changed values.
        """

    @abstractmethod
    def sums(
        self,
        batch: Batch,
        head: Head,
        seed: np.ndarray | None,
        products: Sequence[str],
        slopes: Sequence[str] = (),
        *,
        edits: Mapping[str, Edit] | None = None,
    ) -> Sums:
        """Differentiate a score, and sum over every map where the gradients are made.

        Parameters
        ----------
        batch : Batch
        head : Head
        seed : numpy.ndarray or None
            As for `gradients`. None, for a head without space: the strongest channel of each image;
            a sigmoid of one channel with its sign, so that the score is never negative.
        products : sequence of str
            Layers or linear parts with channels, of which value x gradient is summed.
        slopes : sequence of str
            Those of which the gradient is summed.
        edits
            As for `gradients`.
        """

    def reductions(
        self,
        batch: Batch,
        layers: Sequence[Layer],
        shift: np.ndarray,
        bar: np.ndarray,
        kept: Sequence[str] = (),
    ) -> Reductions:
        """Run the network once and reduce every map of the chosen layers to a few numbers.

        An adapter that can do so where the maps are made does it there; here they are recorded
        first.

        Parameters
        ----------
        batch : Batch
        layers : sequence of Layer
            With one map a channel for every image; see `reducible`.
        shift : numpy.ndarray
            ``(channel,)`` of all these layers in a row: about what each channel's mean is.
        bar : numpy.ndarray
            ``(channel,)``: the place of the peak is wanted only of maps whose maximum reaches it.
        kept : sequence of str
            Layers whose activations are given as well.
        """
        names = list(dict.fromkeys([*(layer.name for layer in layers), *kept]))
        run = self.run(batch, names)
        rows, units, start = [], [], 0
        for layer in layers:
            value = run.values[layer.name]
            stop = start + value.shape[1]
            rows.append(reduced(value, shift[start:stop]))
            units.append(np.full(value.shape[1], int(np.prod(value.shape[2:]))))
            start = stop
        values = {name: run.values[name] for name in kept}
        return as_reductions(
            np.concatenate(rows, axis=2), np.concatenate(units), run.outputs, values
        )

    def weights(self) -> Iterator[tuple[str, np.ndarray]]:
        """Give all weights of this moment, each under a name of its own, in a fixed order."""
        return iter(())

    def fingerprint(self) -> str:
        """Give a digest of the network: equal for the same layers with the same weights.

        Returns
        -------
        str
            SHA-256, in hexadecimal digits.
        """
        digest = hashlib.sha256()
        for layer in self.layers.values():
            digest.update(f"{layer.name} {layer.kind} {layer.dims} {layer.shape};".encode())
        for name, value in self.weights():
            digest.update(f"{name} {value.dtype} {value.shape};".encode())
            digest.update(np.ascontiguousarray(value).data)
        return digest.hexdigest()

    def provenance(self, images: Any) -> dict[str, Any]:
        """Say by hashes which network and which images a figure is of.

        Parameters
        ----------
        images
            As for `activations`.

        Returns
        -------
        dict
            ``network``, its name; ``source``, the file or name that it was opened from;
            ``fingerprint``; ``preparation`` in words; ``convscope``, the version; and ``images``, a
            list of ``name``, ``sha256`` and ``of``: ``file``, the bytes of the file, as
            ``sha256sum`` prints it, or ``array``, the bytes of the array in C order: of an image
            the pixels, uint8 (y, x, channel), before they are prepared.

        Raises
        ------
        InputError, SelectionError
            As for `activations`.
        """
        from convscope.networks.provenance import hashes_of

        # To import the package itself is to import every room, as the contract reads it.
        version = sys.modules["convscope"].__version__
        return {
            "network": self.name,
            "source": PurePath(self.source).name,
            "fingerprint": self.fingerprint(),
            "preparation": self.fed(self.batches(images)[0]),
            "images": hashes_of(self, images),
            "convscope": version,
        }

    def computation(self, layer: str) -> Computation | None:
        """Say what a layer or linear part computes, with the weights of this moment.

        Returns
        -------
        Computation or None
            None where that is not understood.

        Raises
        ------
        SelectionError
            When no layer has exactly this name.
        """
        named_layer(self.layers, layer)
        return None

    def select(self, selectors: Selector | Sequence[Selector] | None = None) -> list[Layer]:
        """Choose layers by name, glob, kind (``kind:conv``), index or slice (``0:4``).

        Raises
        ------
        SelectionError
            When a selector chooses nothing.
        """
        return select_layers(self.layers, selectors)

    def activations(
        self, images: Any, layers: Selector | Sequence[Selector] | None = None
    ) -> Activations:
        """Record what layers give out for images, in one forward pass.

        Parameters
        ----------
        images : path, str, PIL.Image, array, dict of arrays, or a sequence of images
            Files, ``DATASET:INDEX``, PIL images and integer arrays are images and are prepared. A
            floating-point array in the network's own input shape with a leading image axis, or a
            dict of such arrays by input name, is taken as prepared; so is what a ``.npy`` file, an
            ``.npz`` file (an array an input) or, of one dimension, a ``.wav`` file holds.
        layers : str, int, slice or sequence, optional
            Which layers; all by default. ``conv2d:linear`` is the linear part of ``conv2d``.

        Returns
        -------
        Activations
            Values as the framework computed them, float32.

        Raises
        ------
        InputError
            When the images cannot be read or do not fit the network.
        SelectionError
            When a selector chooses no layer.
        ModelError
            When the model itself fails on the input.
        """
        batches = self.batches(images)
        return self.record(batches, self.select(layers))

    def record(self, batches: Sequence[Batch], layers: Sequence[Layer]) -> Activations:
        """Run prepared batches; give the layers' values with axes, names and provenance."""
        _check_recording(batches, layers)
        names = [layer.name for layer in layers]
        parts = []
        for batch in batches:
            run = self.run(batch, names, outputs=False)
            part = {}
            for layer in layers:
                values = run.values[layer.name]
                dims = (("image",) if layer.has_image_axis else ()) + layer.dims
                if len(dims) != values.ndim:
                    dims = dims_of(values.ndim, image=layer.has_image_axis)
                part[layer.name] = Named(values, dims, self._attrs(layer, batch))
            parts.append(part)
        return Activations(
            parts, [batch.names for batch in batches], [batch.labels for batch in batches]
        )

    def predict(self, images: Any) -> xarray.DataArray | dict[str, xarray.DataArray]:
        """Give the network's outputs for images.

        Parameters
        ----------
        images
            As for `activations`.

        Returns
        -------
        xarray.DataArray or dict
            Dims ``image, channel`` for a classifier, with the classes' names as the coordinate
            ``class`` where they are known; a dict by name for a network with several outputs.
        """
        batches = self.batches(images)
        runs = [self.run(batch, (), outputs=True) for batch in batches]
        names = [name for batch in batches for name in batch.names]
        outputs = {
            name: self.labelled([run.outputs[name] for run in runs], names)
            for name in runs[0].outputs
        }
        return next(iter(outputs.values())) if len(outputs) == 1 else outputs

    def labelled(self, pieces: Sequence[np.ndarray], names: Sequence[str]) -> xarray.DataArray:
        """Join an output's values of several batches, with the names of images and classes."""
        import xarray

        if any(piece.shape[1:] != pieces[0].shape[1:] for piece in pieces):
            raise InputError(
                "the images differ in size and so do the outputs: predict them one by one"
            )
        values = np.concatenate(pieces) if pieces[0].ndim else pieces[0]
        has_image = values.ndim > 0 and len(values) == len(names)
        coords: dict[str, Any] = {"image": list(names)} if has_image else {}
        if self.labels and values.ndim == 2 and values.shape[1] == len(self.labels):
            coords["class"] = ("channel", list(self.labels))
        return xarray.DataArray(values, dims=dims_of(values.ndim, image=has_image), coords=coords)

    def batches(self, images: Any) -> list[Batch]:
        """Prepare images as the network wants them, or check that they are prepared.

        Returns
        -------
        list of Batch
            Of at most 64 images; for a network without a fixed size, of one image each where they
            differ in size.
        """
        return batches_of(images, self.inputs, self.preparation, self.name)

    def read(self, images: Any) -> list[Image | Sample]:
        """Read what may be given to `activations`, one by one, so that each can be given alone.

        Returns
        -------
        list of Image or Sample
            Images as they were read, and what is no picture: entries of ``.npy`` and ``.npz``
            files, sound, arrays.

        Raises
        ------
        InputError
            When something cannot be read, or does not fit the network.
        SelectionError
            When there is no such dataset, split or entry.
        """
        return read_for(images, self.inputs, self.preparation, self.name)

    def fed(self, batch: Batch) -> str:
        """Say in words what was done to the images of a batch before the network saw them."""
        if batch.fed:
            return batch.fed
        if batch.prepared and self.preparation is not None:
            return self.preparation.describe()
        return "arrays, taken as prepared"

    def _attrs(self, layer: Layer, batch: Batch) -> dict[str, Any]:
        return {
            "network": self.name,
            "layer": layer.name,
            "kind": layer.kind,
            "preparation": self.fed(batch),
        }

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} from {self.source}>"

    def _repr_html_(self) -> str:
        rows = [
            (
                layer.index,
                layer.name,
                layer.kind,
                " x ".join("?" if size is None else str(size) for size in layer.shape),
                f"{layer.parameters:,}",
            )
            for layer in self.layers.values()
        ]
        caption = f"{self.name} from {self.source}: {self.parameters[0]:,} parameters"
        return html_table(caption, ("", "layer", "kind", "shape", "parameters"), rows)


def _check_recording(batches: object, layers: object) -> None:
    for name, given, kind, remedy in (
        ("batches", batches, Batch, "give what network.batches(images) gives"),
        ("layers", layers, Layer, "give what network.select(...) gives"),
    ):
        if not isinstance(given, Sequence) or not all(isinstance(one, kind) for one in given):
            raise InputError(f"{name} {told(given)}: {remedy}")
