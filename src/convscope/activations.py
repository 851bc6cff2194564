"""The numbers: what every layer gave out for a batch of images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from convscope.arguments import told, whole
from convscope.errors import InputError, NotHeldError, SelectionError, near
from convscope.markup import html_table

if TYPE_CHECKING:
    import xarray

__all__ = ["Activations", "Named", "image_index"]


@dataclass(frozen=True)
class Named:
    """A bare array and what is needed to wrap it.

    Attributes
    ----------
    values : numpy.ndarray
        Float32.
    dims : tuple of str
        One word an axis, ``image`` first where there is an image axis.
    attrs : mapping
        What travels with it: network, layer, kind, preparation.
    """

    values: np.ndarray
    dims: tuple[str, ...]
    attrs: Mapping[str, Any]


class Activations(Mapping[str, "xarray.DataArray"]):
    """Activations by layer, in execution order.

    A value is an ``xarray.DataArray`` of float32 with dims by rank: ``image, channel``;
    ``image, channel, x``; ``image, channel, y, x``; ``image, channel, z, y, x``. The coordinate
    ``image`` holds the images' names, ``label`` their classes where known. Arrays are wrapped when
    they are asked for.

    Parameters
    ----------
    parts : sequence of mapping of str to Named
        One mapping a batch; images of unlike size come in batches of one.
    names : sequence of sequence of str
        What the images of each batch are called.
    labels : sequence of sequence of (int or None)
        Their classes.
    """

    def __init__(
        self,
        parts: Sequence[Mapping[str, Named]],
        names: Sequence[Sequence[str]],
        labels: Sequence[Sequence[int | None]],
    ) -> None:
        self._parts = parts
        self._names = names
        self._labels = labels
        self._wrapped: dict[str, xarray.DataArray] = {}

    @property
    def images(self) -> tuple[str, ...]:
        """What the images are called, in order."""
        return tuple(name for names in self._names for name in names)

    @property
    def labels(self) -> tuple[int | None, ...]:
        """The images' classes, None where unknown."""
        return tuple(label for labels in self._labels for label in labels)

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts[0])

    def __len__(self) -> int:
        return len(self._parts[0])

    def __contains__(self, layer: object) -> bool:
        return layer in self._parts[0]

    def __getitem__(self, layer: str) -> xarray.DataArray:
        self._require(layer)
        if layer not in self._wrapped:
            self._wrapped[layer] = self._wrap(layer)
        return self._wrapped[layer]

    def __repr__(self) -> str:
        rows = [f"<Activations: {len(self)} layers, {len(self.images)} images>"]
        for layer, named in self._parts[0].items():
            shape = self._shape(named)
            sizes = ", ".join(f"{dim}: {size}" for dim, size in zip(named.dims, shape, strict=True))
            rows.append(f"    {layer:32s} {sizes}")
        return "\n".join(rows)

    def _repr_html_(self) -> str:
        rows = [
            (layer, named.attrs.get("kind", ""), ", ".join(named.dims), _times(self._shape(named)))
            for layer, named in self._parts[0].items()
        ]
        caption = f"Activations: {len(self)} layers, {len(self.images)} images"
        return html_table(caption, ("layer", "kind", "dims", "shape"), rows)

    def array(self, layer: str, image: int = 0) -> np.ndarray:
        """Give the bare activation of one image, without the image axis.

        Parameters
        ----------
        layer : str
        image : int
            Place among the images, from 0.

        Returns
        -------
        numpy.ndarray
            ``(channel, y, x)`` and the like, float32; a view, in the framework's memory order.

        Raises
        ------
        SelectionError
            When there is no such layer or image.
        """
        self._require(layer)
        part, inner = self._place(image)
        named = self._parts[part][layer]
        return named.values[inner] if named.dims[:1] == ("image",) else named.values

    def image(self, image: int) -> Activations:
        """Give the activations of one image.

        Raises
        ------
        SelectionError
            When there is no such image.
        """
        part, inner = self._place(image)
        kept = {
            layer: Named(named.values[inner : inner + 1], named.dims, named.attrs)
            if named.dims[:1] == ("image",)
            else named
            for layer, named in self._parts[part].items()
        }
        return Activations([kept], [[self._names[part][inner]]], [[self._labels[part][inner]]])

    def index(self, image: int) -> int:
        """Give the place of an image, counted from the first; negative ones count from the end.

        Raises
        ------
        SelectionError
            When there is no such image.
        """
        return image_index(image, len(self.images))

    def _shape(self, named: Named) -> tuple[int, ...]:
        """Give a layer's shape with all images; where they differ in size, that of the first."""
        shape = named.values.shape
        return (len(self.images), *shape[1:]) if named.dims[:1] == ("image",) else shape

    def _require(self, layer: str) -> None:
        if not isinstance(layer, str) or layer not in self:
            raise NotHeldError(
                f"no activation of a layer {told(layer)} was recorded: {near(str(layer), self)}"
            )

    def _place(self, image: int) -> tuple[int, int]:
        image = self.index(image)
        for part, names in enumerate(self._names):
            if image < len(names):
                return part, image
            image -= len(names)
        raise AssertionError("unreachable")

    def _wrap(self, layer: str) -> xarray.DataArray:
        import xarray

        pieces = [part[layer] for part in self._parts]
        first = pieces[0]
        if any(piece.values.shape[1:] != first.values.shape[1:] for piece in pieces):
            raise InputError(
                f"the images differ in size, so that the maps of {layer!r} do not fit into one "
                "array: take one image with .image(0)[layer]"
            )
        values = first.values
        if len(pieces) > 1:
            values = np.concatenate([piece.values for piece in pieces])
        coords: dict[str, Any] = {}
        if first.dims[:1] == ("image",) and len(values) == len(self.images):
            coords["image"] = list(self.images)
            if any(label is not None for label in self.labels):
                known = [np.nan if label is None else label for label in self.labels]
                coords["label"] = ("image", known)
        return xarray.DataArray(
            values, dims=first.dims, coords=coords, name=layer, attrs=dict(first.attrs)
        )


def image_index(image: int, count: int) -> int:
    """Give the place of one of some images; negative ones count from the end.

    Raises
    ------
    SelectionError
        When there is no such image.
    """
    if not -count <= whole(image, "image") < count:
        raise SelectionError(
            f"there is no image {image}: the {count} images have indices 0 to {count - 1}"
        )
    return image % count


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
