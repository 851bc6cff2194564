"""Maps of a PyTorch model reduced to a few numbers while they are still in the cache."""

from __future__ import annotations

import numpy as np
import torch

from convscope.networks.reductions import kernels, reduced
from convscope.networks.torch.execution import float32

__all__ = ["Reducing"]


class Reducing:
    """Reduces values as a pass makes them.

    The memory for what lies between is used again for every layer: to ask for new pages costs more
    than the arithmetic.

    Parameters
    ----------
    shift, bar : dict of str to torch.Tensor
        By layer, ``(channel,)``; see `Network.reductions`.
    """

    def __init__(self, shift: dict[str, torch.Tensor], bar: dict[str, torch.Tensor]) -> None:
        self._shift, self._bar = shift, bar
        self._scratch = torch.empty(0)
        self.rows: dict[str, torch.Tensor] = {}
        self.units: dict[str, int] = {}

    def reduce(self, name: str, value: torch.Tensor) -> None:
        """Keep what is left of a layer's maps, ``(image, 6, channel)``."""
        with torch._C.DisableTorchFunction():
            value = value.detach()
            if value.device.type == "cpu" and kernels() is not None:
                self._rows_on_cpu(name, float32(value))
                return
            value = value.float()
            shift, bar = (part[name].to(value.device) for part in (self._shift, self._bar))
            if value.ndim == 2:
                value = value[..., None]
            elif _is_channels_last(value):
                # The same memory with the channels as its inner axis: to copy it would be a pass.
                value = value.movedim(1, -1)
                self._keep(name, value.flatten(1, -2), shift, bar, axis=1)
                return
            self._keep(name, value.flatten(2), shift[:, None], bar, axis=2)

    def _rows_on_cpu(self, name: str, value: np.ndarray) -> None:
        """Reduce in one pass over memory, in place of PyTorch's one a figure."""
        self.rows[name] = torch.from_numpy(reduced(value, self._shift[name].numpy()))
        self.units[name] = int(np.prod(value.shape[2:]))

    def _keep(
        self, name: str, maps: torch.Tensor, shift: torch.Tensor, bar: torch.Tensor, *, axis: int
    ) -> None:
        between = self._like(maps)
        torch.sub(maps, shift, out=between)
        total = between.sum(dim=axis)
        square = torch.linalg.vector_norm(between, dim=axis).square_()
        # A count of what is above zero, as a sum of ones: PyTorch adds floats fastest.
        torch.clamp(maps, min=0, out=between).sign_()
        above = between.sum(dim=axis)
        highest = maps.amax(dim=axis)
        where = _peaks(maps if axis == 2 else maps.transpose(1, 2), highest, bar)
        rows = [total, square, maps.amin(dim=axis), highest, above, where]
        self.rows[name] = torch.stack(rows, dim=1)
        self.units[name] = maps.shape[axis]

    def _like(self, maps: torch.Tensor) -> torch.Tensor:
        if self._scratch.numel() < maps.numel() or self._scratch.device != maps.device:
            self._scratch = torch.empty(maps.numel(), device=maps.device)
        return self._scratch[: maps.numel()].view(maps.shape)


def _is_channels_last(value: torch.Tensor) -> bool:
    return not value.is_contiguous() and value.movedim(1, -1).is_contiguous()


def _peaks(maps: torch.Tensor, highest: torch.Tensor, bar: torch.Tensor) -> torch.Tensor:
    """Find the first highest unit of the maps ``(image, channel, unit)`` that reach the bar."""
    where = torch.full_like(highest, -1.0)
    images, channels = torch.nonzero(highest >= bar, as_tuple=True)
    if len(images):
        where[images, channels] = maps[images, channels].argmax(dim=1).float()
    return where
