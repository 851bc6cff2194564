"""The constants of an ONNX graph, in the file or beside it."""

from __future__ import annotations

from math import prod
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from convscope.errors import ModelError

__all__ = ["LARGEST", "SHARED", "array_of", "constant_value", "dtype_of"]

SHARED = 256
"""Numbers from which on a constant is shared between sessions and left out of their graphs."""

LARGEST = 1 << 31
"""Numbers in a value from which on a graph is refused."""

_PLAIN = frozenset(
    {
        TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.INT8,
        TensorProto.UINT8, TensorProto.INT16, TensorProto.UINT16, TensorProto.INT32,
        TensorProto.UINT32, TensorProto.INT64, TensorProto.UINT64, TensorProto.BOOL,
    }
)  # fmt: skip


def dtype_of(kind: int) -> np.dtype | None:
    """Give NumPy's type for one that ONNX numbers; None where it has none."""
    return np.dtype(onnx.helper.tensor_dtype_to_np_dtype(kind)) if kind in _PLAIN else None


def array_of(tensor: TensorProto, folder: Path | None, source: str) -> np.ndarray | None:
    """Give a constant as an array; None where it is of a type that NumPy does not have.

    Data that the file keeps beside itself is mapped into memory, and brought into the constant
    itself where there is no array.

    Raises
    ------
    ModelError
        When the data is missing, of another size than the shape, or lies outside of the folder.
    """
    dims, dtype = tuple(tensor.dims), dtype_of(tensor.data_type)
    if any(size < 0 for size in dims) or prod(dims) >= LARGEST:
        raise ModelError(
            f"{source} is damaged: the constant {tensor.name!r} is said to be of shape {dims}"
        )
    if tensor.data_location == TensorProto.EXTERNAL:
        data = _beside(tensor, folder, source)
        if dtype is None:
            tensor.raw_data = data.tobytes()
            tensor.data_location = TensorProto.DEFAULT
            del tensor.external_data[:]
            return None
        _check(data.nbytes, dims, dtype, tensor.name, source)
        return data.view(dtype.newbyteorder("<")).reshape(dims)
    if dtype is None:
        return None
    if tensor.HasField("raw_data"):
        _check(len(tensor.raw_data), dims, dtype, tensor.name, source)
    try:
        return np.asarray(numpy_helper.to_array(tensor))
    except (ValueError, TypeError) as error:
        raise ModelError(
            f"{source} is damaged: the constant {tensor.name!r} does not hold the {prod(dims)} "
            "values of its shape"
        ) from error


def constant_value(node: onnx.NodeProto) -> TensorProto | None:
    """Give the tensor of a Constant node; None for sparse ones and words."""
    if node.op_type != "Constant" or node.domain or len(node.attribute) != 1:
        return None
    attribute = node.attribute[0]
    match attribute.name:
        case "value":
            tensor = TensorProto()
            tensor.CopyFrom(attribute.t)
        case "value_float":
            tensor = numpy_helper.from_array(np.array(attribute.f, np.float32))
        case "value_floats":
            tensor = numpy_helper.from_array(np.array(attribute.floats, np.float32))
        case "value_int":
            tensor = numpy_helper.from_array(np.array(attribute.i, np.int64))
        case "value_ints":
            tensor = numpy_helper.from_array(np.array(attribute.ints, np.int64))
        case _:
            return None
    tensor.name = node.output[0] if node.output else ""
    return tensor


def _check(count: int, dims: tuple[int, ...], dtype: np.dtype, name: str, source: str) -> None:
    if count != prod(dims) * dtype.itemsize:
        raise ModelError(
            f"{source} is damaged or incomplete: the constant {name!r} of shape {dims} holds "
            f"{count} bytes, not {prod(dims) * dtype.itemsize}"
        )


def _beside(tensor: TensorProto, folder: Path | None, source: str) -> np.ndarray:
    """Map the bytes that a constant keeps in another file of the folder, and nowhere else."""
    entries = {entry.key: entry.value for entry in tensor.external_data}
    location = entries.get("location", "")
    if folder is None:
        raise ModelError(
            f"{source} keeps {tensor.name!r} in a file beside it: open the path of the .onnx file"
        )
    try:
        start, length = int(entries.get("offset", 0)), int(entries.get("length", -1))
        path, home = (folder / location).resolve(), folder.resolve()
        inside = bool(location) and path.is_relative_to(home) and path.is_file()
        if not inside:
            raise ModelError(
                f"{source} wants the constant {tensor.name!r} from {location!r}, and there is no "
                f"such file in {folder}: put the file that was exported with it beside it; other "
                "folders are never read"
            )
        size = path.stat().st_size
        length = size - start if length < 0 else length
        if start < 0 or start + length > size:
            raise ModelError(
                f"{path} is incomplete: {tensor.name!r} wants bytes {start} to {start + length} of "
                f"{size}; copy it again"
            )
        if length == 0:
            return np.zeros(0, np.uint8)
        return np.memmap(path, np.uint8, "r", start, (length,))
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{source} keeps {tensor.name!r} in {location!r}, which cannot be read ({error}): copy "
            "both files again"
        ) from error
