"""What convscope does, whatever framework made the network."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
from moments import kept_by

import convscope
from convscope.inputs.dataset import Dataset
from convscope.views.heatmap import render

__all__ = ["cam", "cam_picture", "leading", "pictures", "small_cam", "spatial", "statistics"]


def spatial(network: Any) -> list[Any]:
    """Give the layers whose maps are pictures."""
    return [layer for layer in network.layers.values() if len(layer.space) == 2]


def pictures(side: Any) -> dict[str, np.ndarray]:
    """Write all maps of the layers, a PNG a layer, and give the values that were drawn."""
    maps = convscope.maps(side.network, side.image, side.names)
    maps.save(side.folder / "ours")
    return {name: maps.activations.array(name, 0) for name in side.names}


def _surveyed(side: Any, images: np.ndarray) -> Any:
    store: Path = side.folder / "ours.zarr"
    # One that is finished would not be done again.
    shutil.rmtree(store, ignore_errors=True)
    dataset = Dataset("random", None, None, (), images)
    return convscope.survey(side.network, dataset, store, layers=side.names)


def statistics(side: Any, images: np.ndarray) -> dict[str, np.ndarray]:
    """Give the figures of every channel over the images, from a survey of them."""
    return kept_by(_surveyed(side, images))


def leading(side: Any, images: np.ndarray) -> dict[str, np.ndarray]:
    """Give the image that excites each channel most, from a survey."""
    found = _surveyed(side, images)
    return {name: found[name]["top_image"].values[:, 0] for name in side.names}


def _explained(side: Any) -> Any:
    return convscope.heatmap(side.network, side.image, side.target, "grad-cam", side.last)


def cam(side: Any) -> np.ndarray:
    """Give Grad-CAM at the size of the image."""
    return np.asarray(_explained(side).upsampled.values[0])


def small_cam(side: Any) -> np.ndarray:
    """Give Grad-CAM at the size of the layer."""
    return np.asarray(_explained(side).values.values[0])


def cam_picture(side: Any) -> np.ndarray:
    """Lay it over the image and write it, with its titles and its colour bar."""
    found = _explained(side)
    render(side.network, found).save(side.folder / "ours.png")
    return np.asarray(found.upsampled.values[0])
