"""What is done to whole files: cut, overwritten, renamed, swollen, their contents changed."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py

__all__ = ["NUMBERS", "changed", "damaged", "mutated"]

SUFFIXES = (".keras", ".h5", ".json", ".pt", ".pth", ".pt2", ".onnx", ".bin", ".weights.h5", "")
ODD = (None, -1, 0, 10**9, 2**31, 10**30, 0.5, True, "", "x", "Lambda", "../../x", [], [[]], {},
       [None] * 9, [10**9] * 2, float("nan"), "hard_sigmoid", {"class_name": "Lambda"},
       {"module": "marker", "class_name": "Touch", "config": {}, "registered_name": "Touch"},
       {"module": "marker", "class_name": "function", "config": "touch",
        "registered_name": "touch"}, "marker>touch")  # fmt: skip
NUMBERS = (-1, 0, 1, 7, 255, 2**16, 10**9, 2**31 - 1, 2**31, 2**40, 2**62)
SWOLLEN = 3 * 2**30


def mutated(seed: Path, folder: Path, chance: random.Random) -> Path:
    """Write a changed copy of a file, sometimes under a wrong name."""
    suffix = "".join(seed.suffixes) if chance.random() < 0.95 else chance.choice(SUFFIXES)
    path = folder / f"mutant{suffix}"
    content = seed.read_bytes()
    inner = _inner(seed, content)
    whole = inner is None or chance.random() < 0.4
    path.write_bytes(damaged(content, chance) if whole else inner(content, chance))
    return path


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Cut, flip, overwrite, repeat or drop bytes."""
    data, way = bytearray(content or b"\0"), chance.randrange(6)
    at = chance.randrange(len(data))
    length = min(chance.choice((1, 4, 64, 1024)), len(data) - at)
    if way == 0:
        return bytes(data[:at])
    if way == 1:
        for _ in range(chance.choice((1, 2, 8, 64))):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    elif way == 2:
        data[at : at + length] = chance.randbytes(length)
    elif way == 3:
        data[at : at + length] = bytes([chance.choice((0, 255))]) * length
    elif way == 4:
        del data[at : at + length]
    else:
        data[at:at] = data[at : at + length]
    return bytes(data)


def _inner(seed: Path, content: bytes) -> Callable[[bytes, random.Random], bytes] | None:
    """Choose what changes the contents of a format and leaves the container sound."""
    if zipfile.is_zipfile(io.BytesIO(content)):
        return _archive
    return {".h5": _hdf5, ".json": _json, ".onnx": _graph}.get(seed.suffix)


def _places(config: Any) -> list[tuple[Any, Any]]:
    places: list[tuple[Any, Any]] = []
    level = [config]
    while level:
        node = level.pop()
        keys = range(len(node)) if isinstance(node, list) else list(node)
        places += [(node, key) for key in keys]
        level += [node[key] for key in keys if isinstance(node[key], dict | list)]
    return places


def changed(config: Any, chance: random.Random) -> Any:
    """Replace a few values of a configuration, chosen at random."""
    for _ in range(chance.choice((1, 1, 2, 5))):
        places = _places(config) if isinstance(config, dict | list) else []
        if places:
            node, key = chance.choice(places)
            if isinstance(node, dict) and chance.random() < 0.2:
                del node[key]
            else:
                odd = chance.choice((*ODD, *NUMBERS))
                node[key] = json.loads(json.dumps(odd))
    return config


def _json(content: bytes, chance: random.Random) -> bytes:
    return json.dumps(changed(json.loads(content), chance)).encode()


def _hdf5(content: bytes, chance: random.Random) -> bytes:
    held = io.BytesIO(content)
    with h5py.File(held, "r+") as file:
        written = file.attrs.get("model_config")
        if written is not None and chance.random() < 0.7:
            file.attrs["model_config"] = json.dumps(changed(json.loads(written), chance))
        else:
            _tree(file, chance)
    return held.getvalue()


def _tree(file: h5py.File, chance: random.Random) -> None:
    """Change a group, an attribute or an array of HDF5."""
    names: list[str] = []
    file.visit(names.append)
    groups = [name for name in names if isinstance(file[name], h5py.Group)] + ["/"]
    arrays = [name for name in names if isinstance(file[name], h5py.Dataset)]
    match chance.randrange(6):
        case 0 if arrays:
            _replaced(file, chance.choice(arrays), chance)
        case 1:
            del file[chance.choice(names)]
        case 2:
            name = chance.choice(names)
            file.move(name, name + "x")
        case 3:
            name = chance.choice(names)
            del file[name]
            file[name] = chance.choice(
                (
                    h5py.SoftLink("/"),
                    h5py.SoftLink(f"/{name}"),
                    h5py.ExternalLink("marker.py", "/"),
                    h5py.ExternalLink("/etc/passwd", "/x"),
                )
            )
        case 4:
            group = file[chance.choice(groups)]
            for name in list(group.attrs):
                group.attrs[name] = chance.choice(([b"x"], [], "x", 3, [b"../x", b"/"], [[1]]))
        case _:
            group = file[chance.choice(groups)]
            group.attrs[chance.choice(("layer_names", "weight_names", "keras_version"))] = (
                chance.choice(([b"dense"], b"3.1", 7, [b"dense"] * 1000, float("nan")))
            )


