"""Open PyTorch files: look before loading, never run their code, say in one line what is wrong."""

from __future__ import annotations

import io
import os
import re
import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from convscope.errors import ModelError
from convscope.networks.reasons import reason_of
from convscope.networks.torch.exported import read_exported
from convscope.networks.torch.pickles import check_pickles
from convscope.networks.torch.program import Program
from convscope.networks.torch.scripted import ScriptedProgram

__all__ = ["load_file"]

# An archive that grows more than this when it is unpacked was not written by PyTorch.
_LARGEST_GROWTH = 20
_RUNNING = re.compile(rb"__setstate__|torch\.save\(|from_file\(|ops\.(?!aten|prim|prims)\w+\.")
_GLOBAL = re.compile(r"GLOBAL (\S+)")
_INSIDE = ("state_dict", "model_state_dict", "model", "net", "network", "weights", "ema",
           "module", "params", "generator")  # fmt: skip
_FACTORY = "give what makes the network with --factory package.module:callable (factory=)"


def load_file(
    path: Path, *, factory: Callable[[], Any] | None = None, trust_model: bool = False
) -> torch.nn.Module:
    """Load a PyTorch model from a file.

    Parameters
    ----------
    path : Path
        A TorchScript module, a program of ``torch.export``, or what ``torch.save`` wrote: a state
        dict, or with `trust_model` a whole model.
    factory : callable, optional
        Makes the network into which a state dict is loaded.
    trust_model : bool
        Run code that the file holds or names.

    Raises
    ------
    ModelError
        When the file is damaged, holds weights and no factory is given, needs code that is not
        trusted, or cannot be recorded.
    """
    with warnings.catch_warnings():
        # What PyTorch says of its own plans helps nobody who opens a file.
        warnings.simplefilter("ignore")
        return _loaded(path, factory, trust_model)


def _loaded(path: Path, factory: Callable[[], Any] | None, trust_model: bool) -> torch.nn.Module:
    names = _names(path)
    inner = {name.partition("/")[2] for name in names}
    if "serialized_exported_program.json" in names or "archive_format" in inner:
        return read_exported(path, str(path))
    if names and not trust_model:
        check_pickles(path)
    if any(name.endswith("constants.pkl") for name in inner):
        return _scripted(path, trust_model)
    found = _pickled(path, trust_model)
    if isinstance(found, torch.nn.Module):
        return found
    return _of_weights(path, _weights(path, found), factory)


def _names(path: Path) -> set[str]:
    """Give the names of the parts of an archive, checked; none for files of other kinds."""
    try:
        if not zipfile.is_zipfile(path):
            return set()
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            size = sum(entry.file_size for entry in entries)
            if size > _LARGEST_GROWTH * max(path.stat().st_size, 1 << 20):
                raise ModelError(
                    f"{path} claims to hold {size / 1e9:.1f} GB in {path.stat().st_size:,} bytes: "
                    "it was not saved by PyTorch, or it is damaged"
                )
            broken = archive.testzip()
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(
            f"{path} is damaged or incomplete ({reason_of(error)}): save or copy it again"
        ) from error
    if broken is not None:
        raise ModelError(f"{path} is damaged in its part {broken}: save or copy it again")
    return {entry.filename for entry in entries}


def _scripted(path: Path, trust_model: bool) -> Program:
    if not trust_model:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".py") and (told := _RUNNING.search(archive.read(name))):
                    raise ModelError(
                        f"{path} is TorchScript that uses {told.group().decode()!r}, code that "
                        "does more than compute: open it with --trust-model (trust_model=True) if "
                        "you trust its author"
                    )
    try:
        script = torch.jit.load(str(path), map_location="cpu")
    except Exception as error:
        raise ModelError(
            f"PyTorch {torch.__version__} cannot open {path}: {reason_of(error)}; save it again "
            "with the PyTorch that wrote it, or open the live model"
        ) from error
    try:
        return ScriptedProgram(script, str(path))
    except RuntimeError as error:
        raise ModelError(
            f"{path} is TorchScript that is no network ({reason_of(error)}): save a module with "
            "a forward method"
        ) from error


