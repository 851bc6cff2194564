"""Which positions a unit of an enlarged map looks at: Resize and Upsample."""

from __future__ import annotations

from typing import Any

import numpy as np

from convscope.networks.geometry import Geometry
from convscope.networks.onnx.sized import Sized

__all__ = ["interpolation_of", "resized"]


def interpolation_of(sized: Sized) -> str | None:
    """Name the interpolation of an enlarging; None where it is none that is understood.

    The nearest position must be that of the input which a unit lies on; the linear one must lie
    between the centres of the inputs.
    """
    attributes = sized.call.attributes
    mode = str(attributes.get("mode", "nearest"))
    old = sized.call.function == "Upsample" or sized.call.version < 11
    where = "asymmetric" if old else str(
        attributes.get("coordinate_transformation_mode", "half_pixel")
    )  # fmt: skip
    if attributes.get("antialias"):
        return None
    if mode == "nearest":
        how = "floor" if old else str(attributes.get("nearest_mode", "round_prefer_floor"))
        factors = _factors(sized)
        plain = factors is not None and all(_repeats(factor, where, how) for factor in factors)
        return "nearest" if plain else None
    longer = min(sized.space) > 1 or where == "half_pixel"
    if mode == "linear" and where in {"half_pixel", "pytorch_half_pixel"} and longer:
        return "bilinear"
    return None


def _repeats(factor: int, where: str, how: str) -> bool:
    """Tell whether unit u is the input u // factor, as ONNX's reference computes it."""
    units = np.arange(4 * factor, dtype=np.float64)
    match where:
        case "asymmetric":
            places = units / factor
        case "half_pixel" | "pytorch_half_pixel":
            places = (units + 0.5) / factor - 0.5
        case "tf_half_pixel_for_nn":
            places = (units + 0.5) / factor
        case _:
            return False
    match how:
        case "floor":
            found = np.floor(places)
        case "ceil":
            found = np.ceil(places)
        case "round_prefer_floor":
            found = np.ceil(places - 0.5)
        case _:
            found = np.floor(places + 0.5)
    found = np.clip(found, 0, 3)
    return bool((found == units // factor).all())


def _factors(sized: Sized) -> tuple[int, ...] | None:
    """Give by how much each axis of space grows; None where that is no whole number."""
    factors: list[float] = []
    scales = _scales(sized)
    for size, out, scale in zip(sized.given, sized.out, scales, strict=True):
        if size and out:
            factors.append(out / size)
        elif scale is not None:
            factors.append(scale)
        else:
            return None
    if factors[0] != 1 or factors[sized.channel] != 1:
        return None
    inner = factors[2:] if sized.first else factors[1:-1]
    if any(factor < 1 or factor != int(factor) for factor in inner):
        return None
    return tuple(int(factor) for factor in inner)


def _scales(sized: Sized) -> list[float | None]:
    call = sized.call
    rank = len(sized.given)
    given: Any = call.attributes.get("scales")
    place = 1 if call.function == "Upsample" or call.version < 11 else 2
    if given is None and call.input(place):
        given = sized.constants.value(call.input(place))
    if given is None or len(np.asarray(given).reshape(-1)) != rank:
        # Images are as many as before.
        return [1.0, *[None] * (rank - 1)]
    return [float(scale) for scale in np.asarray(given).reshape(-1)]


def resized(sized: Sized, rank: int) -> Geometry | None:
    """Give the geometry of an enlarging by whole factors."""
    interpolation, factors = interpolation_of(sized), _factors(sized)
    if interpolation is None or factors is None or sized.call.function not in {
        "Resize", "Upsample"
    }:  # fmt: skip
        return None
    ones = (1,) * rank
    if interpolation == "nearest":
        return Geometry(factors, factors, ones, ((0, 0),) * rank, transposed=True)
    # An input reaches the units less than one input from its centre.
    kernel = tuple(2 * factor - factor % 2 for factor in factors)
    padding = tuple((factor // 2,) * 2 for factor in factors)
    return Geometry(kernel, factors, ones, padding, transposed=True)
