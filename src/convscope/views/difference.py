"""The same layer of two networks: the maps of both, and what is between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from convscope.activations import image_index
from convscope.arguments import told
from convscope.errors import SelectionError
from convscope.networks import Layer, Network, network_given
from convscope.networks.naming import told_apart
from convscope.pictures.mosaic import mosaic
from convscope.views.look import drawable

if TYPE_CHECKING:
    import xarray

    from convscope.pictures.drawing import Drawing

__all__ = ["Difference", "difference"]


@dataclass(frozen=True, eq=False)
class Difference:
    """Maps of one layer in two networks.

    Attributes
    ----------
    names : (str, str)
        What the networks are called; their files, where they have the same name.
    layer : Layer
        As the first network has it.
    maps : xarray.Dataset
        ``one``, ``other`` and ``difference``, which is ``other`` less ``one``; dims as for
        `Network.activations`.
    """

    names: tuple[str, str]
    layer: Layer
    maps: xarray.Dataset

    def drawing(self, image: int = 0) -> Drawing:
        """Draw three mosaics: both networks on one scale, the difference around zero.

        Parameters
        ----------
        image : int
            Place among the images, from 0; negative ones count from the end.

        Returns
        -------
        Drawing
            Every map of the difference has the same scale, ± its largest absolute value, so that
            maps that changed little look so.

        Raises
        ------
        SelectionError
            When there is no such image.
        """
        from convscope.pictures.figures import beside

        images = self.maps["image"].to_numpy().tolist()
        image = image_index(image, len(images))
        shown = {key: maps.isel(image=image).to_numpy() for key, maps in self.maps.items()}
        both = np.stack([shown["one"], shown["other"]])
        finite = both[np.isfinite(both)]
        ends = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
        signed = ends[0] < 0 < ends[1]
        pictures = []
        for key, values in shown.items():
            tiles, dims = drawable(values, self.layer)
            alone = key == "difference"
            scale: dict[str, Any] = (
                {"scale": "layer"} if alone else {"scale": "shared", "bounds": ends}
            )
            pictures.append(mosaic(tiles, dims=dims, signed=alone or signed, title="", **scale))
        one, other = self.names
        return beside(
            pictures,
            spans=["one scale for both", "one scale for both", "one scale for all maps"],
            titles=[one, other, f"{other} less {one}"],
            title=f"{self.layer.name}, {images[image]}",
            provenance={"networks": [one, other], "layer": self.layer.name, "image": images[image]},
        )


def difference(one: Network, other: Network, images: Any, layer: str | int) -> Difference:
    """Compare the same layer of two networks map by map: before and after a training, for example.

    Only networks whose channels mean the same can be compared so: one that grew out of the other
    by training, pruning, quantisation or muting. For others, see `similarity`.

    Parameters
    ----------
    one, other : Network
        Each prepares the images in its own way.
    images
        As for `Network.activations`.
    layer : str or int
        A layer that both have, with maps of the same shape.

    Raises
    ------
    SelectionError
        When there is no such layer, or more than one, it has no value an image, or its maps differ
        in shape.
    InputError, ModelError
        As for `Network.activations`.
    """
    import xarray

    network_given(one, "one")
    network_given(other, "other")
    chosen = _chosen(one, layer), _chosen(other, layer)
    maps = [
        network.record(network.batches(images), [found])[found.name]
        for network, found in zip((one, other), chosen, strict=True)
    ]
    shapes = [" x ".join(map(str, part.shape[1:])) for part in maps]
    if maps[0].dims != maps[1].dims or shapes[0] != shapes[1]:
        raise SelectionError(
            f"{chosen[0].name!r} is {shapes[0]} in {one.name} and {shapes[1]} in {other.name}: "
            "choose a layer of the same shape"
        )
    found = {"one": maps[0], "other": maps[1], "difference": maps[1] - maps[0]}
    return Difference(told_apart(one, other), chosen[0], xarray.Dataset(found))


def _chosen(network: Network, layer: str | int) -> Layer:
    if layer is None:
        raise SelectionError("layer None: give the name or index of one layer")
    found = network.select(layer)
    if len(found) > 1:
        raise SelectionError(f"{told(layer)} means {len(found)} layers of {network.name}: give one")
    if not found[0].has_image_axis:
        raise SelectionError(
            f"layer {found[0].name!r} of {network.name} has no value an image: choose another"
        )
    return found[0]
