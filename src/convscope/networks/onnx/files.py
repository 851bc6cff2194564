"""Read ONNX files: look before loading, say in one line what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto

from convscope.errors import ModelError
from convscope.networks.onnx.inlining import inlined
from convscope.networks.onnx.program import Entry, Program, in_execution_order
from convscope.networks.onnx.tensors import SHARED, array_of, constant_value, dtype_of
from convscope.networks.reasons import reason_of

__all__ = ["program_of", "read_program"]

# The format itself holds no more in one file.
_LARGEST_FILE = 1 << 31
_POSSIBLE = "give an .onnx file as an exporter writes it"


def read_program(path: Path) -> Program:
    """Read an ONNX file, which stays as it is.

    Raises
    ------
    ModelError
        When it is damaged, incomplete, or holds no graph.
    """
    try:
        size = path.stat().st_size
        if size >= _LARGEST_FILE:
            raise ModelError(
                f"{path} is of {size / 1e9:.1f} GB, and the format ends at 2.1 GB: export it with "
                "external data"
            )
        model = onnx.ModelProto.FromString(path.read_bytes())
    except OSError as error:
        raise ModelError(
            f"{path} cannot be read ({error.strerror}): check its name and its permissions"
        ) from error
    except (DecodeError, ValueError, MemoryError) as error:
        raise ModelError(f"{path} is no ONNX graph, or damaged or incomplete: {_POSSIBLE}") from (
            error
        )
    return program_of(model, path.parent, str(path))


def program_of(model: onnx.ModelProto, folder: Path | None, source: str) -> Program:
    """Take a graph apart; the model stays as it is.

    Parameters
    ----------
    model : onnx.ModelProto
    folder : Path or None
        Where constants may lie that the file keeps beside itself; no other folder is read.
    source : str
        Where it came from.

    Raises
    ------
    ModelError
        When it is no graph that could run.
    """
    try:
        return _program(model, folder, source)
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(f"{source} is damaged ({reason_of(error)}): {_POSSIBLE}") from error


def _program(model: onnx.ModelProto, folder: Path | None, source: str) -> Program:
    if not model.graph.node:
        raise ModelError(f"{source} holds no ONNX graph: {_POSSIBLE}")
    _check_words(model, source)
    opsets = {_domain(entry.domain): entry.version for entry in model.opset_import}
    for function in model.functions:
        for entry in function.opset_import:
            opsets.setdefault(_domain(entry.domain), entry.version)
    nodes = inlined(model, source)
    weights: dict[str, np.ndarray] = {}
    small: dict[str, TensorProto] = {}
    fixed = [(node, constant_value(node)) for node in nodes]
    _sort_constants(
        [*model.graph.initializer, *(tensor for _, tensor in fixed if tensor is not None)],
        folder, source, weights, small,
    )  # fmt: skip
    inputs = _entries(model.graph.input, {*weights, *small}, source)
    known = {*weights, *small, *(entry.name for entry in inputs)}
    known |= {tensor.values.name for tensor in model.graph.sparse_initializer}
    ordered = in_execution_order([node for node, tensor in fixed if tensor is None], known, source)
    outputs = tuple(value.name for value in model.graph.output)
    made = known.union(*(node.output for node in ordered))
    missing = [name for name in outputs if name not in made]
    if not outputs or missing:
        raise ModelError(f"{source} is damaged: nothing makes its output {''.join(missing[:1])!r}")
    return Program(
        tuple(ordered),
        inputs,
        outputs,
        weights,
        small,
        tuple(model.graph.sparse_initializer),
        opsets,
        max(3, model.ir_version),
        {entry.key: entry.value for entry in model.metadata_props},
    )


def _check_words(model: onnx.ModelProto, source: str) -> None:
    """Refuse names that are no text, which protobuf gives as bytes."""
    graph = model.graph
    words = [entry.name for entry in (*graph.input, *graph.output, *graph.initializer)]
    words += [word for entry in model.metadata_props for word in (entry.key, entry.value)]
    for node in graph.node:
        words += [node.name, node.op_type, node.domain, *node.input, *node.output]
        words += [attribute.name for attribute in node.attribute]
    if any(isinstance(word, bytes) for word in words):
        raise ModelError(f"{source} is damaged: it holds names that are no text; {_POSSIBLE}")


def _domain(name: str) -> str:
    return "" if name == "ai.onnx" else name


def _sort_constants(
    tensors: Sequence[TensorProto],
    folder: Path | None,
    source: str,
    weights: dict[str, np.ndarray],
    small: dict[str, TensorProto],
) -> None:
    for given in tensors:
        tensor = given
        if tensor.data_location == TensorProto.EXTERNAL:
            tensor = TensorProto()
            tensor.CopyFrom(given)
        array = array_of(tensor, folder, source)
        if array is not None and array.size >= SHARED:
            weights[tensor.name] = array
        elif array is not None and tensor.data_location == TensorProto.EXTERNAL:
            small[tensor.name] = onnx.numpy_helper.from_array(np.array(array), tensor.name)
        else:
            small[tensor.name] = tensor


def _entries(
    values: Iterable[onnx.ValueInfoProto], constants: set[str], source: str
) -> tuple[Entry, ...]:
    """Give the inputs; old files count constants among them."""
    entries = []
    for value in values:
        if value.name in constants:
            continue
        if value.type.WhichOneof("value") != "tensor_type":
            raise ModelError(
                f"input {value.name!r} of {source} is no tensor: export a network whose inputs are"
            )
        tensor = value.type.tensor_type
        if dtype_of(tensor.elem_type) is None:
            kind = _kind_name(tensor.elem_type)
            raise ModelError(
                f"input {value.name!r} of {source} is of the type {kind}, which cannot be given: "
                "export a network that takes numbers of 8 to 64 bits"
            )
        if not tensor.HasField("shape"):
            raise ModelError(
                f"input {value.name!r} of {source} states no shape: export it with one, where "
                "names stand for sizes that are free"
            )
        entries.append(Entry(value.name, tensor.elem_type, _dims(value.name, tensor.shape)))
    if not entries:
        raise ModelError(f"{source} takes no input, so there is nothing to look at")
    return tuple(entries)


def _kind_name(kind: int) -> str:
    known = TensorProto.DataType.values()
    return TensorProto.DataType.Name(kind).lower() if kind in known else str(kind)


def _dims(name: str, shape: onnx.TensorShapeProto) -> tuple[int | str, ...]:
    """Give the sizes of an input; those that are free and have no name get one."""
    dims: list[int | str] = []
    for axis, dim in enumerate(shape.dim):
        free = "convscope:images" if axis == 0 else f"convscope:{name}:{axis}"
        dims.append(dim.dim_value if dim.dim_value > 0 else dim.dim_param or free)
    return tuple(dims)
