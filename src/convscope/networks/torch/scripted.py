"""TorchScript modules, run operator by operator."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch

from convscope.errors import ModelError
from convscope.networks.torch.program import Program, UnrecordableError, operator_of
from convscope.networks.torch.tape import scope

__all__ = ["ScriptedProgram"]


@dataclass(frozen=True)
class _Inside:
    """A module of the script."""

    path: str
    script: Any

    @property
    def kind(self) -> str:
        """The name of its class."""
        return str(self.script.original_name)


class ScriptedProgram(Program):
    """A TorchScript module, traced or scripted.

    Parameters
    ----------
    script : torch.jit.ScriptModule
    source : str
        What it is called in messages.
    """

    def __init__(self, script: Any, source: str) -> None:
        entries = list(script.graph.inputs())[1:]
        names = [entry.debugName().partition(".")[0] for entry in entries]
        weights = [(path, tensor, True) for path, tensor in script.named_parameters()]
        buffers = [(path, tensor, False) for path, tensor in script.named_buffers()]
        super().__init__(names, [*weights, *buffers])
        self.title = str(script.original_name)
        self._source = source
        # Not as an attribute of its own, which would register it as a part.
        self._script = (script,)

    def forward(self, *inputs: torch.Tensor) -> Any:
        """Run the script, operator by operator."""
        (script,) = self._script
        return self._method(_Inside("", script), "forward", inputs)

    def original(self, *inputs: torch.Tensor) -> Any:
        """Run the script as PyTorch runs it."""
        (script,) = self._script
        return script(*inputs)

    def _method(self, inside: _Inside, name: str, args: Sequence[Any]) -> Any:
        graph = inside.script._c._get_method(name).graph
        values = dict(
            zip((entry.debugName() for entry in graph.inputs()), (inside, *args), strict=True)
        )
        results = self._block(graph, values)
        return results[0] if len(results) == 1 else tuple(results)

    def _block(self, block: Any, values: dict[str, Any]) -> list[Any]:
        for node in block.nodes():
            results = self._node(node, values)
            for output, result in zip(node.outputs(), results, strict=True):
                values[output.debugName()] = result
        return [values[output.debugName()] for output in block.outputs()]

    def _node(self, node: Any, values: dict[str, Any]) -> Sequence[Any]:
        kind = node.kind()
        args = [values[entry.debugName()] for entry in node.inputs()]
        match kind:
            case "prim::Constant":
                return [_constant(node)]
            case "prim::GetAttr":
                return [self._attribute(args[0], node.s("name"))]
            case "prim::CallMethod":
                return [self._called(args[0], node.s("name"), args[1:])]
            case "prim::CallFunction":
                return [self._function(args[0])(*args[1:])]
            case "prim::If":
                branches = list(node.blocks())
                return self._block(branches[0 if args[0] else 1], values)
            case "prim::TupleUnpack" | "prim::ListUnpack":
                return list(args[0])
            case "prim::RaiseException":
                raise ModelError(f"{self._source} stopped with: {args[0]}")
        if kind in _PYTHON:
            return [_PYTHON[kind](*args)]
        if kind in _OF_NUMBERS and not any(isinstance(arg, torch.Tensor) for arg in args):
            return [_OF_NUMBERS[kind](*args)]
        result = self._operator(node, args)
        return result if node.outputsSize() > 1 else [result] * node.outputsSize()

    def _operator(self, node: Any, args: Sequence[Any]) -> Any:
        """Call an operator; scripts give all arguments in order, Python some by name alone."""
        if node.schema() == "(no schema)":
            return operator_of(node.kind(), self._source)(*args)
        schema = torch._C.parse_schema(node.schema())
        found = operator_of(f"{schema.name}.{schema.overload_name or 'default'}", self._source)
        plain = [not entry.kwarg_only for entry in schema.arguments]
        named = {
            entry.name: arg
            for entry, arg in zip(schema.arguments, args, strict=False)
            if entry.kwarg_only
        }
        kept = [arg for arg, is_plain in zip(args, plain, strict=False) if is_plain]
        return found(*kept, **named)

    def _attribute(self, inside: _Inside, name: str) -> Any:
        path = f"{inside.path}.{name}" if inside.path else name
        if path in self.held:
            return self.held[path]
        if name == "training":
            return False
        value = getattr(inside.script, name)
        return _Inside(path, value) if isinstance(value, torch.jit.ScriptModule) else value

    def _called(self, inside: _Inside, name: str, args: Sequence[Any]) -> Any:
        around: AbstractContextManager[None] = nullcontext()
        # A trace gives the second call of a module a method of its own, forward1.
        if name.startswith("forward"):
            around = scope(inside.path, inside.kind)
        with around:
            return self._method(inside, name, args)

    def _function(self, name: str) -> Any:
        found = getattr(torch.nn.functional, name, None)
        if found is None or name.startswith("__"):
            raise UnrecordableError(
                f"{self._source} calls the function {name!r}, which cannot be recorded: open the "
                "live model that it was made from, or trace it"
            )
        return found


def _constant(node: Any) -> Any:
    if "name" in node.attributeNames():
        return node.s("name")
    return node.output().toIValue() if node.attributeNames() else None


def _tuple(*args: Any) -> tuple[Any, ...]:
    return args


_PYTHON: Mapping[str, Callable[..., Any]] = {
    "prim::ListConstruct": lambda *args: list(args),
    "prim::TupleConstruct": _tuple,
    "prim::TupleIndex": operator.getitem,
    "prim::NumToTensor": torch.tensor,
    "prim::unchecked_cast": lambda value: value,
    "prim::data": lambda value: value,
    "prim::dtype": lambda value: value.dtype,
    "prim::device": lambda value: value.device,
    "prim::is_cuda": lambda value: value.is_cuda,
    "prim::Uninitialized": lambda: None,
    "prim::Print": lambda *_: None,
    "aten::Int": int,
    "aten::Float": float,
    "aten::Bool": bool,
    "aten::IntImplicit": int,
    "aten::FloatImplicit": float,
    "aten::ScalarImplicit": lambda value: value.item(),
    "aten::__is__": lambda one, two: one is two,
    "aten::__isnot__": lambda one, two: one is not two,
    "aten::__not__": operator.not_,
    "aten::format": lambda text, *args: str(text).format(*args),
    "aten::dim": lambda value: value.dim(),
    "aten::len": len,
    "aten::warn": lambda *_: None,
}

_OF_NUMBERS: Mapping[str, Callable[..., Any]] = {
    "aten::__getitem__": operator.getitem,
    "aten::add": operator.add,
    "aten::sub": operator.sub,
    "aten::mul": operator.mul,
    "aten::div": operator.truediv,
    "aten::floordiv": operator.floordiv,
    "aten::floor_divide": operator.floordiv,
    "aten::remainder": operator.mod,
    "aten::neg": operator.neg,
    "aten::eq": operator.eq,
    "aten::ne": operator.ne,
    "aten::lt": operator.lt,
    "aten::le": operator.le,
    "aten::gt": operator.gt,
    "aten::ge": operator.ge,
    "aten::__and__": lambda one, two: one and two,
    "aten::__or__": lambda one, two: one or two,
    "aten::append": lambda many, one: [*many, one],
}
