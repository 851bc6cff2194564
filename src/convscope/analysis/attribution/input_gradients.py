"""Methods that differentiate a score by the pixels of the input."""

from __future__ import annotations

import numpy as np

from convscope.analysis.attribution.question import Question

__all__ = ["SAMPLES", "STEPS", "integrated_gradients", "saliency", "smoothgrad"]

SAMPLES = 50
"""Noisy copies of an image that SmoothGrad takes."""

NOISE = 0.15
"""Standard deviation of its noise, as a share of the image's own range of values."""

STEPS = 50
"""Points between the baseline and the image at which integrated gradients differentiates."""


def saliency(question: Question) -> np.ndarray:
    """Give the largest ``|gradient|`` over the channels of every pixel, ``(image, y, x)``.

    Simonyan et al. 2013, Deep Inside Convolutional Networks, section 3.
    """
    found = [_saliency(question, image) for image in range(question.images)]
    return question.picture.largest(np.abs(np.stack(found)))


def _saliency(question: Question, image: int) -> np.ndarray:
    own = question.own(image)
    return np.asarray(question.slopes(image, 1, lambda _: own[None])[1][0])


def smoothgrad(question: Question) -> np.ndarray:
    """Give the saliency of the mean gradient over 50 noisy copies of an image, ``(image, y, x)``.

    The noise is normal, with a standard deviation of 15 % of the range of the image's values, and
    the same for the same seed whichever images stand beside it. The class is the one that was
    chosen for the image without noise. Smilkov et al. 2017, SmoothGrad.
    """
    found = [_mean_gradient(question, image) for image in range(question.images)]
    return question.picture.largest(np.abs(np.stack(found)))


def _mean_gradient(question: Question, image: int) -> np.ndarray:
    own = question.own(image)
    spread = np.float32(NOISE * np.ptp(own))

    def noisy(rows: np.ndarray) -> np.ndarray:
        # A generator for every sample, so that the samples do not depend on the pieces.
        draws = [np.random.default_rng((question.seed, row)) for row in rows.tolist()]
        normal = [draw.standard_normal(own.shape, np.float32) for draw in draws]
        return np.asarray(own + spread * np.stack(normal))

    return np.asarray(question.slopes(image, SAMPLES, noisy)[1].mean(axis=0))


def integrated_gradients(question: Question) -> tuple[np.ndarray, np.ndarray]:
    """Integrate the gradients on the straight line from a black image to the image.

    ``(x - x') * integral of dS(x' + a (x - x'))/dx over a from 0 to 1``, summed over the channels;
    the integral by Gauss-Legendre quadrature with 50 points, as captum takes it. The baseline x' is
    a black image, prepared as images are for the network, or zero where that is not known. Holds
    both signs. Sundararajan et al. 2017, Axiomatic Attribution for Deep Networks, eq. 1.

    Returns
    -------
    values : numpy.ndarray
        ``(image, y, x)``
    gap : numpy.ndarray
        ``(image,)``: how far the sum of the values is from the difference of the two scores, which
        it would equal for an exact integral (proposition 1, completeness).
    """
    found = [_integrated(question, image) for image in range(question.images)]
    values, gaps = zip(*found, strict=True)
    return question.picture.total(np.stack(values)), np.asarray(gaps)


def _integrated(question: Question, image: int) -> tuple[np.ndarray, float]:
    own = question.own(image)
    black = np.broadcast_to(question.picture.shade(0.0), own.shape)
    nodes, weights = np.polynomial.legendre.leggauss(STEPS)
    shares = ((nodes + 1) / 2).astype(np.float32).reshape(-1, *(1,) * own.ndim)

    def between(rows: np.ndarray) -> np.ndarray:
        return np.asarray(black + shares[rows] * (own - black))

    _, gradients = question.slopes(image, STEPS, between)
    mean = np.tensordot((weights / 2).astype(np.float32), gradients, axes=1)
    value = (own - black) * mean
    ends = np.stack([own, black])
    full, none = question.scores(image, 2, lambda rows: ends[rows]).tolist()
    return value, float(value.sum(dtype=np.float64)) - (full - none)
