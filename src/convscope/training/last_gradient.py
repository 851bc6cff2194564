"""The gradient of the last update, as it was used, without touching the training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from convscope.networks import Layer, Network
from convscope.training.kernels import kernels_of

__all__ = ["LastGradient"]


class LastGradient:
    """What is known of a gradient right before the update for which it is used.

    PyTorch leaves it with the weights. Keras hands it to nobody; but an optimizer adds it to a
    moving average, so that the average before the update and after it tells it, and plain SGD
    moves the weights by it.

    Parameters
    ----------
    network : Network
        Right before the update: in PyTorch after ``backward``.
    layers : sequence of Layer
    """

    def __init__(self, network: Network, layers: Sequence[Layer]) -> None:
        self._found: dict[str, np.ndarray] = {}
        self._before: _Before | None = None
        # By name, so that no framework is imported that is not there.
        match type(network).__name__:
            case "KerasNetwork":
                self._before = _before(getattr(network, "model", None))
            case "TorchNetwork":
                from convscope.networks.torch.reading import reading_gradients

                with reading_gradients():
                    self._found = kernels_of(network, layers)

    def after(self, network: Network, layers: Sequence[Layer]) -> dict[str, np.ndarray]:
        """Give the gradient of every kernel, once the update is done.

        Returns
        -------
        dict of str to numpy.ndarray
            ``(channel, ...)`` by layer; without its signs where the optimizer keeps squares alone.
            Empty where it is not known: for other optimizers than those of `_RULES`, where several
            updates were done, or none.
        """
        if self._before is None:
            return self._found
        gradients = self._before.gradients()
        if not gradients:
            return {}
        from convscope.networks.keras.lent import instead_of_weights

        # Whoever reads a kernel here reads its gradient, arranged alike.
        with instead_of_weights(getattr(network, "model", None), gradients):
            return kernels_of(network, layers)


@dataclass(frozen=True)
class _Before:
    """An optimizer of Keras before an update.

    Attributes
    ----------
    optimizer : keras.optimizers.Optimizer
    iterations : int
    rate : float
        The learning rate.
    slots : list of numpy.ndarray
        What it keeps a variable.
    """

    optimizer: Any
    iterations: int
    rate: float
    slots: list[np.ndarray]

    def gradients(self) -> list[tuple[Any, np.ndarray]]:
        """Give the gradient of each variable; none unless exactly one update was done."""
        optimizer, recovered = self.optimizer, _RULES[type(self.optimizer).__name__].recovered
        if int(optimizer.iterations) != self.iterations + 1:
            return []
        return [
            (variable, recovered(optimizer, self.rate, before, now))
            for variable, before, now in zip(
                optimizer._trainable_variables, self.slots, _slots(optimizer) or (), strict=True
            )
        ]


def _before(model: Any) -> _Before | None:
    optimizer: Any = getattr(model, "optimizer", None)
    # Where a loss is scaled for half precision, the optimizer inside gets it as it was.
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    own = type(optimizer).__module__.startswith("keras.")
    if not own or not optimizer.built or optimizer.gradient_accumulation_steps:
        return None
    slots = _slots(optimizer)
    if slots is None:
        return None
    return _Before(optimizer, int(optimizer.iterations), float(optimizer.learning_rate), slots)


def _slots(optimizer: Any) -> list[np.ndarray] | None:
    import keras

    rule = _RULES.get(type(optimizer).__name__)
    if rule is None:
        return None
    variables = optimizer._trainable_variables
    kept = getattr(optimizer, rule.slots, None)
    if not kept and type(optimizer).__name__ == "SGD":
        alone = optimizer.weight_decay is None and not optimizer.use_ema
        kept = variables if alone and not any(one.constraint for one in variables) else None
    if not kept or len(kept) != len(variables):
        return None
    # Copies: on some backends these are the optimizer's own memory.
    return [np.array(keras.ops.convert_to_numpy(one), np.float32) for one in kept]


def _of_average(
    optimizer: Any, rate: float, before: np.ndarray, now: np.ndarray, decay: str = "beta_1"
) -> np.ndarray:
    """Undo ``now = decay before + (1 - decay) gradient`` (Adam: Kingma and Ba 2015)."""
    return np.asarray(before + (now - before) / (1 - getattr(optimizer, decay)))


def _of_lion(optimizer: Any, rate: float, before: np.ndarray, now: np.ndarray) -> np.ndarray:
    """Undo the same with the second decay, as Lion has it (Chen et al. 2023)."""
    return _of_average(optimizer, rate, before, now, "beta_2")


def _of_squares(optimizer: Any, rate: float, before: np.ndarray, now: np.ndarray) -> np.ndarray:
    """Undo ``now = rho before + (1 - rho) gradient^2``."""
    square = before + (now - before) / (1 - optimizer.rho)
    return np.asarray(np.sqrt(np.maximum(square, 0)))


def _of_step(optimizer: Any, rate: float, before: np.ndarray, now: np.ndarray) -> np.ndarray:
    """Undo ``now = momentum before - rate gradient``; without momentum, of the weights."""
    kept = optimizer.momentum if optimizer.momentum else 1
    return (kept * before - now) / rate if rate else np.full_like(now, np.nan)


@dataclass(frozen=True)
class _Rule:
    slots: str
    recovered: Callable[[Any, float, np.ndarray, np.ndarray], np.ndarray]


_RULES = {
    "Adam": _Rule("_momentums", _of_average),
    "AdamW": _Rule("_momentums", _of_average),
    "Nadam": _Rule("_momentums", _of_average),
    "Adamax": _Rule("_m", _of_average),
    "Lion": _Rule("_momentums", _of_lion),
    "RMSprop": _Rule("_velocities", _of_squares),
    "SGD": _Rule("momentums", _of_step),
}
