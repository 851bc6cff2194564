"""Which pixels an ONNX graph expects: what its metadata says, or the first rescaling in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from convscope.networks.layer import Input
from convscope.networks.onnx.calls import Call
from convscope.networks.onnx.constants import Constants
from convscope.networks.onnx.kinds import kind_of

__all__ = ["pixel_order", "pixel_range"]

# The words of ONNX's own MetadataProps.md.
_RANGES = {
    "NominalRange_0_255": (0.0, 255.0),
    "Normalized_0_1": (0.0, 1.0),
    "Normalized_1_1": (-1.0, 1.0),
    "NominalRange_16_235": (16.0, 235.0),
}
_BEFORE_WEIGHTS = frozenset({"padding", "reshape", "dropout"})


def pixel_order(metadata: Mapping[str, str]) -> str | None:
    """Give the order of the colours that a file states; None where it states none."""
    said = metadata.get("Image.BitmapPixelFormat", "")
    return {"Bgr8": "bgr", "Rgb8": "rgb"}.get(said.capitalize())


def pixel_range(
    metadata: Mapping[str, str], entry: Input, calls: Sequence[Call], constants: Constants
) -> tuple[float, float, str] | None:
    """Tell what black and white become.

    Returns
    -------
    tuple of (float, float, str) or None
        Lowest and highest value and the words that say why; None when nothing tells.
    """
    stated = _RANGES.get(metadata.get("Image.NominalPixelRange", ""))
    if stated is not None:
        return (*stated, "as the file states")
    if np.dtype(entry.dtype).kind in "iu":
        return 0.0, 255.0, "the network takes whole numbers"
    for call in calls:
        if kind_of(call) in _BEFORE_WEIGHTS or call.function in {"Cast", "Sub", "Add"}:
            continue
        scale = _scale(call, constants)
        if scale is None:
            return None
        # Between 0..255 and 0..1: the one that is brought to the order of one.
        high = 255.0 if float(np.max(np.abs(scale))) * 255.0 <= 25.0 else 1.0
        return 0.0, high, f"{call.name} inside the network rescales"
    return None


def _scale(call: Call, constants: Constants) -> np.ndarray | None:
    """Give by what a call multiplies its input; None where it does something else."""
    if call.function not in {"Mul", "Div"} or len(call.data) != 1 or len(call.inputs) != 2:
        return None
    if call.function == "Div" and call.data != (0,):
        return None
    number = constants.value(call.inputs[1 - call.data[0]])
    if number is None or number.size == 0 or not number.all():
        return None
    wide = number.astype(np.float64)
    return wide if call.function == "Mul" else 1.0 / wide
