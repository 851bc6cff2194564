"""``explore`` and ``demo`` as a person runs them: one line, a page, an end."""

import http.client
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from urllib.parse import urlsplit

import numpy as np
import pytest

from convscope.errors import ModelError
from convscope.explorer.frames import decode, encode

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")

RUN = [sys.executable, "-c", "from convscope.cli.main import main; main()"]
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Visitor:
    """What asks at an address that was printed."""

    def __init__(self, address):
        self.address = address
        self.parts = urlsplit(address)
        self.port = self.parts.port

    def ask(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection(self.parts.hostname, self.port, timeout=120)
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        answered = response.status, response.read()
        connection.close()
        return answered

    def page(self):
        return self.ask("GET", f"/?{self.parts.query}")

    def send(self, **message):
        token = self.parts.query.removeprefix("token=")
        status, frame = self.ask("POST", "/answer", encode(message), **{"X-Convscope-Token": token})
        assert status == 200
        return decode(frame)[0]


@pytest.fixture
def visit(convscope, monkeypatch):
    """Run a command here; its browser is a function, and a signal ends it after the visit."""

    def run(*arguments, by, number=signal.SIGINT):
        visits = []

        def browse(address):
            try:
                visits.append(by(Visitor(address)))
            finally:
                os.kill(os.getpid(), number)

        monkeypatch.setattr("webbrowser.open", browse)
        handlers = [signal.getsignal(one) for one in SIGNALS]
        threads = running()
        done = convscope(*arguments)
        assert [signal.getsignal(one) for one in SIGNALS] == handlers
        for thread in running() - threads:
            thread.join(30)
        assert running() <= threads
        assert len(done.out.splitlines()) == 1 and len(visits) == 1
        return done, visits[0]

    return run


def running():
    # Zarr keeps the threads of its event loop for as long as the process lives.
    return {one for one in threading.enumerate() if not one.name.startswith("asyncio_")}


def started(*arguments, **environment):
    """Start a command that serves; give the process and its first line."""
    process = subprocess.Popen(
        [*RUN, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    return process, process.stdout.readline()


def test_the_demo_opens_a_browser_on_ten_digits_and_ends_on_sigint(tmp_path):
    # A browser that keeps who starts it waiting, as some do.
    script, told, number = (tmp_path / name for name in ("browser", "told", "number"))
    script.write_text(
        f"#!/bin/sh\nexec >/dev/null 2>&1\necho $$ > {shlex.quote(str(number))}\n"
        f'printf %s "$1" > {shlex.quote(str(told))}\nexec sleep 300\n'
    )
    script.chmod(0o755)
    process, line = started("demo", "--port", 0, BROWSER=str(script))
    try:
        visitor = Visitor(line.strip())
        assert line == f"http://127.0.0.1:{visitor.port}/?{visitor.parts.query}\n"
        status, page = visitor.page()
        assert status == 200 and b"main.js" in page
        reply = visitor.send(id=1, type="network")
        assert (reply["id"], reply["type"]) == (1, "network")
        assert [image["name"] for image in reply["images"]] == [f"digit {n}" for n in range(10)]
        best = [visitor.send(id=n, type="run", image=n)["predictions"][0] for n in range(10)]
        assert [one["label"] for one in best] == list("0123456789")
        assert told.read_text() == visitor.address
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
        assert (process.returncode, out) == (0, "")
        assert "Traceback" not in err
        socket.create_server(("127.0.0.1", visitor.port)).close()
    finally:
        process.kill()
        process.communicate()
        with suppress(FileNotFoundError, ProcessLookupError):
            os.kill(int(number.read_text()), signal.SIGKILL)


def test_the_demo_ends_on_sigterm_while_its_network_is_still_being_opened():
    process, line = started("demo", "--no-browser", "--port", 0, "-q")
    try:

        def ask():
            with suppress(OSError, http.client.HTTPException):
                Visitor(line.strip()).send(id=1, type="network")

        waiting = threading.Thread(target=ask)
        waiting.start()
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=120) == ("", "")
        assert process.returncode == 0
        waiting.join(60)
        assert not waiting.is_alive()
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", SIGNALS)
def test_explore_shows_a_network_on_the_given_images(visit, model, photo, number):
    def look(visitor):
        assert visitor.page()[0] == 200
        return visitor.send(id="a", type="network")

    done, reply = visit("explore", model, photo, photo, "--port", 0, by=look, number=number)
    assert done.status == 0
    assert "preparation: 12 x 12, grey, 0..1" in done.err and "Ctrl+C ends it" in done.err
    assert (reply["id"], reply["name"], reply["networks"]) == ("a", "small", ["small"])
    assert [image["name"] for image in reply["images"]] == ["photo.png", "photo.png"]


def test_explore_shows_a_pytorch_file(visit, script, photo):
    def look(visitor):
        return visitor.send(id=1, type="network")

    done, reply = visit("explore", script, photo, "--input-shape", "1x12x12", "--port", 0, by=look)
    assert done.status == 0, done.err
    assert (reply["name"], [image["name"] for image in reply["images"]]) == (
        "Sequential", ["photo.png"],
    )  # fmt: skip


def test_explore_compares_two_networks_and_draws_digits_for_small_ones(visit, model):
    def look(visitor):
        run = visitor.send(id=2, type="run", network=1, image=3)
        return visitor.send(id=1, type="network", network=1), run

    done, (reply, run) = visit("explore", model, "--against", model, "--port", 0, "-q", by=look)
    assert (done.status, done.err) == (0, "")
    assert reply["networks"] == ["small", "small"]
    assert [image["name"] for image in reply["images"]] == [f"digit {n}" for n in range(10)]
    assert (run["type"], run["image"]) == ("run", "digit 3")


def test_explore_takes_lessons(visit, model, photo, tmp_path):
    path = tmp_path / "own.toml"
    path.write_text('title = "Own"\n[[step]]\nshow = "m=layer"\nsay = "Look."\n')
    arguments = ("explore", model, photo, "--lesson", path, "--port", 0, "-q")
    done, reply = visit(*arguments, by=lambda visitor: visitor.send(id=1, type="network"))
    assert (done.status, done.err) == (0, "")
    assert [one["title"] for one in reply["lessons"]] == ["Own"]


def test_a_lesson_of_another_network_is_refused(convscope, model, photo, tmp_path):
    path = tmp_path / "own.toml"
    path.write_text('title = "Own"\n[[step]]\nshow = "l=nothing"\nsay = "Look."\n')
    for command in ("explore", "report"):
        extra = ["--no-browser"] if command == "explore" else ["-o", tmp_path / "own.html"]
        done = convscope(command, model, photo, "--lesson", path, *extra)
        assert done.status == 2
        assert "lesson own, step 1: no layer is called 'nothing'" in done.err
        assert done.err.count("\n") == 1


def test_options_of_the_model_are_the_first_networks(visit, model):
    def look(visitor):
        return [visitor.send(id=1, type="network", network=place)["labels"] for place in (0, 1)]

    arguments = ("explore", model, "--against", model, "--labels", "ant,bee,cow", "--port", 0)
    assert visit(*arguments, by=look)[1] == [["ant", "bee", "cow"], []]


def test_a_port_that_is_taken_is_said_aloud(visit, model):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done, found = visit(
            "explore", model, "--port", port, "-q", by=lambda visitor: visitor.page() and visitor
        )
    assert done.status == 0 and port < found.port <= port + 100
    assert done.out == f"{found.address}\n"
    assert done.err == f"port {port} is taken: serving on port {found.port} instead\n"


def test_serving_to_other_machines_is_said_in_one_line(visit, model):
    done, found = visit(
        "explore", model, "--port", 0, "--host", "0.0.0.0", "-q", by=lambda visitor: visitor
    )
    assert done.status == 0 and found.parts.hostname == "127.0.0.1"
    assert len(done.err.splitlines()) == 1
    assert done.err.startswith("convscope: warning: --host 0.0.0.0 lets other machines in")


def test_what_is_wrong_is_said_before_anything_is_served(convscope, model, tmp_path):
    for arguments, status, words in (
        ([model, tmp_path / "no.png"], 1, "no.png"),
        ([model, "--against", tmp_path / "no.keras"], 1, "no.keras"),
        ([model, "--port", 70000], 2, "70000"),
        ([model, "--host", "192.0.2.1"], 2, "192.0.2.1"),
        ([tmp_path / "no.keras"], 1, "no.keras"),
    ):
        done = convscope("explore", *arguments, "--no-browser")
        assert (done.status, done.out) == (status, ""), done.err
        last = done.err.strip().splitlines()[-1]
        assert last.startswith("convscope: ") and words in last


def test_a_demo_whose_network_does_not_open_says_so_and_ends(convscope, monkeypatch):
    def fails():
        time.sleep(0.5)
        raise ModelError("the network is broken: mend it")

    monkeypatch.setattr("convscope.cli.demo._session", fails)
    threads = running()
    done = convscope("demo", "--no-browser", "--port", 0, "-q")
    assert (done.status, done.err) == (1, "convscope: the network is broken: mend it\n")
    assert len(done.out.splitlines()) == 1
    assert running() <= threads


def test_a_demo_without_keras_names_the_extra_instead_of_an_address(convscope, monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)
    done = convscope("demo", "--no-browser", "--port", 0)
    assert (done.status, done.out) == (1, "")
    (line,) = done.err.splitlines()
    assert line.startswith("convscope: ") and line.endswith("pip install 'convscope[keras]'")


def test_the_demo_asks_for_no_port_where_it_writes_pictures(convscope, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = convscope("demo", "-o", tmp_path, "--port", taken.getsockname()[1], "-q")
    assert (done.status, done.out, done.err) == (0, "", "")
    assert (tmp_path / "overview.png").is_file()


@pytest.fixture(scope="module")
def surveyed(model, tmp_path_factory):
    """Survey the small network over twelve random images of three classes."""
    import convscope

    folder = tmp_path_factory.mktemp("survey")
    pixels = np.random.default_rng(3).integers(0, 256, (12, 12, 12), np.uint8)
    np.savez(folder / "few.npz", x_train=pixels, y_train=np.arange(12) % 3)
    convscope.survey(model, str(folder / "few.npz"), folder / "few.zarr", k=2)
    return folder / "few.zarr"


def test_explore_opens_a_survey_with_its_network_and_the_first_image_of_each_class(visit, surveyed):
    def look(visitor):
        run = visitor.send(id=2, type="run", image={"survey": 5})
        return visitor.send(id=1, type="network"), run

    done, (reply, run) = visit("explore", surveyed, "--port", 0, by=look)
    assert done.status == 0 and "preparation" in done.err
    assert reply["survey"]["images"] == 12 and reply["name"] == "small"
    assert [one["label"] for one in reply["images"]] == [0, 1, 2]
    assert run["label"] == 2


def test_explore_puts_a_survey_beside_a_network(visit, model, surveyed, photo):
    def look(visitor):
        return visitor.send(id=1, type="network")

    done, reply = visit("explore", model, photo, "--survey", surveyed, "--port", 0, by=look)
    assert done.status == 0 and reply["survey"]["finished"]
    assert [one["name"] for one in reply["images"]] == ["photo.png"]


def test_surveys_that_cannot_be_opened_are_refused_in_one_line(
    convscope, model, surveyed, script, tmp_path
):
    (tmp_path / "empty.zarr").mkdir()
    for arguments, status, words in (
        ([tmp_path / "no.zarr"], 1, "no survey's store"),
        ([tmp_path / "empty.zarr"], 1, "no survey's store"),
        ([model, "--survey", tmp_path / "no.zarr"], 1, "no survey's store"),
        ([surveyed, "--survey", surveyed], 2, "--survey gives another"),
        ([surveyed, "--size", "14x14"], 2, "is open already"),
        (
            [script, "--input-shape", "1x12x12", "--survey", surveyed],
            2,
            "a survey of another network",
        ),
    ):
        done = convscope("explore", *arguments, "--no-browser", "-q")
        assert (done.status, done.out) == (status, ""), done.err
        assert len(done.err.splitlines()) == 1 and words in done.err
