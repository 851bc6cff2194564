"""Pictures as pictures: drawn again, they equal the ones that were looked at.

On a difference the new picture is written beside the old one as NAME-changed.png: to accept it,
look at it and rename it.
"""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convscope.pictures import LEVELS, mosaic

GOLDEN = Path(__file__).parent / "golden"
ONE_LEVEL = 6  # as a difference of colours, at most


def waves(channels, height, width):
    """Maps with something to see: waves of rising frequency, and a diagonal."""
    y, x = np.mgrid[:height, :width] / max(height, width)
    maps = [np.sin((c % 5 + 1) * 4 * x + c) * np.cos(c * y) + x * y for c in range(channels)]
    return np.array(maps, np.float32)


def blank_ones(positive=True):
    values = waves(24, 13, 11)
    values = np.abs(values) if positive else values
    values[4], values[7], values[10] = 0, 0.4, 1
    words = ["active"] * 24
    words[4], words[7], words[10], words[19] = "dead", "constant", "saturated", "not a number"
    values[19, 3, 4], values[19, 8, 2:6] = np.nan, np.inf
    return values, words


def pictures():
    values, words = blank_ones()
    signed, _ = blank_ones(positive=False)
    return {
        "channel": mosaic(values, words=words, columns=16, title="conv2d"),
        "layer-paper": mosaic(values, scale="layer", colormap="paper", zoom=4, columns=8),
        "words": mosaic(values, words=words, scale="sigma", zoom=6, columns=8, title="conv2d"),
        "signed": mosaic(signed, words=words, scale="robust", zoom=3),
        "strip": mosaic(np.abs(waves(1, 1, 60)).ravel(), zoom=6, title="dense   60 units"),
        "signal": mosaic(waves(16, 1, 90)[:, 0], dims=("channel", "x"), zoom=4),
        "volume": mosaic(waves(18, 12, 10).reshape(6, 3, 12, 10), colormap="cividis", zoom=3),
    }


@pytest.mark.parametrize("name", sorted(pictures()))
def test_a_picture_is_what_it_was(name):
    picture = pictures()[name]
    path, changed = GOLDEN / f"{name}.png", GOLDEN / f"{name}-changed.png"
    changed.unlink(missing_ok=True)
    drawn = np.asarray(picture.image().convert("RGB"))
    same = path.exists()
    if same:
        with Image.open(path) as image:
            golden = np.asarray(image.convert("RGB"))
        same = golden.shape == drawn.shape
    if same:
        apart = np.abs(golden.astype(int) - drawn).max(axis=-1)
        tiles = np.zeros(apart.shape, bool)
        height, width = picture.tile_places().shape
        tiles[:height, :width] = picture.tile_places() < LEVELS
        # Letters are drawn by FreeType, whose versions differ at their edges; sines of different
        # processors differ in their last bit, which may be one level.
        same = bool((apart > 0).mean() < 0.01 and apart[tiles].max() <= ONE_LEVEL)
    if not same:
        picture.save(changed)
    assert same, f"{name} is not what it was: look at {changed}"
