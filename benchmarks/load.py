"""Fifty pages ask the explorer at once: no error, no growth of memory, no thread left.

uv run python benchmarks/load.py                            two minutes on this machine alone
uv run python benchmarks/load.py --clients 5 --seconds 10

Each client asks as the page does, one question after the other over a connection of its own: an
image of its own and the demo's, overviews, layers, maps, books, muting; who is told that the server
is busy asks again. Ends with 1 when a reply is an error, when memory or threads of the second half
outgrow those of the first, when threads stay after the clients have gone, or when SIGTERM does not
end it.
"""

from __future__ import annotations

import argparse
import collections
import http.client
import io
import os
import random
import signal
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import PIL.Image

from convscope.explorer.frames import decode, encode

# As convscope demo does, with room for fewer runs: it is filled before anything is measured.
PROGRAM = """
from convscope.explorer.drawn import drawn_digits
from convscope.explorer.server import serve
from convscope.explorer.session import Session
from convscope.networks import open_network
from convscope.training.recipes import embedded

session = Session(open_network(embedded()), drawn_digits(), bytes_kept=48 * 2**20)
serve(session, port=0, ready=lambda server: print(server.address, flush=True))
"""
# Share of the first half's memory by which the second may be larger.
GROWTH = 1.05
# Connections that were closed are noticed a little later.
SETTLING = 6.0


@dataclass
class Told:
    """What all clients together have to tell."""

    answers: collections.Counter[str] = field(default_factory=collections.Counter)
    errors: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    busy: int = 0


class Page:
    """One client: a page that somebody looks at."""

    def __init__(self, address: str, number: int, told: Told, until: float) -> None:
        parts = urlsplit(address)
        self._connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=120)
        self._token = parts.query.removeprefix("token=")
        self._chance = random.Random(number)
        self._told, self._until = told, until

    def look(self) -> None:
        """Ask until the time is over."""
        try:
            layers = self.ask({"type": "network"})["layers"]
            names = [one["name"] for one in layers]
            while time.monotonic() < self._until:
                self._image(names)
        except Exception as error:
            self._told.errors.append(f"{type(error).__name__}: {error}")
        finally:
            self._connection.close()

    def _image(self, names: list[str]) -> None:
        """Look at one image: at most of what can be asked of it."""
        chance = self._chance
        first = chance.choice(names)
        message, buffers = self._chosen()
        then = [{"type": "layer", "layer": first}, {"type": "books"}]
        run = self.ask({**message, "then": then}, buffers)["run"]
        about = {"run": run, "layer": chance.choice(names)}
        several = [
            {"type": "sheet", "run": run, "tile": 12},
            {"type": "layer", **about, "scale": chance.choice(("channel", "layer", "sigma"))},
            {"type": "channel", **about, "channel": 0},
            {"type": "weights", "layer": names[0], "channel": 0},
            {"type": "unit", **about, "channel": 0, "unit": [0, 0]},
            {"type": "lineage", **about, "channel": 0},
            {"type": "fields", **about},
            {"type": "books", "run": run, "target": chance.randrange(10)},
        ]
        for asked in chance.sample(several, 5):
            self.ask(asked)
        muted = {names[0]: sorted(chance.sample(range(8), 2))}
        self.ask({**message, "mute": muted, "then": then[:1]}, buffers)

    def _chosen(self) -> tuple[dict[str, object], list[bytes]]:
        """Choose a digit of the demo, a drawing, or a file of one's own."""
        chance = self._chance
        match chance.randrange(3):
            case 0:
                return {"type": "run", "image": chance.randrange(10)}, []
            case 1:
                pixels = bytes(chance.randrange(256) for _ in range(28 * 28))
                return {"type": "run", "image": {"pixels": [28, 28, 1], "name": "drawn"}}, [pixels]
        file = io.BytesIO()
        noise = np.frombuffer(chance.randbytes(60 * 50 * 3), np.uint8).reshape(60, 50, 3)
        PIL.Image.fromarray(noise).save(file, "PNG")
        return {"type": "run", "image": {"upload": "mine.png"}}, [file.getvalue()]

    def ask(self, message: dict[str, object], buffers: list[bytes] | None = None) -> dict:
        """Ask once, again where the server is busy or a run has been forgotten meanwhile."""
        began = time.perf_counter()
        while True:
            headers = {"X-Convscope-Token": self._token}
            frame = encode({"id": 1, **message}, buffers or [])
            self._connection.request("POST", "/answer", frame, headers)
            reply, _ = decode(self._connection.getresponse().read())
            if reply["type"] != "error" or reply["code"] != "busy":
                break
            self._told.busy += 1
            time.sleep(self._chance.uniform(0.02, 0.2))
        self._told.waits.append(time.perf_counter() - began)
        # What is not kept any more the page asks for again, with the image.
        gone = reply["type"] == "error" and reply["code"] == "gone"
        self._told.answers["gone" if gone else str(message["type"])] += 1
        for one in [reply, *(reply.get("then") or [])]:
            if one["type"] == "error" and one["code"] != "gone":
                self._told.errors.append(f"{message['type']}: {one['code']}: {one['message']}")
        return reply


