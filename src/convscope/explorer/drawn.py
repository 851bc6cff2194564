"""What a page shows of a network when no image was given."""

from __future__ import annotations

from typing import Any

from convscope.analysis.verification import random_input
from convscope.explorer.landscape import landscape
from convscope.inputs.images import Image
from convscope.networks import Network
from convscope.training.strokes import digits

__all__ = ["drawn_digits", "drawn_images"]

# What is written with a pen is small and grey.
_WIDEST = 64


def drawn_images(network: Network) -> Any:
    """Draw images that a network takes, so that a page is never empty.

    Returns
    -------
    list of Image or dict
        The ten digits for small grey images, else a landscape; random numbers by input name, as
        `Network.activations` takes them, where the network takes no images.
    """
    preparation = network.preparation
    if preparation is None:
        return random_input(network)
    small = preparation.size is not None and preparation.size[1] <= _WIDEST
    if preparation.channels == 1 and small:
        return drawn_digits()
    return [Image(landscape(), "landscape")]


def drawn_digits() -> list[Image]:
    """Draw the digits 0 to 9, each with its class."""
    return [Image(pixels[..., None], f"digit {label}", label) for label, pixels in digits()]
