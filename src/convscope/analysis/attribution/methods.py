"""The methods by their names: what they need, what they look at, and whose they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from convscope.analysis.attribution import cams
from convscope.analysis.attribution.input_gradients import (
    integrated_gradients,
    saliency,
    smoothgrad,
)
from convscope.analysis.attribution.question import Question
from convscope.analysis.attribution.trials import ablation_cam, occlusion, score_cam
from convscope.arguments import text
from convscope.errors import SelectionError, near

__all__ = ["METHODS", "Answer", "Method", "method_named"]


@dataclass(frozen=True, eq=False)
class Answer:
    """What a method says to a question.

    Attributes
    ----------
    values : numpy.ndarray
        ``(image, y, x)``
    score : numpy.ndarray or None
        ``(image,)``; None when the method did not compute it.
    gap : numpy.ndarray or None
        ``(image,)``; see `Heatmap`.
    """

    values: np.ndarray
    score: np.ndarray | None = None
    gap: np.ndarray | None = None


@dataclass(frozen=True)
class Method:
    """A way to find where in an image a score comes from.

    Attributes
    ----------
    name : str
    reference : str
        The paper.
    answer : callable
    of_layer : bool
        Whether it looks at the maps of a layer; else at the pixels of the input.
    differentiates : bool
        Whether the network must have gradients.
    rectified : bool
        Whether what speaks against the score is left out.
    scored : bool
        Whether it looks at a score at all.
    """

    name: str
    reference: str
    answer: Callable[[Question], Answer]
    of_layer: bool = True
    differentiates: bool = True
    rectified: bool = True
    scored: bool = True


def method_named(name: str) -> Method:
    """Find a method.

    Raises
    ------
    SelectionError
        When there is none of that name.
    """
    if text(name, "method") not in METHODS:
        raise SelectionError(f"no method {name!r}: {near(name, METHODS)}")
    return METHODS[name]


def _cam(formula: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Callable[[Question], Answer]:
    def answer(question: Question) -> Answer:
        layer = question.layer
        found = question.gradients_of(layer)
        return Answer(formula(found.values[layer], found.gradients[layer]), found.score)

    return answer


def _plain(formula: Callable[[Question], np.ndarray]) -> Callable[[Question], Answer]:
    return lambda question: Answer(formula(question))


def _eigen(question: Question) -> Answer:
    return Answer(cams.eigen_cam(question.values))


def _integrated(question: Question) -> Answer:
    values, gap = integrated_gradients(question)
    return Answer(values, gap=gap)


_ALL = (
    Method("grad-cam", "Selvaraju et al. 2017", _cam(cams.grad_cam)),
    Method("grad-cam++", "Chattopadhay et al. 2018", _cam(cams.grad_cam_plus_plus)),
    Method("hires-cam", "Draelos and Carin 2020", _cam(cams.hires_cam), rectified=False),
    Method("layer-cam", "Jiang et al. 2021", _cam(cams.layer_cam)),
    Method(
        "eigen-cam",
        "Muhammad and Yeasin 2020",
        _eigen,
        differentiates=False,
        rectified=False,
        scored=False,
    ),
    Method("score-cam", "Wang et al. 2020", _plain(score_cam), differentiates=False),
    Method("ablation-cam", "Desai and Ramaswamy 2020", _plain(ablation_cam), differentiates=False),
    Method("saliency", "Simonyan et al. 2013", _plain(saliency), of_layer=False, rectified=False),
    Method(
        "smoothgrad", "Smilkov et al. 2017", _plain(smoothgrad), of_layer=False, rectified=False
    ),
    Method(
        "integrated-gradients",
        "Sundararajan et al. 2017",
        _integrated,
        of_layer=False,
        rectified=False,
    ),
    Method(
        "occlusion",
        "Zeiler and Fergus 2014",
        _plain(occlusion),
        of_layer=False,
        differentiates=False,
        rectified=False,
    ),
)

METHODS = MappingProxyType({method.name: method for method in _ALL})
"""Every method by its name."""
