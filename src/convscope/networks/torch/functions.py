"""What PyTorch's functions are called, whichever way they were reached."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import torch

__all__ = ["PASSING", "SHAPES_ALONE", "bound", "function_name"]

PASSING = frozenset(
    {
        "contiguous", "detach", "to", "type", "type_as", "float", "half", "double", "bfloat16",
        "cpu", "cuda", "clone", "alias", "lift_fresh_copy", "data", "requires_grad_", "positive",
    }
)  # fmt: skip
"""Functions that give out what they were given: no layers."""

SHAPES_ALONE = frozenset(
    {
        "zeros_like", "ones_like", "full_like", "empty_like", "rand_like", "randn_like",
        "new_zeros", "new_ones", "new_full", "new_empty", "new_tensor",
    }
)  # fmt: skip
"""Functions that look at nothing but the shape of what they are given."""

_PROPERTIES = {"data": "data", "T": "permute", "mT": "transpose", "H": "permute", "mH": "transpose"}
_SILENT = frozenset(
    {
        "size", "sym_size", "dim", "ndimension", "numel", "stride", "is_contiguous", "element_size",
        "get_device", "is_floating_point", "is_complex", "item", "tolist", "numpy", "__len__",
        "__bool__", "__int__", "__float__", "__index__", "__hash__", "__format__", "__repr__",
        "__contains__", "data_ptr", "storage", "untyped_storage", "__set__", "__delete__",
        "has_names", "is_nonzero", "register_hook", "retain_grad", "backward",
    }
)  # fmt: skip


def function_name(function: Any) -> str:
    """Give the name of a function, a method or an operator, the same for all ways to call it.

    ``F.relu``, ``torch.relu``, ``Tensor.relu_`` and ``aten::relu`` are all ``relu``; ``x += y`` and
    ``x + y`` are ``add``. Empty for what gives no tensor, such as ``Tensor.size``.
    """
    name = str(getattr(function, "__name__", ""))
    if name == "__get__":
        return _PROPERTIES.get(getattr(function.__self__, "__name__", ""), "")
    return _plain(name)


@lru_cache(maxsize=4096)
def _plain(name: str) -> str:
    if name in _SILENT:
        return ""
    plain = name.partition(".")[0].strip("_")
    if name.startswith("__i") and hasattr(torch.Tensor, plain[1:] + "_"):
        plain = plain[1:]
    return {
        "rdiv": "rtruediv", "truediv": "div", "true_divide": "div", "divide": "div",
        "multiply": "mul", "subtract": "sub", "concat": "cat", "concatenate": "cat",
        "hardtanh_": "hardtanh", "clip": "clamp", "convolution_mode": "convolution",
    }.get(plain, plain)  # fmt: skip


_GATHERING = {"view", "reshape", "permute", "expand", "repeat", "tile"}


def bound(function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Give the arguments of a call by name, the first one as ``input``.

    Where neither a Python signature nor the operator's schema fits, those without a name are called
    ``0``, ``1``, ...
    """
    name = function_name(function)
    if name in _GATHERING and len(args) > 1 and isinstance(args[1], int):
        args = (args[0], tuple(args[1:]))
    names = _parameters(function, name, len(args), frozenset(kwargs))
    found = {**dict(zip(names, args, strict=False)), **kwargs}
    if "self" in found:
        found["input"] = found.pop("self")
    return found


def _parameters(function: Any, name: str, count: int, named: frozenset[str]) -> list[str]:
    if inspect.isfunction(function):
        entries = inspect.signature(function).parameters.values()
        if all(entry.kind is entry.POSITIONAL_OR_KEYWORD for entry in entries):
            return [entry.name for entry in entries]
    for schema in _schemas(function, name):
        places = [entry.name for entry in schema.arguments if not entry.kwarg_only]
        known = {entry.name for entry in schema.arguments}
        needed = {
            entry.name
            for entry in schema.arguments
            if not entry.has_default_value() and entry.name not in {"self", "input"}
        }
        given = set(places[:count]) | named
        # Python adds arguments that operators lack, such as return_indices and inplace.
        extra = {"return_indices", "inplace", "_stacklevel"}
        if count <= len(places) + len(extra) and named - extra <= known and needed <= given:
            return places + [str(place) for place in range(len(places), count)]
    return [str(place) for place in range(count)]


def _schemas(function: Any, name: str) -> list[Any]:
    own = getattr(function, "_schema", None)
    if own is not None:
        return [own]
    return _packet_schemas(function if hasattr(function, "overloads") else None, name)


@lru_cache(maxsize=1024)
def _packet_schemas(called: Any, name: str) -> list[Any]:
    packet = called or getattr(torch.ops.aten, name, None)
    if packet is None:
        return []
    found = [getattr(packet, overload)._schema for overload in packet.overloads()]
    # Overloads for names of axes and for lists of tensors fit no call that is seen here.
    return [
        schema
        for schema in found
        if not schema.overload_name.endswith(("out", "Dimname", "dimname", "dimnames"))
    ]
