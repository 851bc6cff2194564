"""What a layer call was given."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Given"]


@dataclass(frozen=True)
class Given:
    """A value that a layer was given.

    Attributes
    ----------
    name : str
        ``conv2d:input:0``.
    dims, shape, has_image_axis, channels_first
        As of a `Layer`; the axes are those that the layer given it sees.
    dtype : str
        In which the framework keeps it.
    """

    name: str
    dims: tuple[str, ...]
    shape: tuple[int | None, ...]
    has_image_axis: bool
    channels_first: bool
    dtype: str
