"""Weights as a file holds them: named arrays of a layer, read when they are wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np

from convscope.errors import ModelError

__all__ = ["Era", "SavedWeight", "in_order", "saved_weights", "weight_group"]

Weights = dict[str, list["SavedWeight"]]


@dataclass(frozen=True)
class Era:
    """Which Keras wrote a file, and on which backend.

    Parameters
    ----------
    version : str
        ``"2.1.6"``; ``"1"`` where the file does not say, as Keras 1 did.
    backend : str or None
        ``"tensorflow"``, ``"theano"``, ``"cntk"``; None where the file does not say.
    """

    version: str
    backend: str | None

    @property
    def first(self) -> bool:
        """Whether Keras 1 wrote it."""
        return self.version.partition(".")[0] in {"0", "1"}

    @classmethod
    def of(cls, *groups: h5py.Group) -> Era:
        """Read what the attributes of a file or its groups say."""
        said: dict[str, str] = {}
        for group in groups:
            for key in ("keras_version", "backend"):
                if key in group.attrs:
                    said.setdefault(key, _text(group.attrs[key]))
        return cls(said.get("keras_version", "1"), said.get("backend"))


@dataclass(frozen=True)
class SavedWeight:
    """One array of a layer.

    Parameters
    ----------
    name : str
        ``"conv2d_1/kernel:0"``.
    data : h5py.Dataset or numpy.ndarray
    """

    name: str
    data: Any

    @property
    def key(self) -> tuple[str, str]:
        """The names of the layer and of the variable, without TensorFlow's ``:0``."""
        parts = self.name.rpartition(":")[0] or self.name
        layer, _, variable = parts.rpartition("/")
        return layer.rpartition("/")[2], variable

    @property
    def value(self) -> np.ndarray:
        """The array."""
        return np.asarray(self.data)


def weight_group(file: h5py.File) -> h5py.Group | None:
    """Find the group that lists the weights by layer; None where there is none."""
    for group in (file.get("model_weights"), file):
        if isinstance(group, h5py.Group) and _has_list(group, "layer_names"):
            return group
    return None


def saved_weights(group: h5py.Group) -> Weights:
    """List the weights of every layer that has any, in the order of the file.

    Raises
    ------
    ModelError
        For a list that names what is not there.
    """
    found: Weights = {}
    for name in _list(group, "layer_names"):
        inside = group.get(name)
        if not isinstance(inside, h5py.Group):
            raise ModelError(
                f"the file lists weights of layer {name!r} and does not hold them: save or copy "
                "it again"
            )
        listed = _list(inside, "weight_names")
        arrays = [SavedWeight(weight, inside.get(weight)) for weight in listed]
        for array in arrays:
            if not isinstance(array.data, h5py.Dataset):
                raise ModelError(
                    f"layer {name!r}: the file lists the weight {array.name!r} and does not hold "
                    "it: save or copy it again"
                )
        if arrays:
            found[name] = arrays
    return found


def in_order(file: h5py.File, names: list[str]) -> bool:
    """Tell whether the layers with weights come in this order, where they are the same ones."""
    group = weight_group(file)
    saved = list(saved_weights(group)) if group is not None else []
    return saved == names or sorted(saved) != sorted(names)


def _has_list(group: h5py.Group, name: str) -> bool:
    return name in group.attrs or f"{name}0" in group.attrs


def _list(group: h5py.Group, name: str) -> list[str]:
    """Read a list of names, which Keras cuts in pieces where it is longer than HDF5 allows."""
    if name in group.attrs:
        return [_text(part) for part in group.attrs[name]]
    names: list[str] = []
    count = 0
    while f"{name}{count}" in group.attrs:
        names += [_text(part) for part in group.attrs[f"{name}{count}"]]
        count += 1
    return names


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
