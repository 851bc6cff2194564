"""Datasets of every layout, and files of numbers, opened and read image by image."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import struct
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

from fuzzing.folders import mutated
from fuzzing.subject import Subject

__all__ = ["DATASETS", "class_folders"]

_NAMES = ("cat", "dog", "fox")
_LABELS = (2, 0, 1, 1, 0, 2)
# A mutant holds a few kilobytes; gzip makes 200 MB of some.
_MEMORY = 700 * 2**20


def _pixels(place: int) -> np.ndarray:
    return np.random.default_rng(place).integers(0, 256, (9 + place, 8, 3), np.uint8)


def _picture(place: int, kind: str = "PNG") -> bytes:
    held = io.BytesIO()
    PIL.Image.fromarray(_pixels(place)).save(held, kind)
    return held.getvalue()


def class_folders(folder: Path) -> list[Path]:
    """Write pictures in folders by class, with splits and without."""
    for top in ("plain", "parts/train", "parts/val", "parts/test"):
        for place, label in enumerate(_LABELS):
            kind, suffix = (("PNG", "png"), ("JPEG", "jpg"), ("GIF", "gif"))[place % 3]
            file = folder / top / _NAMES[label] / f"{place}.{suffix}"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(_picture(place, kind))
    return [folder / "plain", folder / "parts"]


def _idx(folder: Path) -> list[Path]:
    images = np.stack([_pixels(0)[:8, :, 0]] * 6)
    for name, pack, end in (("idx", gzip.compress, ".gz"), ("bare", bytes, "")):
        for prefix in ("train", "t10k"):
            place = folder / name
            place.mkdir(exist_ok=True)
            header = struct.pack(">IIII", 0x803, *images.shape)
            file = place / f"{prefix}-images-idx3-ubyte{end}"
            file.write_bytes(pack(header + images.tobytes()))
            labels = struct.pack(">II", 0x801, len(_LABELS)) + bytes(_LABELS)
            (place / f"{prefix}-labels-idx1-ubyte{end}").write_bytes(pack(labels))
    return [folder / "idx", folder / "bare"]


def _npz(folder: Path) -> list[Path]:
    images = np.stack([_pixels(0)[:8]] * 6)
    arrays = {"x_train": images, "y_train": np.array(_LABELS), "x_test": images[:4, :, :, 0],
              "y_test": np.array(_LABELS[:4])[:, None]}  # fmt: skip
    np.savez(folder / "plain.npz", **arrays)
    np.savez_compressed(folder / "packed.npz", **arrays)
    return [folder / "plain.npz", folder / "packed.npz"]


def _hub(folder: Path) -> tuple[Any, Any]:
    import datasets

    datasets.disable_progress_bars()
    features = {"image": datasets.Image(), "label": datasets.ClassLabel(names=list(_NAMES))}
    columns = {"image": [PIL.Image.fromarray(_pixels(place)) for place in range(6)],
               "label": list(_LABELS)}  # fmt: skip
    return datasets, datasets.Dataset.from_dict(columns, features=datasets.Features(features))


def _saved(folder: Path) -> list[Path]:
    datasets, table = _hub(folder)
    table.save_to_disk(folder / "one", num_shards=2)
    datasets.DatasetDict({"train": table, "test": table}).save_to_disk(folder / "split")
    return [folder / "one", folder / "split"]


def _parquet(folder: Path) -> list[Path]:
    _, table = _hub(folder)
    place = folder / "pets" / "data"
    place.mkdir(parents=True)
    table.to_parquet(place / "train-00000-of-00001.parquet", batch_size=3)
    table.to_parquet(place / "test-00000-of-00001.parquet")
    table.to_parquet(folder / "alone.parquet", batch_size=2)
    return [folder / "pets", folder / "alone.parquet"]


def _cifar(folder: Path) -> list[Path]:
    data = np.random.default_rng(0).integers(0, 256, (4, 3072), np.uint8)
    ten, hundred = folder / "ten", folder / "hundred"
    ten.mkdir()
    hundred.mkdir()
    for part in (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"):
        batch = {b"data": data, b"labels": [1, 0, 9, 3], b"filenames": [b"a.png"] * 4}
        (ten / part).write_bytes(pickle.dumps(batch, 2))
    (ten / "batches.meta").write_bytes(pickle.dumps({b"label_names": [b"x"] * 10}, 2))
    for part in ("train", "test"):
        both = {"fine_labels": [1, 99, 5, 3], "coarse_labels": [0, 1, 2, 3]}
        (hundred / part).write_bytes(pickle.dumps({"data": data, **both}, 4))
    (hundred / "meta").write_bytes(pickle.dumps({"fine_label_names": ["x"] * 100}, 4))
    return [ten, hundred]


def _torchvision(folder: Path) -> list[Path]:
    _idx(folder)
    place = folder / "vision" / "MNIST" / "raw"
    place.parent.mkdir(parents=True)
    (folder / "bare").rename(place)
    _cifar(folder)
    cifar = folder / "pictures" / "cifar-10-batches-py"
    cifar.parent.mkdir()
    (folder / "ten").rename(cifar)
    return [folder / "vision", folder / "pictures"]


def _shards(folder: Path) -> list[Path]:
    place = folder / "shards"
    place.mkdir()
    for number in range(2):
        form = (tarfile.USTAR_FORMAT, tarfile.PAX_FORMAT)[number]
        with tarfile.open(place / f"train-{number}.tar", "w", format=form) as archive:
            for item in range(3):
                told = json.dumps({"label": item, "class_name": _NAMES[item]}).encode()
                long = "ü" * 120 * number
                for end, data in (("png", _picture(item)), ("cls", b"%d" % item), ("json", told)):
                    entry = tarfile.TarInfo(f"{long}{item:03}.{end}")
                    entry.size = len(data)
                    archive.addfile(entry, io.BytesIO(data))
    (place / "classes.txt").write_text("\n".join(_NAMES))
    named = folder / "named.tar"
    named.write_bytes((place / "train-0.tar").read_bytes())
    return [place, named]


def _wav(folder: Path) -> list[Path]:
    wave = np.sin(np.linspace(0, 60, 400))
    for name, code, body, bits in (
        ("pcm8", 1, ((wave + 1) * 127).astype("u1"), 8),
        ("pcm16", 1, (wave * 32000).astype("<i2"), 16),
        ("float", 3, wave.astype("<f4"), 32),
    ):
        data = body.tobytes()
        form = struct.pack("<HHIIHH", code, 2, 8000, 8000 * bits // 4, bits // 4, bits)
        chunks = b"fmt " + struct.pack("<I", len(form)) + form + b"LIST" + struct.pack("<I", 3)
        chunks += b"abc\0" + b"data" + struct.pack("<I", len(data)) + data
        (folder / f"{name}.wav").write_bytes(
            b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks
        )
    return sorted(folder.glob("*.wav"))


def _npy(folder: Path) -> list[Path]:
    np.save(folder / "signal.npy", np.linspace(0, 1, 18).reshape(1, 9, 2))
    np.save(folder / "whole.npy", np.arange(18, dtype=">i2").reshape(9, 2))
    np.savez(folder / "wave.npz", wave=np.linspace(0, 1, 18).reshape(1, 9, 2))
    return [*sorted(folder.glob("*.npy")), folder / "wave.npz"]


def _read(path: Path, folder: Path) -> None:
    """Open a dataset as a survey, a table and the explorer do, and read what it holds."""
    from convscope.errors import ConvscopeError
    from convscope.inputs.datasets import first_of_each, open_dataset

    dataset = open_dataset(path)
    whole = [dataset, *(open_dataset(path, split) for split in dataset.splits)]
    refused: ConvscopeError | None = None
    for one in whole:
        assert len(one) > 0
        assert one.labels is None or one.labels.shape == (len(one),)
        repr(one)
        one.fingerprint()
        if one.labels is not None:
            first_of_each(one, 2)
        sample = one.sample(2, 1)
        for images in (one, sample):
            for place in range(min(len(images), 7)):
                try:
                    image = images[place]
                except ConvscopeError as error:
                    refused = error
                    continue
                assert image.pixels.ndim == 3 and image.pixels.shape[2] in {1, 3}
                assert image.pixels.min() >= 0 and image.pixels.max() <= 255
        pickle.loads(pickle.dumps(one))
    if refused is not None:
        raise refused


def _numbers(path: Path, folder: Path) -> None:
    """Read a file of numbers, from the disk and as the page sends it, and bring it to a network."""
    from convscope.errors import ConvscopeError
    from convscope.inputs.array_files import array_file, decode_arrays
    from convscope.inputs.datasets import open_dataset

    refused: ConvscopeError | None = None
    ways: list[Callable[[], Any]] = [
        lambda: array_file(path),
        lambda: array_file(f"{path}:0"),
        lambda: decode_arrays(path.read_bytes(), path.name, most=2**26),
        lambda: open_dataset(path),
        lambda: _wave().read(path),
        lambda: _wave().predict(str(path)),
    ]
    for way in ways:
        try:
            way()
        except ConvscopeError as error:
            refused = error
    if refused is not None and path.name.startswith("mutant"):
        raise refused


def _wave() -> Any:
    if "wave" not in _opened:
        import keras

        import convscope

        parts = [keras.Input((9, 2), name="wave"), keras.layers.Conv1D(2, 3)]
        _opened["wave"] = convscope.open(keras.Sequential(parts))
    return _opened["wave"]


_opened: dict[str, Any] = {}

_LAYOUTS: dict[str, Callable[[Path], list[Path]]] = {
    "folders": class_folders, "idx": _idx, "npz": _npz, "saved": _saved, "parquet": _parquet,
    "cifar": _cifar, "torchvision": _torchvision, "shards": _shards,
}  # fmt: skip
_FILES: dict[str, Callable[[Path], list[Path]]] = {"wav": _wav, "npy": _npy}
DATASETS = {
    **{kind: Subject(made, mutated, _read, _MEMORY) for kind, made in _LAYOUTS.items()},
    **{kind: Subject(made, mutated, _numbers, _MEMORY) for kind, made in _FILES.items()},
}
"""By the name of the layout."""
