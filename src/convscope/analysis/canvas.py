"""An image made of waves: numbers of any size in, an image within its range out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Canvas"]

# How red, green and blue vary together in photographs: a square root of their covariance over
# ImageNet, from Olah, Mordvintsev and Schubert, "Feature Visualization" (2017), divided by the
# length of its longest row so that no colour is amplified.
_TOGETHER = np.array([[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]], np.float32)
_TOGETHER /= np.linalg.norm(_TOGETHER, axis=0).max()


@dataclass(frozen=True)
class Canvas:
    """How the coefficients of waves become images, and gradients of images those of waves.

    Every wave is as large as it is long, so that a step changes all scales alike (Olah et al.
    2017); colours vary together as they do in photographs; a sigmoid keeps pixels in range.

    Attributes
    ----------
    space : tuple of (int, int)
        Height and width in pixels.
    colours : int
        1 or 3.
    """

    space: tuple[int, int]
    colours: int

    def begin(self, seeds: list[list[int]]) -> np.ndarray:
        """Draw small coefficients, one set a seed: ``(image, colour, y, x)``, float32."""
        shape = (self.colours, *self.space)
        drawn = [np.random.default_rng(seed).normal(0, 0.1, shape) for seed in seeds]
        return np.stack(drawn).astype(np.float32)

    def paint(self, waves: np.ndarray) -> np.ndarray:
        """Give the images: ``(image, colour, y, x)``, 0..1."""
        logits = _hartley(waves * self._lengths)
        if self.colours == 3:
            logits = np.einsum("cd,idyx->icyx", _TOGETHER, logits)
        # Beyond that exp leaves the range of float32, and a pixel is black or white anyway.
        return np.asarray(1 / (1 + np.exp(-np.clip(logits, -80, 80))))

    def trace_back(self, painted: np.ndarray, slopes: np.ndarray) -> np.ndarray:
        """Turn gradients with respect to the images into those with respect to the waves."""
        slopes = slopes * painted * (1 - painted)
        if self.colours == 3:
            slopes = np.einsum("cd,icyx->idyx", _TOGETHER, slopes)
        return np.asarray(_hartley(slopes) * self._lengths)

    @property
    def _lengths(self) -> np.ndarray:
        """The length of each wave in pixels; the constant one counts as the longest."""
        rates = np.hypot(*np.meshgrid(*map(np.fft.fftfreq, self.space), indexing="ij"))
        return np.asarray(1 / np.maximum(rates, 1 / max(self.space)), np.float32)


def _hartley(values: np.ndarray) -> np.ndarray:
    """Transform planes into waves or back: the Hartley transform is its own inverse and adjoint.

    It is a Fourier transform with real coefficients (Hartley 1942), orthonormal here.
    """
    turned = np.fft.fft2(values, axes=(-2, -1), norm="ortho")
    return np.asarray(turned.real - turned.imag, np.float32)
