"""Methods that try out what the network says to changed images or maps; they need no gradients."""

from __future__ import annotations

import numpy as np

from convscope.analysis.attribution.cams import weighted
from convscope.analysis.attribution.enlarging import enlarged
from convscope.analysis.attribution.question import Question
from convscope.networks import Edit

__all__ = ["ablation_cam", "occlusion", "score_cam", "window_of"]


def score_cam(question: Question) -> np.ndarray:
    """Weigh every map by the score of the image seen through it, ``(image, y, x)``.

    Each map, enlarged and brought to 0..1 (``H_k``), multiplies the image as the network is fed it,
    so that what is masked becomes 0 there. The weights are the softmax over the channels of the
    increases of the score (the logit), and the map is ``ReLU(sum_k weight_k A_k)``. So the paper
    has it in algorithm 1; other programs take the class's probability as weight. The baseline's
    score cancels in the softmax. A map without contrast points nowhere and takes no part. Wang et
    al. 2020, Score-CAM.
    """
    values = question.values
    weights = np.zeros(values.shape[:2])
    for image, maps in enumerate(values):
        low, high = maps.min(axis=(1, 2)), maps.max(axis=(1, 2))
        chosen = np.flatnonzero(high > low)
        if len(chosen):
            scores = _seen_through(question, image, maps[chosen]).astype(np.float64)
            raised = np.exp(scores - scores.max())
            weights[image, chosen] = raised / raised.sum()
    return weighted(values, weights)


def _seen_through(question: Question, image: int, maps: np.ndarray) -> np.ndarray:
    picture = question.picture
    own = question.own(image)
    size = picture.size(question.batch)

    def masked(rows: np.ndarray) -> np.ndarray:
        masks = enlarged(maps[rows], size)
        low, high = (end(masks, axis=(1, 2), keepdims=True) for end in (np.min, np.max))
        # Enlarging a map to fewer pixels than it has can take away its contrast.
        span = np.where(high > low, high - low, 1)
        return np.asarray(picture.over_channels((masks - low) / span) * own)

    return question.scores(image, len(maps), masked)


def ablation_cam(question: Question) -> np.ndarray:
    """Weigh every map by what the score loses without it, ``(image, y, x)``.

    ``ReLU(sum_k (S - S_k) / |S| A_k)``, where ``S_k`` is the score with map k set to zero. The
    paper divides by S itself; by its magnitude the map keeps its meaning where a logit is negative.
    A score of zero divides by nothing. Desai and Ramaswamy 2020, Ablation-CAM, eqs. 5 and 6.
    """
    values = question.values
    images, channels = values.shape[:2]
    nothing = np.zeros((1, channels), np.float32)

    def without(rows: np.ndarray) -> Edit:
        scale = np.ones((len(rows), channels), np.float32)
        scale[np.arange(len(rows)), rows] = 0
        return Edit(scale, nothing)

    weights = np.empty((images, channels), np.float32)
    for image, score in enumerate(question.score):
        less = score - question.scores(image, channels, edit=without)
        weights[image] = less / (abs(score) or 1)
    return weighted(values, weights)


def occlusion(question: Question) -> np.ndarray:
    """Cover the image piece by piece, and give what the score loses, ``(image, y, x)``.

    A grey window (half way between black and white, or 0 where it is not known how images are
    prepared) slides over the image; a pixel's value is the mean of the losses over all windows that
    cover it. The window measures an eighth of the input's height and width, at least 2 pixels, and
    moves by half of itself; the last one ends at the edge. Holds both signs: where the score rises,
    what was covered speaks against it. Zeiler and Fergus 2014, section 4.2.
    """
    size = question.picture.size(question.batch)
    windows = [window_of(length) for length in size]
    corners = [(top, left) for top in windows[0][1] for left in windows[1][1]]
    covers = np.zeros((len(corners), *size), bool)
    for cover, (top, left) in zip(covers, corners, strict=True):
        cover[top : top + windows[0][0], left : left + windows[1][0]] = True
    out = np.empty((question.images, *size), np.float32)
    for image, score in enumerate(question.score):
        losses = score - _covered(question, image, covers)
        out[image] = np.tensordot(losses, covers, axes=1) / covers.sum(axis=0)
    return out


def _covered(question: Question, image: int, covers: np.ndarray) -> np.ndarray:
    own, grey = question.own(image), question.picture.shade(0.5)

    def covered(rows: np.ndarray) -> np.ndarray:
        return np.where(question.picture.over_channels(covers[rows]), grey, own)

    return question.scores(image, len(covers), covered)


def window_of(length: int) -> tuple[int, list[int]]:
    """Give the size of occlusion's window along an axis, and where it begins.

    Parameters
    ----------
    length : int
        Pixels along the axis.
    """
    window = min(length, max(2, round(length / 8)))
    step = max(1, window // 2)
    starts = [*range(0, length - window, step), length - window]
    return window, starts
