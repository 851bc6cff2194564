"""Pictures: numbers in, pixels out; knows no network."""

from convscope.pictures.colormap import CARRIED, LEVELS, Place, palette
from convscope.pictures.files import write_atomically
from convscope.pictures.mosaic import mosaic
from convscope.pictures.picture import Picture
from convscope.pictures.png import read_provenance
from convscope.pictures.scale import SCALES, Scale

__all__ = [
    "CARRIED",
    "LEVELS",
    "SCALES",
    "Picture",
    "Place",
    "Scale",
    "mosaic",
    "palette",
    "read_provenance",
    "write_atomically",
]