def _pickled(path: Path, trust_model: bool) -> Any:
    try:
        with _Bounded(io.FileIO(path)) as file:
            return torch.load(file, weights_only=not trust_model, map_location="cpu")
    except Exception as error:
        needed = _GLOBAL.search(str(error))
        if needed and not trust_model:
            raise ModelError(
                f"{path} holds an object of {needed.group(1)}, pickled with a reference to its "
                "code, which would run on this machine: open it with --trust-model "
                "(trust_model=True) if you trust its author, or save model.state_dict() and "
                f"{_FACTORY}"
            ) from error
        if isinstance(error, ModuleNotFoundError | AttributeError) and trust_model:
            raise ModelError(
                f"{path} holds a model whose code cannot be imported ({reason_of(error)}): run "
                f"where its module can be found, or save model.state_dict() and {_FACTORY}"
            ) from error
        raise ModelError(
            f"{path} is no PyTorch file, or damaged ({_said(error)}): save or copy it again with "
            "torch.save, torch.jit.save or torch.export.save"
        ) from error


class _Bounded(io.BufferedReader):
    """A file that reads no more than it has left: a damaged one may say that a word has 4 GB."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > 0:
            size = min(size, max(0, os.fstat(self.fileno()).st_size - self.tell()))
        return super().read(size)


def _said(error: Exception) -> str:
    """Give the line of PyTorch's long message that says why."""
    told = str(error).rpartition("WeightsUnpickler error: ")[2]
    return " ".join(told.split())[:160] or type(error).__name__


def _weights(path: Path, found: Any) -> Mapping[str, torch.Tensor]:
    """Find the state dict in what was saved, perhaps beside an epoch and an optimiser."""
    if isinstance(found, Mapping):
        if found and all(isinstance(value, torch.Tensor) for value in found.values()):
            return {str(name): value for name, value in found.items()}
        for key in _INSIDE:
            inner = found.get(key)
            if isinstance(inner, Mapping) and any(
                isinstance(value, torch.Tensor) for value in inner.values()
            ):
                return {
                    str(name): value
                    for name, value in inner.items()
                    if isinstance(value, torch.Tensor)
                }
        keys = ", ".join(map(str, list(found)[:8])) or "nothing"
        raise ModelError(
            f"{path} holds a dict of {keys}, and no state dict among them: save model.state_dict()"
        )
    raise ModelError(
        f"{path} holds {_article(type(found).__name__)}, not a network: save model.state_dict(), a "
        "TorchScript module or an exported program"
    )


def _article(name: str) -> str:
    return f"an {name}" if name[:1].lower() in "aeiou" else f"a {name}"


def _of_weights(
    path: Path, weights: Mapping[str, torch.Tensor], factory: Callable[[], Any] | None
) -> torch.nn.Module:
    first = ", ".join(f"{name} {tuple(value.shape)}" for name, value in list(weights.items())[:2])
    if factory is None:
        raise ModelError(
            f"{path} holds weights only ({len(weights)} tensors: {first}, ...), not the network "
            f"they belong to: {_FACTORY}"
        )
    model = factory()
    if not isinstance(model, torch.nn.Module):
        raise ModelError(
            f"the factory gave {_article(type(model).__name__)}, not a torch.nn.Module: {_FACTORY}"
        )
    wanted = model.state_dict()
    stored = _stripped(weights, wanted)
    missing = [name for name in wanted if name not in stored]
    beyond = [name for name in stored if name not in wanted]
    if missing or beyond:
        raise ModelError(
            f"the weights of {path} are not those of {type(model).__name__}: {len(missing)} are "
            f"missing{_such(missing)}, {len(beyond)} are beyond it{_such(beyond)}; {_FACTORY}"
        )
    for name, value in stored.items():
        if value.shape != wanted[name].shape:
            raise ModelError(
                f"{path}: {name} is of shape {tuple(value.shape)}, and {type(model).__name__} has "
                f"{tuple(wanted[name].shape)}; {_FACTORY}"
            )
    model.load_state_dict(stored)
    return model


def _such(names: list[str]) -> str:
    return f" ({', '.join(names[:2])}{', ...' if len(names) > 2 else ''})" if names else ""


def _stripped(
    weights: Mapping[str, torch.Tensor], wanted: Mapping[str, Any]
) -> dict[str, torch.Tensor]:
    """Take off what wrappers for training put before every name."""
    for prefix in ("module.", "_orig_mod.", "model.", "net."):
        if all(name.startswith(prefix) for name in weights) and not any(
            name.startswith(prefix) for name in wanted
        ):
            weights = {name.removeprefix(prefix): value for name, value in weights.items()}
    return dict(weights)
