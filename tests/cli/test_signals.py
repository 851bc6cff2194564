"""SIGINT and SIGTERM end every command soon, in one line, with nothing half-written behind it."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from tempfile import gettempdir

import numpy as np
import pytest

import convscope
from convscope.cli.main import app

SOURCE = Path(convscope.__file__).parents[1]
EMBEDDED = Path(convscope.__file__).parent / "training" / "embedded.keras"
SOON = 30

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")

# Tells when a library is looked for, whose import takes long enough.
START = """
import sys
class Teller:
    def find_spec(self, name, path=None, target=None):
        if name == MOMENT:
            print("moment reached", file=sys.stderr, flush=True)
MOMENT = sys.argv.pop(1)
sys.meta_path.insert(0, Teller())
from convscope.cli.entry import main
main()
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Save what the commands are given: a picture, a dataset, and a film."""
    folder = tmp_path_factory.mktemp("given")
    draw = np.random.default_rng(0)
    images = draw.integers(0, 256, (4000, 28, 28), np.uint8)
    np.savez(folder / "data.npz", x_test=images, y_test=np.arange(4000) % 10)
    np.save(folder / "one.npy", images[:1])
    import PIL.Image

    PIL.Image.fromarray(images[0]).save(folder / "one.png")
    pytest.importorskip("zarr")
    film = convscope.Film(draw.random((1, 28, 28, 1), np.float32), path=folder / "film.zarr")
    film.record(convscope.open(EMBEDDED), 0)
    return folder


def begun(moment, *arguments, folder):
    """Begin a command in a folder of its own, in a group of processes of its own."""
    folder.mkdir(exist_ok=True)
    settings = {**os.environ, "PYTHONPATH": str(SOURCE), "TF_CPP_MIN_LOG_LEVEL": "3",
                "KERAS_BACKEND": "jax", "TMPDIR": str(folder)}  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-c", START, moment, *map(str, arguments)],
        cwd=folder, env=settings, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def awaited(stream, line):
    """Read until a line has come."""
    for said in stream:
        if line in said:
            return said
    raise AssertionError(f"{line!r} never came")


def ended(process, number, wanted):
    """Send a signal, and see how it ends: in time, with a status, in one line, alone."""
    began = time.monotonic()
    process.send_signal(number)
    guard = threading.Timer(2 * SOON, process.kill)
    guard.start()
    _, said = process.communicate()
    guard.cancel()
    assert process.returncode == wanted, said
    assert time.monotonic() - began < SOON
    lines = [line for line in said.splitlines() if line.startswith("convscope: ")]
    assert lines == ([] if wanted == 0 else ["convscope: stopped"])
    assert "Traceback" not in said and "KeyboardInterrupt" not in said
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def left(folder):
    """Give what nobody asked for: parts of files, and folders for a while."""
    return [
        path.name
        for path in folder.rglob("*")
        if path.name.startswith((".convscope", "tmp")) or path.suffix in {".part", ".partial"}
    ]


def commands(given):
    """Give every command, as it works for longest."""
    picture, data = given / "one.png", given / "data.npz"
    return {
        "demo": ["-o", "out"],
        "explore": [EMBEDDED, "--no-browser", "--port", "0"],
        "layers": [EMBEDDED],
        "predict": [EMBEDDED, picture],
        "maps": [EMBEDDED, picture, "-o", "out"],
        "compare": [EMBEDDED, picture, "-o", "out.png"],
        "values": [EMBEDDED, picture, "--layer", "0", "--channel", "0", "--csv", "out.csv"],
        "explain": [EMBEDDED, picture, "--layer", "0", "--channel", "0", "--unit", "1,1"],
        "verify": [EMBEDDED, picture],
        "heatmap": [EMBEDDED, picture, "-o", "out.png"],
        "filters": [EMBEDDED, "--layer", "0", "-o", "out.png"],
        "report": [EMBEDDED, picture, "-o", "out.html"],
        "survey": [EMBEDDED, data, "-o", "out.zarr"],
        "datasets": [data],
        "train": ["digits", "-o", "out.keras"],
        "film": [given / "film.zarr", "-o", "out.gif"],
    }


NAMES = sorted(command.name or command.callback.__name__ for command in app.registered_commands)
# Not of Keras: what the commands that open no network import when they begin to work.
MOMENTS = {"datasets": "numpy", "film": "zarr"}


def test_every_command_is_here(tmp_path):
    assert sorted(commands(tmp_path)) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_command_is_stopped_while_it_imports(name, files, tmp_path):
    """By one signal or the other; both go the same way."""
    number = (signal.SIGINT, signal.SIGTERM)[NAMES.index(name) % 2]
    process = begun(MOMENTS.get(name, "keras"), name, *commands(files)[name], folder=tmp_path / "w")
    awaited(process.stderr, "moment reached")
    ended(process, number, 128 + number)
    assert list((tmp_path / "w").glob("out*")) == []
    assert left(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_report_is_stopped_while_it_is_written(files, tmp_path, number):
    """Its part lies beside it then, and goes."""
    process = begun("", "report", EMBEDDED, files / "one.png", "-o", "out.html", folder=tmp_path)
    until = time.monotonic() + 120
    while not list(tmp_path.glob("*.part")):
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.005)
    ended(process, number, 128 + number)
    assert not (tmp_path / "out.html").exists()
    assert left(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_survey_is_stopped_between_its_shards_and_goes_on(files, tmp_path, number):
    process = begun("", "survey", EMBEDDED, files / "data.npz", "-o", "s.zarr", "--batch", "8",
                    folder=tmp_path)  # fmt: skip
    until = time.monotonic() + 120
    while not list(tmp_path.glob("s.zarr/nodes/*.npz")):
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.005)
    ended(process, number, 128 + number)
    assert left(tmp_path / "s.zarr" / "nodes") == []
    assert 0 < convscope.open_survey(tmp_path / "s.zarr").images < 4000


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_workers_of_ray_are_stopped_with_their_survey(files, tmp_path, number, monkeypatch):
    """Ray takes SIGTERM for itself; its processes are children of children."""
    pytest.importorskip("ray")
    # The path of a socket may have 107 letters.
    monkeypatch.setenv("RAY_TMPDIR", gettempdir())
    process = begun("", "survey", EMBEDDED, files / "data.npz", "-o", "s.zarr", "--batch", "8",
                    "--engine", "ray", folder=tmp_path)  # fmt: skip
    until = time.monotonic() + 180
    while not list(tmp_path.glob("s.zarr/nodes/*.npz")):
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.005)
    ended(process, number, 128 + number)
    assert left(tmp_path / "s.zarr" / "nodes") == []
    assert 0 < convscope.open_survey(tmp_path / "s.zarr").images < 4000


def test_a_training_is_stopped_between_its_epochs(tmp_path):
    process = begun("", "train", "digits", "-o", "out.keras", folder=tmp_path)
    awaited(process.stderr, "epoch 1/")
    ended(process, signal.SIGTERM, 143)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("name", ["demo", "explore"])
def test_a_server_is_ended_and_its_port_is_free(tmp_path, name, number):
    """Its end is what was asked for: status 0, whether its network is open or not yet."""
    model = [EMBEDDED] if name == "explore" else []
    process = begun("", name, *model, "--no-browser", "--port", "0", folder=tmp_path)
    address = awaited(process.stdout, "http://")
    port = int(re.search(r":(\d+)/", address)[1])
    socket.create_connection(("127.0.0.1", port), timeout=5).close()
    ended(process, number, 0)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


SWALLOWING = """
import gc, os, signal, sys, time
from convscope.cli import main
def layers():
    def swallow(phase, told):
        if phase == "start" and not seen:
            seen.append(1)
            os.kill(os.getpid(), {number})
            time.sleep(0.01)
    seen = []
    gc.callbacks.append(swallow)
    gc.collect()
    time.sleep(30)
