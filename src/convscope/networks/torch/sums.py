"""Sums over maps of values and gradients, on the device where they were made."""

from __future__ import annotations

from dataclasses import dataclass

import torch

__all__ = ["Order", "Total", "strongest", "summed"]


@dataclass(frozen=True)
class Order:
    """What is summed of a layer.

    Attributes
    ----------
    product : bool
        Whether value x gradient is summed; the gradient is otherwise.
    limit : float or None
        A rectifier's upper limit, for products.
    """

    product: bool
    limit: float | None = None


@dataclass(frozen=True)
class Total:
    """Sums over the maps of one layer.

    Attributes
    ----------
    total : torch.Tensor
        ``(image, channel)``.
    clipped : torch.Tensor or None
        ``(image,)``: limit x gradient, summed over the units that lie on the limit.
    """

    total: torch.Tensor
    clipped: torch.Tensor | None


def summed(value: torch.Tensor, gradient: torch.Tensor, order: Order) -> Total:
    """Sum over every map, in float32."""
    value, gradient = value.float(), gradient.float()
    space = tuple(range(2, value.ndim))
    part = value * gradient if order.product else gradient
    total = part.sum(dim=space) if space else part
    if order.limit is None:
        return Total(total, None)
    at_limit = torch.where(value >= order.limit, gradient, torch.zeros_like(gradient))
    return Total(total, at_limit.flatten(1).sum(dim=1) * order.limit)


def strongest(scores: torch.Tensor, *, signed: bool) -> torch.Tensor:
    """Make the seed of the channel that each image scores highest, ``(image, channel)``."""
    if signed:
        return torch.where(scores > 0, 1.0, -1.0)
    return torch.nn.functional.one_hot(scores.argmax(dim=1), scores.shape[1]).float()
