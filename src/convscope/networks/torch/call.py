"""A call in a forward pass, and the values that it was given and gave."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["TENSOR", "Call", "Value"]

TENSOR = "a tensor"
"""Stands for a value of the pass among the arguments of a call."""


@dataclass(frozen=True)
class Value:
    """A value of the pass.

    Attributes
    ----------
    call : Call or None
        What made it; None for an input of the network.
    suffix : str
        Tells several outputs apart: ``:0``, ``:key``.
    input : str
        The name of the input of the network.
    shape : tuple of int
    dtype : str
    """

    call: Call | None
    suffix: str
    input: str
    shape: tuple[int, ...]
    dtype: str

    @property
    def name(self) -> str:
        """The layer or input that it is."""
        return self.input if self.call is None else self.call.name + self.suffix


@dataclass(eq=False)
class Call:
    """A call of a function, or of a module whose value no function inside it made.

    Attributes
    ----------
    name : str
        Unique: the path of the module, or that of the module around a function and its name.
    raw : str
        The name under which the tape sees it.
    operation : str
        What PyTorch calls it: the class of the module, else the function.
    function : str
        From `function_name`; ``module`` where the value of a module is made by none that was seen,
        ``identity`` where it gives out what it is given.
    arguments : dict
        By name, with `TENSOR` for every value of the pass.
    inputs : list of (Value or None, shape, dtype)
        The values of the pass that it was given; None where code hides where one is from.
    outputs : list of Value
    weights : tuple of torch.nn.Parameter
        Those that it uses.
    places : tuple of int
        Where the values of the pass lie among all tensors that it was given.
    composite : bool
        Whether it is a module in which other calls were seen.
    overwritten : set of str
        Names of its outputs and inputs that are written over before the pass ends.
    module : str
        The name of the module that gives its one value, and in which nothing else happens.
    over : str
        The value that it is the first to write over, where that is its first argument.
    """

    name: str
    raw: str
    operation: str
    function: str
    arguments: dict[str, Any]
    inputs: list[tuple[Value | None, tuple[int, ...], str]]
    outputs: list[Value] = field(default_factory=list)
    weights: tuple[Any, ...] = ()
    places: tuple[int, ...] = ()
    composite: bool = False
    overwritten: set[str] = field(default_factory=set)
    module: str = ""
    over: str = ""
