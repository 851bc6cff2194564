"""A picture that belongs to nobody: a lake before mountains, drawn with NumPy."""

from __future__ import annotations

import numpy as np
import PIL.Image

__all__ = ["landscape"]

_SKY = ((62, 112, 190), (190, 214, 238))
_SNOW = (246, 248, 252)
_ROCK = (88, 92, 108)
_FOREST = (30, 62, 42)
_SHORE = 0.62  # share of the height
_RIPPLES = 90.0


def landscape(size: int = 448) -> np.ndarray:
    """Draw a lake before mountains, the same every time.

    It has what filters look for: edges of every direction, smooth and rough surfaces, colours,
    and shapes that come back upside down.

    Parameters
    ----------
    size : int
        Height and width in pixels.

    Returns
    -------
    numpy.ndarray
        ``(y, x, channel)``, uint8, RGB.
    """
    y, x = (np.mgrid[:size, :size] + 0.5) / size
    land = _land(y, x)
    # What lies below the shore mirrors what is above it, shaken and darker.
    depth = np.clip((y - _SHORE) / (1 - _SHORE), 0, 1)
    shaken = x + 0.012 * depth * np.sin(_RIPPLES * np.sqrt(depth) + 9 * x)
    mirror_y = np.clip(2 * _SHORE - y, 0, 1)
    rows = (mirror_y * size).astype(int).clip(0, size - 1)
    columns = (shaken * size).astype(int).clip(0, size - 1)
    waves = 1 + 0.10 * depth * np.sin(_RIPPLES * 1.7 * np.sqrt(depth) + 5 * np.sin(7 * x))
    water = 0.72 * land[rows, columns] * waves[..., None] + (6, 18, 30)
    picture = np.where((y > _SHORE)[..., None], water, land)
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def _land(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Draw sky, mountains and forest: ``(y, x, channel)``, 0..255."""
    size = len(y)
    high, low = np.array(_SKY, float)
    picture = high + (low - high) * np.clip(y / _SHORE, 0, 1)[..., None]
    clouds = _noise(size, 1, (9, 4), 5)
    cover = np.clip(clouds * 1.4 - 0.15, 0, 1) * np.clip(1 - y / 0.45, 0, 1)
    picture += cover[..., None] * (250 - picture)
    rough = _noise(size, 2, (9, 13), 5)
    for seed, base, tall, pale in ((5, 0.40, 0.34, 0.35), (8, 0.53, 0.24, 0.0)):
        crest = base - tall * _ridge(x[0], seed)
        snow = (y - crest < 0.055 + 0.07 * rough)[..., None]
        stone = np.where(snow, _SNOW, _ROCK) * (0.86 + 0.22 * rough)[..., None]
        stone += pale * (low - stone)
        picture = np.where((y > crest)[..., None], stone, picture)
    trees = _SHORE - 0.045 - 0.03 * _ridge(x[0], 3) - 0.02 * np.abs(np.sin(190 * x[0]))
    leaves = np.array(_FOREST) * (1 + 0.5 * _noise(size, 4, (70, 70), 2))[..., None]
    return np.where((y > trees)[..., None], leaves, picture)


def _ridge(x: np.ndarray, seed: int) -> np.ndarray:
    """Give the height of a jagged line over ``x``, about -1..1: lines of ever finer points."""
    rng = np.random.default_rng(seed)
    height = np.zeros_like(x)
    for octave in range(1, 8):
        points = rng.uniform(-1, 1, 2**octave + 1)
        height += np.interp(x * 2**octave, np.arange(len(points)), points) / 1.9**octave
    return height


def _noise(size: int, seed: int, cells: tuple[int, int], octaves: int) -> np.ndarray:
    """Sum smooth noise of ever finer cells: ``(y, x)``, about -1..1."""
    rng = np.random.default_rng(seed)
    total = np.zeros((size, size), np.float32)
    for octave in range(octaves):
        shape = cells[0] << octave, cells[1] << octave
        grid = PIL.Image.fromarray(rng.uniform(-1, 1, shape).astype(np.float32))
        smooth = grid.resize((size, size), PIL.Image.Resampling.BICUBIC)
        total += np.asarray(smooth) / 1.6**octave
    return total
