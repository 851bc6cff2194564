"""Where a network's scores are before they become probabilities."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Head", "layer_of"]


@dataclass(frozen=True)
class Head:
    """One output of a network, and the value whose channels are its class scores.

    Attributes
    ----------
    output : str
        Name of the output.
    layer : str
        The layer, or linear part, whose value holds the scores: the logits where the output is
        their softmax or sigmoid, else the output itself.
    activation : str
        What makes the output of the scores: ``softmax``, ``sigmoid`` or ``linear``.
    """

    output: str
    layer: str
    activation: str


def layer_of(head: str | Head) -> str:
    """Give the layer or linear part that is meant, whether by its name or as a head."""
    return head if isinstance(head, str) else head.layer
