"""A forward pass in which chosen values are kept, and may be changed on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

import torch

from convscope.networks.selection import INPUT
from convscope.networks.torch.call import Call
from convscope.networks.torch.structure import named_tensors, replaced, tensors_in
from convscope.networks.torch.tape import Frame, Tape, is_plain

__all__ = ["Enough", "Keep", "Recorder", "targets_of"]

Keep = Callable[[str, torch.Tensor], torch.Tensor]
"""Takes the name of a value and the value, and gives the one with which the pass goes on."""

Over = Callable[[str, Any, tuple[Any, ...], Mapping[str, Any]], bool]
"""Takes the name of a value and the call that will write over it; tells whether that was made."""


class Enough(BaseException):
    """All that was wanted has been seen: the rest of the pass need not be computed."""


@dataclass
class Target:
    """What is kept of one call.

    Attributes
    ----------
    outputs : dict of str to str
        Names by the suffixes of outputs.
    inputs : dict of int to str
        Names by the places of inputs.
    over : str
        The value that must be saved before the call.
    """

    outputs: dict[str, str] = field(default_factory=dict)
    inputs: dict[int, str] = field(default_factory=dict)
    over: str = ""


def targets_of(
    calls: Sequence[Call], names: Sequence[str], saved: Set[str] = frozenset()
) -> dict[str, Target]:
    """Say at which calls, by the names that a tape gives them, the values of some names are.

    Parameters
    ----------
    calls : sequence of Call
    names : sequence of str
    saved : set of str
        Values that are saved when they are about to be written over.
    """
    wanted = set(names)
    targets: dict[str, Target] = {}
    for call in calls:
        outputs = {value.suffix: value.name for value in call.outputs if value.name in wanted}
        inputs = {
            place: name
            for number, place in enumerate(call.places)
            if (name := f"{call.name}{INPUT}{number}") in wanted
        }
        over = call.over if call.over in saved and call.over in wanted else ""
        if call.module and outputs and not inputs and not over:
            # Seen when the module gives it, which costs less than to see the function.
            targets[call.module] = Target(outputs)
        elif outputs or inputs or over:
            targets[call.raw] = Target(outputs, inputs, over)
    return targets


class Recorder(Tape):
    """Hands chosen values to a function as they are made.

    Parameters
    ----------
    paths : mapping of int to str
        From `module_paths`.
    targets : mapping of str to Target
        From `targets_of`.
    keep : callable
    over : callable, optional
        Called before what is to be saved is written over.
    count : int or None
        After so many values `Enough` is raised; None lets the pass end.
    """

    def __init__(
        self,
        paths: Mapping[int, str],
        targets: Mapping[str, Target],
        keep: Keep,
        over: Over | None = None,
        count: int | None = None,
    ) -> None:
        super().__init__(paths)
        self._targets = targets
        self._inside = {name.rpartition(".")[0] for name in targets}
        self._keep, self._over = keep, over
        self._missing = count

    def _unseen(self, frame: Frame) -> bool:
        return frame.name not in self._inside and is_plain(frame.module)

    def _function(self, name: str, plain: str, function: Any, args: Any, kwargs: Any) -> Any:
        target = self._targets.get(name)
        if target is None:
            return function(*args, **kwargs)
        self._inputs(target, args, kwargs)
        if (
            target.over
            and self._over is not None
            and self._over(target.over, function, args, kwargs)
        ):
            result = args[0]
        else:
            result = function(*args, **kwargs)
        if plain == "setitem":
            self._outputs(target, args[0])
            return None
        return self._outputs(target, result)

    def _leave(self, frame: Frame, args: Any, kwargs: Any, outputs: Any) -> Any:
        target = self._targets.get(frame.name)
        if target is None or outputs is None:
            return outputs
        self._inputs(target, args, kwargs)
        return self._outputs(target, outputs)

    def _inputs(self, target: Target, args: Any, kwargs: Any) -> None:
        if target.inputs:
            given = list(tensors_in((args, kwargs)))
            for place, name in target.inputs.items():
                self._keep(name, given[place])
                self._counted()

    def _outputs(self, target: Target, result: Any) -> Any:
        if isinstance(result, torch.Tensor):
            changed = self._keep(target.outputs[""], result) if "" in target.outputs else result
            self._counted(len(target.outputs))
            return changed
        found = list(named_tensors(result))
        if set(target.outputs) == {""}:
            # Of several, only the first is a value.
            found = [("", found[0][1])]
        changes = {
            id(tensor): self._keep(target.outputs[suffix], tensor)
            for path, tensor in found
            if (suffix := path and f":{path}") in target.outputs
        }
        self._counted(len(target.outputs))
        return replaced(result, lambda tensor: changes.get(id(tensor), tensor))

    def _counted(self, number: int = 1) -> None:
        if self._missing is not None:
            self._missing -= number
            if self._missing <= 0:
                raise Enough
