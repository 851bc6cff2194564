"""Tensors in the files of ``torch.export``."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch

from convscope.errors import ModelError

__all__ = ["DTYPES", "document_in", "old_tensors", "tensors"]

# An operator takes 2 kB; read, brackets take thirty times their size.
_LARGEST_JSON = 32 * 2**20

# From torch._export.serde.schema.ScalarType.
DTYPES = {
    1: torch.uint8, 2: torch.int8, 3: torch.int16, 4: torch.int32, 5: torch.int64,
    6: torch.float16, 7: torch.float32, 8: torch.float64, 9: torch.complex32,
    10: torch.complex64, 11: torch.complex128, 12: torch.bool, 13: torch.bfloat16,
}  # fmt: skip


def document_in(archive: zipfile.ZipFile, name: str, source: str) -> Any:
    """Read a JSON document of an archive.

    Raises
    ------
    ModelError
        When it is larger than the description of any network.
    """
    size = archive.getinfo(name).file_size
    if size > _LARGEST_JSON:
        raise ModelError(
            f"{source} describes itself in {size / 2**20:.0f} MB, more than any network needs: "
            "save it again with torch.export.save"
        )
    return json.loads(archive.read(name))


def tensors(
    archive: zipfile.ZipFile, names: Mapping[str, str], source: str
) -> Iterator[tuple[str, torch.Tensor]]:
    """Give the tensors of a file by name.

    Raises
    ------
    ModelError
        For a pickled object among them.
    """
    for kind, folder in (("weights", "data/weights/"), ("constants", "data/constants/")):
        for name, whole in names.items():
            if not (name.startswith(folder) and name.endswith(f"_{kind}_config.json")):
                continue
            for path, entry in document_in(archive, whole, source)["config"].items():
                if entry.get("use_pickle") or entry.get("tensor_meta") is None:
                    raise ModelError(
                        f"{source}: {path!r} is a pickled object, and reading it would run its "
                        "code: export the model with plain tensors"
                    )
                yield path, _tensor(archive.read(names[folder + entry["path_name"]]), entry)


def _tensor(content: bytes, entry: Mapping[str, Any]) -> torch.Tensor:
    meta = entry["tensor_meta"]
    dtype = DTYPES[int(meta["dtype"])]
    flat = torch.from_numpy(np.frombuffer(content, np.uint8).copy()).view(dtype)
    sizes, strides = ([size["as_int"] for size in meta[key]] for key in ("sizes", "strides"))
    offset = meta["storage_offset"]["as_int"]
    tensor = torch.as_strided(flat, sizes, strides, offset)
    return tensor.requires_grad_(bool(meta["requires_grad"]) and dtype.is_floating_point)


def old_tensors(
    archive: zipfile.ZipFile, names: Mapping[str, str]
) -> Iterator[tuple[str, torch.Tensor]]:
    """Read the tensors of files that PyTorch wrote before 2.8."""
    for name in ("serialized_state_dict.pt", "serialized_constants.pt"):
        if name in names and (content := archive.read(names[name])):
            found = torch.load(io.BytesIO(content), weights_only=True, map_location="cpu")
            yield from found.items()
