"""Every feature map of every layer, as one mosaic a layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from convscope.activations import Activations
from convscope.analysis.bias import bias_alone
from convscope.analysis.contributions import Books, books
from convscope.analysis.diagnosis import CONSTANT, count_words, diagnosis, reasons
from convscope.analysis.muting import MUTED, muted_channels
from convscope.analysis.statistics import Extent, extent
from convscope.analysis.target import Target
from convscope.arguments import callback, choice, file_path, flag, told, whole
from convscope.errors import NotHeldError, SelectionError, near
from convscope.networks import Batch, Layer, Network, network_given
from convscope.networks.selection import Selector
from convscope.pictures.colormap import palette
from convscope.pictures.mosaic import mosaic
from convscope.pictures.picture import Picture, check_zoom
from convscope.pictures.scale import Scale
from convscope.views.input_picture import given, seen
from convscope.views.look import Look, drawable

if TYPE_CHECKING:
    from convscope.pictures.drawing import Drawing

__all__ = ["SORTS", "Maps", "maps"]

SORTS = ("index", "contribution", "mean", "maximum")
"""What may decide the order of the tiles."""


def maps(
    network: Network,
    images: Any,
    layers: Selector | Sequence[Selector] | None = None,
    *,
    scale: str = "channel",
    colormap: str | None = None,
    columns: int | None = None,
    zoom: int = 1,
    numbers: bool = False,
    sort: str = "index",
    target: Any = None,
) -> Maps:
    """Show what layers make of images: all feature maps of a layer in one picture.

    Parameters
    ----------
    network : Network
    images
        As for `Network.activations`.
    layers : str, int, slice or sequence, optional
        Which layers; all by default.
    scale : str
        How values become brightness: ``channel``, ``layer``, ``shared`` (over all images and
        layers chosen), ``robust``, ``sigma``, ``fixed(low, high)``.
    colormap : str, optional
    columns : int, optional
        Maps per row; by default as many as make a picture that is nearly square.
    zoom : int
        Pixels per unit.
    numbers : bool
        Save figures with each channel's number above its tile, instead of plain mosaics.
    sort : {"index", "contribution", "mean", "maximum"}
        What decides the order of the tiles, largest first. Under ``contribution`` the maps that
        speak most for the class stand first and those that speak most against it last; layers
        behind the score stay as they are numbered.
    target : None, int, str, pair or Target
        The class for ``contribution``; see `Target`.

    Returns
    -------
    Maps
        A mapping from layer to `Picture` for one image; ``.image(i)`` chooses one of several.

    Raises
    ------
    SelectionError, InputError, ModelError
        As for `Network.activations`, and for an unknown scale or colormap.
    """
    network_given(network)
    choice(sort, "sort", SORTS)
    check_zoom(zoom)
    flag(numbers, "numbers")
    Target.of(target)
    if columns is not None:
        whole(columns, "columns", 1, what="maps in each row")
    look = Look(Scale.parse(scale), colormap, columns, zoom, numbers, sort)
    if colormap is not None:
        palette(colormap)
    batches = network.batches(images)
    chosen = network.select(layers)
    activations = network.record(batches, chosen)
    kept = books(network, batches, target) if sort == "contribution" else None
    return Maps(network, chosen, activations, batches, look, books=kept)


class Maps(Mapping[str, Picture]):
    """The mosaics of one or several images, drawn when they are asked for.

    Attributes
    ----------
    network : Network
    layers : sequence of Layer
    activations : Activations
        The values behind the pictures.
    look : Look
        How they are drawn.
    books : Books or None
        What every map contributed, where the maps are sorted by it.
    """

    def __init__(
        self,
        network: Network,
        layers: Sequence[Layer],
        activations: Activations,
        batches: Sequence[Batch],
        look: Look,
        at: int | None = None,
        books: Books | None = None,
    ) -> None:
        self.network = network
        self.layers = {layer.name: layer for layer in layers}
        self.activations = activations
        self._batches = batches
        self.look = look
        self._at = at
        self.books = books
        self._extents: dict[tuple[str, int], Extent] = {}
        self._words: dict[tuple[str, int], list[str]] = {}

    @property
    def images(self) -> tuple[str, ...]:
        """What the images are called."""
        return self.activations.images

    @property
    def name(self) -> str:
        """What the one image, or the chosen one, is called."""
        return self.images[self.index]

    def shape(self, layer: str) -> tuple[int, ...]:
        """Give the shape of a layer's maps: ``(channel, y, x)`` and the like."""
        return self.activations.array(layer, self.index).shape

    def image(self, image: int) -> Maps:
        """Choose one image; a ``shared`` scale still spans all of them."""
        at = self.activations.index(image)
        layers = list(self.layers.values())
        chosen = Maps(
            self.network, layers, self.activations, self._batches, self.look, at, self.books
        )
        chosen._extents, chosen._words = self._extents, self._words
        if "shared_bounds" in vars(self):
            vars(chosen)["shared_bounds"] = self.shared_bounds
        return chosen

    def __iter__(self) -> Iterator[str]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, layer: str) -> Picture:
        return self._draw(self._layer(layer))

    def _layer(self, name: str) -> Layer:
        if not isinstance(name, str) or name not in self.layers:
            raise NotHeldError(f"no maps of a layer {told(name)}: {near(str(name), self.layers)}")
        return self.layers[name]

    def __repr__(self) -> str:
        return f"<Maps of {self.network.name}: {len(self)} layers, {len(self.images)} images>"

    def words(self, layer: str) -> list[str]:
        """Say of every channel of a layer whether it is active, and if not, why it is blank."""
        bounds = self._layer(layer).bounds
        key = (layer, self.index)
        if key not in self._words:
            words = diagnosis(
                self.activations.array(layer, self.index),
                known=self.extent(layer),
                bounds=bounds,
            )
            for channel in muted_channels(self.network, layer):
                words[channel] = MUTED
            self._words[key] = words
        return self._words[key]

    def reasons(self, layer: str) -> dict[int, str]:
        """Say more of the blank channels of a layer; see `convscope.analysis.diagnosis.reasons`."""
        words = self.words(layer)
        bias = bias_alone(self.network, layer) if CONSTANT in words else None
        values = self.activations.array(layer, self.index)
        return reasons(values, words, bounds=self.layers[layer].bounds, bias=bias)

    def counts(self) -> dict[str, int]:
        """Count the channels of all layers by their words, most frequent first."""
        return count_words([word for layer in self.layers for word in self.words(layer)])

    def input(self) -> np.ndarray | None:
        """Give the image as the network sees it: ``(y, x, channel)``, uint8."""
        batch, place = self._place()
        return seen(self.network, batch, place)

    def given(self) -> dict[str, Picture]:
        """Draw what the network was given that is no image, by input name; see `given`."""
        batch, place = self._place()
        return given(self.network, batch, place)

    @property
    def batch(self) -> Batch:
        """The batch in which the one image, or the chosen one, went through the network."""
        return self._place()[0]

    def _place(self) -> tuple[Batch, int]:
        image = self.index
        for batch in self._batches:
            if image < len(batch.names):
                return batch, image
            image -= len(batch.names)
        raise AssertionError("unreachable")

    def save(self, folder: str | Path, progress: Any = None) -> list[Path]:
        """Write one PNG a layer, the input, and ``maps.json``.

        Parameters
        ----------
        folder : path
            Made when it is missing. With several images, each gets a folder of its own in it.
        progress : callable, optional
            Called with the path of each picture that is done.

        Returns
        -------
        list of Path
            What was written: ``{index}_{layer}.png``, ``input.png``, ``maps.json``; of a layer of
            volumes ``{index}_{layer}.maximum.png`` as well, of a layer of signals
            ``{index}_{layer}.lines.png``. What is no image is drawn as a layer's maps are, several
            inputs as ``input_{name}.png``.

        Raises
        ------
        OutputError
            When a file cannot be written; no file is left half-written.
        """
        from convscope.views.map_files import folder_names, write

        callback(progress, "progress")
        folder = file_path(folder, "folder")
        if self._at is not None or len(self.images) == 1:
            return write(self.image(self.index), folder, progress)
        written = []
        for place, name in enumerate(folder_names(self.images)):
            written += write(self.image(place), folder / name, progress)
        return written

    @property
    def index(self) -> int:
        """The place of the one image, or of the chosen one."""
        if self._at is not None:
            return self._at
        if len(self.images) != 1:
            raise SelectionError(
                f"there are {len(self.images)} images: choose one with .image(0) to "
                f".image({len(self.images) - 1})"
            )
        return 0

    @cached_property
    def shared_bounds(self) -> tuple[float, float]:
        """Smallest and largest finite value over all images and layers."""
        pairs = [
            self.extent(layer, image) for layer in self.layers for image in range(len(self.images))
        ]
        ends = np.concatenate([np.concatenate([pair.low, pair.high]) for pair in pairs])
        ends = ends[np.isfinite(ends)]
        return (float(ends.min()), float(ends.max())) if ends.size else (0.0, 0.0)

    def extent(self, layer: str, image: int | None = None) -> Extent:
        """Give the smallest and largest value of every map of a layer."""
        one = self._layer(layer)
        image = self.index if image is None else self.activations.index(image)
        key = (layer, image)
        if key not in self._extents:
            self._extents[key] = extent(drawable(self.activations.array(layer, image), one)[0])
        return self._extents[key]

    def order(self, layer: str) -> np.ndarray | None:
        """Give the channels of a layer in the order of their tiles; None as they are numbered."""
        one, by = self._layer(layer), self.look.sort
        if by == "contribution" and self.books is not None and layer in self.books:
            found = self.books.shares[layer][self.index]
        elif by in {"mean", "maximum"}:
            values, _ = drawable(self.activations.array(layer, self.index), one)
            flat = values.reshape(len(values), -1)
            found = flat.mean(axis=1) if by == "mean" else flat.max(axis=1)
        else:
            return None
        return np.argsort(-found, kind="stable")

    def numbered(self, layer: str) -> Drawing | None:
        """Draw a layer as a figure with each channel's number above its tile.

        Returns
        -------
        Drawing or None
            None for a layer without planes, whose channels are one strip or one row each.
        """
        from convscope.pictures.figures import numbered

        values, options = self._drawing(self._layer(layer))
        return numbered(values, **options) if values.ndim > 2 else None

    def projection(self, layer: str) -> Picture | None:
        """Draw a layer of volumes as its maximum projection along z, in the colours of the slices.

        Returns
        -------
        Picture or None
            None for a layer whose maps have no depth.
        """
        from convscope.pictures.projection import projection

        picture = self[layer]
        return projection(picture, self.look.columns) if picture.tiling.slices > 1 else None

    def lines(self, layer: str) -> Drawing | None:
        """Draw a layer of signals or sequences as lines, one a channel.

        Returns
        -------
        Drawing or None
            None for a layer whose maps are no signals, or a single position long.
        """
        from convscope.pictures.figures import lines

        values, options = self._drawing(self._layer(layer))
        if options["dims"] != ("channel", "x") or values.shape[1] < 2:
            return None
        del options["colormap"]
        return lines(values, **options)

    def _draw(self, layer: Layer) -> Picture:
        values, options = self._drawing(layer)
        return mosaic(values, zoom=self.look.zoom, **options)

    def _drawing(self, layer: Layer) -> tuple[np.ndarray, dict[str, Any]]:
        image = self.index
        known = self.extent(layer.name, image)
        values, dims = drawable(self.activations.array(layer.name, image), layer)
        return values, {
            "scale": self.look.scale,
            "colormap": self.look.colormap,
            "columns": self.look.columns,
            "low": known.low,
            "high": known.high,
            "bounds": self.shared_bounds if self.look.scale.name == "shared" else None,
            "words": self.words(layer.name),
            "dims": dims,
            "provenance": self._provenance(layer, image),
            "order": self.order(layer.name),
            "axis": "time" if layer.kind == "recurrent" else "x",
        }

    def _provenance(self, layer: Layer, image: int) -> dict[str, Any]:
        network = self.network
        return {
            "network": network.name,
            "source": Path(network.source).name,
            "layer": layer.name,
            "image": self.images[image],
            "preparation": network.fed(self.batch),
        }
