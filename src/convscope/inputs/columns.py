"""Which columns of a table hold the images and their labels, and how one image is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from convscope.errors import InputError, reason_of
from convscope.inputs.decoding import decode_bytes

__all__ = ["Columns", "cell_pixels", "columns_of", "damaged", "labels_of"]

_IMAGES = ("image", "img", "picture")
_LABELS = ("label", "labels")
_METADATA = b"huggingface"


@dataclass(frozen=True)
class Columns:
    """The columns that matter.

    Attributes
    ----------
    image : str
        Holds the bytes and the name of an encoded picture.
    label : str or None
        Holds whole numbers.
    class_names : tuple of str
        In the order of the labels; empty where they are not known.
    """

    image: str
    label: str | None
    class_names: tuple[str, ...]


def columns_of(schema: Any, source: str) -> Columns:
    """Find the columns by the features that the library datasets writes beside a table.

    Parameters
    ----------
    schema : pyarrow.Schema
        Without features, an image is a structure with bytes in it.
    source : str
        The file, for errors.

    Raises
    ------
    InputError
        When no column holds images, or the schema is damaged.
    """
    try:
        return _columns(schema, source)
    except InputError:
        raise
    except Exception as error:
        # Names that are no UTF-8 are met only when they are asked for.
        raise damaged(source, error) from error


def _columns(schema: Any, source: str) -> Columns:
    features = _features(schema)
    images = [name for name in schema.names if _kind(features, name) == "Image"]
    if not features:
        images = [field.name for field in schema if _holds_bytes(field.type)]
    image = _first(images, _IMAGES)
    if image is None or not _holds_bytes(schema.field(image).type):
        held = ", ".join(f"{field.name}: {field.type}" for field in schema) or "nothing"
        raise InputError(
            f"{source!r} has no column of images ({held}): cast it with datasets, "
            "dataset.cast_column(NAME, datasets.Image()), and save it again"
        )
    classes = [name for name in schema.names if _kind(features, name) == "ClassLabel"]
    numbers = [
        name for name in schema.names if name in _LABELS and _is_whole(schema.field(name).type)
    ]
    label = _first(classes, _LABELS) or _first(numbers, _LABELS)
    names = features[label].get("names") if label in classes and label is not None else None
    return Columns(image, label, tuple(map(str, names or ())))


def labels_of(column: Any, source: str) -> np.ndarray | None:
    """Give the labels that a column holds.

    Parameters
    ----------
    column : pyarrow.ChunkedArray

    Returns
    -------
    numpy.ndarray or None
        ``(image,)``, int64, -1 where there is none; None when no image has one.

    Raises
    ------
    InputError
        When they are no whole numbers.
    """
    if not _is_whole(column.type):
        raise InputError(
            f"{source!r} holds labels of {column.type}: give one whole number an image"
        )
    try:
        # Before empty cells are filled: -1 is no number without sign.
        labels = np.asarray(column.cast("int64").fill_null(-1).to_numpy())
    except Exception as error:
        raise damaged(source, error) from error
    return labels if np.any(labels >= 0) else None


def cell_pixels(cell: Any, name: str) -> np.ndarray:
    """Decode one cell of a column of images.

    Parameters
    ----------
    cell : pyarrow.StructScalar
        With ``bytes`` and, mostly, ``path``.
    name : str
        What to call it in errors.

    Raises
    ------
    InputError
        When it is empty, or cannot be decoded.
    """
    held = cell.as_py() or {}
    file = held.get("path") or ""
    if held.get("bytes") is None:
        what = f"only the name of a file ({file!r})" if file else "no image"
        raise InputError(
            f"{name!r} holds {what}: save the dataset again with dataset.save_to_disk, which puts "
            "the pictures in it, or leave this one out"
        )
    return decode_bytes(held["bytes"], f"{name} ({file})" if file else name)


def damaged(source: object, error: Exception) -> InputError:
    """Say that a table cannot be read: damage meets Arrow in many places, each with its errors."""
    return InputError(
        f"{str(source)!r} cannot be read ({reason_of(error)}): copy or download it again"
    )


def _features(schema: Any) -> Mapping[str, Any]:
    try:
        features = json.loads((schema.metadata or {})[_METADATA])["info"]["features"]
    except (KeyError, TypeError, ValueError):
        return {}
    return features if isinstance(features, dict) else {}


def _kind(features: Mapping[str, Any], name: str) -> str:
    feature = features.get(name)
    return str(feature.get("_type")) if isinstance(feature, dict) else ""


def _holds_bytes(kind: Any) -> bool:
    fields = {kind.field(place).name: kind.field(place).type for place in range(kind.num_fields)}
    return str(fields.get("bytes")) in {"binary", "large_binary", "binary_view"}


def _is_whole(kind: Any) -> bool:
    return str(kind).removeprefix("u") in {"int8", "int16", "int32", "int64"}


def _first(found: list[str], preferred: tuple[str, ...]) -> str | None:
    return next((name for name in preferred if name in found), found[0] if found else None)
