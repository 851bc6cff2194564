"""The tensors in what a function takes or gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import torch

__all__ = ["named_tensors", "replaced", "tensors_in"]


def tensors_in(structure: Any) -> Iterator[torch.Tensor]:
    """Give the tensors of nested tuples, lists, dicts and dataclasses, in order."""
    for _, tensor in named_tensors(structure):
        yield tensor


def named_tensors(structure: Any, path: str = "") -> Iterator[tuple[str, torch.Tensor]]:
    """Give the tensors of a structure with their paths: ``1/key``, empty for a tensor itself."""
    if isinstance(structure, torch.Tensor):
        yield path, structure
        return
    for key, value in _entries(structure):
        yield from named_tensors(value, f"{path}/{key}" if path else str(key))


def _entries(structure: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(structure, Mapping):
        yield from structure.items()
    elif isinstance(structure, list | tuple):
        yield from enumerate(structure)
    elif is_dataclass(structure) and not isinstance(structure, type):
        yield from ((entry.name, getattr(structure, entry.name)) for entry in fields(structure))


def replaced(structure: Any, change: Callable[[torch.Tensor], Any]) -> Any:
    """Give the same structure with other things in place of its tensors."""
    if isinstance(structure, torch.Tensor):
        return change(structure)
    if isinstance(structure, dict):
        # A copy keeps subclasses, such as the outputs that libraries make of dicts.
        changed = structure.copy()
        for key, value in structure.items():
            changed[key] = replaced(value, change)
        return changed
    if isinstance(structure, list | tuple):
        parts = [replaced(value, change) for value in structure]
        if all(new is old for new, old in zip(parts, structure, strict=True)):
            return structure
        if hasattr(structure, "_fields"):
            return type(structure)(*parts)
        # PyTorch's own results, such as torch.return_types.max, take one sequence.
        return type(structure)(parts)
    return structure
