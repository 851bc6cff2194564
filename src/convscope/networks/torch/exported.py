"""Programs of ``torch.export``, read as data: no code of the file is run."""

from __future__ import annotations

import operator
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch

from convscope.errors import ModelError
from convscope.networks.reasons import reason_of
from convscope.networks.torch.program import Program, UnrecordableError, operator_of
from convscope.networks.torch.stored import DTYPES, document_in, old_tensors, tensors
from convscope.networks.torch.tape import scope

__all__ = ["ExportedProgram", "read_exported"]

_MEMORY_FORMATS = {1: torch.contiguous_format, 2: torch.channels_last, 3: torch.channels_last_3d,
                   4: torch.preserve_format}  # fmt: skip
_NUMBERS = {name: getattr(operator, name) for name in
            ("add", "sub", "mul", "floordiv", "mod", "truediv", "neg", "pow", "eq", "ne", "lt",
             "le", "gt", "ge", "getitem")}  # fmt: skip


@dataclass(frozen=True)
class _Node:
    """An operator of the program: what it takes and gives by name, and the modules around it."""

    function: Any
    args: Sequence[tuple[str, Any, bool]]
    outputs: Sequence[Any]
    modules: Sequence[tuple[str, str, str]]


class ExportedProgram(Program):
    """A program of ``torch.export``.

    Parameters
    ----------
    document : mapping
        The ``graph_module`` of its file.
    tensors : mapping of str to torch.Tensor
        Weights, buffers and constants by name.
    source : str
        What it is called in messages.
    """

    def __init__(
        self, document: Mapping[str, Any], tensors: Mapping[str, torch.Tensor], source: str
    ) -> None:
        signature, graph = document["signature"], document["graph"]
        held, inputs = _specs(signature["input_specs"], source)
        missing = [path for path, _ in held.values() if path not in tensors]
        if missing:
            raise ModelError(
                f"{source} lacks the tensor {missing[0]!r}: it was not saved or copied completely"
            )
        super().__init__(inputs, [(path, tensors[path], weight) for path, weight in held.values()])
        self._bound = {name: self.held[path] for name, (path, _) in held.items()}
        self._outputs = [
            _output(spec) for spec in signature["output_specs"] if "user_output" in spec
        ]
        self._nodes = [_node(entry, source) for entry in graph["nodes"]]
        self._source = source
        self._shaped(graph["tensor_values"], inputs)
        stacks = [node.modules for node in self._nodes if node.modules]
        self.title = stacks[0][0][2] if stacks else "ExportedProgram"

    def _shaped(self, values: Mapping[str, Any], inputs: Sequence[str]) -> None:
        metas = [values[name] for name in inputs]
        self.input_dtypes = [DTYPES[int(meta["dtype"])] for meta in metas]
        sizes = [[size.get("as_int") for size in meta["sizes"]] for meta in metas]
        if not all(sizes):
            raise ModelError(f"{self._source} takes a number as input, not images: it has no axes")
        self.input_shapes = [tuple(several[1:]) for several in sizes]
        self.images = sizes[0][0]

    def forward(self, *inputs: torch.Tensor) -> Any:
        """Run the program, operator by operator."""
        values: dict[str, Any] = dict(self._bound)
        values.update(zip(self.input_names, inputs, strict=True))
        inside: list[tuple[str, ExitStack]] = []
        for node in self._nodes:
            self._moved(inside, node.modules[1:])
            args = [_filled(spec, values) for _, spec, named in node.args if not named]
            named = {name: _filled(spec, values) for name, spec, named in node.args if named}
            _stored(node.outputs, node.function(*args, **named), values)
        self._moved(inside, ())
        found = [values[name] for name in self._outputs]
        return found[0] if len(found) == 1 else tuple(found)

    @staticmethod
    def _moved(
        inside: list[tuple[str, ExitStack]], modules: Sequence[tuple[str, str, str]]
    ) -> None:
        """Leave the modules that the next operator is not in, and enter those that it is in."""
        same = 0
        while same < min(len(inside), len(modules)) and inside[same][0] == modules[same][0]:
            same += 1
        while len(inside) > same:
            inside.pop()[1].close()
        for key, path, kind in modules[same:]:
            stack = ExitStack()
            stack.enter_context(scope(path, kind))
            inside.append((key, stack))


