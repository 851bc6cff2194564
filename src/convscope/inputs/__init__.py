"""Images: read them, prepare them, take them from datasets. Knows no network."""

from __future__ import annotations

from convscope.inputs.datasets import open_dataset
from convscope.inputs.images import Image, read_image
from convscope.inputs.preparation import Preparation, check, prepare
from convscope.inputs.reading import read

__all__ = ["Image", "Preparation", "check", "open_dataset", "prepare", "read", "read_image"]
