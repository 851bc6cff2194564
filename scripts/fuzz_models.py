"""Open thousands of damaged model files: each must open or be refused with a ConvscopeError.

uv run python scripts/fuzz_models.py h5 5000
uv run python scripts/fuzz_models.py keras 5000 --seconds 600

Files are cut short, overwritten, given the wrong name, and their configurations changed value by
value. Workers open them, so that a crash or a hang ends one worker and is counted; an allocation
of more than 2 GB, and code from a file that runs, are counted too.
"""

from __future__ import annotations

import argparse
import collections
import io
import json
import os
import random
import resource
import selectors
import subprocess
import sys
import tempfile
import time
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py

FORMATS = ("h5", "keras", "json")
LIMIT = 2 * 2**30
HANG = 10.0
ODD = (None, -1, 0, 10**9, 10**30, 0.5, True, "", "x", "Lambda", "../../x", [], [[]], {},
       [None] * 9, float("nan"), "hard_sigmoid", {"class_name": "Lambda"})  # fmt: skip


def seeds(kind: str, folder: Path) -> list[Path]:
    """Save small networks: as today, as Keras 2 with a list, with a Lambda that leaves a mark."""
    import keras
    from keras import layers

    mark = str(folder / "mark")
    body = [layers.Input((8, 8, 1)), layers.Conv2D(2, 3), layers.BatchNormalization(),
            layers.Flatten(), layers.Dense(3, activation="softmax")]  # fmt: skip
    plain = keras.Sequential(body)
    left, right, shared = keras.Input((4,)), keras.Input((4,)), layers.Dense(2)
    twins = keras.Model([left, right], layers.Add()([shared(left), shared(right)]))
    code = layers.Lambda(lambda x: (Path(mark).touch(), x)[1], output_shape=(4,))
    marking = keras.Sequential([layers.Input((4,)), code])
    models = {"plain": plain, "twins": twins, "marking": marking}
    suffix = ".keras" if kind == "keras" else ".h5"
    for name, model in models.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.save(folder / f"{name}{suffix}")
    if kind == "json":
        plain.save_weights(folder / "weights.weights.h5")
        for name, model in models.items():
            (folder / f"{name}.json").write_text(model.to_json())
        return sorted(folder.glob("*.json"))
    if kind == "h5":
        old = folder / "old.h5"
        old.write_bytes((folder / "plain.h5").read_bytes())
        with h5py.File(old, "r+") as file:
            config = json.loads(file.attrs["model_config"])
            first, *rest = config["config"]["layers"]
            rest[0]["config"]["batch_input_shape"] = first["config"]["batch_shape"]
            file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": rest})
            file["model_weights"].attrs["keras_version"] = "2.1.6"
            file.attrs["keras_version"] = "2.1.6"
    return sorted(folder.glob(f"*{suffix}"))


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Cut, flip, overwrite, repeat or drop bytes."""
    data, way = bytearray(content), chance.randrange(6)
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


def changed(config: Any, chance: random.Random) -> Any:
    """Replace a few values of a configuration, chosen at random."""
    for _ in range(chance.choice((1, 1, 2, 5))):
        places: list[tuple[Any, Any]] = []
        level: list[Any] = [config]
        while level:
            node = level.pop()
            keys = range(len(node)) if isinstance(node, list) else list(node)
            places += [(node, key) for key in keys]
            level += [node[key] for key in keys if isinstance(node[key], dict | list)]
        if places:
            node, key = chance.choice(places)
            if isinstance(node, dict) and chance.random() < 0.2:
                del node[key]
            else:
                node[key] = json.loads(json.dumps(chance.choice(ODD)))
    return config


def mutated(seed: Path, folder: Path, chance: random.Random) -> Path:
    """Write a changed copy of a file, sometimes under a wrong name."""
    suffix = seed.suffix if chance.random() < 0.95 else chance.choice((".keras", ".h5", ".json"))
    path = folder / f"mutant{suffix}"
    content = seed.read_bytes()
    if chance.random() < 0.5:
        path.write_bytes(damaged(content, chance))
        return path
    held = io.BytesIO(content)
    if seed.suffix == ".json":
        path.write_text(json.dumps(changed(json.loads(content), chance)))
        return path
    if seed.suffix == ".h5":
        with h5py.File(held, "r+") as file:
            config = changed(json.loads(file.attrs["model_config"]), chance)
            file.attrs["model_config"] = json.dumps(config)
    else:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        name = chance.choice(("config.json", "config.json", "model.weights.h5"))
        if name == "config.json":
            parts[name] = json.dumps(changed(json.loads(parts[name]), chance)).encode()
        else:
            parts[name] = damaged(parts[name], chance)
        if chance.random() < 0.3:
            parts["metadata.json"] = b'{"keras_version": "2.13.1"}'
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w") as archive:
            for part, data in parts.items():
                archive.writestr(part, data)
    path.write_bytes(held.getvalue())
    return path


def outcome(kind: str, path: Path, folder: Path) -> str:
    """Open a file; say what came of it."""
    import convscope
    from convscope.errors import ConvscopeError

    options = {"architecture": path} if kind == "json" else {}
    try:
        convscope.open(folder / "weights.weights.h5" if kind == "json" else path, **options)
        said = "opened"
    except ConvscopeError as error:
        causes, cause = [], error.__cause__
        while cause is not None:
            causes.append(cause)
            cause = cause.__cause__
        greedy = any(isinstance(cause, MemoryError) for cause in causes)
        said = "MEMORY" if greedy else "LINES" if "\n" in str(error) else "refused"
    except MemoryError:
        said = "MEMORY"
    except BaseException as error:
        said = f"ESCAPED {type(error).__name__}: {str(error).splitlines()[:1]}"
    return "CODE RAN" if (folder / "mark").exists() else said


def work(kind: str, start: int, folder: Path) -> None:
    """Open mutants from number `start` on, and print what came of each."""
    made = seeds(kind, folder)
    warnings.simplefilter("ignore")
    outcome(kind, made[0], folder)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + LIMIT, used + LIMIT))
    print("ready", flush=True)
    number = start
    while True:
        chance = random.Random(number)
        path = mutated(chance.choice(made), folder, chance)
        print(number, outcome(kind, path, folder), flush=True)
        path.unlink(missing_ok=True)
        (folder / "mark").unlink(missing_ok=True)
        number += 1


def reported(kind: str, start: int) -> Iterator[str]:
    """Run a worker and give its lines, ending with CRASHED or HANGS when it does."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, kind, "0", "--worker", str(start), folder]
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        ) as worker:
            assert worker.stdout is not None
            watch = selectors.DefaultSelector()
            watch.register(worker.stdout, selectors.EVENT_READ)
            patience = 300.0
            try:
                while True:
                    if not watch.select(timeout=patience):
                        yield "HANGS"
                        return
                    line = worker.stdout.readline().decode()
                    if not line:
                        yield f"CRASHED with {worker.wait()}"
                        return
                    patience = HANG
                    yield line.strip()
            finally:
                worker.kill()


def main() -> int:
    """Count what came of the mutants; 1 when any did what none may do."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("format", choices=FORMATS)
    parser.add_argument("count", type=int)
    parser.add_argument("--seconds", type=float, default=1800)
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        work(given.format, int(given.worker[0]), Path(given.worker[1]))
    counts: collections.Counter[str] = collections.Counter()
    number, until = 0, time.monotonic() + given.seconds
    while number < given.count and time.monotonic() < until:
        for line in reported(given.format, number):
            if line == "ready":
                continue
            place, _, said = line.partition(" ") if line[0].isdigit() else (str(number), "", line)
            counts[said.partition(" ")[0]] += 1
            number = int(place) + 1
            if said not in {"opened", "refused"}:
                print(f"mutant {place}: {said}", flush=True)
            if number >= given.count or time.monotonic() > until:
                break
    print(f"{given.format}: {number} mutants: {dict(counts)}")
    return int(bool(set(counts) - {"opened", "refused"}))


if __name__ == "__main__":
    sys.exit(main())
