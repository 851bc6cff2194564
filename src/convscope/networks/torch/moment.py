"""Whether the weights of a model are still what they were."""

from __future__ import annotations

import torch

__all__ = ["Moment"]


class Moment:
    """The weights and buffers of a model at one moment, to be compared with those of another.

    Tensors count the writes into them; which tensors a model holds is compared as well.
    """

    def __init__(self, model: torch.nn.Module) -> None:
        # Held, so that no other tensor can take the place of one in memory.
        self._tensors = [*model.parameters(), *model.buffers()]
        self._versions = [
            (-1 if tensor.is_inference() else tensor._version, tensor.data_ptr())
            for tensor in self._tensors
        ]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Moment) or len(self._tensors) != len(other._tensors):
            return False
        same = all(one is two for one, two in zip(self._tensors, other._tensors, strict=True))
        return same and self._versions == other._versions

    __hash__ = None  # type: ignore[assignment]
