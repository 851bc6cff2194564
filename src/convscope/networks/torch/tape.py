"""Which function of which module is called, in one forward pass of one model on one thread."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from convscope.networks.torch.functions import function_name

__all__ = ["Frame", "Tape", "is_plain", "module_paths", "scope"]

_active = threading.local()
_patching = threading.Lock()
_patched: list[Any] = []


@dataclass(slots=True)
class Frame:
    """A module that is being called.

    Attributes
    ----------
    path : str
        Where it lies in the model.
    name : str
        Its path under the names of the calls that it lies in, with ``#2`` when it is called again.
    operation : str
        The name of its class.
    module : torch.nn.Module or None
    start : int
        Number of calls recorded before.
    modules : int
        Number of modules called inside it.
    """

    path: str
    name: str
    operation: str
    module: Any
    start: int = 0
    modules: int = 0


class Tape(TorchFunctionMode):  # type: ignore[misc]
    """Sees every call of a module and of a function while a model runs on this thread.

    PyTorch's functions are seen wherever they are called: in the modules of ``torch.nn``, in
    hand-written code between them, in an exported program.

    Parameters
    ----------
    paths : mapping of int to str
        From `module_paths`.
    """

    def __init__(self, paths: Mapping[int, str]) -> None:
        super().__init__()
        self._paths = paths
        self._frames: list[Frame] = []
        self._seen: Counter[str] = Counter()

    @contextmanager
    def recording(self) -> Iterator[None]:
        """See all calls on this thread until the block ends, however it ends."""
        previous = getattr(_active, "tape", None)
        _active.tape = self
        try:
            with _intercepting(), self:
                yield
        finally:
            _active.tape = previous

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Let a function run; PyTorch calls this for every one, and not for those inside it."""
        name = function_name(func)
        if not name or not self._frames:
            return func(*args, **(kwargs or {}))
        inside = self._frames[-1].name
        return self._function(
            self._unique(f"{inside}.{name}" if inside else name), name, func, args, kwargs or {}
        )

    def _call(self, original: Any, module: Any, args: Any, kwargs: Any) -> Any:
        frame = self._enter(self._path(module), type(module).__name__, module)
        try:
            if self._unseen(frame):
                with torch._C.DisableTorchFunction():
                    return self._leave(frame, args, kwargs, original(module, *args, **kwargs))
            outputs = original(module, *args, **kwargs)
            with torch._C.DisableTorchFunction():
                return self._leave(frame, args, kwargs, outputs)
        finally:
            self._frames.pop()

    def _unseen(self, frame: Frame) -> bool:
        """Tell whether the functions that are called inside a module need not be seen."""
        return False

    def _path(self, module: Any) -> str:
        known = self._paths.get(id(module))
        if known is not None or not self._frames:
            return known or ""
        around = self._frames[-1].path
        own = type(module).__name__
        return f"{around}.{own}" if around else own

    def _enter(self, path: str, operation: str, module: Any = None) -> Frame:
        name = path
        if self._frames:
            outer = self._frames[-1]
            outer.modules += 1
            if outer.name != outer.path and path.startswith(outer.path + "."):
                name = outer.name + path[len(outer.path) :]
            name = self._unique(name)
        frame = Frame(path, name, operation, module)
        self._frames.append(frame)
        return frame

    def _unique(self, name: str) -> str:
        self._seen[name] += 1
        count = self._seen[name]
        return name if count == 1 else f"{name}#{count}"

    @abstractmethod
    def _function(self, name: str, plain: str, function: Any, args: Any, kwargs: Any) -> Any:
        """Call a function and give what it gives.

        Parameters
        ----------
        name : str
            Its unique name: that of the module it is called in, and its own.
        plain : str
            From `function_name`.
        """

    @abstractmethod
    def _leave(self, frame: Frame, args: Any, kwargs: Any, outputs: Any) -> Any:
        """Take note that a module has given its outputs, and give them."""


@contextmanager
def scope(path: str, operation: str) -> Iterator[None]:
    """Let what follows count as a call of a module, where a tape records on this thread.

    Parameters
    ----------
    path : str
        Of a module that is not there any more: that of an exported or scripted program.
    operation : str
        The name of its class.
    """
    tape = getattr(_active, "tape", None)
    if tape is None:
        yield
        return
    frame = tape._enter(path, operation)
    try:
        yield
        with torch._C.DisableTorchFunction():
            tape._leave(frame, (), {}, None)
    finally:
        tape._frames.pop()


def is_plain(module: Any) -> bool:
    """Tell whether a module is one of PyTorch's own, without parts: no other is called in it."""
    return type(module).__module__.startswith("torch.nn.modules.") and not module._modules


def module_paths(model: torch.nn.Module) -> dict[int, str]:
    """Give the paths of a model's modules by their ids; the first for one that has several."""
    return {id(module): path for path, module in model.named_modules()}


@contextmanager
def _intercepting() -> Iterator[None]:
    """Let calls of modules go through the tape of their thread while any thread records.

    One method of a class that all models share is replaced, so it is counted who needs it. It is
    what ``__call__`` calls: to replace that itself makes Python look through all subclasses.
    """
    with _patching:
        if not _patched:
            _patched.append((torch.nn.Module._call_impl, 0))
            torch.nn.Module._call_impl = _intercepted(torch.nn.Module._call_impl)
        original, users = _patched[0]
        _patched[0] = (original, users + 1)
    try:
        yield
    finally:
        with _patching:
            original, users = _patched[0]
            if users == 1:
                torch.nn.Module._call_impl = original
                _patched.clear()
            else:
                _patched[0] = (original, users - 1)


def _intercepted(original: Any) -> Any:
    def call(module: Any, *args: Any, **kwargs: Any) -> Any:
        tape = getattr(_active, "tape", None)
        if tape is None:
            return original(module, *args, **kwargs)
        return tape._call(original, module, args, kwargs)

    return call
