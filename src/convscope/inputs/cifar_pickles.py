"""The pickles of CIFAR, read as data: nothing that a pickle names is ever called.

A pickle can name any function to be called with any arguments. Here it can name the few that
arrays are pickled with, and stand-ins take their places.
"""

from __future__ import annotations

import io
import math
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from convscope.errors import InputError, reason_of

__all__ = ["read_cifar"]

# A batch takes 31 MB, the training images of CIFAR-100 154 MB.
_LARGEST = 2**30
_REMEDY = "download it again from https://www.cs.toronto.edu/~kriz/cifar.html"


def read_cifar(path: Path) -> Mapping[str, Any]:
    """Read one file of CIFAR-10 or CIFAR-100.

    Returns
    -------
    mapping of str to object
        Arrays, lists, numbers, texts and bytes.

    Raises
    ------
    InputError
        When the file cannot be read, is damaged, or names anything but arrays of bytes.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(f"{str(path)!r} is larger than any file of CIFAR: {_REMEDY}")
        found = _Reader(path.read_bytes()).load()
    except InputError:
        raise
    except _Refused as error:
        raise InputError(
            f"{str(path)!r} is no file of CIFAR, and nothing of it was run ({error}): {_REMEDY}"
        ) from error
    except Exception as error:
        # What a damaged pickle meets can be almost anything.
        raise InputError(
            f"{str(path)!r} is damaged or truncated ({reason_of(error)}): {_REMEDY}"
        ) from error
    if not isinstance(found, dict):
        raise InputError(f"{str(path)!r} holds no batch of CIFAR: {_REMEDY}")
    return {_text(key): _value(value) for key, value in found.items()}


class _Refused(Exception):
    """A pickle wants what no file of CIFAR needs."""


class _Type:
    """Stands for NumPy's array type and for a dtype."""

    def __init__(self, name: str = "") -> None:
        self.name = name

    def __setstate__(self, _: Any) -> None: ...


class _Array:
    """Stands for an array until its state is known."""

    held: np.ndarray | None = None

    def __setstate__(self, state: Any) -> None:
        _, shape, kind, by_columns, data = state
        if not isinstance(kind, _Type) or kind.name not in {"u1", "uint8"}:
            raise _Refused("an array of anything but bytes")
        data = data.encode("latin1") if isinstance(data, str) else data
        if not isinstance(shape, tuple) or math.prod(shape) != len(data):
            raise ValueError(f"an array of shape {shape} holds {len(data)} bytes")
        self.held = np.frombuffer(data, np.uint8).reshape(shape, order="F" if by_columns else "C")


class _Call:
    """One of the few things that may be called."""

    def __init__(self, made: Callable[..., Any]) -> None:
        self.made = made


def _encoded(text: str, encoding: str) -> bytes:
    if encoding not in {"latin1", "latin-1"}:
        raise _Refused(f"the encoding {encoding!r}")
    return text.encode("latin1")


_KNOWN = {
    ("numpy.core.multiarray", "_reconstruct"): lambda *_: _Array(),
    ("numpy._core.multiarray", "_reconstruct"): lambda *_: _Array(),
    ("numpy", "ndarray"): lambda *_: _Type(),
    ("numpy", "dtype"): lambda kind, *_: _Type(_text(kind)),
    # How Python 3 writes bytes so that Python 2 can read them.
    ("_codecs", "encode"): _encoded,
}
_PLAIN = """
PROTO FRAME STOP MARK POP POP_MARK DUP NONE NEWTRUE NEWFALSE INT BININT BININT1 BININT2
LONG LONG1 LONG4 BINFLOAT STRING BINSTRING SHORT_BINSTRING BINBYTES SHORT_BINBYTES
BINBYTES8 UNICODE BINUNICODE SHORT_BINUNICODE BINUNICODE8 EMPTY_LIST LIST APPEND APPENDS
EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 EMPTY_DICT DICT SETITEM SETITEMS GET BINGET
LONG_BINGET PUT BINPUT LONG_BINPUT MEMOIZE GLOBAL STACK_GLOBAL
"""


# Python's own code for it, whose opcodes can be chosen; the one in C knows all of them.
class _Reader(pickle._Unpickler):
    stack: list[Any]
    dispatch: ClassVar[dict[int, Any]] = {
        code: pickle._Unpickler.dispatch[code]
        for code in (getattr(pickle, name)[0] for name in _PLAIN.split())
    }

    def __init__(self, content: bytes) -> None:
        # Python 2 wrote text and bytes alike.
        super().__init__(io.BytesIO(content), encoding="bytes")

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _KNOWN:
            raise _Refused(f"it names {module}.{name}")
        return _Call(_KNOWN[module, name])

    def _reduce(self) -> None:
        given = self.stack.pop()
        call = self.stack[-1]
        if not isinstance(call, _Call) or not isinstance(given, tuple):
            raise _Refused("it calls what cannot be called")
        self.stack[-1] = call.made(*given)

    def _build(self) -> None:
        state = self.stack.pop()
        if not isinstance(self.stack[-1], _Array | _Type):
            raise _Refused("it changes what cannot be changed")
        self.stack[-1].__setstate__(state)

    dispatch[pickle.REDUCE[0]] = _reduce
    dispatch[pickle.BUILD[0]] = _build


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _value(value: Any) -> Any:
    if isinstance(value, _Array):
        return value.held
    if isinstance(value, list):
        return [_text(part) if isinstance(part, bytes) else part for part in value]
    return value
