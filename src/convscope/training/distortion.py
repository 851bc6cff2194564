"""Random distortions of training images: turned, shifted, sheared, zoomed, mirrored, thickened."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import PIL.Image

__all__ = ["Distortion"]


@dataclass(frozen=True)
class Distortion:
    """How far training images are distorted; each amount is drawn evenly for every image.

    Attributes
    ----------
    rotation : float
        Degrees, to either side.
    shift : float
        Share of height and of width, to either side.
    shear : float
        Tangent of the angle, to either side.
    zoom : float
        ``0.2`` scales height and width by 0.8 to 1.2, each by itself.
    mirror : bool
        Whether left and right are exchanged in half of the images.
    thickness : float
        Up to which share an image is mixed with itself dilated, or eroded, by one pixel (light
        strokes on dark ground): 0 leaves strokes alone, 1 makes them up to two pixels wider or
        narrower.
    extends : bool
        Whether what comes in from outside repeats the edge; else it is black.
    """

    rotation: float = 0.0
    shift: float = 0.0
    shear: float = 0.0
    zoom: float = 0.0
    mirror: bool = False
    thickness: float = 0.0
    extends: bool = False

    def apply(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Distort every image by itself.

        Parameters
        ----------
        images : numpy.ndarray
            ``(image, y, x, channel)``, uint8, one channel or three; left as it is.
        rng : numpy.random.Generator
            Draws the amounts.

        Returns
        -------
        numpy.ndarray
            Same shape, uint8.
        """
        if self.thickness:
            images = _thickened(images, rng.uniform(-self.thickness, self.thickness, len(images)))
        margin = 2 * max(images.shape[1:3]) // 3 if self.extends else 0
        out = np.empty_like(images)
        for place, matrix in enumerate(self._draw(images.shape, rng)):
            out[place] = _moved(images[place], matrix, margin)
        return out

    def _draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        """Draw the maps from places (x, y, 1) of the results to places (x, y) of the images.

        Returns
        -------
        numpy.ndarray
            ``(image, 2, 3)``.
        """
        count, y, x = shape[:3]
        angle, shear, zoom_x, zoom_y, shift_x, shift_y = rng.uniform(-1, 1, (6, count))
        turn = np.deg2rad(self.rotation * angle)
        cos, sin, slant = np.cos(turn), np.sin(turn), self.shear * shear
        # Rotation times shear; then the zoom of each axis, and the mirror, on its columns.
        linear = np.array([[cos, cos * slant - sin], [sin, sin * slant + cos]])
        linear /= np.array([1 + self.zoom * zoom_x, 1 + self.zoom * zoom_y])
        if self.mirror:
            linear[:, 0] *= rng.choice((-1, 1), count)
        centre = np.array([[x / 2], [y / 2]])
        shift = self.shift * np.array([x * shift_x, y * shift_y])
        offset = centre + shift - np.einsum("rci,co->ri", linear, centre)
        return np.moveaxis(np.concatenate([linear, offset[:, np.newaxis]], axis=1), -1, 0)


def _moved(image: np.ndarray, matrix: np.ndarray, margin: int) -> np.ndarray:
    """Look up the places of an image (y, x, channel), between its pixels bilinearly."""
    y, x, channels = image.shape
    if margin:
        image = np.pad(image, ((margin, margin), (margin, margin), (0, 0)), mode="edge")
    plain = np.ascontiguousarray(image[:, :, 0] if channels == 1 else image)
    moved = PIL.Image.fromarray(plain).transform(
        (x, y),
        PIL.Image.Transform.AFFINE,
        tuple(np.add(matrix, (0, 0, margin)).ravel()),
        PIL.Image.Resampling.BILINEAR,
    )
    return np.asarray(moved).reshape(y, x, channels)


def _thickened(images: np.ndarray, amounts: np.ndarray) -> np.ndarray:
    """Mix each image with itself dilated (amount > 0) or eroded (< 0) by a plus of 3 x 3."""
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    neighbours = [
        images,
        padded[:, :-2, 1:-1],
        padded[:, 2:, 1:-1],
        padded[:, 1:-1, :-2],
        padded[:, 1:-1, 2:],
    ]
    amount = np.abs(amounts).astype(np.float32)[:, None, None, None]
    wider = (amounts > 0)[:, None, None, None]
    other = np.where(wider, np.maximum.reduce(neighbours), np.minimum.reduce(neighbours))
    mixed: np.ndarray = np.rint((1 - amount) * images + amount * other).astype(np.uint8)
    return mixed