main.app.registered_commands.clear()
main.app.command()(layers)
main.app.command("other")(lambda: None)
sys.argv = ["convscope", "layers"]
main.main()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_a_callback_swallows_is_raised_again(number):
    done = subprocess.run(
        [sys.executable, "-c", SWALLOWING.format(number=int(number))],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        capture_output=True, text=True, timeout=25, check=False,
    )  # fmt: skip
    assert done.returncode == 128 + number
    assert done.stderr == "convscope: stopped\n"


LOADING = """
import _imp, os, signal, sys, time
from convscope.cli import main
made = _imp.create_dynamic
def signalled(spec, *more):
    _imp.create_dynamic = made
    os.kill(os.getpid(), {number})
    time.sleep(0.01)
    print("loaded whole", flush=True)
    return made(spec, *more)
def layers():
    _imp.create_dynamic = signalled
    import isal.isal_zlib
    time.sleep(30)
main.app.registered_commands.clear()
main.app.command()(layers)
main.app.command("other")(lambda: None)
sys.modules.pop("isal.isal_zlib", None)
sys.argv = ["convscope", "layers"]
main.main()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_machine_code_that_is_being_loaded_is_loaded_whole(number):
    """JAX's, which runs Python meanwhile, ended by a segmentation fault."""
    done = subprocess.run(
        [sys.executable, "-c", LOADING.format(number=int(number))],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        capture_output=True, text=True, timeout=25, check=False,
    )  # fmt: skip
    assert done.stdout == "loaded whole\n"
    assert done.returncode == 128 + number
    assert done.stderr == "convscope: stopped\n"
