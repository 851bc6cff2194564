"""The command line of a fuzzer: workers, their outcomes counted, an end."""

from __future__ import annotations

import argparse
import collections
import os
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fuzzing.outcome import Outcome, work
from fuzzing.subject import Subject

__all__ = ["main"]

HANG = 10.0
# A worker that waits for nothing, on a machine as busy as it may be.
STUCK = 120.0
# Frameworks keep what they compiled: a fresh process now and then keeps memory comparable.
TURN = 2500


def reported(kind: str, start: int) -> Iterator[Outcome]:
    """Run a worker and give what came of each mutant, ending with CRASHED or HANGS when it does."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, sys.argv[0], kind, "0", "--worker", str(start), folder]
        quiet: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, **quiet) as worker:
            try:
                yield from _lines(worker, start)
            finally:
                worker.kill()


def _lines(worker: Any, number: int) -> Iterator[Outcome]:
    ready = False
    while True:
        spent = _waited(worker, HANG if ready else 300.0)
        if spent is not None:
            yield Outcome(number, spent, 0, "HANGS")
            return
        line = worker.stdout.readline().decode().strip()
        if not line:
            yield Outcome(number, 0.0, 0, f"CRASHED with {worker.wait()}")
            return
        if not line[0].isdigit():
            ready = ready or line == "ready"
            if line.startswith("#") or (line.startswith("whole") and "opened" not in line):
                print(line, flush=True)
            continue
        found = Outcome.of(line)
        number = found.number + 1
        yield found


def _waited(worker: Any, patience: float) -> float | None:
    """Wait for a line; give the seconds after which there was none."""
    watch = selectors.DefaultSelector()
    watch.register(worker.stdout, selectors.EVENT_READ)
    began, worked = time.monotonic(), _worked(worker.pid)
    while not watch.select(timeout=0.5):
        busy, waited = _worked(worker.pid) - worked, time.monotonic() - began
        if busy > patience or waited > max(STUCK, patience):
            return max(busy, waited)
    return None


def _worked(process: int) -> float:
    """Give the seconds of the processor that a process has had."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main(description: str, subjects: Mapping[str, Subject]) -> int:
    """Count what came of the mutants; 1 when any did what none may do."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("kind", choices=list(subjects))
    parser.add_argument("count", type=int)
    parser.add_argument("--from", dest="start", type=int, default=0, help="The first mutant.")
    parser.add_argument("--seconds", type=float, default=1800)
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        work(subjects[given.kind], int(given.worker[0]), Path(given.worker[1]))
    counts: collections.Counter[str] = collections.Counter()
    number, until = given.start, time.monotonic() + given.seconds
    slowest, largest = 0.0, 0
    while number < given.start + given.count and time.monotonic() < until:
        for found in reported(given.kind, number):
            counts[found.said.partition(" ")[0]] += 1
            slowest, largest = max(slowest, found.seconds), max(largest, found.memory)
            number = found.number + 1
            if found.said not in {"opened", "refused"}:
                print(f"mutant {found}", flush=True)
            done = number >= given.start + given.count or time.monotonic() > until
            if done or number % TURN == 0:
                break
    print(
        f"{given.kind}: {number - given.start} mutants, {dict(counts)}, slowest {slowest:.1f} s, "
        f"most memory {largest / 2**20:.0f} MB"
    )
    return int(bool(set(counts) - {"opened", "refused"}))
