"""What a picture is drawn from: an array whose axes are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from convscope.arguments import real_array, texts
from convscope.errors import SelectionError
from convscope.pictures.scale import Floats

__all__ = ["Maps", "maps_of"]

_BARE = {
    1: ("channel",),
    2: ("y", "x"),
    3: ("channel", "y", "x"),
    4: ("channel", "z", "y", "x"),
}
_KINDS = {
    ("channel",): "strip",
    ("channel", "x"): "signal",
    ("channel", "y", "x"): "map",
    ("channel", "z", "y", "x"): "volume",
}


@dataclass(frozen=True, eq=False)
class Maps:
    """Feature maps of one image.

    Attributes
    ----------
    values : ndarray of float32, (channel, y, z, x)
        A view of what was given, where that was float32; absent axes have length 1.
    kind : str
        ``strip`` (no space), ``signal`` (x), ``map`` (y, x) or ``volume`` (z, y, x).
    provenance : dict
        What a DataArray says about itself.
    """

    values: Floats
    kind: str
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def channels(self) -> int:
        """How many maps there are."""
        return int(self.values.shape[0])

    @property
    def single(self) -> bool:
        """Whether a map is a single unit."""
        return int(self.values[0].size) == 1

    @property
    def size(self) -> str:
        """The size of a map in words."""
        _, height, slices, width = self.values.shape
        if self.kind == "signal":
            return str(width)
        return f"{slices} × {height} × {width}" if self.kind == "volume" else f"{height} × {width}"


def maps_of(values: Any, dims: Sequence[str] | None = None) -> Maps:
    """Read an array or a DataArray.

    Parameters
    ----------
    values : array or DataArray
        A DataArray is known by its ``dims`` and ``values``.
    dims : sequence of str, optional
        Names of the axes of a bare array; by default those of a layer's maps for its rank.

    Raises
    ------
    SelectionError
        For more than one image, other axes than channel, z, y, x, an empty array, or values that
        are not real numbers.
    """
    array = real_array(values, "values", "(channel, y, x), or a DataArray")
    if dims is not None:
        dims = texts(dims, "dims")
    else:
        dims = getattr(values, "dims", None) or _BARE.get(array.ndim, ())
    names = tuple(str(name) for name in dims)
    if len(names) != array.ndim or not names:
        raise SelectionError(
            f"an array of {array.ndim} axes cannot be drawn: give (channel, y, x), or name the "
            "axes with dims="
        )
    if "image" in names:
        axis = names.index("image")
        if array.shape[axis] != 1:
            raise SelectionError(
                f"{array.shape[axis]} images, and a mosaic shows one: choose it with .isel(image=0)"
            )
        array = array.squeeze(axis)
        names = names[:axis] + names[axis + 1 :]
    with np.errstate(all="ignore"):
        floats = array.astype(np.float32, copy=False)
    return _arranged(floats, names, _said(values))


def _arranged(floats: Floats, names: tuple[str, ...], provenance: dict[str, Any]) -> Maps:
    if "channel" not in names:
        floats, names = floats[None], ("channel", *names)
    order = tuple(name for name in ("channel", "z", "y", "x") if name in names)
    if order not in _KINDS or len(order) != len(names):
        raise SelectionError(
            f"axes {', '.join(names)} cannot be drawn: name them channel, z, y, x with dims=, or "
            "select along the others"
        )
    if floats.size == 0:
        raise SelectionError(f"nothing to draw in an array of shape {floats.shape}: give values")
    floats = floats.transpose([names.index(name) for name in order])
    kind = _KINDS[order]
    if kind == "volume":
        floats = floats.swapaxes(1, 2)
    else:
        shape = floats.shape
        extra = {"strip": (1, 1, 1), "signal": (1, 1, *shape[1:]), "map": ()}[kind]
        floats = floats[:, :, None, :] if kind == "map" else floats.reshape(shape[0], *extra)
    return Maps(floats, kind, provenance)


def _said(values: Any) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if not hasattr(values, "dims"):
        return said
    if getattr(values, "name", None):
        said["layer"] = str(values.name)
    coordinate = getattr(values, "coords", {})
    if "image" in coordinate and coordinate["image"].size == 1:
        said["image"] = np.asarray(coordinate["image"].values).item()
    attributes = getattr(values, "attrs", {})
    if isinstance(attributes, Mapping):
        said.update({str(key): value for key, value in attributes.items()})
    return said
