"""One forward pass in full: what every call was given and gave, and what was overwritten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from convscope.networks.selection import INPUT
from convscope.networks.torch.call import TENSOR, Call, Value
from convscope.networks.torch.functions import PASSING, SHAPES_ALONE, bound
from convscope.networks.torch.structure import named_tensors, replaced, tensors_in
from convscope.networks.torch.tape import Frame, Tape, is_plain

__all__ = ["Trace"]

# Of what these give, only the first is a value; the rest is kept for the backward pass.
_FIRST_ALONE = ("native_", "cudnn_", "max_pool2d_with_indices", "max_pool3d_with_indices")


@dataclass
class _Known:
    """A tensor seen in the pass: held, so that its id stays its own."""

    tensor: torch.Tensor
    version: int
    value: Value | None
    weights: tuple[Any, ...] = ()


class Trace(Tape):
    """Records what every call was given and gave.

    Parameters
    ----------
    paths : mapping of int to str
        From `module_paths`.
    inputs : mapping of str to torch.Tensor
        The tensors that the model is given.
    constants : sequence of torch.Tensor
        Tensors that the model holds: what is made of these alone is no layer.
    """

    def __init__(
        self,
        paths: Mapping[int, str],
        inputs: Mapping[str, torch.Tensor],
        constants: Sequence[torch.Tensor],
    ) -> None:
        super().__init__(paths)
        self.calls: list[Call] = []
        self._known: dict[int, _Known] = {}
        self._stored: dict[int, Value] = {}
        self._kept: list[tuple[Call, str, torch.Tensor, int]] = []
        for tensor in constants:
            weights = (tensor,) if isinstance(tensor, torch.nn.Parameter) else ()
            self._known[id(tensor)] = _Known(tensor, tensor._version, None, weights)
        for name, tensor in inputs.items():
            self._know(tensor, Value(None, "", name, tuple(tensor.shape), str(tensor.dtype)))

    def finish(self) -> None:
        """Find what was written over, and let the tensors go."""
        for call, name, tensor, version in self._kept:
            if tensor._version != version:
                call.overwritten.add(name)
        self._kept.clear()
        self._known.clear()
        self._stored.clear()

    def made_by(self, tensor: torch.Tensor) -> Value | None:
        """Say which value of the pass a tensor is; None where that is unknown."""
        known = self._known.get(id(tensor))
        if known is not None and (known.value is None or known.version == tensor._version):
            return known.value
        # Something wrote into it through another tensor: the last value made in the same memory.
        return self._stored.get(_memory(tensor)) if known is not None else None

    def _belongs(self, tensor: torch.Tensor) -> bool:
        """Tell values of the pass from weights, and from what is made of weights alone."""
        known = self._known.get(id(tensor))
        return known is None or known.value is not None

    def _know(self, tensor: torch.Tensor, value: Value | None, weights: Any = ()) -> None:
        self._known[id(tensor)] = _Known(tensor, tensor._version, value, weights)
        if value is not None:
            self._stored[_memory(tensor)] = value

    def _function(self, name: str, plain: str, function: Any, args: Any, kwargs: Any) -> Any:
        given = list(tensors_in((args, kwargs)))
        inputs = [tensor for tensor in given if self._belongs(tensor)]
        versions = [tensor._version for tensor in inputs]
        sources = [self.made_by(tensor) for tensor in inputs]
        call = self._begun(name, plain, plain, inputs, sources)
        call.arguments = replaced(
            bound(function, args, kwargs),
            lambda tensor: TENSOR if self._belongs(tensor) else tensor,
        )
        call.weights = self._weights(given)
        call.places = tuple(place for place, one in enumerate(given) if self._belongs(one))
        first = self._untouched(args)
        result = function(*args, **kwargs)
        if first is not None and result is args[0] and first.tensor._version != first.version:
            call.over = first.value.name if first.value else ""
        if plain == "setitem":
            result = args[0]
        outputs = list(_outputs(plain, result))
        if not inputs or plain in SHAPES_ALONE:
            for _, tensor in outputs:
                self._know(tensor, None, call.weights)
        elif plain in PASSING:
            for _, tensor in outputs:
                self._know(tensor, sources[0])
        elif outputs:
            kept = list(zip(inputs, versions, strict=True))
            self._record(call, outputs, kept)
        return None if plain == "setitem" else result

    def _untouched(self, args: tuple[Any, ...]) -> _Known | None:
        """Give the first argument where it is a value into which nothing was written yet."""
        known = self._known.get(id(args[0])) if args else None
        return known if known is not None and known.version == known.tensor._version else None

    def _begun(self, name: str, operation: str, function: str, inputs: Any, sources: Any) -> Call:
        described = [
            (source, tuple(tensor.shape), str(tensor.dtype))
            for tensor, source in zip(inputs, sources, strict=True)
        ]
        return Call(name, name, operation, function, {}, described)

    def _weights(self, given: Sequence[torch.Tensor]) -> tuple[Any, ...]:
        found: dict[int, Any] = {}
        for tensor in given:
            known = self._known.get(id(tensor))
            for weight in known.weights if known else ():
                found.setdefault(id(weight), weight)
        return tuple(found.values())

    def _record(
        self,
        call: Call,
        outputs: Sequence[tuple[str, torch.Tensor]],
        given: Sequence[tuple[torch.Tensor, int]],
    ) -> None:
        self.calls.append(call)
        for place, (tensor, version) in enumerate(given):
            self._kept.append((call, f"{INPUT}{place}", tensor, version))
        for suffix, tensor in outputs:
            value = Value(call, suffix, "", tuple(tensor.shape), str(tensor.dtype))
            call.outputs.append(value)
            self._know(tensor, value)
            self._kept.append((call, suffix, tensor, tensor._version))

    def _enter(self, path: str, operation: str, module: Any = None) -> Frame:
        frame = super()._enter(path, operation, module)
        frame.start = len(self.calls)
        return frame

    def _leave(self, frame: Frame, args: Any, kwargs: Any, outputs: Any) -> Any:
        parts = self.calls[frame.start :]
        found = list(named_tensors(outputs))
        strange = [tensor for _, tensor in found if id(tensor) not in self._known]
        if strange or (not parts and not frame.modules and found):
            self._module(frame, args, kwargs, found, parts)
        elif parts and not frame.modules and frame.name:
            self._renamed(frame, parts, found)
        return outputs

    def _module(
        self, frame: Frame, args: Any, kwargs: Any, outputs: Any, parts: Sequence[Call]
    ) -> None:
        """Record a module as a layer: what it gives is the value of none of its parts."""
        inputs = [tensor for tensor in tensors_in((args, kwargs)) if self._belongs(tensor)]
        sources = [self.made_by(tensor) for tensor in inputs]
        same = {id(tensor) for tensor in inputs}
        passing = not parts and all(id(tensor) in same for _, tensor in outputs)
        name = frame.name or frame.operation
        call = self._begun(
            name, frame.operation, "identity" if passing else "module", inputs, sources
        )
        call.raw = frame.name
        given = list(tensors_in((args, kwargs)))
        call.places = tuple(place for place, one in enumerate(given) if self._belongs(one))
        call.composite = bool(parts)
        if call.composite and None not in sources:
            # Its code may take any of its parts, and what it was given.
            call.inputs = [(None, shape, dtype) for _, shape, dtype in call.inputs]
        call.weights = tuple(frame.module.parameters(recurse=False)) if frame.module else ()
        own = [
            (suffix and f":{suffix}", tensor)
            for suffix, tensor in outputs
            if passing or id(tensor) not in self._known
        ]
        if own:
            self._record(call, own, [(tensor, tensor._version) for tensor in inputs])

    def _renamed(self, frame: Frame, parts: Sequence[Call], outputs: Any) -> None:
        """Let the last function of a module that calls no other stand for the module."""
        last = parts[-1]
        made = [self.made_by(tensor) for _, tensor in outputs]
        if any(value is None or value.call is not last for value in made):
            return
        last.name = frame.name
        if len(parts) == 1:
            last.operation = frame.operation
            if is_plain(frame.module) and [value.suffix for value in made if value] == [""]:
                last.module = frame.name


def _outputs(plain: str, result: Any) -> list[tuple[str, torch.Tensor]]:
    found = list(named_tensors(result))
    if plain.startswith(_FIRST_ALONE) and len(found) > 1:
        return [("", found[0][1])]
    return [(path and f":{path}", tensor) for path, tensor in found]


def _memory(tensor: torch.Tensor) -> int:
    try:
        return int(tensor.untyped_storage().data_ptr())
    except (RuntimeError, NotImplementedError):
        return id(tensor)
