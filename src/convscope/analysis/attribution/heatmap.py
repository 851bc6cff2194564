"""Where in an image a score comes from, by any of the methods."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from convscope.analysis.attribution.layer_choice import default_layer, named_for_cam
from convscope.analysis.attribution.methods import METHODS, Answer, Method, method_named
from convscope.analysis.attribution.picture_input import PictureInput, picture_input
from convscope.analysis.attribution.question import Question
from convscope.analysis.attribution.record import Heatmap
from convscope.arguments import callback, whole
from convscope.errors import InputError, SelectionError
from convscope.networks import Batch, Network, network_given
from convscope.networks.selection import Selector

__all__ = ["heatmap"]

_NO_SCORE = "no class: the first principal component of the maps"


def heatmap(
    network: Network,
    images: Any,
    target: Any = None,
    method: str = "grad-cam",
    layer: Selector | None = None,
    *,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
) -> Heatmap:
    """Find where in images a score comes from.

    The score is a logit (before a softmax or sigmoid), a difference of two, or what else a `Target`
    says: the output of a regression, a class within a mask or a box of a segmentation, one box of a
    detector.

    ==================== ================= ========= ==========================================
    method               looks at          gradients values
    ==================== ================= ========= ==========================================
    grad-cam             a layer           yes       maps weighed by mean gradient, not negative
    grad-cam++           a layer           yes       by weighed positive gradients, not negative
    hires-cam            a layer           yes       value x gradient, both signs
    layer-cam            a layer           yes       value x positive gradient, not negative
    eigen-cam            a layer           no        first principal component, knows no class
    score-cam            a layer           no        maps weighed by masked scores, not negative
    ablation-cam         a layer           no        maps weighed by lost score, not negative
    saliency             the input         yes       largest magnitude of the gradient
    smoothgrad           the input         yes       the same of the mean of 50 noisy copies
    integrated-gradients the input         yes       parts of the score, both signs
    occlusion            the input         no        what the score loses, both signs
    ==================== ================= ========= ==========================================

    The formulas are in `convscope.analysis.attribution`, each with its paper.

    Parameters
    ----------
    network : Network
    images
        As for `Network.activations`; all of one size.
    target : None, int, str, pair or Target
        The class by index or name, two for their difference. By default the class that the network
        gives each image; for an output with space, over the positions where it wins.
    method : str
    layer : str or int, optional
        For the first seven methods; by default the last one with maps larger than 1 x 1 before the
        scores, on which they depend.
    seed : int
        What SmoothGrad's noise begins with; the same seed gives the same map.
    progress : callable, optional
        Told the share of the work that is done, 0..1, now and then.

    Returns
    -------
    Heatmap

    Raises
    ------
    SelectionError
        For a method, class or layer that does not exist, a layer without maps, a method that needs
        gradients for a network without them, a target or layer for a method that has none.
    InputError
        For images of unlike size, and for a network that takes no pictures.
    """
    network_given(network)
    whole(seed, "seed", 0)
    callback(progress, "progress")
    chosen = method_named(method)
    _check(network, chosen, target, layer)
    picture = picture_input(network)
    place = "" if layer is None else named_for_cam(network, layer, method)
    batches = network.batches(images)
    if len({picture.size(batch) for batch in batches}) > 1:
        raise InputError(
            "the images differ in size, so that their heat maps do not fit into one array: give "
            "them one by one, or bring them to one size with --size (size=)"
        )
    _check_floating(network, chosen, picture, batches[0])
    answers = []
    words: list[str] = []
    for part, batch in enumerate(batches):

        def told(share: float, done: int = part) -> None:
            if progress is not None:
                progress((done + share) / len(batches))

        question = Question(network, batch, picture, target, place, seed, told)
        if chosen.of_layer and not place:
            place = default_layer(question, method, check=chosen.differentiates)
            question = replace(question, layer=place)
        answers.append(_answered(question, chosen))
        words += question.aim.words if chosen.scored else [_NO_SCORE] * question.images
    return _record(network, chosen, place, batches, picture, answers, words)


def _check(network: Network, method: Method, target: Any, layer: Selector | None) -> None:
    """Refuse what a method cannot do, before anything runs."""
    if method.differentiates and not network.differentiable:
        able = [name for name, other in METHODS.items() if not other.differentiates]
        raise SelectionError(
            f"{method.name} needs gradients, which {network.name} does not give: choose "
            f"{', '.join(able[:-1])} or {able[-1]}"
        )
    if layer is not None and not method.of_layer:
        able = [name for name, other in METHODS.items() if other.of_layer]
        raise SelectionError(
            f"{method.name} looks at the input, not at layer {layer!r}: leave the layer out, or "
            f"choose one of {', '.join(able)}"
        )
    if target is not None and not method.scored:
        raise SelectionError(
            f"{method.name} knows no class, so a target means nothing to it: leave it out, or "
            "choose another method, such as ablation-cam"
        )


def _check_floating(network: Network, method: Method, picture: PictureInput, batch: Batch) -> None:
    kind = picture.array(batch).dtype
    if method.differentiates and not method.of_layer and kind.kind != "f":
        raise SelectionError(
            f"{network.name} takes pictures as {kind}, which have no gradients, and {method.name} "
            "needs them: choose occlusion, or a method that looks at a layer, such as grad-cam"
        )


def _answered(question: Question, method: Method) -> Answer:
    answer = method.answer(question)
    if answer.score is None and method.scored:
        return Answer(answer.values, question.score, answer.gap)
    return answer


def _record(
    network: Network,
    method: Method,
    layer: str,
    batches: Sequence[Batch],
    picture: PictureInput,
    answers: Sequence[Answer],
    words: Sequence[str],
) -> Heatmap:
    def joined(parts: Sequence[np.ndarray | None]) -> np.ndarray | None:
        known = [part for part in parts if part is not None]
        return np.concatenate(known).astype(np.float32, copy=False) if known else None

    maps = joined([answer.values for answer in answers])
    assert maps is not None
    return Heatmap(
        maps=maps,
        method=method.name,
        layer=layer or None,
        words=tuple(words),
        scores=joined([answer.score for answer in answers]),
        reference=method.reference,
        size=picture.size(batches[0]),
        network=network.name,
        batches=tuple(batches),
        gaps=joined([answer.gap for answer in answers]),
    )
