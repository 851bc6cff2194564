"""The pickles of a PyTorch archive, read as data before PyTorch reads them in earnest.

PyTorch takes what they say of lengths and sizes for granted: it makes room for a word of 4 GB, and
reads beyond the end of an array that is shorter than its pickle says.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from convscope.errors import ModelError
from convscope.networks.reasons import reason_of

__all__ = ["check_pickles"]

# Bytes of one number, by what the classes of storages are called.
_SIZES = {"Double": 8, "Float": 4, "Half": 2, "BFloat16": 2, "Long": 8, "Int": 4, "Short": 2,
          "ComplexFloat": 8, "ComplexDouble": 16, "QInt32": 4}  # fmt: skip
# A tensor takes 150 bytes; read, brackets take sixty times their size.
_LARGEST = 8 * 2**20
# The pickles whose arrays are read, and the folder of these.
_READ = {"data.pkl": "data", "constants.pkl": "constants"}


def check_pickles(path: Path) -> None:
    """Refuse an archive whose pickles end too soon or want more numbers than there are.

    Raises
    ------
    ModelError
        The message names the part.
    """
    with zipfile.ZipFile(path) as archive:
        held = {entry.filename: entry.file_size for entry in archive.infolist()}
        for name, size in held.items():
            root, _, last = name.rpartition("/")
            if not last.endswith("pkl"):
                continue
            if size > _LARGEST:
                raise ModelError(
                    f"{path} describes itself in {size / 2**20:.0f} MB ({name}), more than "
                    "any network needs: save it again"
                )
            sizes = None
            if last in _READ:
                folder = f"{root}/{_READ[last]}/"
                sizes = {
                    part.removeprefix(folder): length
                    for part, length in held.items()
                    if part.startswith(folder)
                }
            try:
                _read(archive.read(name), sizes)
            except Exception as error:
                said = str(error) if isinstance(error, _Short) else reason_of(error)
                raise ModelError(
                    f"{path} is damaged in its part {name} ({said}): save or copy it again"
                ) from error


class _Short(Exception):
    """An array is shorter than it should be."""


class _Anything:
    """Stands for whatever a pickle makes; does nothing."""

    def __init__(self, *_: Any, **__: Any) -> None: ...
    def __setstate__(self, _: Any) -> None: ...
    def __setitem__(self, _: Any, __: Any) -> None: ...
    def append(self, _: Any) -> None: ...
    def extend(self, _: Any) -> None: ...
    def add(self, _: Any) -> None: ...


# Python's own code for it, since the one in C makes room for as many words as a pickle numbers.
class _Reader(pickle._Unpickler):
    memo: dict[int, Any]
    # PyTorch writes none of these, whose room is made before they are read.
    dispatch: ClassVar[dict[int, Any]] = {
        code: read
        for code, read in pickle._Unpickler.dispatch.items()
        if code != pickle.BYTEARRAY8[0]
    }

    def __init__(self, content: bytes, sizes: Mapping[str, int] | None) -> None:
        super().__init__(io.BytesIO(content))
        self._sizes = sizes

    def find_class(self, module: str, name: str) -> Any:
        return type(name.rpartition(".")[2], (_Anything,), {})

    def persistent_load(self, given: Any) -> Any:
        _, kind, key, _, count = given
        one = _SIZES.get(getattr(kind, "__name__", "").removesuffix("Storage"), 1)
        if self._sizes is not None and not 0 <= count * one <= self._sizes.get(str(key), 0):
            raise _Short(f"the array {key!r} is shorter than the {count * one} bytes that it says")
        return _Anything()


def _read(content: bytes, sizes: Mapping[str, int] | None) -> None:
    reader = _Reader(content, sizes)
    reader.load()
    if max(reader.memo, default=0) > len(content):
        raise _Short("it numbers more words than it has")
