"""Small whole networks, saved in every format that `convscope.open` takes."""

from __future__ import annotations

import importlib
import json
import pickle
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

__all__ = ["FORMATS", "MARK", "options", "plant", "seeds"]

MARK = "mark"
"""The file that code leaves in the folder where it should not have run."""

_MODULE = "marker"
_CODE = """
from pathlib import Path
class Touch:
    def __init__(self, *args, **kwargs): touch()
    def __reduce__(self): return touch, ()
    @classmethod
    def from_config(cls, config): return cls()
def touch(x=None):
    Path({mark!r}).touch()
    return x
"""


def plant(folder: Path) -> None:
    """Put a module where Python finds it, all of whose functions leave the mark."""
    (folder / f"{_MODULE}.py").write_text(_CODE.format(mark=str(folder / MARK)))
    sys.path.insert(0, str(folder))


def seeds(kind: str, folder: Path) -> list[Path]:
    """Save the networks of a format; some hold code, or name some, that leaves the mark."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return FORMATS[kind](folder)


def options(kind: str, path: Path, folder: Path) -> tuple[Path, dict[str, Any]]:
    """Give the path to open and the options that belong to it."""
    match kind:
        case "json":
            return folder / "plain.weights.h5", {"architecture": path}
        case "weights":
            return path, {"architecture": folder / "plain.json"}
        case "state":
            return path, {"factory": _module, "input_shape": (1, 8, 8)}
        case "torchscript":
            return path, {"input_shape": (1, 8, 8)}
    return path, {}


def _keras(folder: Path) -> dict[str, Any]:
    import keras
    from keras import layers

    mark = str(folder / MARK)
    body = [layers.Input((8, 8, 1)), layers.Conv2D(2, 3), layers.BatchNormalization(),
            layers.Flatten(), layers.Dense(3, activation="softmax")]  # fmt: skip
    left, right, shared = keras.Input((4,)), keras.Input((4,)), layers.Dense(2)
    code = layers.Lambda(lambda x: (Path(mark).touch(), x)[1], output_shape=(4,))
    return {
        "plain": keras.Sequential(body),
        "twins": keras.Model([left, right], layers.Add()([shared(left), shared(right)])),
        "marking": keras.Sequential([layers.Input((4,)), code]),
    }


def _h5(folder: Path) -> list[Path]:
    for name, model in _keras(folder).items():
        model.save(folder / f"{name}.h5")
    old = folder / "old.h5"
    old.write_bytes((folder / "plain.h5").read_bytes())
    with h5py.File(old, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        first, *rest = config["config"]["layers"]
        rest[0]["config"]["batch_input_shape"] = first["config"]["batch_shape"]
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": rest})
        file["model_weights"].attrs["keras_version"] = "2.1.6"
        file.attrs["keras_version"] = "2.1.6"
    return sorted(folder.glob("*.h5"))


def _archives(folder: Path) -> list[Path]:
    for name, model in _keras(folder).items():
        model.save(folder / f"{name}.keras")
    return sorted(folder.glob("*.keras"))


def _json(folder: Path) -> list[Path]:
    models = _keras(folder)
    models["plain"].save_weights(folder / "plain.weights.h5")
    for name, model in models.items():
        (folder / f"{name}.json").write_text(model.to_json())
    return sorted(folder.glob("*.json"))


def _weights(folder: Path) -> list[Path]:
    model = _keras(folder)["plain"]
    (folder / "plain.json").write_text(model.to_json())
    model.save_weights(folder / "plain.weights.h5")
    model.save(folder / "whole.h5")
    with h5py.File(folder / "whole.h5") as whole, h5py.File(folder / "old.h5", "w") as old:
        group = whole["model_weights"]
        for name in group:
            group.copy(name, old)
        old.attrs.update({name: group.attrs[name] for name in group.attrs})
    (folder / "whole.h5").unlink()
    return sorted(folder.glob("*.h5"))


def _module() -> Any:
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(inplace=True), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(18, 3), nn.Softmax(1),
    ).eval()  # fmt: skip


def _scripts(folder: Path) -> list[Path]:
    import torch

    torch.jit.trace(_module(), torch.rand(1, 1, 8, 8)).save(folder / "traced.pt")
    torch.jit.script(_module()).save(folder / "scripted.pt")
    # A script may write files without being Python at all.
    source = folder / "writing.py"
    source.write_text(
        "import torch\n"
        "class Writing(torch.nn.Module):\n"
        "    def forward(self, x: torch.Tensor) -> torch.Tensor:\n"
        f"        torch.save(x, {str(folder / MARK)!r})\n"
        "        return x\n"
    )
    torch.jit.script(importlib.import_module("writing").Writing()).save(folder / "writing.pt")
    return sorted(folder.glob("*.pt"))


def _states(folder: Path) -> list[Path]:
    import torch

    state = _module().state_dict()
    torch.save(state, folder / "zip.pth")
    torch.save(state, folder / "old.pth", _use_new_zipfile_serialization=False)
    torch.save({"state_dict": state, "epoch": 3, "optimizer": {"lr": 0.1}}, folder / "kept.pth")
    torch.save({**state, "touch": _marking()}, folder / "marking.pth")
    (folder / "bare.pth").write_bytes(pickle.dumps(_marking(), 2))
    return sorted(folder.glob("*.pth"))


def _marking() -> Any:
    return importlib.import_module(_MODULE).Touch.__new__(importlib.import_module(_MODULE).Touch)


def _programs(folder: Path) -> list[Path]:
    import torch

    images = {0: torch.export.Dim("images")}
    program = torch.export.export(
        _module(), (torch.rand(2, 1, 8, 8),), dynamic_shapes=(images,), strict=False
    )
    torch.export.save(program, folder / "free.pt2")
    with (
        zipfile.ZipFile(folder / "free.pt2") as whole,
        zipfile.ZipFile(folder / "marking.pt2", "w") as marking,
    ):
        for name in whole.namelist():
            inputs = "sample_inputs" in name and name.endswith(".pt")
            marking.writestr(name, pickle.dumps(_marking(), 2) if inputs else whole.read(name))
    return sorted(folder.glob("*.pt2"))


def _graphs(folder: Path) -> list[Path]:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    draw = np.random.default_rng(0)
    for name, kind in {"single": np.float32, "half": np.float16}.items():
        weights = {"w": draw.normal(size=(2, 1, 3, 3)), "b": draw.normal(size=2),
                   "v": draw.normal(size=(18, 40)), "c": draw.normal(size=40)}  # fmt: skip
        nodes = [
            helper.make_node("Conv", ["x", "w", "b"], ["conv"], pads=[0, 0, 0, 0]),
            helper.make_node("Relu", ["conv"], ["relu"]),
            helper.make_node("MaxPool", ["relu"], ["pool"], kernel_shape=[2, 2], strides=[2, 2]),
            helper.make_node("Reshape", ["pool", "shape"], ["flat"]),
            helper.make_node("MatMul", ["flat", "v"], ["product"]),
            helper.make_node("Add", ["product", "c"], ["sum"]),
            helper.make_node("Softmax", ["sum"], ["y"]),
        ]
        held = [numpy_helper.from_array(array.astype(kind), key) for key, array in weights.items()]
        held.append(numpy_helper.from_array(np.array([-1, 18]), "shape"))
        elements = TensorProto.FLOAT if kind is np.float32 else TensorProto.FLOAT16
        ends = [helper.make_tensor_value_info("x", elements, ["n", 1, 8, 8])]
        outs = [helper.make_tensor_value_info("y", elements, ["n", 40])]
        graph = helper.make_graph(nodes, name, ends, outs, held)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
        onnx.save(model, folder / f"{name}.onnx")
    onnx.save(model, folder / "apart.onnx", save_as_external_data=True, size_threshold=64,
              location="apart.data")  # fmt: skip
    return sorted(folder.glob("*.onnx"))


FORMATS: dict[str, Callable[[Path], list[Path]]] = {
    "h5": _h5, "keras": _archives, "json": _json, "weights": _weights,
    "torchscript": _scripts, "state": _states, "pt2": _programs, "onnx": _graphs,
}  # fmt: skip
"""What saves the whole files of each format."""
