"""Copies of a model's weights, for whoever looks at it while ``fit`` has the weights away."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import keras

__all__ = ["instead_of_weights", "lend", "lent", "standing_in", "take_back"]

_Pairs = Sequence[tuple[Any, Any]]


@dataclass(frozen=True)
class _Loan:
    pairs: _Pairs
    trained: weakref.ref[Any]

    @property
    def is_needed(self) -> bool:
        """Whether ``fit`` has the weights; it may have ended without telling a callback."""
        away = any(variable._value is None for variable, _ in self.pairs)
        return away or getattr(self.trained(), "_jax_state", None) is not None


# A model, and what is read in the place of its weights.
_instead: ContextVar[tuple[Any, _Pairs]] = ContextVar("instead", default=(None, ()))
_loans: weakref.WeakKeyDictionary[Any, _Loan] = weakref.WeakKeyDictionary()


def lend(model: Any, trained: Any) -> None:
    """Keep copies of a model's weights of this moment, with which it answers while ``fit`` runs.

    On jax ``fit`` takes the weights out of the model between two steps and overwrites their
    memory. On the other backends they stay, and nothing is kept.

    Parameters
    ----------
    model : keras.Model
        With its weights.
    trained : keras.Model
        Whose ``fit`` it is: the same, or one that holds it.
    """
    if keras.backend.backend() == "jax":
        import jax.numpy as jnp

        pairs = [(variable, jnp.copy(variable._value)) for variable in model.variables]
        _loans[model] = _Loan(pairs, weakref.ref(trained))


def take_back(model: Any) -> None:
    """Let go of the copies."""
    _loans.pop(model, None)


def lent(model: Any) -> _Pairs:
    """Give the variables of a model with what stands for them; none where it has its weights."""
    held, pairs = _instead.get()
    if held is model:
        return pairs
    loan = _loans.get(model)
    return loan.pairs if loan is not None and loan.is_needed else ()


@contextmanager
def instead_of_weights(model: Any, pairs: _Pairs) -> Iterator[None]:
    """Let other values be read in the place of a model's weights until the block ends.

    Only by this thread.

    Parameters
    ----------
    model : keras.Model
    pairs : sequence of (keras.Variable, array)
    """
    token = _instead.set((model, pairs))
    try:
        yield
    finally:
        _instead.reset(token)


def standing_in(model: Any) -> AbstractContextManager[Any]:
    """Let what stands for the weights of a model be read until the block ends, by this thread."""
    pairs = lent(model)
    return keras.StatelessScope(state_mapping=pairs) if pairs else nullcontext()
