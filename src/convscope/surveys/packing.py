"""Summaries as bytes, in which they wait in a store until they are merged."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from convscope.inputs.archives import archived, loaded
from convscope.surveys.leaders import Leaders
from convscope.surveys.summary import Moments, Summary

__all__ = ["packed", "unpacked"]

_CHECKSUM = hashlib.sha256().digest_size


def packed(summary: Summary) -> bytes:
    """Write a summary as a checksum and a compressed ``.npz``; of histograms what was counted."""
    from numcodecs import Zstd

    arrays: dict[str, np.ndarray] = {}
    for part in ("moments", "leaders"):
        record = getattr(summary, part)
        arrays |= {f"{part}.{one.name}": getattr(record, one.name) for one in fields(record)}
    for name in ("peaks", "means", "class_peaks", "class_means"):
        histogram = getattr(summary, name)
        places = np.flatnonzero(histogram)
        arrays |= {
            f"{name}.shape": np.array(histogram.shape),
            f"{name}.places": places,
            f"{name}.counts": histogram.ravel()[places],
        }
    arrays |= {f"maps.{place}": one for place, one in enumerate(summary.class_maps)}
    for name in ("confusion", "profile_image", "profile"):
        arrays[name] = getattr(summary, name)
    arrays["skipped"] = np.frombuffer(json.dumps(summary.skipped).encode(), np.uint8)
    held = io.BytesIO()
    np.savez(held, **arrays)  # type: ignore[arg-type]
    data = bytes(Zstd(level=1).encode(held.getvalue()))
    return hashlib.sha256(data).digest() + data


def unpacked(
    data: bytes, check: Callable[[Mapping[str, np.ndarray]], None] = lambda _: None
) -> Summary:
    """Read a summary back.

    Parameters
    ----------
    data : bytes
    check : callable
        Raises ValueError for arrays that cannot be those of a summary.

    Raises
    ------
    ValueError, InputError
        When the bytes are damaged.
    """
    from numcodecs import Zstd

    checksum, data = data[:_CHECKSUM], data[_CHECKSUM:]
    if hashlib.sha256(data).digest() != checksum:
        raise ValueError("not the bytes that were written")
    try:
        plain = io.BytesIO(Zstd().decode(data))
    except RuntimeError as error:
        raise ValueError(str(error)) from error
    with loaded(plain, "a summary") as held:
        arrays: dict[str, Any] = {name: archived(held, name, "a summary") for name in held.files}
    check(arrays)

    def record(kind: Any, part: str) -> Any:
        return kind(**{one.name: arrays[f"{part}.{one.name}"] for one in fields(kind)})

    def histogram(name: str) -> np.ndarray:
        whole = np.zeros(arrays[f"{name}.shape"], np.uint32)
        whole.ravel()[arrays[f"{name}.places"]] = arrays[f"{name}.counts"]
        return whole

    maps = sum(name.startswith("maps.") for name in arrays)
    skipped = _skipped(arrays["skipped"])
    return Summary(
        record(Moments, "moments"),
        histogram("peaks"),
        histogram("means"),
        record(Leaders, "leaders"),
        histogram("class_peaks"),
        histogram("class_means"),
        tuple(arrays[f"maps.{place}"] for place in range(maps)),
        arrays["confusion"],
        arrays["profile_image"],
        arrays["profile"],
        skipped,
    )


def _skipped(text: np.ndarray) -> tuple[tuple[int, str], ...]:
    try:
        return tuple((int(image), str(reason)) for image, reason in json.loads(text.tobytes()))
    except (TypeError, RecursionError) as error:
        raise ValueError("the list of skipped images is damaged") from error
