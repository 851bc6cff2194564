"""The image as the network sees it."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image

from convscope.inputs.preparation import Preparation
from convscope.networks import Batch, Network
from convscope.networks.layer import dims_of
from convscope.pictures.mosaic import mosaic
from convscope.pictures.picture import Picture

__all__ = ["as_png", "given", "seen"]


def seen(network: Network, batch: Batch, image: int) -> np.ndarray | None:
    """Undo the preparation, so that a person can look at what the network was fed.

    Returns
    -------
    numpy.ndarray or None
        ``(y, x, channel)``, uint8, one or three channels, at the size the network was fed; None
        when the network takes no images.
    """
    preparation = network.preparation
    if preparation is None:
        return None
    entry = network.inputs[0]
    values = np.asarray(batch.arrays[entry.name][image], np.float32)
    if len(entry.shape) == 2:
        values = values[..., None]
    elif entry.channels_first:
        values = np.moveaxis(values, 0, -1)
    return _pixels(values, preparation)


def given(network: Network, batch: Batch, image: int) -> dict[str, Picture]:
    """Draw what a network was given that is no image: volumes as slices, signals as strips.

    Returns
    -------
    dict of str to Picture
        By input name; empty for a network that takes images. What has more axes than a volume is
        left out.
    """
    if network.preparation is not None:
        return {}
    found = {}
    for entry in network.inputs:
        values = np.asarray(batch.arrays[entry.name][image], np.float32)
        dims = dims_of(values.ndim, image=False)
        if dims[:1] != ("channel",) or not values.size:
            continue
        if not entry.channels_first:
            values = np.moveaxis(values, -1, 0)
        origin = {
            "network": network.name,
            "layer": entry.name,
            "image": batch.names[image],
            "preparation": network.fed(batch),
        }
        found[entry.name] = mosaic(values, dims=dims, provenance=origin)
    return found


def as_png(pixels: np.ndarray) -> bytes:
    """Encode ``(y, x, channel)``, uint8, as a PNG file."""
    file = BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(file, "PNG")
    return file.getvalue()


def _pixels(values: np.ndarray, preparation: Preparation) -> np.ndarray:
    # Mean and deviation are in the order that the network sees, so they are undone first.
    if preparation.std is not None:
        values = values * np.asarray(preparation.std, np.float32)
    if preparation.mean is not None:
        values = values + np.asarray(preparation.mean, np.float32)
    if preparation.order == "bgr":
        values = values[..., ::-1]
    share = (values - preparation.low) / (preparation.high - preparation.low)
    return np.asarray(np.clip(np.rint(share * 255), 0, 255).astype(np.uint8))
