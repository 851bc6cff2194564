"""The figures of every channel over a dataset that a peer's user adds up, a batch at a time.

They are some of those that a survey keeps; what a survey has beyond them (histograms, the images
that excite a channel most, figures by class) no peer is asked for.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["Moments", "kept_by"]


class Moments:
    """Sums of one layer: NumPy arrays of channels last, or PyTorch tensors of channels first."""

    def __init__(self) -> None:
        self.count = 0
        self.total: Any = 0.0
        self.squares: Any = 0.0
        self.positive: Any = 0.0
        self.low: Any = np.inf
        self.high: Any = -np.inf

    def add(self, values: Any) -> None:
        """Add a batch."""
        if isinstance(values, np.ndarray):
            self._add_last(values)
        else:
            self._add_first(values)

    def _add_last(self, values: np.ndarray) -> None:
        axes = tuple(range(values.ndim - 1))
        count = values[..., 0].size
        mean, variance = values.mean(axes), values.var(axes)
        self._merge(count, mean, variance, (values > 0).sum(axes))
        self.low = np.minimum(self.low, values.min(axes))
        self.high = np.maximum(self.high, values.max(axes))

    def _add_first(self, values: Any) -> None:
        import torch

        axes = (0, *range(2, values.ndim))
        variance, mean = torch.var_mean(values, axes, correction=0)
        self._merge(
            values[:, 0].numel(), mean.numpy(), variance.numpy(), (values > 0).sum(axes).numpy()
        )
        self.low = np.minimum(self.low, values.amin(axes).numpy())
        self.high = np.maximum(self.high, values.amax(axes).numpy())

    def _merge(self, count: int, mean: Any, variance: Any, positive: Any) -> None:
        mean = mean.astype(float)
        self.count += count
        self.total = self.total + count * mean
        self.squares = self.squares + count * (variance + mean**2)
        self.positive = self.positive + positive

    def figures(self) -> np.ndarray:
        """Give ``(figure, channel)``: mean, standard deviation, minimum, maximum, share above 0."""
        mean = self.total / self.count
        spread = np.sqrt(np.maximum(self.squares / self.count - mean**2, 0))
        return np.stack([mean, spread, self.low, self.high, self.positive / self.count])


def kept_by(survey: Any) -> dict[str, np.ndarray]:
    """Give the same figures from a survey."""
    found = {}
    for name, layer in survey.items():
        parts = [layer[part].values for part in ("mean", "minimum", "maximum", "positive")]
        parts.insert(1, np.sqrt(layer["variance"].values))
        found[name] = np.stack(parts)
    return found
