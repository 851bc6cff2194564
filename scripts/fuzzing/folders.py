"""What is done to folders: a file of theirs is changed by its kind, lost, or renamed."""

from __future__ import annotations

import gzip
import io
import json
import random
import shutil
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fuzzing.mutations import NUMBERS, changed, damaged

__all__ = ["altered", "mutated"]

_DTYPES = ("|u1", "<f8", "<i8", ">u2", "|O", "|S3", "<U9", "<c16", "|b1", "<M8[s]", "<f2", "[]",
           "|V0", "|S0", "[('a', '<i4')]", "<f1", "x")  # fmt: skip
_ODD = (-1, 0, 1, 2, 7, 10**6, 2**31, 2**40, 2**62, 2**63, 2**70, 10**30)
_TOLD = (b'{"label": %s}', b'{"cls": "%s"}', b'{"label": [%s]}', b"%s",
         b'{"label": 1, "class_name": %s}', b'{"label": {"a": %s}}')  # fmt: skip
_NAMES = ("x", "0", "train", "test", "val", ".hidden", "a\nb", "\udcff", "CON", "é" * 80, "a:b",
          "meta", "state.json", "zarr.json", "train-images-idx3-ubyte")  # fmt: skip


def mutated(seed: Path, folder: Path, chance: random.Random) -> Path:
    """Write a changed copy of a folder or a file."""
    path = folder / f"mutant{seed.suffix}"
    if seed.is_file():
        path.write_bytes(altered(seed.name, seed.read_bytes(), chance))
        return path
    shutil.copytree(seed, path)
    for _ in range(chance.choice((1, 1, 1, 2))):
        files = sorted(file for file in path.rglob("*") if file.is_file())
        if files:
            _change(path, _chosen(files, chance), chance)
    return path


def _chosen(files: list[Path], chance: random.Random) -> Path:
    """Choose a file, as often one of the few that describe as one of the many that hold."""
    telling = [file for file in files if file.suffix in {".json", ".txt", ".npz", ""}]
    return chance.choice(telling if telling and chance.random() < 0.5 else files)


def _change(top: Path, file: Path, chance: random.Random) -> None:
    if chance.random() < 0.8:
        file.write_bytes(altered(file.name, file.read_bytes(), chance))
        return
    match chance.randrange(8):
        case 0:
            file.unlink()
        case 1:
            file.write_bytes(b"")
        case 2:
            file.unlink()
            file.mkdir()
        case 3:
            file.rename(file.with_name(chance.choice(_NAMES) + chance.choice(("", file.suffix))))
        case 4:
            others = [one for one in top.rglob("*") if one.is_file()]
            file.write_bytes(chance.choice(sorted(others)).read_bytes())
        case 5:
            file.unlink()
            file.symlink_to(chance.choice((file.name, "..", "/dev/null", "nowhere", "/etc/passwd")))
        case 6:
            others = shutil.ignore_patterns("copy")
            shutil.copytree(top, file.parent / "copy", ignore=others, dirs_exist_ok=True)
        case _:
            shutil.rmtree(file.parent if file.parent != top else file, ignore_errors=True)


def altered(name: str, content: bytes, chance: random.Random) -> bytes:
    """Change what a file holds by its kind, or its bytes whatever they mean."""
    inner = _KINDS.get(Path(name).suffix)
    if inner is not None and chance.random() < 0.65:
        return inner(content, chance)
    return _swollen(content, chance) if chance.random() < 0.4 else _near(content, chance)


def _near(content: bytes, chance: random.Random) -> bytes:
    """Damage the whole, or the beginning or end alone, where files say what they are."""
    some = chance.choice((16, 128, 1024))
    match chance.randrange(3):
        case 0:
            return damaged(content[:some], chance) + content[some:]
        case 1:
            return content[:-some] + damaged(content[-some:], chance)
    return damaged(content, chance)


def _swollen(content: bytes, chance: random.Random) -> bytes:
    """Write a large number, or one that is none, over a few bytes."""
    data = bytearray(content)
    for _ in range(chance.choice((1, 1, 3))):
        form = chance.choice(("<H", "<I", "<Q", ">I", "<i", "<d"))
        number = chance.choice(NUMBERS)
        size = struct.calcsize(form)
        value: float = number
        if form != "<d":
            value = number % 2 ** (8 * size - (form == "<i"))
        at = chance.randrange(max(1, min(len(data), chance.choice((64, 512, len(data) + 1)))))
        data[at : at + size] = struct.pack(form, value)
    return bytes(data)


def _json(content: bytes, chance: random.Random) -> bytes:
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        return damaged(content, chance)
    if chance.random() < 0.05:
        return chance.choice((b"[" * 100_000, b"[]", b"null", b"{}", b"1e999", b'"x"', b"\xff\xfe"))
    return json.dumps(changed(told, chance)).encode()


