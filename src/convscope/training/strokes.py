"""Sample digits, drawn as strokes of a pen: light on dark, framed as the images of MNIST."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import PIL.Image
import PIL.ImageDraw

from convscope.errors import SelectionError

__all__ = ["digit", "digits"]

_SIZE = 28
_BOX = 20
_PEN = 2.4  # pixels; the strokes of MNIST are two to three pixels wide
_FINE = 8
_STEPS = 12  # straight pieces between two points of a curve

# By digit its strokes: points x,y, y downwards, about 100 wide and 140 high. A curve runs smoothly
# through its points, a straight stroke is broken at them.
_DIGITS = (
    ("curve 55,0 18,25 5,75 20,125 50,140 82,120 95,70 85,20 55,0",),
    ("straight 30,25 56,0 46,140",),
    (
        "curve 8,35 20,8 50,0 82,12 88,42 68,78 35,112 5,138",
        "straight 5,138 100,134",
    ),
    (
        "curve 8,15 40,0 76,10 82,38 62,58 36,65",
        "curve 36,65 72,72 92,100 78,130 40,140 2,124",
    ),
    (
        "straight 22,5 8,76 95,72",
        "straight 80,0 72,140",
    ),
    (
        "straight 92,2 26,0 18,62",
        "curve 18,62 50,50 82,64 92,98 74,130 40,140 5,126",
    ),
    ("curve 75,0 40,32 15,75 10,110 28,136 58,140 84,120 82,92 55,78 26,90 10,110",),
    ("straight 5,6 95,2 40,140",),
    ("curve 80,15 50,0 20,17 28,46 70,85 84,114 50,140 14,115 30,85 70,48 80,15",),
    (
        "curve 86,30 60,2 25,12 12,42 30,68 62,62 86,30",
        "curve 86,30 82,85 66,140",
    ),
)


def digit(label: int) -> np.ndarray:
    """Draw one digit.

    As in MNIST (LeCun et al. 1998, section III.A) it fits a box of 20 x 20 pixels, and its centre
    of mass lies in the middle of the image.

    Parameters
    ----------
    label : int
        0 to 9.

    Returns
    -------
    numpy.ndarray
        ``(28, 28)``, uint8, white strokes on black.

    Raises
    ------
    SelectionError
        When there is no such digit.
    """
    if label not in range(len(_DIGITS)):
        raise SelectionError(f"there is no digit {label!r}: give 0 to 9")
    strokes = [_points(stroke) for stroke in _DIGITS[label]]
    places = np.concatenate(strokes)
    low, high = places.min(axis=0), places.max(axis=0)
    scale = (_BOX - _PEN) / (high - low).max() * _FINE
    middle = np.full(2, _SIZE * _FINE / 2)
    drawn = _draw([(stroke - (low + high) / 2) * scale + middle for stroke in strokes])
    # Drawn twice: where its mass lies shows only in the picture.
    mass = np.argwhere(drawn)[:, ::-1].mean(axis=0) + 0.5
    drawn = _draw([(stroke - (low + high) / 2) * scale + 2 * middle - mass for stroke in strokes])
    return np.asarray(PIL.Image.fromarray(drawn).reduce(_FINE))


def digits() -> list[tuple[int, np.ndarray]]:
    """Draw all ten digits.

    Returns
    -------
    list of (int, numpy.ndarray)
        Label and image, as `digit` gives it; 0 to 9.
    """
    return [(label, digit(label)) for label in range(len(_DIGITS))]


def _points(stroke: str) -> np.ndarray:
    kind, *words = stroke.split()
    given = np.array([word.split(",") for word in words], float)
    return _curve(given) if kind == "curve" else given


def _curve(given: np.ndarray) -> np.ndarray:
    """Run a Catmull-Rom spline through points; closed when the last is the first.

    Parameters
    ----------
    given : numpy.ndarray
        ``(point, 2)``, at least two points.

    Returns
    -------
    numpy.ndarray
        ``(point, 2)``.
    """
    if np.array_equal(given[0], given[-1]):
        before, after = given[-2], given[1]
    else:
        before, after = 2 * given[0] - given[1], 2 * given[-1] - given[-2]
    known = np.vstack([before, given, after])
    t = np.linspace(0, 1, _STEPS, endpoint=False)[:, np.newaxis]
    pieces = []
    for a, b, c, d in zip(known, known[1:], known[2:], known[3:], strict=False):
        cubic = (3 * b - a - 3 * c + d) * t**3 + (2 * a - 5 * b + 4 * c - d) * t**2
        pieces.append((cubic + (c - a) * t) / 2 + b)
    return np.vstack([*pieces, given[-1:]])


def _draw(strokes: Sequence[np.ndarray]) -> np.ndarray:
    """Draw with a round pen on the fine grid, 0 or 255."""
    picture = PIL.Image.new("L", (_SIZE * _FINE, _SIZE * _FINE))
    pen = PIL.ImageDraw.Draw(picture)
    radius = _PEN * _FINE / 2
    for stroke in strokes:
        pen.line([(x, y) for x, y in stroke], fill=255, width=round(2 * radius))
        for x, y in stroke:
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return np.asarray(picture)
