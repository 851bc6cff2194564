"""Which layer a class activation map is made of."""

from __future__ import annotations

import numpy as np

from convscope.analysis.attribution.question import Question
from convscope.arguments import told
from convscope.errors import SelectionError, near
from convscope.networks import Head, Layer, Network
from convscope.networks.selection import LINEAR, Selector

__all__ = ["default_layer", "named_for_cam"]


def named_for_cam(network: Network, selector: Selector, method: str) -> str:
    """Find the layer that a person names.

    Raises
    ------
    SelectionError
        When there is none, several are meant, or it has no maps (y, x).
    """
    chosen = network.select(selector)
    if len(chosen) > 1:
        names = ", ".join(layer.name for layer in chosen[:12])
        raise SelectionError(
            f"{method} looks at one layer, and {told(selector)} means {len(chosen)}: "
            f"give one of {names}"
        )
    layer = chosen[0]
    if not _has_maps(layer):
        able = [other.name for other in network.layers.values() if _has_maps(other)]
        had = " x ".join("?" if size is None else str(size) for size in layer.shape) or "one number"
        raise SelectionError(
            f"layer {layer.name!r} ({had}) has no maps (y, x) of more than one unit, of which "
            f"{method} is made: {_possible(layer.name, able)}"
        )
    return layer.name


def default_layer(question: Question, method: str, *, check: bool) -> str:
    """Choose the last layer with maps larger than 1 x 1 on which the score depends.

    Last in execution order, before the head. Where the graph of the layers is known the score
    depends on what leads to the head. Where code between the layers hides the graph, and where
    `check` asks for it, the gradient of the score must not be zero as well, on some image, if the
    network has gradients.

    Raises
    ------
    SelectionError
        When no layer before the head has such maps.
    """
    network = question.network
    leading, sure = _leading_to(network, question.head)
    able = [layer.name for layer in leading if _has_maps(layer)]
    if not able:
        raise SelectionError(
            f"no layer of {network.name} before the scores has maps (y, x), of which {method} is "
            "made: choose saliency, smoothgrad, integrated-gradients or occlusion"
        )
    if not network.differentiable or (sure and not check):
        return able[-1]
    # Nearly always the last one of all is felt, and its gradients are wanted next.
    if np.any(question.gradients_of(able[-1]).gradients[able[-1]]):
        return able[-1]
    return (question.felt(able) or able)[-1]


def _leading_to(network: Network, head: Head) -> tuple[list[Layer], bool]:
    """Give the layers on which the head depends, and whether that is sure.

    Behind a layer whose inputs are unknown all layers before it are taken to lead there.
    """
    layers = network.layers
    whole = (
        layers[head.layer.removesuffix(LINEAR)] if head.layer not in layers else layers[head.layer]
    )
    found: dict[str, Layer] = {}
    pending, sure = [whole], True
    while pending:
        layer = pending.pop()
        if layer.inputs is None:
            sure = False
            before = [other for other in layers.values() if other.index < layer.index]
            found |= {other.name: other for other in before}
            continue
        sources = [layers[name] for name in layer.inputs if name in layers]
        pending += [source for source in sources if source.name not in found]
        found |= {source.name: source for source in sources}
    return sorted(found.values(), key=lambda layer: layer.index), sure


def _has_maps(layer: Layer) -> bool:
    return (
        layer.has_image_axis
        and layer.dims == ("channel", "y", "x")
        and any(size is None or size > 1 for size in layer.space)
    )


def _possible(name: str, able: list[str]) -> str:
    return near(name, able) if able else "this network has no such layer"