@dataclass(frozen=True)
class Moment:
    """What the server took at one moment: megabytes and threads."""

    memory: float
    threads: int


def moment_of(process: int) -> Moment:
    """Measure a process."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    told = dict(line.split(":", 1) for line in lines)
    return Moment(int(told["VmRSS"].split()[0]) / 1024, int(told["Threads"]))


def watched(process: int, seconds: float) -> list[Moment]:
    """Measure twice a second."""
    until, moments = time.monotonic() + seconds, []
    while time.monotonic() < until:
        moments.append(moment_of(process))
        time.sleep(0.5)
    return moments


def asked(address: str, clients: int, seconds: float, process: int) -> tuple[Told, list[Moment]]:
    """Let clients ask for some time; give what they tell, and what the server took meanwhile."""
    told, until = Told(), time.monotonic() + seconds
    pages = [Page(address, number, told, until) for number in range(clients)]
    threads = [threading.Thread(target=page.look) for page in pages]
    for thread in threads:
        thread.start()
    moments = watched(process, seconds)
    for thread in threads:
        thread.join()
    return told, moments


def faults(told: Told, before: Moment, moments: list[Moment], after: Moment) -> list[str]:
    """Say what must not be."""
    found = [f"error: {one}" for one in collections.Counter(told.errors)]
    # What is compiled and kept at first is no growth.
    settled = moments[len(moments) // 4 :]
    first, second = (
        statistics.median(one.memory for one in half)
        for half in (settled[: len(settled) // 2], settled[len(settled) // 2 :])
    )
    print(f"memory, MB: {before.memory:.0f} before, {first:.0f} and {second:.0f} in the two "
          f"halves, {after.memory:.0f} after")  # fmt: skip
    print(f"threads: {before.threads} before, at most {max(one.threads for one in moments)}, "
          f"{after.threads} after")  # fmt: skip
    if second > GROWTH * first:
        found.append(f"memory grew from {first:.0f} to {second:.0f} MB")
    if after.threads > before.threads:
        found.append(f"{after.threads - before.threads} threads are left")
    return found


def ended(server: subprocess.Popen[str]) -> list[str]:
    """End the server as a system does; say what was wrong."""
    began = time.perf_counter()
    server.send_signal(signal.SIGTERM)
    try:
        _, said = server.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        server.kill()
        return ["SIGTERM did not end the server"]
    print(f"SIGTERM: status {server.returncode} after {time.perf_counter() - began:.1f} s")
    wrong = [line for line in said.splitlines() if "Traceback" in line or "Error" in line]
    return wrong if server.returncode == 0 else [*wrong, f"it ended with {server.returncode}"]


def main() -> int:
    """Read the command line and put the server under load."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=120)
    given = parser.parse_args()
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    server = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        # Everything compiled once, and all threads of the server there.
        warm, _ = asked(address, 8, 3, server.pid)
        time.sleep(SETTLING)
        before = moment_of(server.pid)
        told, moments = asked(address, given.clients, given.seconds, server.pid)
        time.sleep(SETTLING)
        found = faults(told, before, moments, moment_of(server.pid))
        found += [f"error at first: {one}" for one in collections.Counter(warm.errors)]
        found += ended(server)
    finally:
        server.kill()
    count = sum(told.answers.values())
    print(f"{given.clients} clients, {given.seconds:.0f} s: {count} answers "
          f"({count / given.seconds:.0f} a second), {dict(told.answers)}, busy {told.busy}, "
          f"median wait {1000 * statistics.median(told.waits):.0f} ms")  # fmt: skip
    for fault in found[:20]:
        print(fault)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