def _replaced(file: h5py.File, name: str, chance: random.Random) -> None:
    """Put another array in the place of one: of another shape, kind or size, or from elsewhere."""
    shape, dtype = file[name].shape, file[name].dtype
    del file[name]
    huge = (2**20, 2**14)
    match chance.randrange(7):
        case 0:
            file.create_dataset(name, huge, dtype, chunks=(64, 64))
        case 1:
            file.create_dataset(name, huge, dtype, chunks=(2**10, 2**10), compression="gzip")
        case 2:
            file.create_dataset(name, shape[::-1] or (1,), dtype)
        case 3:
            file.create_dataset(name, shape, chance.choice(("S9", "i8", "f8", "?", "c16")))
        case 4:
            where = [("/etc/passwd", 0, h5py.h5f.UNLIMITED)]
            file.create_dataset(name, (64,), "u1", external=where)
        case 5:
            layout = h5py.VirtualLayout(huge, dtype)
            file.create_virtual_dataset(name, layout, fillvalue=0)
        case _:
            file.create_dataset(name, data=chance.choice(("words", float("inf"), h5py.Empty("f"))))


def _archive(content: bytes, chance: random.Random) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = chance.choice(list(parts))
    texts = [part for part in parts if part.endswith((".json", ".py", ".h5", "data.pkl"))]
    if texts and chance.random() < 0.8:
        name = chance.choice(texts)
    parts[name] = _part(name, parts[name], chance)
    if "metadata.json" in parts and chance.random() < 0.3:
        parts["metadata.json"] = b'{"keras_version": "2.13.1"}'
    if chance.random() < 0.05:
        del parts[chance.choice(list(parts))]
    held = io.BytesIO()
    packed = chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with zipfile.ZipFile(held, "w", packed) as archive:
        for part, data in parts.items():
            archive.writestr(part, data)
    return held.getvalue() if chance.random() < 0.9 else _lying(held.getvalue(), chance)


def _part(name: str, content: bytes, chance: random.Random) -> bytes:
    if chance.random() < 0.02:
        return bytes(2**28)
    if name.endswith(".json") and chance.random() < 0.8:
        return _json(content, chance)
    if name.endswith(".h5") and chance.random() < 0.6:
        return _hdf5(content, chance)
    if name.endswith(".py") and chance.random() < 0.8:
        return _code(content, chance)
    return damaged(content, chance)


def _code(content: bytes, chance: random.Random) -> bytes:
    """Change a word or a number of TorchScript."""
    words = content.split(b" ")
    for _ in range(chance.choice((1, 1, 3))):
        at = chance.randrange(len(words))
        number = str(chance.choice(NUMBERS)).encode()
        words[at] = chance.choice((words[chance.randrange(len(words))], number, b"",
                                   number + b",", b"self.x", b"None,"))  # fmt: skip
    return b" ".join(words)


def _lying(content: bytes, chance: random.Random) -> bytes:
    """Let a directory entry of an archive claim another size."""
    data = bytearray(content)
    at = data.find(b"PK\x01\x02", chance.randrange(len(data)))
    if at >= 0:
        size = chance.choice((SWOLLEN, 2**32 - 1, 0, 1)).to_bytes(4, "little")
        places = chance.choice(((24,), (20, 24), (42,)))
        for place in places:
            data[at + place : at + place + 4] = size
    return bytes(data)


def _graph(content: bytes, chance: random.Random) -> bytes:
    """Change a few fields of a protobuf message."""
    import onnx

    model = onnx.ModelProto.FromString(content)
    for _ in range(chance.choice((1, 1, 2, 4))):
        _field(model, chance)
    return bytes(model.SerializeToString())


def _field(message: Any, chance: random.Random) -> None:
    from google.protobuf.descriptor import FieldDescriptor as Field

    places: list[tuple[Any, Any]] = []
    level = [message]
    while level:
        node = level.pop()
        for field, value in node.ListFields():
            places.append((node, field))
            if field.type == Field.TYPE_MESSAGE:
                several = list(value) if hasattr(value, "add") else [value]
                level += several
    node, field = chance.choice(places)
    value = getattr(node, field.name)
    several = hasattr(value, "append")
    if chance.random() < 0.2:
        node.ClearField(field.name)
        return
    if several and chance.random() < 0.3:
        at = chance.randrange(len(value))
        (value.add().CopyFrom(value[at]) if field.message_type else value.append(value[at]))
        return
    if field.type == Field.TYPE_MESSAGE:
        return
    odd = _odd(field, chance)
    if several:
        value[chance.randrange(len(value))] = odd
    else:
        setattr(node, field.name, odd)


def _odd(field: Any, chance: random.Random) -> Any:
    from google.protobuf.descriptor import FieldDescriptor as Field

    if field.type == Field.TYPE_BYTES:
        return chance.choice((b"", b"x", b"SAME_UPPER", b"\xff\xfe", chance.randbytes(64)))
    if field.type == Field.TYPE_STRING:
        return chance.choice(("", "x", "w", "Conv", "Loop", "Softmax", "../../etc/passwd",
                              "/etc/passwd", "mystery", "ConstantOfShape", "Tile"))  # fmt: skip
    if field.type in {Field.TYPE_FLOAT, Field.TYPE_DOUBLE}:
        return chance.choice((0.0, -1.0, 1e30, float("nan"), float("inf")))
    if field.type == Field.TYPE_ENUM:
        return chance.choice([entry.number for entry in field.enum_type.values])
    if field.type == Field.TYPE_INT32:
        return chance.choice((-1, 0, 1, 3, 10, 16, 2**31 - 1))
    return chance.choice(NUMBERS) if field.type != Field.TYPE_UINT64 else 2**62