def read_exported(file: Any, source: str) -> ExportedProgram:
    """Read a program that ``torch.export.save`` wrote.

    Parameters
    ----------
    file : path or file object
    source : str
        What it is called in messages.

    Raises
    ------
    ModelError
        When it is damaged, holds pickled objects, or uses operators that cannot be recorded.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            names = {name.partition("/")[2]: name for name in archive.namelist()}
            whole = {name: name for name in archive.namelist()}
            if "serialized_exported_program.json" in whole:
                document = document_in(archive, "serialized_exported_program.json", source)
                held = dict(old_tensors(archive, whole))
            else:
                document = document_in(archive, _model(names), source)
                held = dict(tensors(archive, names, source))
        return ExportedProgram(document["graph_module"], held, source)
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(
            f"{source} is no exported program that can be read ({reason_of(error)}): "
            "save it again with torch.export.save"
        ) from error


def _model(names: Mapping[str, str]) -> str:
    found = [whole for name, whole in names.items() if name.startswith("models/")]
    return found[0]


def _specs(
    specs: Sequence[Mapping[str, Any]], source: str
) -> tuple[dict[str, tuple[str, bool]], list[str]]:
    """Give the tensors held by the program, by name in its graph, and the names of its inputs."""
    held: dict[str, tuple[str, bool]] = {}
    inputs: list[str] = []
    for spec in specs:
        (kind, entry), *_ = spec.items()
        match kind:
            case "parameter":
                held[entry["arg"]["name"]] = entry["parameter_name"], True
            case "buffer":
                held[entry["arg"]["name"]] = entry["buffer_name"], False
            case "tensor_constant":
                held[entry["arg"]["name"]] = entry["tensor_constant_name"], False
            case "user_input" if "as_tensor" in entry["arg"]:
                inputs.append(entry["arg"]["as_tensor"]["name"])
            case _:
                raise UnrecordableError(
                    f"{source} takes a {kind.replace('_', ' ')} that is no tensor, which cannot be "
                    "recorded: export it with tensors as inputs"
                )
    return held, inputs


def _output(spec: Mapping[str, Any]) -> str:
    return str(spec["user_output"]["arg"]["as_tensor"]["name"])


def _node(entry: Mapping[str, Any], source: str) -> _Node:
    args = [(given["name"], given["arg"], given.get("kind", 1) == 2) for given in entry["inputs"]]
    stack = entry["metadata"].get("nn_module_stack", "")
    modules = []
    for part in stack.split(";") if stack else ():
        key, path, kind = part.rsplit(",", 2)
        modules.append((key, path, kind.rpartition(".")[2]))
    return _Node(_function(str(entry["target"]), source), args, entry["outputs"], modules)


def _function(target: str, source: str) -> Any:
    name = target.removeprefix("torch.ops.")
    if name in {"aten.sym_size.int", "aten.sym_size.default"}:
        return _size
    if target.startswith(("_operator.", "operator.")):
        plain = target.partition(".")[2]
        if plain in _NUMBERS:
            return _NUMBERS[plain]
    if target in {"math.trunc", "math.floor", "torch.sym_int"}:
        return int
    space, _, rest = name.partition(".")
    found = operator_of(f"{space}::{rest}", source)
    # Checks of sizes; what they check is given to them, so they compute nothing.
    return _nothing if rest.startswith(("_assert", "sym_constrain")) else found


def _size(input: torch.Tensor, dim: int) -> int:
    return int(input.shape[dim])


def _nothing(*_: Any, **__: Any) -> None:
    return None


def _filled(spec: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
    """Put the values of a run into an argument of the file."""
    ((kind, entry),) = spec.items()
    match kind:
        case "as_tensor":
            return values[entry["name"]]
        case "as_none":
            return None
        case "as_tensors":
            return [values[part["name"]] for part in entry]
        case "as_optional_tensors":
            return [_filled(part, values) for part in entry]
        case "as_sym_int" | "as_sym_float" | "as_sym_bool":
            return _filled(entry, values)
        case "as_sym_ints" | "as_sym_floats":
            return [_filled(part, values) for part in entry]
        case "as_name":
            return values[entry]
        case "as_scalar_type":
            return DTYPES[int(entry)]
        case "as_memory_format":
            return _MEMORY_FORMATS[int(entry)]
        case "as_device":
            return torch.device(entry["type"])
        case "as_layout":
            return torch.strided
        case "as_int" | "as_ints" | "as_float" | "as_floats" | "as_bool" | "as_bools" \
                | "as_string" | "as_strings":  # fmt: skip
            return entry
    raise UnrecordableError(
        f"the program holds an argument of the kind {kind}, which cannot be recorded"
    )


def _stored(outputs: Sequence[Mapping[str, Any]], result: Any, values: dict[str, Any]) -> None:
    """Name what an operator gave."""
    if len(outputs) > 1:
        for output, part in zip(outputs, result, strict=True):
            _stored([output], part, values)
        return
    for output in outputs:
        ((kind, entry),) = output.items()
        if kind == "as_tensors":
            for part, value in zip(entry, result, strict=True):
                values[part["name"]] = value
        elif kind in {"as_sym_int", "as_sym_float", "as_sym_bool"}:
            values[entry.get("as_name", "")] = result
        elif isinstance(entry, Mapping):
            values[entry["name"]] = result
