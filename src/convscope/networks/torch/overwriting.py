"""Operations that write over what they are given."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any

import torch

__all__ = ["written_elsewhere"]

_METHODS: Mapping[str, Callable[..., Any]] = {
    "__iadd__": torch.add, "__isub__": torch.sub, "__imul__": torch.mul, "add_": torch.add,
    "sub_": torch.sub, "mul_": torch.mul, "div_": torch.div, "relu_": torch.relu,
    "sigmoid_": torch.sigmoid, "tanh_": torch.tanh, "clamp_": torch.clamp,
}  # fmt: skip

# Of PyTorch alone, and not for good: without it everything is copied first.
_count = getattr(torch._C, "_storage_Use_Count", None)


def written_elsewhere(
    function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], held: torch.Tensor
) -> bool:
    """Let an operation that writes over its first argument write into memory of its own.

    Afterwards that tensor lies in the new memory, and `held` alone in the old: one pass over memory
    less than to copy and then to overwrite.

    Parameters
    ----------
    held : torch.Tensor
        A tensor in the same memory as the first argument.

    Returns
    -------
    bool
        False where nothing was done: the function has no form that writes elsewhere, or other
        tensors lie in the same memory, such as views, and would not see what is written.
    """
    apart = _apart(function, args, kwargs)
    given = args[0] if args else None
    if apart is None or not isinstance(given, torch.Tensor) or given.requires_grad:
        return False
    # The tensor, what is held of it, and the storage that is asked.
    if _count is None or _count(given.untyped_storage()._cdata) != 3:
        return False
    made = apart()
    if not isinstance(made, torch.Tensor) or made.data_ptr() == held.data_ptr():
        return False
    if (made.dtype, made.shape, made.stride()) != (given.dtype, given.shape, given.stride()):
        return False
    given.set_(made)
    return True


def _apart(
    function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Callable[[], Any] | None:
    """Give the same call, writing elsewhere; None where that is unknown."""
    method = _METHODS.get(getattr(function, "__name__", ""))
    if method is not None:
        return partial(method, *args, **kwargs)
    place = _place(function)
    if place is None:
        return None
    if place < len(args):
        return partial(function, *args[:place], False, *args[place + 1 :], **kwargs)
    return partial(function, *args, **{**kwargs, "inplace": False})


@lru_cache(maxsize=256)
def _place(function: Any) -> int | None:
    """Give the place of ``inplace`` among the arguments of a function of PyTorch."""
    if not inspect.isfunction(function) or function.__module__ != "torch.nn.functional":
        return None
    names = list(inspect.signature(function).parameters)
    return names.index("inplace") if "inplace" in names else None
