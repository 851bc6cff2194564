"""Fresh interpreters, in which Convscope chooses the backend of Keras."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import keras
import pytest

TESTS = Path(__file__).resolve().parent
NAMES = ["jax", "tensorflow", "torch"]


def fresh(*arguments, **settings):
    """Run a fresh interpreter; give the last line that it prints."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("KERAS_")}
    source = str(TESTS.parent / "src")
    path = os.pathsep.join([source, os.environ.get("PYTHONPATH", "")]).strip(os.pathsep)
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=TESTS,
        env={**kept, "PYTHONPATH": path, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    return done.stdout.strip().splitlines()[-1]


def on_backend(name, room, **settings):
    """Run a room's `on_backend` on another backend than this interpreter's; give its last line."""
    if find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    if name == keras.backend.backend():
        pytest.skip(f"the other tests run on {name}")
    start = (
        "from convscope.frameworks import import_keras; import_keras('a test'); "
        f"from {room}.on_backend import main; main()"
    )
    return fresh("-c", start, name, **settings)


def configured(folder, backend):
    folder.mkdir(exist_ok=True)
    settings = {
        "backend": backend,
        "floatx": "float32",
        "epsilon": 1e-7,
        "image_data_format": "channels_last",
    }
    (folder / "keras.json").write_text(json.dumps(settings))
    return str(folder)
