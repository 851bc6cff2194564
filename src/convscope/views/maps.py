"""Every feature map of every layer, as one mosaic a layer."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from convscope.activations import Activations
from convscope.analysis.diagnosis import count_words, diagnosis
from convscope.analysis.statistics import Extent, extent
from convscope.errors import SelectionError, near
from convscope.networks import Batch, Layer, Network
from convscope.networks.selection import Selector
from convscope.pictures.files import write_atomically
from convscope.pictures.mosaic import mosaic
from convscope.pictures.picture import Picture
from convscope.pictures.scale import Scale
from convscope.views.input_picture import as_png, seen

__all__ = ["Maps", "file_name", "maps"]

_THREADS = min(4, os.cpu_count() or 1)


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

    Returns
    -------
    Maps
        A mapping from layer to `Picture` for one image; ``.image(i)`` chooses one of several.

    Raises
    ------
    SelectionError, InputError, ModelError
        As for `Network.activations`, and for an unknown scale or colormap.
    """
    batches = network.batches(images)
    chosen = network.select(layers)
    names = [layer.name for layer in chosen]
    runs = [network.run(batch, names, outputs=False) for batch in batches]
    return Maps(
        network,
        chosen,
        network.wrap(runs, batches, chosen),
        batches,
        Look(Scale.parse(scale), colormap, columns, zoom, numbers),
    )


@dataclass(frozen=True)
class Look:
    """How maps are drawn: scale, colormap, maps per row, pixels per unit, numbers."""

    scale: Scale
    colormap: str | None
    columns: int | None
    zoom: int
    numbers: bool