def _packed(content: bytes, chance: random.Random) -> bytes:
    try:
        inside = gzip.decompress(content)
    except (OSError, EOFError):
        return damaged(content, chance)
    if chance.random() < 0.1:
        return gzip.compress(inside[:16] + bytes(2**28))
    ways = (_near, _swollen)
    return gzip.compress(chance.choice(ways)(inside, chance))


def _array(content: bytes, chance: random.Random) -> bytes:
    """Let the header of an .npy file say something else."""
    held = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(held)
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(held)
    except ValueError:
        return damaged(content, chance)
    assert version == (1, 0)
    told = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": fortran, "shape": shape}
    match chance.randrange(5):
        case 0:
            told["shape"] = tuple(chance.choice(_ODD) for _ in range(chance.randrange(5)))
        case 1:
            at = chance.randrange(len(shape) or 1)
            told["shape"] = (*shape[:at], chance.choice(_ODD), *shape[at + 1 :])
        case 2:
            told["descr"] = chance.choice(_DTYPES)
        case 3:
            told[chance.choice(list(told))] = chance.choice((None, "x", [], -1, (0,), 1.5))
        case _:
            del told[chance.choice(list(told))]
    text = repr(told) if chance.random() < 0.9 else "(" * 3000 + repr(told)
    header = text.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header) % 2**16) + header + held.read()


def _arrays(content: bytes, chance: random.Random) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, NotImplementedError, EOFError):
        return damaged(content, chance)
    name = chance.choice(list(parts))
    match chance.randrange(6):
        case 0:
            parts[name + chance.choice(("x", "/../y", "\n"))] = parts.pop(name)
        case 1:
            parts[name] = b""
        case 2:
            parts[name] = parts[chance.choice(list(parts))]
        case _:
            parts[name] = chance.choice((_array, _array, _near))(parts[name], chance)
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", chance.choice((0, zipfile.ZIP_DEFLATED))) as archive:
        for part, data in parts.items():
            archive.writestr(part, data)
    return held.getvalue()


def _members(content: bytes, chance: random.Random) -> bytes:
    """Change a field of a header of a tar file, and its checksum along with it."""
    data = bytearray(content)
    starts = [at for at in range(0, len(data) - 511, 512) if data[at + 257 : at + 262] == b"ustar"]
    if not starts:
        return damaged(content, chance)
    at = chance.choice(starts)
    start, size = chance.choice(((0, 100), (124, 12), (124, 12), (156, 1), (345, 155), (100, 8)))
    field = chance.choice((
        b"%o" % chance.choice([number for number in NUMBERS if number >= 0]), b"-7", b"\xff" * size,
        b"\x80" + b"\x00" * 3 + b"\x7f" * 8, b"x.json", b"../../etc/passwd", b"a.png\0", b"a.cls",
        b"x", b"g", b"L", b"K", b"S", b"5", b"1", b"\0",
    ))  # fmt: skip
    data[at + start : at + start + size] = field[:size].ljust(size, b"\0")
    data[at + 148 : at + 156] = b" " * 8
    data[at + 148 : at + 156] = b"%06o\0 " % sum(data[at : at + 512])
    return bytes(data)


def _more_members(content: bytes, chance: random.Random) -> bytes:
    """Put one more file into a tar file, with labels that are none."""
    held = io.BytesIO(content)
    with tarfile.open(fileobj=held, mode="a") as archive:
        number = chance.choice((b"-1", b"7", b"9" * 18, b"x", b"", b"\xff", b"1.5", b"[1]"))
        told = chance.choice(_TOLD)
        ending = chance.choice(("cls", "json", "png", "jpg"))
        data = told % number if ending == "json" else number
        picture = tarfile.TarInfo(f"zz.{chance.choice(('png', 'txt'))}")
        archive.addfile(picture, io.BytesIO())
        entry = tarfile.TarInfo(f"zz.{ending}")
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    return held.getvalue()


def _tar(content: bytes, chance: random.Random) -> bytes:
    ways: list[Callable[[bytes, random.Random], bytes]] = [_members, _members, _more_members]
    way = chance.choice(ways)
    try:
        return way(content, chance)
    except tarfile.TarError:
        return damaged(content, chance)


def _lines(content: bytes, chance: random.Random) -> bytes:
    lines = content.split(b"\n")
    odd = chance.choice((b"", b"\xff\xfe", b"x" * 10_000, b"a,b,c", b"\0", b"cat"))
    lines.insert(chance.randrange(len(lines) + 1), odd)
    return b"\n".join(lines)


_KINDS = {
    ".json": _json, ".gz": _packed, ".npy": _array, ".npz": _arrays, ".tar": _tar, ".txt": _lines,
}  # fmt: skip