class Maps(Mapping[str, Picture]):
    """The mosaics of one or several images, drawn when they are asked for.

    Attributes
    ----------
    network : Network
    layers : sequence of Layer
    activations : Activations
        The values behind the pictures.
    """

    def __init__(
        self,
        network: Network,
        layers: Sequence[Layer],
        activations: Activations,
        batches: Sequence[Batch],
        look: Look,
        at: int | None = None,
    ) -> None:
        self.network = network
        self.layers = {layer.name: layer for layer in layers}
        self.activations = activations
        self._batches = batches
        self._look = look
        self._at = at
        self._extents: dict[tuple[str, int], Extent] = {}

    @property
    def images(self) -> tuple[str, ...]:
        """What the images are called."""
        return self.activations.images

    def image(self, image: int) -> Maps:
        """Choose one image; a ``shared`` scale still spans all of them."""
        self.activations.image(image)
        chosen = Maps(
            self.network,
            list(self.layers.values()),
            self.activations,
            self._batches,
            self._look,
            image % len(self.images),
        )
        chosen._extents = self._extents
        if "shared_bounds" in vars(self):
            vars(chosen)["shared_bounds"] = self.shared_bounds
        return chosen

    def __iter__(self) -> Iterator[str]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, layer: str) -> Picture:
        if layer not in self.layers:
            raise SelectionError(f"no maps of a layer {layer!r}: {near(str(layer), self.layers)}")
        return self._draw(self.layers[layer])

    def words(self, layer: str) -> list[str]:
        """Say of every channel of a layer whether it is active, and if not, why it is blank."""
        return diagnosis(
            self.activations.array(layer, self._image),
            known=self._extent(layer, self._image),
            bounds=self.layers[layer].bounds,
        )

    def input(self) -> np.ndarray | None:
        """Give the image as the network sees it: ``(y, x, channel)``, uint8."""
        image = self._image
        for batch in self._batches:
            if image < len(batch.names):
                return seen(self.network, batch, image)
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
            What was written: ``{index}_{layer}.png``, ``input.png``, ``maps.json``.

        Raises
        ------
        OutputError
            When a file cannot be written; no file is left half-written.
        """
        folder = Path(folder)
        if self._at is None and len(self.images) > 1:
            written = []
            for place, name in enumerate(_folder_names(self.images)):
                written += self.image(place).save(folder / name, progress)
            return written
        folder.mkdir(parents=True, exist_ok=True)
        return self._save_one(folder, progress)

    def _save_one(self, folder: Path, progress: Any) -> list[Path]:
        def draw(layer: Layer) -> tuple[Path, dict[str, Any]]:
            picture = self._draw(layer)
            path = folder / file_name(layer)
            self._write(layer, picture, path)
            if progress is not None:
                progress(path)
            return path, self._entry(layer, picture, path)

        written = []
        if (pixels := self.input()) is not None:
            path = folder / "input.png"
            write_atomically(path, as_png(pixels))
            written.append(path)
        # Tiling and compression release the interpreter's lock, so threads share the work.
        with ThreadPoolExecutor(_THREADS) as threads:
            drawn = list(threads.map(draw, self.layers.values()))
        written += [path for path, _ in drawn]
        path = folder / "maps.json"
        write_atomically(path, _as_json(self._summary([entry for _, entry in drawn])))
        return [*written, path]

    @property
    def _image(self) -> int:
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
            self._extent(layer, image) for layer in self.layers for image in range(len(self.images))
        ]
        ends = np.concatenate([np.concatenate([pair.low, pair.high]) for pair in pairs])
        ends = ends[np.isfinite(ends)]
        return (float(ends.min()), float(ends.max())) if ends.size else (0.0, 0.0)

    def _extent(self, layer: str, image: int) -> Extent:
        key = (layer, image)
        if key not in self._extents:
            self._extents[key] = extent(
                _drawable(self.activations.array(layer, image), self.layers[layer])[0]
            )
        return self._extents[key]

    def _write(self, layer: Layer, picture: Picture, path: Path) -> None:
        if not self._look.numbers or picture.tiling.strip or picture.tiling.height == 1:
            picture.save(path)
            return
        from convscope.pictures.figures import numbered

        values, options = self._drawing(layer)
        numbered(values, **options).save(path)

    def _draw(self, layer: Layer) -> Picture:
        values, options = self._drawing(layer)
        return mosaic(values, zoom=self._look.zoom, **options)

    def _drawing(self, layer: Layer) -> tuple[np.ndarray, dict[str, Any]]:
        image = self._image
        known = self._extent(layer.name, image)
        values, dims = _drawable(self.activations.array(layer.name, image), layer)
        return values, {
            "scale": self._look.scale,
            "colormap": self._look.colormap,
            "columns": self._look.columns,
            "low": known.low,
            "high": known.high,
            "bounds": self.shared_bounds if self._look.scale.name == "shared" else None,
            "words": self.words(layer.name),
            "dims": dims,
            "provenance": self._provenance(layer, image),
        }

    def _provenance(self, layer: Layer, image: int) -> dict[str, Any]:
        network = self.network
        return {
            "network": network.name,
            "source": Path(network.source).name,
            "layer": layer.name,
            "image": self.images[image],
            "preparation": network.preparation.describe() if network.preparation else "as given",
        }

    def _entry(self, layer: Layer, picture: Picture, path: Path) -> dict[str, Any]:
        words = list(picture.words)
        return {
            "index": layer.index,
            "layer": layer.name,
            "kind": layer.kind,
            "operation": layer.operation,
            "file": path.name,
            "dims": layer.dims,
            "shape": self.activations.array(layer.name, self._image).shape,
            "columns": picture.tiling.columns,
            "zoom": picture.zoom,
            "signed": picture.signed,
            "blank": {
                word: count for word, count in count_words(words).items() if word != "active"
            },
            "channels": {
                "low": self._extent(layer.name, self._image).low,
                "high": self._extent(layer.name, self._image).high,
                "level_0": picture.low,
                "level_239": picture.high,
                "diagnosis": words,
            },
        }

    def _summary(self, entries: list[dict[str, Any]]) -> dict[str, Any]:
        preparation = self.network.preparation
        return {
            "model": {"name": self.network.name, "source": Path(self.network.source).name},
            "image": self.images[self._image],
            "preparation": None
            if preparation is None
            else {**preparation.to_json(), "source": preparation.source},
            "scale": str(self._look.scale),
            "layers": entries,
        }


def file_name(layer: Layer) -> str:
    """Name the picture of a layer: ``3_block.conv.png``.

    ``/`` becomes ``.``, and so does what some file systems refuse, such as the colon of a linear
    part.
    """
    return f"{layer.index}_{_safe(layer.name)}.png"


def _safe(name: str) -> str:
    return re.sub(r'[/\\:*?"<>|\x00-\x1f]', ".", name)


def _folder_names(images: Sequence[str]) -> list[str]:
    """Name a folder for every image, each once."""
    names: list[str] = []
    for image in images:
        stem = _safe(Path(image).stem if Path(image).suffix else image)
        name, repeat = stem, 2
        while name in names:
            name, repeat = f"{stem}-{repeat}", repeat + 1
        names.append(name)
    return names


def _drawable(values: np.ndarray, layer: Layer) -> tuple[np.ndarray, tuple[str, ...]]:
    """Give activations the axes of a mosaic: of unusual ranks, the first counts the tiles."""
    if layer.dims[:1] == ("channel",) and values.ndim == len(layer.dims):
        return values, layer.dims
    if values.ndim < 2:
        return values.reshape(-1), ("channel",)
    return values.reshape(len(values), -1, values.shape[-1]), ("channel", "y", "x")


def _as_json(summary: dict[str, Any]) -> bytes:
    return orjson.dumps(summary, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE)
